# SPDX-License-Identifier: ISC
#
# Good, bad and slow traffic at once, through nginx, as much as the machine
# gives: LOAD_SECONDS of it (6; make check-long takes 600).

load lib.bash
load servers.bash

setup_file() {
	prepare
	mkdir "$WORK/journal"
	cat >"$WORK/run" <<-END
	#!/bin/sh
	printf '%s\n' "\$PELIHOOK_NUMBER" >>$WORK/ran
	END
	chmod 755 "$WORK/run"
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	log-level warning
	journal $WORK/journal/journal.db
	read-timeout 2s
	env NUMBER /n
	secret-file $WORK/secret
	hook first
	  delivery wait
	  max-running 6
	  on * run $WORK/run
	hook queued
	  concurrency 2
	  order /key
	  on * run $WORK/run
	END
	: >"$WORK/ran"
	chmod 700 "$WORK/journal"
	give_away
	start_server load
}

teardown_file() {
	stop_all
}

# /stream keeps no body to itself, so that slow senders reach pelihook.fcgi.
start_load() {
	start_spawn_fcgi
	launch_nginx "$(example nginx.conf pelihook)" "
		upstream pelihook {
			server unix:$WORK/pelihook.sock;
			keepalive 8;
		}
		client_body_buffer_size 2m;
		" "
		fastcgi_keep_conn on;
		location /stream {
			include fastcgi_params;
			fastcgi_param PELIHOOK_HOOK first;
			fastcgi_pass pelihook;
			fastcgi_request_buffering off;
			fastcgi_buffering off;
		}"
}

@test "mixed traffic: nothing lost, nothing left, no error but those meant" {
	python3 "$SOURCE/tests/e2e/load.py" "${LOAD_SECONDS:-6}" \
	    >"$WORK/load" 2>&1 || {
		cat "$WORK/load"
		show_logs
		return 1
	}
	sed 's/^/# /' "$WORK/load" >&3
}
