# SPDX-License-Identifier: ISC
#
# libfcgi's habits: what they do to a responder that knows nothing of them
# comes first, so that the test of pelihook.fcgi behind it proves something.

load lib.bash
load servers.bash

setup_file() {
	prepare
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	read-timeout 2s

	hook first
	  secret-file $WORK/secret
	  setenv RECORDS $WORK/records
	  max-body 4K
	  on connection_added run /bin/sh -c 'exec >$WORK/descriptors; \\
	for i in \$(seq 0 99); do [ ! -e /proc/\$\$/fd/\$i ] || echo \$i; done'
	  on * run $WORK/record trap
	END
	"${CC:-cc}" -O2 -o "$WORK/naive" "$SOURCE/tests/e2e/naive.c" -lfcgi
	export NAIVE_PORT
	give_away
	start_server traps
}

teardown_file() {
	stop_all
}

setup() {
	rm -f "$WORK"/records/*
}

start_traps() {
	NAIVE_PORT=$(free_port)
	start_spawn_fcgi
	serve one-thread "$FCGI" -c "$CONFIG" -s "$WORK/one-thread.sock" -j 1
	until_true 10 test -S "$WORK/one-thread.sock"
	start_naive
	launch_nginx "$(example nginx.conf pelihook)" "
		upstream pelihook {
			server unix:$WORK/pelihook.sock;
			keepalive 8;
		}
		upstream naive {
			server unix:$WORK/naive.sock;
			keepalive 8;
		}
		server {
			listen 127.0.0.1:$NAIVE_PORT;
			include fastcgi_params;
			fastcgi_keep_conn on;
			location / { fastcgi_pass naive; }
			fastcgi_read_timeout 2s;
		}
	" 'fastcgi_keep_conn on;'
}

start_naive() {
	rm -f "$WORK/naive.sock"
	serve naive spawn-fcgi -n -s "$WORK/naive.sock" -M 0660 -- \
	    "$WORK/naive"
	export NAIVE=$LAUNCHED
	until_true 10 test -S "$WORK/naive.sock"
}

trap_client() {
	python3 "$SOURCE/tests/e2e/traps.py" "$@" && return
	show_logs
	return 1
}

@test "a naive responder takes a body for requests" {
	: >"$WORK/naive.log"
	trap_client forge "$NAIVE_PORT"
	grep -qxF 203.0.113.66 "$WORK/naive.log"
	! is_gone "$NAIVE"
}

@test "pelihook.fcgi takes a body for a body" {
	: >"$WORK/pelihook.log"
	trap_client forge "$PORT"
	[ "$(grep -c ' msg=too-large ' "$WORK/pelihook.log")" -eq 4 ]
	[ "$(wc -l <"$WORK/pelihook.log")" -eq 4 ]
	[ "$(records)" -eq 0 ]
	! is_gone "$RESPONDER"
}

@test "a naive responder is ended by a body" {
	trap_client crash "$NAIVE_PORT"
	until_true 10 is_gone "$NAIVE"
	start_naive
}

@test "pelihook.fcgi is not ended by a body" {
	: >"$WORK/pelihook.log"
	trap_client crash "$PORT"
	[ "$(wc -l <"$WORK/pelihook.log")" -eq 4 ]
	! is_gone "$RESPONDER" || false
	printf 7 >"$WORK/one"
	post_signed "$WORK/one"
	expect_status 200
}

@test "a naive responder is ended by records" {
	start_naive
	trap_client records_end_naive
	until_true 10 is_gone "$NAIVE"
	start_naive
}

@test "pelihook.fcgi is not ended by records" {
	trap_client records_end_nothing
	! is_gone "$RESPONDER" || false
	printf 7 >"$WORK/one"
	post_signed "$WORK/one"
	expect_status 200
}

@test "a naive responder serves one kept connection and no other" {
	start_naive
	trap_client naive_starves
}

@test "pelihook.fcgi serves fifty with one thread" {
	trap_client no_starvation
}

@test "a kept connection forgets each request" {
	trap_client nothing_left
}

@test "a command inherits no descriptor" {
	trap_client descriptors
}

@test "100 stops under load, the socket inherited" {
	PELIHOOK_FCGI=$FCGI python3 "$SOURCE/tests/e2e/cycles.py" \
	    inherited 100
}

@test "100 stops under load, the socket its own" {
	PELIHOOK_FCGI=$FCGI python3 "$SOURCE/tests/e2e/cycles.py" own 100
}
