# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The web servers.  Each is a function start_NAME that puts a configuration
# of examples/ behind 127.0.0.1:$PORT, and says where the hook is in URL.
# An example is used as it stands but for the places of what was installed:
#
#	/usr/lib/cgi-bin/		the build's own programs
#	/run/pelihook/pelihook.sock	a socket in $WORK
#
# The rest (ports, logs, the configuration to use) stands in a file around
# it, which a real server has too.  To add a server, add a function here and
# its name to SERVERS.

SERVERS='lighttpd-cgi nginx'
export SERVERS

example() {	# name: the file as the server is to read it
	local copy=$WORK/example-$1
	sed -e "s|/usr/lib/cgi-bin/pelihook.cgi|$CGI|" \
	    -e "s|/run/pelihook/pelihook.sock|$WORK/pelihook.sock|" \
	    "$SOURCE/examples/$1" >"$copy"
	echo "$copy"
}

start_lighttpd_cgi() {
	cat >"$WORK/lighttpd.conf" <<-END
	server.modules = ( "mod_setenv" )
	server.bind = "127.0.0.1"
	server.port = $PORT
	server.document-root = "$WORK/empty"
	server.upload-dirs = ( "$WORK" )
	server.errorlog = "$WORK/lighttpd-error.log"
	server.breakagelog = "$WORK/lighttpd-cgi.log"
	setenv.set-environment = ( "PELIHOOK_CONFIG" => "$CONFIG" )
	include "$(example lighttpd-cgi.conf)"
	END
	mkdir -p "$WORK/empty"
	launch lighttpd lighttpd -D -f "$WORK/lighttpd.conf"
	URL=http://127.0.0.1:$PORT/hook
}

# As root nginx would make its workers those of www-data, who may not enter
# $WORK; the tests run everything as whoever runs them.
start_nginx() {
	start_spawn_fcgi
	mkdir -p "$WORK/nginx"
	ln -sf /etc/nginx/fastcgi_params "$WORK/nginx/fastcgi_params"
	{
		[ "$(id -u)" != 0 ] || echo 'user root;'
		cat <<-END
		daemon off;
		worker_processes 1;
		pid $WORK/nginx/pid;
		error_log $WORK/nginx/error.log;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $WORK/nginx/body;
			fastcgi_temp_path $WORK/nginx/fastcgi;
			proxy_temp_path $WORK/nginx/proxy;
			uwsgi_temp_path $WORK/nginx/uwsgi;
			scgi_temp_path $WORK/nginx/scgi;
			server {
				listen 127.0.0.1:$PORT;
				include $(example nginx.conf);
			}
		}
		END
	} >"$WORK/nginx/nginx.conf"
	launch nginx nginx -p "$WORK/nginx" -c "$WORK/nginx/nginx.conf" \
	    -e "$WORK/nginx/error.log"
	URL=http://127.0.0.1:$PORT/hook
}

# -n: it becomes the program, in the foreground, so that its number is known.
start_spawn_fcgi() {
	launch spawn-fcgi spawn-fcgi -n -s "$WORK/pelihook.sock" -M 0660 -- \
	    "$FCGI" -c "$CONFIG"
	until_true 10 test -S "$WORK/pelihook.sock"
}

# A port that was free may be taken by the time the server asks for it.
start_server() {	# name
	local try
	for try in 1 2 3 4 5; do
		PORT=$(free_port)
		"start_${1//-/_}" && until_true 10 answers_or_gone &&
		    ! is_gone "$LAUNCHED" && break
		[ "$try" -lt 5 ] || { show_logs; return 1; }
		stop_all
	done
	export PORT URL
}

answers_or_gone() {
	is_gone "$LAUNCHED" || answers "http://127.0.0.1:$PORT/"
}
