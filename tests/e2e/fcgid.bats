# SPDX-License-Identifier: ISC
#
# Apache's mod_fcgid ends processes that are idle; the queue has to be run by
# somebody else then, as the example says.

load lib.bash
load servers.bash

# This one asks where pelihookctl is.
export FCGI=$BUILD/tests/fault/pelihook.fcgi

setup_file() {
	prepare
	mkdir -m 700 "$WORK/state"
	cat >"$WORK/slow" <<-END
	#!/bin/sh
	echo begin >>$WORK/runs
	until [ -e $WORK/go ]; do sleep 0.1; done
	echo end >>$WORK/runs
	END
	chmod 755 "$WORK/slow"
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	journal $WORK/state/journal.db
	$(sed -n 's/^#	\(dispatch .*\)/\1/p' \
	    "$SOURCE/examples/apache-fcgid.conf")
	hook first
	  secret-file $WORK/secret
	  on * run $WORK/slow
	END
	give_away
	start_server fcgid
}

teardown_file() {
	stop_all
}

start_fcgid() {
	launch_apache apache-fcgid.conf event fcgid <<-END
	FcgidIPCDir $WORK/apache
	FcgidProcessTableFile $WORK/apache/fcgid_shm
	FcgidInitialEnv PELIHOOK_CONFIG $CONFIG
	FcgidInitialEnv PELIHOOK_TEST_CTL $CTL
	FcgidIdleTimeout 1
	FcgidIdleScanInterval 1
	FcgidMinProcessesPerClass 0
	END
}

runs() {	# text: what the command has done so far
	[ "$(tr '\n' ' ' <"$WORK/runs")" = "$1" ]
}

no_responders() {
	[ -z "$(responders)" ]
}

is_done() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	[ "$(${RUN_AS:-} "$CTL" -c "$CONFIG" list --json |
	    jq -r '"\(.state) \(.attempts)"')" = 'done 1' ]
}

@test "the idle limit of mod_fcgid ends no command of the queue" {
	payload "$BATS_TEST_TMPDIR/body" 100
	post_signed "$BATS_TEST_TMPDIR/body"
	expect_status 202
	until_true 10 runs 'begin '
	until_true 20 no_responders
	touch "$WORK/go"
	until_true 10 runs 'begin end '
	until_true 10 is_done
}
