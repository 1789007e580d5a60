#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Shows what a command receives: builds pelihook, puts it behind lighttpd (as
# CGI) and behind nginx (as FastCGI) on free ports of this machine, and sends
# a signed event through both; then one into the queue, whose command fails
# twice; then one of a run that has started and does not end, until an alarm
# comes.  Ends by itself and takes everything away that it started or wrote;
# only Debian packages that were missing stay.
#
#	sh examples/demo.sh [--stay]
#
# With --stay it ends with the address of the page, where a month of made-up
# events is to be looked at, and stays until Ctrl-C.

set -eu

TOP=$(cd "$(dirname "$0")/.." && pwd)
PACKAGES='curl gcc jq libc6-dev libfcgi-dev libjson-c-dev libpq-dev
    libsqlite3-dev libssl-dev lighttpd make nginx openssl perl-base pkg-config spawn-fcgi
    autoconf automake'
EVENT=pipeline_run_error
PIDS=
STAY=
case ${1:-} in
'') ;;
--stay) STAY=yes ;;
*)
	echo 'usage: sh examples/demo.sh [--stay]' >&2
	exit 64
	;;
esac
. "$TOP/tests/packages.sh"
umask 022

if [ -t 1 ]; then
	BOLD=$(printf '\033[1m')
	PLAIN=$(printf '\033[0m')
else
	BOLD=
	PLAIN=
fi

say() {
	printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"
}

show() {	# file
	sed 's/^/    /' "$1"
}

give_up() {	# what, log
	echo "demo: $1" >&2
	[ ! -s "${2:-}" ] || tail -n 30 "$2" >&2
	exit 1
}

# ---- Before and after -------------------------------------------------------

is_gone() {	# pid; a zombie is gone
	! grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null
}

clean_up() {
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null || :
		wait_for is_gone "$pid" || kill -KILL "$pid" 2>/dev/null || :
	done
	rm -rf "$WORK"
}

end() {
	trap '' HUP INT TERM
	clean_up
	trap - EXIT
	say 'Everything that was started is stopped again.'
}

wait_for() {	# command...: 30 seconds at most
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.05
	done
}

# The checkout stays as it is: a copy is built.
build() {
	if [ -n "${PELIHOOK_BUILD:-}" ]; then
		BUILD=$PELIHOOK_BUILD
		return
	fi
	say 'Building (half a minute)'
	BUILD=$WORK/build
	mkdir "$BUILD"
	for item in cgi common ctl examples fcgi tests configure.ac \
	    Makefile.am README.md LICENSE CHANGES.md SECURITY.md; do
		[ ! -e "$TOP/$item" ] || cp -R "$TOP/$item" "$BUILD/"
	done
	(
		cd "$BUILD"
		find . \( -name '*.o' -o -name '*.a' -o -name .deps \) -prune \
		    -exec rm -rf {} +
		autoreconf -fi && ./configure -q && make -s -j "$(nproc)"
		[ -z "$STAY" ] || make -s tests/month/month
	) >"$WORK/build.log" 2>&1 || give_up 'it does not build' \
	    "$WORK/build.log"
}

# ---- Servers ------------------------------------------------------------------

