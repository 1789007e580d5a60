# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The web servers.  Each is a function start_NAME that puts a configuration
# of examples/ behind 127.0.0.1:$PORT, and says where the hook is in URL.
# An example is used as it stands but for the places of what was installed:
#
#	/usr/lib/cgi-bin/		the build's own programs
#	/run/pelihook/, /run/lighttpd/	$WORK
#
# With OFFER set, what an example has in a comment for the hook `internal` is
# in force, and the same once more for the hook `inside` and 127.0.0.1.
#
# With PAGE set, what an example has in a comment for the page is in force, with
# the passwords of $WORK.
#
# The rest (ports, logs, the configuration to use) stands in a file around
# it, which a real server has too.  To add a server, add a function here and
# its name to SERVERS.  What differs besides:
#
#	RELOAD		the command that has it read its files again
#	RESPONDER	the process of pelihook.fcgi, if the tests start it

SERVERS='lighttpd-cgi lighttpd-fcgi lighttpd-bin nginx nginx-keep
    nginx-unbuffered nginx-systemd nginx-multiwatch apache-cgid apache-cgi
    apache-fcgid apache-proxy apache-reuse caddy'
# Of those, for the page: one for each example.
PAGE_SERVERS='lighttpd-cgi lighttpd-fcgi lighttpd-bin nginx apache-cgid
    apache-fcgid apache-proxy caddy'
export SERVERS PAGE_SERVERS

example() {	# name [upstream]: the file as the server is to read it
	local copy=$WORK/example-$1
	{
		cat "$SOURCE/examples/$1"
		[ -z "${OFFER:-}" ] || offered "$1"
		[ -z "${PAGE:-}" ] || in_comment "$1" 'The page, for people'
	} | sed -e "s|/etc/[a-z0-9]*/\(pelihook[a-z-]*\.htpasswd\)|$WORK/\1|" \
	    -e "s|HASH-OF-PASSWORD|${HASH:-}|" \
	    -e "s|/usr/lib/cgi-bin/pelihook.cgi|$CGI|" \
	    -e "s|/usr/lib/cgi-bin/pelihook.fcgi|$FCGI|" \
	    -e "s|${2:+unix:}/run/pelihook/pelihook.sock|${2:-$WORK/pelihook.sock}|" \
	    -e "s|/run/lighttpd/|$WORK/|" >"$copy"
	echo "$copy"
}

in_comment() {	# example how-it-begins
	sed -n "/^# $2/,/^\$/s/^#\([^ ]\)/\1/p" "$SOURCE/examples/$1"
}

offered() {	# example
	in_comment "$1" 'A hook with .signature none.' >"$WORK/offered"
	grep -q /hook/internal "$WORK/offered" || return 1
	cat "$WORK/offered"
	sed -e 's|internal|inside|g' -e 's|10\.0\.0\.0/8|127.0.0.1|' \
	    "$WORK/offered"
}

# Servers that become another user would not get into $WORK; so root starts
# all of it as www-data, whom $WORK then belongs to.
give_away() {
	local directory
	[ "$(id -u)" = 0 ] || return 0
	RUN_AS='setpriv --reuid=www-data --regid=www-data --clear-groups'
	export RUN_AS
	directory=$(dirname "$WORK")
	while [ "$directory" != "$(dirname "$BATS_RUN_TMPDIR")" ]; do
		chmod go+x "$directory"
		directory=$(dirname "$directory")
	done
	chown -R www-data:www-data "$WORK"
}

# As the servers' user.
serve() {	# name command...
	local name=$1
	shift
	# Words are wanted here.
	# shellcheck disable=SC2086
	launch "$name" ${RUN_AS:-} "$@"
}

# ---- Who starts pelihook.fcgi --------------------------------------------

# -n: it becomes the program, in the foreground, so that its number is known.
start_spawn_fcgi() {	# [what runs it]
	serve responder spawn-fcgi -n -s "$WORK/pelihook.sock" -M 0660 -- \
	    "$@" "$FCGI" -c "$CONFIG"
	RESPONDER=$LAUNCHED
	until_true 10 test -S "$WORK/pelihook.sock"
}

# It becomes the program with the first connection.
start_socket_activate() {
	serve responder systemd-socket-activate -l "$WORK/pelihook.sock" \
	    "$FCGI" -c "$CONFIG"
	RESPONDER=$LAUNCHED
	until_true 10 test -S "$WORK/pelihook.sock"
}

