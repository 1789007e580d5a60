# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# For tests in which programs start drains of their own, after servers.bash.

# These ask where pelihookctl is.
export CGI=$BUILD/tests/fault/pelihook.cgi
export FCGI=$BUILD/tests/fault/pelihook.fcgi

teardown() {
	stop_all
	until_true 10 no_drain
	rm -f "$WORK/pelihook.sock"
}

no_drain() {
	! pgrep -f "$CTL -c $CONFIG drain" >/dev/null
}

start_cgi() {
	launch_apache apache-cgi.conf event cgid <<-END
	ScriptSock $WORK/apache/cgid.sock
	SetEnv PELIHOOK_CONFIG $CONFIG
	SetEnv PELIHOOK_TEST_CTL $CTL
	END
}