free_port() {
	perl -MIO::Socket::INET -e '
		print IO::Socket::INET->new(Listen => 1,
		    LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

listens() {	# port
	curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$1/"
}

start() {	# log, command...
	log=$SITE/$1
	shift
	"$@" >>"$log" 2>&1 </dev/null &
	PIDS="$! $PIDS"
}

# nginx in a directory, where server.conf says what is to be in its server.
run_nginx() {	# directory port
	ln -s /etc/nginx/fastcgi_params "$1/fastcgi_params"
	{
		[ -z "$RUN_AS" ] || echo "user $RUN_AS;"
		cat <<-END
		daemon off;
		worker_processes 1;
		pid $1/nginx.pid;
		error_log $1/nginx.log;
		events { }
		http {
			access_log off;
			client_body_temp_path $1/nginx-body;
			fastcgi_temp_path $1/nginx-fastcgi;
			proxy_temp_path $1/nginx-proxy;
			uwsgi_temp_path $1/nginx-uwsgi;
			scgi_temp_path $1/nginx-scgi;
			server {
				listen 127.0.0.1:$2;
				include $1/server.conf;
			}
		}
		END
	} >"$1/nginx.conf"
	start nginx.log nginx -p "$1" -c "$1/nginx.conf" -e "$1/nginx.log"
	wait_for listens "$2" || give_up 'nginx does not answer' "$1/nginx.log"
}

# pelihook.fcgi with the configuration and the socket of a directory.
run_fcgi() {	# directory
	# Words are wanted here.
	# shellcheck disable=SC2086
	start fcgi.log spawn-fcgi -n -s "$1/pelihook.sock" -M 0660 \
	    ${RUN_AS:+-u $RUN_AS -U $RUN_AS} -- \
	    "$SITE/pelihook.fcgi" -c "$1/pelihook.conf"
	wait_for test -S "$1/pelihook.sock" ||
	    give_up 'pelihook.fcgi has no socket' "$SITE/fcgi.log"
}

# The files in examples/, with the places of what was installed replaced.
example() {	# name
	sed -e "s|/usr/lib/cgi-bin/pelihook.cgi|$SITE/pelihook.cgi|" \
	    -e "s|/run/pelihook/pelihook.sock|$SITE/pelihook.sock|" \
	    "$TOP/examples/$1" >"$SITE/example-$1"
	echo "$SITE/example-$1"
}

# What nginx.conf has for the page, which is a comment there.
page_example() {
	sed -n -e '/^# The page, for people/,/^$/s/^#\([^ ]\)/\1/p' \
	    "$TOP/examples/nginx.conf" |
	    sed -e "s|/etc/nginx/|$MONTH/|" -e "s|/run/pelihook/|$MONTH/|"
}

start_lighttpd() {
	LIGHTTPD_PORT=$(free_port)
	{
		[ -z "$RUN_AS" ] || echo "server.username = \"$RUN_AS\""
		cat <<-END
		server.bind = "127.0.0.1"
		server.port = $LIGHTTPD_PORT
		server.document-root = "$SITE/empty"
		server.upload-dirs = ( "$SITE" )
		server.breakagelog = "$SITE/cgi.log"
		server.modules = ( "mod_setenv" )
		setenv.set-environment =
		    ( "PELIHOOK_CONFIG" => "$SITE/pelihook.conf" )
		include "$(example lighttpd-cgi.conf)"
		END
	} >"$SITE/lighttpd.conf"
	start lighttpd.log lighttpd -D -f "$SITE/lighttpd.conf"
	wait_for listens "$LIGHTTPD_PORT" ||
	    give_up 'lighttpd does not answer' "$SITE/lighttpd.log"
}

start_nginx() {
	NGINX_PORT=$(free_port)
	run_fcgi "$SITE"
	echo "include $(example nginx.conf);" >"$SITE/server.conf"
	run_nginx "$SITE" "$NGINX_PORT"
}

# ---- The site: programs, secret, command, configuration -----------------------

prepare_site() {
	SITE=$WORK/site
	mkdir "$SITE" "$SITE/empty"
	chmod 755 "$WORK" "$SITE"
	cp "$BUILD/cgi/pelihook.cgi" "$BUILD/fcgi/pelihook.fcgi" \
	    "$BUILD/ctl/pelihookctl" "$SITE/"
	openssl rand -hex 32 >"$SITE/peliqan.secret"
	openssl rand -hex 32 >"$SITE/warehouse.secret"
	openssl rand -hex 32 >"$SITE/nightly.secret"
	chmod 600 "$SITE"/*.secret
	cat >"$SITE/command" <<-END
	#!/bin/sh
	cat >$SITE/stdin
	env | grep ^PELIHOOK_ | sort >$SITE/variables
	END
	cat >"$SITE/load" <<-END
	#!/bin/sh
	case \$PELIHOOK_ATTEMPT in
	1) echo 'the warehouse is away' >&2; exit 75 ;;
	2) echo 'the warehouse is slow' >&2; exit 1 ;;
	*) cat >$SITE/stdin ;;
	esac
	END
	cat >"$SITE/alarm" <<-END
	#!/bin/sh
	cat >$SITE/payload
	echo "\$PELIHOOK_TEXT" >$SITE/text
	mv $SITE/text $SITE/\$PELIHOOK_OUTCOME
	END
	chmod 755 "$SITE/command" "$SITE/load" "$SITE/alarm"
	cat >"$SITE/pelihook.conf" <<-END
	journal $SITE/journal.db

	hook peliqan
	  delivery wait
	  secret-file $SITE/peliqan.secret
	  on @started  ignore
	  on *         run $SITE/command

	hook warehouse
	  secret-file $SITE/warehouse.secret
	  retry 300ms 600ms
	  on *         run $SITE/load

	hook nightly
	  secret-file $SITE/nightly.secret
	  watch on stuck 2s
	  on @watch    run $SITE/alarm
	  on *         ignore
	END
	RUN_AS=
	if [ "$(id -u)" -eq 0 ]; then
		RUN_AS=www-data
		chown -R "$RUN_AS" "$SITE"
	fi
	"$SITE/pelihookctl" -c "$SITE/pelihook.conf" ${RUN_AS:+-u "$RUN_AS"} \
	    check >"$SITE/check.log" 2>&1 ||
	    give_up 'the configuration is wrong' "$SITE/check.log"
}

ctl() {
	"$SITE/pelihookctl" -c "$SITE/pelihook.conf" ${RUN_AS:+-u "$RUN_AS"} \
	    "$@"
}

post() {	# hook, url, what is to be answered
	ctl sample $EVENT >"$WORK/body"
	signature=$(ctl sign "$1" <"$WORK/body")
	rm -f "$SITE/stdin" "$SITE/variables"
	printf '  $ curl -H "%s" --data-binary @body %s\n' "$signature" "$2"
	curl -sS --max-time 20 -o "$WORK/answer" -w '%{http_code}' \
	    -H "$signature" --data-binary "@$WORK/body" "$2" >"$WORK/code"
	printf '  the sender is answered %s:\n' "$(cat "$WORK/code")"
	show "$WORK/answer"
	[ "$(cat "$WORK/code")" = "$3" ] || give_up "that is not $3"
}

byte_for_byte() {
	cmp -s "$WORK/body" "$SITE/stdin" ||
	    give_up 'these are not the bytes that were sent'
	echo '  Byte for byte what was signed and sent.'
}

send() {	# through, url
	say "Through $1"
	post peliqan "$2" 200
	echo '  the command read on stdin:'
	show "$SITE/stdin"
	echo '  and found in its environment:'
	show "$SITE/variables"
	byte_for_byte
}

forge() {	# url
	rm -f "$SITE/stdin"
	code=$(curl -sS --max-time 20 -o /dev/null -w '%{http_code}' \
	    -H "X-Signature: sha256=$(openssl rand -hex 32)" \
	    --data-binary "@$WORK/body" "$1")
	[ "$code" = 401 ] || give_up 'that is not 401'
	[ ! -e "$SITE/stdin" ] || give_up 'but the command was run'
	say "The same with a wrong signature: $code, and the command was not run"
}

is_done() {	# id
	ctl show --json "$1" |
	    jq -e '.deliveries | all(.state == "done")' >/dev/null
}

queue() {	# url
	say 'Through the queue: answered at once, run until the command succeeds'
	show "$SITE/load"
	post warehouse "$1" 202
	id=$(jq -r .id "$WORK/answer")
	wait_for is_done "$id" || give_up 'it is not done' "$SITE/fcgi.log"
	printf '  $ pelihookctl show %s\n' "$id"
	ctl show "$id" >"$WORK/story"
	show "$WORK/story"
	byte_for_byte
}

alarm() {	# outcome
	wait_for test -s "$SITE/$1" ||
	    give_up "no alarm came in 30 seconds: $1" "$SITE/fcgi.log"
	echo '  the command of the alarms found in PELIHOOK_TEXT:'
	show "$SITE/$1"
}

hang() {	# url
	say 'A run that starts and does not end: what is ignored is watched, too'
	EVENT=pipeline_run_started
	post nightly "$1" 200
	alarm stuck
	echo '  and read on stdin:'
	jq . "$SITE/payload" >"$WORK/story"
	show "$WORK/story"
	echo '  $ pelihookctl pipelines --hook nightly'
	ctl pipelines --hook nightly >"$WORK/story"
	show "$WORK/story"
	say 'And the end of it, two seconds later'
	sleep 2
	EVENT=pipeline_run_completed
	post nightly "$1" 200
	alarm recovered
}

# ---- The page ---------------------------------------------------------------

# Somebody who is let in at an address, with a password that is printed.
add_user() {	# name file...
	user=$1
	password=$(openssl rand -hex 6)
	shift
	for file; do
		printf '%s:%s\n' "$user" "$(openssl passwd -6 "$password")" \
		    >>"$MONTH/pelihook-$file.htpasswd"
	done
}

# A month's journal, and what it belongs to.
prepare_month() {
	MONTH=$WORK/month
	PAGE_PORT=$(free_port)
	PAGE=http://127.0.0.1:$PAGE_PORT/pelihook/
	mkdir "$MONTH"
	sh "$TOP/tests/month/site.sh" "$MONTH"
	"$BUILD/tests/month/month" "$MONTH/pelihook.conf" \
	    >"$WORK/month.log" 2>&1 ||
	    give_up 'the month cannot be made' "$WORK/month.log"
	chmod 755 "$MONTH"
}

stay() {
	say 'The page, with a month of made-up events'
	prepare_month
	add_user emil view
	printf '  to look: %s\n      user emil, password %s\n' "$PAGE" "$password"
	add_user anna view operate
	printf '  to act as well: %soperate/\n      user anna, password %s\n' \
	    "$PAGE" "$password"
	[ -z "$RUN_AS" ] || chown -R "$RUN_AS" "$MONTH"
	run_fcgi "$MONTH"
	page_example >"$MONTH/server.conf"
	run_nginx "$MONTH" "$PAGE_PORT"
	echo '  It stays until Ctrl-C.'
	trap 'end; exit 0' HUP INT TERM
	wait "${PIDS%% *}" || give_up 'nginx has ended' "$MONTH/nginx.log"
}

WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-demo.XXXXXX")
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Words are wanted here.
# shellcheck disable=SC2086
install_packages "$WORK/install.log" $PACKAGES ||
    give_up 'packages are missing'
build
prepare_site
say 'The configuration'
show "$SITE/pelihook.conf"
start_lighttpd
start_nginx
send 'lighttpd, as CGI' "http://127.0.0.1:$LIGHTTPD_PORT/hook/peliqan"
send 'nginx and spawn-fcgi, as FastCGI' \
    "http://127.0.0.1:$NGINX_PORT/hook/peliqan"
forge "http://127.0.0.1:$NGINX_PORT/hook/peliqan"
queue "http://127.0.0.1:$NGINX_PORT/hook/warehouse"
hang "http://127.0.0.1:$NGINX_PORT/hook/nightly"
[ -z "$STAY" ] || stay
end