# ---- lighttpd ------------------------------------------------------------

write_lighttpd() {	# example; more lines on standard input
	mkdir -p "$WORK/empty"
	{
		cat <<-END
		server.bind = "127.0.0.1"
		server.port = $PORT
		server.document-root = "$WORK/empty"
		server.upload-dirs = ( "$WORK" )
		server.errorlog = "$WORK/lighttpd-error.log"
		server.breakagelog = "$WORK/lighttpd-cgi.log"
		END
		cat
		echo "include \"$(example "$1")\""
	} >"$WORK/lighttpd.conf"
}

# Told to stop it may signal its process group: it gets one of its own.
launch_lighttpd() {
	serve lighttpd setsid env "PELIHOOK_CONFIG=$CONFIG" \
	    lighttpd -D -f "$WORK/lighttpd.conf"
	URL=http://127.0.0.1:$PORT/hook
	RELOAD="kill -USR1 $LAUNCHED"
}

start_lighttpd_cgi() {
	write_lighttpd lighttpd-cgi.conf <<-END
	server.modules = ( "mod_setenv" )
	setenv.set-environment = ( "PELIHOOK_CONFIG" => "$CONFIG" )
	END
	launch_lighttpd
}

start_lighttpd_fcgi() {
	start_spawn_fcgi
	write_lighttpd lighttpd-fcgi.conf </dev/null
	launch_lighttpd
}

start_lighttpd_bin() {
	write_lighttpd lighttpd-bin.conf </dev/null
	launch_lighttpd
}

# ---- nginx ---------------------------------------------------------------

# launch_nginx EXAMPLE HTTP-LINES SERVER-LINES
launch_nginx() {
	mkdir -p "$WORK/nginx"
	ln -sf /etc/nginx/fastcgi_params "$WORK/nginx/fastcgi_params"
	{
		[ "$(id -u)" != 0 ] || [ -n "${RUN_AS:-}" ] ||
		    echo 'user root;'
		cat <<-END
		daemon off;
		worker_processes 2;
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
			$2
			server {
				listen 127.0.0.1:$PORT;
				$3
				include $1;
			}
		}
		END
	} >"$WORK/nginx/nginx.conf"
	[ -z "${RUN_AS:-}" ] || chown -R www-data "$WORK/nginx"
	serve nginx nginx -p "$WORK/nginx" -c "$WORK/nginx/nginx.conf" \
	    -e "$WORK/nginx/error.log"
	URL=http://127.0.0.1:$PORT/hook
	RELOAD="kill -HUP $LAUNCHED"
}

start_nginx() {
	start_spawn_fcgi
	launch_nginx "$(example nginx.conf)"
}

launch_nginx_keep() {
	launch_nginx "$(example nginx.conf pelihook)" \
	    "upstream pelihook { server unix:$WORK/pelihook.sock; keepalive 8; }" \
	    'fastcgi_keep_conn on;'
}

start_nginx_keep() {
	start_spawn_fcgi
	launch_nginx_keep
}

start_nginx_unbuffered() {
	start_spawn_fcgi
	launch_nginx "$(example nginx.conf)" '' \
	    'fastcgi_request_buffering off; fastcgi_buffering off;'
}

start_nginx_systemd() {
	start_socket_activate
	launch_nginx "$(example nginx.conf)"
}

start_nginx_multiwatch() {
	start_spawn_fcgi /usr/bin/multiwatch -f 2 --
	launch_nginx "$(example nginx.conf)"
}

# ---- Apache --------------------------------------------------------------

# launch_apache EXAMPLE MPM MODULE...; more lines on standard input
launch_apache() {
	local name=$1 module
	shift
	mkdir -p "$WORK/apache"
	{
		for module in "mpm_$1" authz_core authz_host env \
		    alias setenvif ${PAGE:+authn_core auth_basic authn_file \
		    authz_user} "${@:2}"
		do
			echo "LoadModule ${module}_module" \
			    "/usr/lib/apache2/modules/mod_$module.so"
		done
		cat <<-END
		ServerName localhost
		TraceEnable Off
		Listen 127.0.0.1:$PORT
		PidFile $WORK/apache/pid
		DefaultRuntimeDir $WORK/apache
		ErrorLog $WORK/apache/error.log
		DocumentRoot $WORK/apache
		END
		cat
		echo "Include $(example "$name")"
	} >"$WORK/apache/apache2.conf"
	[ -z "${RUN_AS:-}" ] || chown -R www-data "$WORK/apache"
	serve apache apache2 -d "$WORK/apache" -f "$WORK/apache/apache2.conf" \
	    -DFOREGROUND
	URL=http://127.0.0.1:$PORT/hook
	RELOAD="kill -USR1 $LAUNCHED"
}

