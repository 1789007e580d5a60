# SPDX-License-Identifier: ISC
#
# What nobody sends by accident: every request through pelihook.fcgi behind
# nginx and through pelihook.cgi behind lighttpd, or straight to the socket
# of pelihook.fcgi.  After each the commands' record is looked at, and an
# ordinary request has to be answered.

load lib.bash
load servers.bash

setup_file() {
	prepare
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	log-level debug
	$SERVES
	setenv RECORDS $WORK/records

	hook first
	  secret-file $WORK/secret
	  env VALUE /value
	  read-timeout 10s
	  max-running 16
	  on pipeline_run_started ignore
	  on * run $WORK/record "one argument"
	hook second
	  signature none
	  on * run $WORK/record second
	END
	start_server hostile-cgi
	CGI_PORT=$PORT
	start_server hostile-fcgi
	FCGI_PORT=$PORT
	export CGI_PORT FCGI_PORT
}

teardown_file() {
	stop_all
}

setup() {
	rm -f "$WORK"/records/*
}

# /stream is where the server keeps no body to itself, whatever its size.
start_hostile_cgi() {
	write_lighttpd lighttpd-cgi.conf <<-END
	server.modules = ( "mod_setenv" )
	setenv.set-environment = ( "PELIHOOK_CONFIG" => "$CONFIG",
	    "PELIHOOK_HOOK" => "first" )
	\$HTTP["url"] =~ "^/stream" {
		alias.url = ( "/stream" => "$CGI" )
		cgi.assign = ( "pelihook.cgi" => "" )
		server.stream-request-body = 1
	}
	\$HTTP["url"] =~ "^/hook/" {
		setenv.set-environment = ( "PELIHOOK_CONFIG" => "$CONFIG" )
	}
	END
	launch_lighttpd
}

start_hostile_fcgi() {
	start_spawn_fcgi
	launch_nginx "$(example nginx.conf)" '' "
		location = /hook {
			include fastcgi_params;
			fastcgi_param PELIHOOK_HOOK first;
			fastcgi_pass unix:$WORK/pelihook.sock;
			client_max_body_size 2m;
		}
		location /stream {
			include fastcgi_params;
			fastcgi_param PELIHOOK_HOOK first;
			fastcgi_pass unix:$WORK/pelihook.sock;
			fastcgi_request_buffering off;
			fastcgi_buffering off;
			client_max_body_size 0;
		}"
}

hostile() {
	python3 "$SOURCE/tests/e2e/hostile.py" "$@" && return
	tail -n 5 "$WORK/pelihook.log" >&2
	return 1
}

@test "lengths that are none" {
	hostile lengths
}

@test "600 MB without a signature, and what memory they take" {
	hostile vast
}

@test "600 MB into pelihook.cgi, and what memory they take" {
	hostile vast_cgi
}

@test "one byte every nine seconds" {
	hostile drip
}

@test "JSON 10,000 deep" {
	hostile deep
}

@test "repeated keys: the last counts" {
	hostile repeated_keys
}

@test "NUL, invalid UTF-8, lone surrogates" {
	hostile encodings
}

@test "headers of 8 KB" {
	hostile long_headers
}

@test "hundreds of headers" {
	hostile many_headers
}

@test "path tricks" {
	hostile paths
}

@test "names of hooks that are none" {
	hostile names
}

@test "Shellshock in every header and field" {
	hostile shellshock
}

@test "values that look like options" {
	hostile options
}

@test "connections that are half closed" {
	hostile half_closed
}

@test "connections that are closed at once" {
	hostile closed
}

@test "FastCGI: aborted requests" {
	hostile fastcgi_abort
}

@test "FastCGI: unknown types of records" {
	hostile fastcgi_unknown
}

@test "FastCGI: records of requests that are none" {
	hostile fastcgi_ids
}

@test "FastCGI: a second request on one connection" {
	hostile fastcgi_second
}

@test "FastCGI: names that are too long" {
	hostile fastcgi_names
}

@test "FastCGI: management records" {
	hostile fastcgi_management
}

@test "FastCGI: hooks that are none, and what the log tells" {
	hostile fastcgi_hooks
}

@test "FastCGI: authorizers and filters" {
	hostile fastcgi_roles
}
