# SPDX-License-Identifier: ISC
#
# Who sends a byte a second, or does not read an answer, holds up nobody else:
# at the socket of pelihook.fcgi, and behind web servers that pass on each
# piece of a body as it comes.

load lib.bash
load servers.bash

setup_file() {
	prepare
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	read-timeout 6s

	hook first
	  secret-file $WORK/secret
	  on * run /bin/true
	END
	give_away
}

teardown() {
	stop_all
}

slow() {
	PELIHOOK_FCGI=$FCGI python3 "$SOURCE/tests/e2e/slow.py" "$@" && return
	show_logs
	return 1
}

behind() {	# server
	tell_version "$1"
	start_server "$1"
	SERVER=$1 slow behind
}

start_lighttpd_stream() {
	start_spawn_fcgi
	write_lighttpd lighttpd-fcgi.conf <<-END
	server.stream-request-body = 2
	END
	launch_lighttpd
}

@test "1,000 bodies that come a byte a second" {
	enough_descriptors
	slow bodies
}

@test "1,000 heads that stop half-way" {
	enough_descriptors
	slow heads
}

@test "web servers that do not read their answers" {
	slow deaf
}

@test "a web server that does not wait for answers" {
	slow ahead
}

@test "slow senders behind nginx that keeps no body to itself" {
	behind nginx-unbuffered
}

@test "slow senders behind lighttpd that keeps no body to itself" {
	behind lighttpd-stream
}

@test "slow senders behind Apache with mod_proxy_fcgi" {
	behind apache-proxy
}