start_apache_cgid() {
	launch_apache apache-cgi.conf event cgid <<-END
	ScriptSock $WORK/apache/cgid.sock
	SetEnv PELIHOOK_CONFIG $CONFIG
	END
}

start_apache_cgi() {
	launch_apache apache-cgi.conf prefork cgi <<-END
	SetEnv PELIHOOK_CONFIG $CONFIG
	END
}

start_apache_fcgid() {
	launch_apache apache-fcgid.conf event fcgid <<-END
	FcgidIPCDir $WORK/apache
	FcgidProcessTableFile $WORK/apache/fcgid_shm
	FcgidInitialEnv PELIHOOK_CONFIG $CONFIG
	END
}

start_apache_proxy() {
	start_spawn_fcgi
	launch_apache apache-proxy.conf event proxy proxy_fcgi </dev/null
}

start_apache_reuse() {
	start_spawn_fcgi
	launch_apache apache-proxy.conf event proxy proxy_fcgi <<-END
	<Proxy "unix:$WORK/pelihook.sock|fcgi://pelihook">
		ProxySet enablereuse=on
	</Proxy>
	END
}

# ---- Caddy ---------------------------------------------------------------

start_caddy() {
	start_spawn_fcgi
	cat >"$WORK/Caddyfile" <<-END
	{
		admin unix/$WORK/caddy-admin.sock
		auto_https off
	}
	http://:$PORT {
		bind 127.0.0.1
		import $(example Caddyfile)
		respond 404
	}
	END
	serve caddy env "HOME=$WORK" caddy run --adapter caddyfile \
	    --config "$WORK/Caddyfile"
	URL=http://127.0.0.1:$PORT/hook
	RELOAD=reload_caddy
}

reload_caddy() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} caddy reload --adapter caddyfile --force \
	    --config "$WORK/Caddyfile" >>"$WORK/caddy.log" 2>&1
}

# ---- Any of them ---------------------------------------------------------

# A port that was free may be taken by the time the server asks for it.
start_server() {	# name
	local try
	RESPONDER=
	for try in 1 2 3 4 5; do
		PORT=$(free_port)
		"start_${1//-/_}" && until_true 10 answers_or_gone &&
		    ! is_gone "$LAUNCHED" && break
		[ "$try" -lt 5 ] || { show_logs; return 1; }
		stop_all
		rm -f "$WORK/pelihook.sock"
	done
	export PORT URL RELOAD LAUNCHED RESPONDER
}

answers_or_gone() {
	is_gone "$LAUNCHED" || answers "http://127.0.0.1:$PORT/"
}

reload_server() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	$RELOAD
}

# The processes of pelihook.fcgi, whoever started them: those of this build
# and this configuration.
responders() {
	local file pid
	# These have no blanks.
	# shellcheck disable=SC2044
	for file in $(find /proc/[0-9]*/exe -maxdepth 0 -lname "$FCGI" \
	    2>/dev/null); do
		pid=${file#/proc/}
		pid=${pid%/exe}
		! grep -qsF "$CONFIG" "/proc/$pid/cmdline" \
		    "/proc/$pid/environ" || echo "$pid"
	done
}

# What is tested, in its version, for whoever reads the test's output.
version_of() {	# server
	case $1 in
	lighttpd-*) lighttpd -v | head -n 1 ;;
	nginx*) nginx -v 2>&1 ;;
	apache-fcgid) package_version apache2-bin libapache2-mod-fcgid ;;
	apache-*) package_version apache2-bin ;;
	caddy) package_version caddy ;;
	esac
	case $1 in
	lighttpd-fcgi | nginx | nginx-keep | nginx-unbuffered | \
	    apache-proxy | apache-reuse | caddy) package_version spawn-fcgi ;;
	nginx-systemd) package_version systemd ;;
	nginx-multiwatch) package_version spawn-fcgi multiwatch ;;
	esac
}

package_version() {	# package...
	dpkg-query -W -f '${Package} ${Version}\n' "$@"
}

tell_version() {	# server
	echo "# tested with $1: $(version_of "$1" | tr '\n' ' ')" >&3
}
