#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Measures pelihook beside its peers and beside the limit of what it does,
# all in turn and several times, and writes what came of it to RESULTS.md.
# Installs the Debian packages that are missing (as root, or through sudo).
# Everything is on 127.0.0.1 and bounded in time.
#
#	sh tests/bench/run.sh [ROW...]
#
# ROW is one or more of those in ROWS.  Then the table goes to the standard
# output, unless BENCH_RESULTS is set.  With BENCH_KEPT a run that was cut
# off can be finished row by row: what is there of other rows stays, and is
# in the table too.
#
#	BENCH_SECONDS	of each load (3)
#	BENCH_ROUNDS	how often each is measured (5)
#	BENCH_KEPT	a directory for the figures, which then stay
#	BENCH_EVENTS	in the journal that holds many (1000000)
#	BENCH_SHARED	events of each load of the row `shared' (5000)
#	BENCH_JOURNAL	what pelihook has there in place of PostgreSQL: a path
#	BENCH_MODULES	where npm has installed peers/package-lock.json already
#	BENCH_RESULTS	the file to write
#	BENCH_ROWS	what the table is made from (rows.txt)
#	BENCH_BEFORE	for the row `quick': the directory of an earlier build

set -u

ROWS='wait queued runs end wrong cgi script memory late journal page beside shared'
[ -z "${BENCH_BEFORE:-}" ] || ROWS=quick
TOP=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
HERE=$TOP/tests/bench
SECONDS_EACH=${BENCH_SECONDS:-3}
ROUNDS=${BENCH_ROUNDS:-5}
RESULTS=${BENCH_RESULTS:-$HERE/RESULTS.md}
PACKAGES='autoconf automake curl fcgiwrap gcc libc6-dev libfcgi-dev
    libjson-c-dev libpq-dev libsqlite3-dev libssl-dev lighttpd make nginx
    nodejs npm openssl perl-base pkg-config postgresql spawn-fcgi webhook wrk
    zlib1g-dev'
EVENTS_DONE=${BENCH_EVENTS:-1000000}
EVENTS_SHARED=${BENCH_SHARED:-5000}
PLACES=8
PIDS=
DATABASE=
DATABASE_DIRECTORY=
WRAP=

. "$TOP/tests/packages.sh"
umask 022
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS PELIHOOK_CONFIG PELIHOOK_BUILD
LC_ALL=C.UTF-8
export LC_ALL

say() {
	printf '%s\n' "$*" >&2
}

give_up() {	# what, log...
	say "bench: $1"
	shift
	for log in "$@"; do
		[ -s "$log" ] || continue
		say "---- the end of ${log##*/}"
		tail -n 20 "$log" >&2
	done
	exit 1
}

# What any of them may have said.
give_up_servers() {	# what
	give_up "$1" "$WORK/wrk.log" "$WORK/pelihook.log" \
	    "$WORK/webhook.log" "$WORK/limit.log" "$WORK/spawning.log" \
	    "$WORK/nginx.log" "$WORK/nginx-error.log" \
	    "$WORK/lighttpd-error.log" "$WORK/lighttpd-cgi.log" \
	    "$WORK/serve.log" "$WORK/work.log" "$WORK/postgres.log"
}

# ---- Processes ------------------------------------------------------------

is_gone() {	# pid; a zombie is gone
	! grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null
}

wait_for() {	# command...: ten seconds at most
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || return 1
		sleep 0.02
	done
}

# Its number is in PID.
launch() {	# name command...
	name=$1
	shift
	"$@" >"$WORK/$name.out" 2>"$WORK/$name.log" </dev/null &
	PID=$!
	PIDS="$PIDS $PID"
}

stop() {	# pid
	kill "$1" 2>/dev/null || :
	wait_for is_gone "$1" || kill -KILL "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

clean_up() {
	# Told to end, fcgiwrap leaves the processes that it began with.
	[ -z "$WRAP" ] || kill -s KILL -- "-$WRAP" 2>/dev/null || :
	[ -z "$DATABASE" ] || kill -s INT "$DATABASE" 2>/dev/null || :
	for pid in $PIDS; do
		stop "$pid"
	done
	rm -rf "$WORK" ${DATABASE_DIRECTORY:+"$DATABASE_DIRECTORY"}
}

accepts() {	# url: whether anything answers there
	curl -s -o /dev/null --max-time 2 "$1"
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}

# ---- What is measured -----------------------------------------------------

build_in() {	# directory, configure's words
	directory=$WORK/$1
	shift
	mkdir "$directory" &&
	    (cd "$directory" && "$TOP/configure" -q CFLAGS=-O2 "$@" &&
		make -s -j "$(nproc)" all) >>"$WORK/build.log" 2>&1
}

build() {
	[ -x "$TOP/configure" ] || (cd "$TOP" && autoreconf -i) \
	    >"$WORK/build.log" 2>&1
	build_in build || give_up 'pelihook does not build' "$WORK/build.log"
	make -s -C "$WORK/build" tests/bench/cost tests/bench/hello \
	    tests/bench/limit tests/bench/look tests/bench/spawn \
	    tests/bench/store tests/bench/watch \
	    >>"$WORK/build.log" 2>&1 ||
	    give_up 'the helpers do not build' "$WORK/build.log"
	for helper in cost limit look spawn store watch; do
		cp "$WORK/build/tests/bench/$helper" "$WORK" || exit 1
	done
	cp "$WORK/build/tests/bench/hello" "$WORK/hello.cgi" &&
	    cp "$WORK/build/cgi/pelihook.cgi" "$WORK" &&
	    cp "$WORK/build/fcgi/pelihook.fcgi" "$WORK" &&
	    cp "$HERE/check.sh" "$WORK/check.cgi" || exit 1
	[ -n "${BENCH_BEFORE:-}" ] || return 0
	cp "$WORK/store" "$WORK/pelihook.store" &&
	    cp "$BENCH_BEFORE/cgi/pelihook.cgi" "$WORK/before.cgi" &&
	    cp "$BENCH_BEFORE/fcgi/pelihook.fcgi" "$WORK/before.fcgi" &&
	    cp "$BENCH_BEFORE/tests/bench/store" "$WORK/before.store" ||
	    give_up "$BENCH_BEFORE: make, and make check TESTS= there first"
}

# The same programs with static libraries are rows of their own, where the
# build knows how.
build_static() {
	[ ! -d "$WORK/static" ] || return 0
	set --
	for option in --enable-static-cgi --enable-static-fcgi; do
		! grep -q -e "$option" "$TOP/configure" || set -- "$@" "$option"
	done
	[ $# -gt 0 ] || return 0
	build_in static "$@" || {
		say "bench: $* does not build; left out"
		tail -n 5 "$WORK/build.log" >&2
		return 0
	}
	cp "$WORK/static/cgi/pelihook.cgi" "$WORK/static.cgi"
	cp "$WORK/static/fcgi/pelihook.fcgi" "$WORK/static.fcgi"
}

write_body() {
	KEY=$(openssl rand -hex 32)
	(umask 077; echo "$KEY" >"$WORK/secret")
	printf '{"event":"pipeline_run_error","run":{"id":4711,"status":"ERROR",'\
'"pipeline":"sales","streams":["orders","lines"]},"message":"%0900d"}' 0 \
	    >"$WORK/body"
	BENCH_BODY=$WORK/body
	BENCH_SIGNATURE=$(openssl dgst -sha256 -hmac "$KEY" -r \
	    "$WORK/body" | cut -d' ' -f1)
	export BENCH_BODY BENCH_SIGNATURE
}

write_commands() {
	cat >"$WORK/three.sh" <<-'END'
	#!/bin/sh
	event=${PELIHOOK_EVENT:-none}
	[ -n "$event" ] || exit 1
	END
	chmod 755 "$WORK/three.sh"
}

write_configs() {
	root=
	[ "$(id -u)" -ne 0 ] || root='allow-root yes'
	cat >"$WORK/wait.conf" <<-END
	$root
	secret-file $WORK/secret
	delivery wait
	max-running 16
	hook true
		on * run /bin/true
	hook sh
		on * run $WORK/three.sh
	END
	cat >"$WORK/cgi.conf" <<-END
	hook cgi
		secret-file $WORK/secret
		on * ignore
	END
	cat >"$WORK/queue.conf" <<-END
	journal $WORK/journal/journal.db
	$root
	secret-file $WORK/secret
	max-queue 1000000
	hook one
		on * run /bin/true
	hook hundred
		batch 100
		on * run /bin/true
	END
	cat >"$WORK/runs.conf" <<-END
	journal $WORK/journal/journal.db
	$root
	max-queue 1000000
	hook runs
		signature none
		batch 100
		on * run /bin/true
	END
	sed '1a dispatch none' "$WORK/queue.conf" >"$WORK/keep.conf"
}

# Of those journals that are looked at as a page.
write_page_configs() {
	root=
	[ "$(id -u)" -ne 0 ] || root='allow-root yes'
	for store in small large many beside; do
		cat >"$WORK/page-$store.conf" <<-END
		journal $WORK/pages/$store.db
		$root
		secret-file $WORK/secret
		dispatch none
		max-queue 1000000
		hook bench
			on * run /bin/true
		END
		ln -s pelihook.cgi "$WORK/page-$store.cgi" || exit 1
	done
}

hook_of_webhook() {	# id wait command
	cat <<-END
	{ "id": "$1", "execute-command": "$3",
	  "include-command-output-in-response": $2,
	  "trigger-rule-mismatch-http-response-code": 401,
	  "trigger-rule": { "match": { "type": "payload-hmac-sha256",
	    "secret": "$KEY",
	    "parameter": { "source": "header", "name": "X-Signature" }}}}
	END
}

write_webhook() {
	{
		echo '['
		hook_of_webhook true true /bin/true
		echo ,
		hook_of_webhook sh true "$WORK/three.sh"
		echo ,
		hook_of_webhook later false /bin/true
		echo ']'
	} >"$WORK/hooks.json"
}

fastcgi_location() {	# path upstream hook
	cat <<-END
	location = $1 {
		include $WORK/params;
		fastcgi_param PELIHOOK_HOOK $3;
		fastcgi_keep_conn on;
		fastcgi_pass $2;
	}
	END
}

wrap_location() {	# path script
	cat <<-END
	location = $1 {
		include $WORK/params;
		fastcgi_param SCRIPT_FILENAME $2;
		fastcgi_param PELIHOOK_CONFIG $WORK/cgi.conf;
		fastcgi_param BENCH_KEY $KEY;
		fastcgi_pass unix:$WORK/wrap.sock;
	}
	END
}

page_location() {	# store
	cat <<-END
	location = /page/$1 {
		include $WORK/params;
		fastcgi_param PELIHOOK_PAGE operate;
		fastcgi_param PELIHOOK_PAGE_USER bench;
		fastcgi_buffers 64 16k;
		fastcgi_pass unix:$WORK/page-$1.sock;
	}
	END
}

write_nginx() {
	grep -v PATH_INFO /etc/nginx/fastcgi_params >"$WORK/params"
	cat >"$WORK/nginx.conf" <<-END
	daemon off;
	worker_processes 1;
	pid $WORK/nginx.pid;
	error_log $WORK/nginx-error.log;
	$([ "$(id -u)" -ne 0 ] || echo 'user root;')
	events { worker_connections 1024; }
	http {
		access_log off;
		client_body_temp_path $WORK/nginx-body;
		fastcgi_temp_path $WORK/nginx-fastcgi;
		proxy_temp_path $WORK/nginx-proxy;
		uwsgi_temp_path $WORK/nginx-uwsgi;
		scgi_temp_path $WORK/nginx-scgi;
		keepalive_requests 100000000;
		upstream pelihook { server unix:$WORK/pelihook.sock;
			keepalive 64; keepalive_requests 100000000; }
		upstream limit { server unix:$WORK/limit.sock;
			keepalive 64; keepalive_requests 100000000; }
		upstream spawning { server unix:$WORK/spawning.sock;
			keepalive 64; keepalive_requests 100000000; }
		upstream beside { server unix:$WORK/page-beside.sock;
			keepalive 64; keepalive_requests 100000000; }
		upstream webhook { server 127.0.0.1:$WEBHOOK;
			keepalive 64; keepalive_requests 100000000; }
		server {
			listen 127.0.0.1:$NGINX;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			location /hooks/ { proxy_pass http://webhook; }
			$(for hook in true sh one hundred runs shared; do
				fastcgi_location /$hook pelihook $hook
			done)
			$(for store in small large many beside; do
				page_location $store
			done)
			$(fastcgi_location /beside beside bench)
			$(fastcgi_location /limit limit none)
			$(fastcgi_location /spawning spawning none)
			$(for program in check pelihook static; do
				wrap_location "/wrapped/$program" \
				    "$WORK/$program.cgi"
			done)
		}
	}
	END
}

write_lighttpd() {
	cat >"$WORK/lighttpd.conf" <<-END
	server.modules = ( "mod_cgi", "mod_setenv" )
	server.bind = "127.0.0.1"
	server.port = $LIGHTTPD
	server.document-root = "$WORK"
	server.upload-dirs = ( "$WORK" )
	server.errorlog = "$WORK/lighttpd-error.log"
	server.breakagelog = "$WORK/lighttpd-cgi.log"
	server.max-keep-alive-requests = 0
	setenv.set-environment = ( "PELIHOOK_CONFIG" => "$WORK/cgi.conf" )
	cgi.assign = ( ".cgi" => "" )
	$(for store in small large many; do
		cat <<-SITE
		\$HTTP["url"] == "/page-$store.cgi" {
			setenv.set-environment = (
			    "PELIHOOK_CONFIG" => "$WORK/page-$store.conf",
			    "PELIHOOK_PAGE" => "operate",
			    "PELIHOOK_PAGE_USER" => "bench" )
		}
		SITE
	done)
	END
}

start_servers() {
	NGINX=$(free_port) || exit 1
	WEBHOOK=$(free_port) || exit 1
	LIGHTTPD=$(free_port) || exit 1
	write_nginx
	write_lighttpd
	launch limit "$WORK/limit" "$WORK/limit.sock" 16
	wait_for test -S "$WORK/limit.sock" ||
	    give_up 'limit does not start' "$WORK/limit.log"
	launch spawning "$WORK/limit" "$WORK/spawning.sock" 16 /bin/true
	wait_for test -S "$WORK/spawning.sock" ||
	    give_up 'limit does not start' "$WORK/spawning.log"
	launch wrap setsid spawn-fcgi -n -s "$WORK/wrap.sock" -- \
	    /usr/sbin/fcgiwrap -c 4
	WRAP=$PID
	wait_for test -S "$WORK/wrap.sock" ||
	    give_up 'fcgiwrap does not start' "$WORK/wrap.log"
	launch nginx nginx -p "$WORK" -c "$WORK/nginx.conf"
	wait_for accepts "http://127.0.0.1:$NGINX/" || give_up \
	    'nginx does not start' "$WORK/nginx.log" "$WORK/nginx-error.log"
	launch lighttpd setsid lighttpd -D -f "$WORK/lighttpd.conf"
	wait_for accepts "http://127.0.0.1:$LIGHTTPD/" || give_up \
	    'lighttpd does not start' "$WORK/lighttpd.log" \
	    "$WORK/lighttpd-error.log"
}

# Each load finds a process that was just started, and its own journal.
start_pelihook() {	# configuration, program
	rm -rf "$WORK/journal"
	mkdir -m 700 "$WORK/journal"
	launch pelihook "$WORK/${2:-pelihook}.fcgi" -c "$WORK/$1.conf" \
	    -s "$WORK/pelihook.sock"
	wait_for test -S "$WORK/pelihook.sock" ||
	    give_up 'pelihook.fcgi does not start' "$WORK/pelihook.log"
	PELIHOOK=$PID
}

# What it left queued is not to be run.
kill_pelihook() {
	kill -KILL "$PELIHOOK"
	stop "$PELIHOOK"
	rm -f "$WORK/pelihook.sock"
}

start_webhook() {
	launch webhook webhook -ip 127.0.0.1 -port "$WEBHOOK" \
	    -hooks "$WORK/hooks.json"
	wait_for accepts "http://127.0.0.1:$WEBHOOK/" ||
	    give_up 'webhook does not start' "$WORK/webhook.log"
	PEER=$PID
}

# ---- Measuring ------------------------------------------------------------

keep() {	# key value
	echo "$2" >>"$KEPT/$1"
	printf '%4s  %-24s %s\n' "$round" "$1" "$2" >&2
}

# A load; REQUESTS, RATE and P99 are what came of it.
load() {	# clients url
	# What wrote to disk before is not to be paid for now.
	sync -f "$WORK"
	wrk -t 1 -c "$1" -d "${SECONDS_EACH}s" --timeout 10s \
	    -s "$HERE/post.lua" "$2" >"$WORK/wrk.log" 2>&1 ||
	    give_up_servers "wrk: $2"
	line=$(grep '^BENCH ' "$WORK/wrk.log") ||
	    give_up_servers "wrk says nothing: $2"
	# shellcheck disable=SC2086
	set -- $line "$2"
	RATE=$2 P99=$3 REQUESTS=$4
	[ "$5" -eq 0 ] || give_up_servers "$5 of $4 wrong answers from $6"
}

rate() {	# key clients url
	load "$2" "$3"
	keep "$1" "$RATE"
}

command_of() {	# true or sh
	[ "$1" = true ] && echo /bin/true || echo "$WORK/three.sh"
}

# The others behind the same nginx.
rates_behind() {	# key clients
	rate "$1-limit" "$2" "http://127.0.0.1:$NGINX/spawning"
	rate "$1-behind" "$2" "http://127.0.0.1:$NGINX/hooks/true"
}

row_wait() {
	start_pelihook wait
	start_webhook
	for command in true sh; do
		for clients in 1 4 16; do
			key=wait-$command-$clients
			runs=$("$WORK/spawn" "$clients" "$SECONDS_EACH" \
			    "$(command_of "$command")" </dev/null \
			    2>"$WORK/spawn.log") ||
			    give_up 'a bare command failed' "$WORK/spawn.log"
			keep "$key-spawn" "$runs"
			rate "$key-pelihook" "$clients" \
			    "http://127.0.0.1:$NGINX/$command"
			[ "$command" != true ] ||
			    rates_behind "$key" "$clients"
			rate "$key-webhook" "$clients" \
			    "http://127.0.0.1:$WEBHOOK/hooks/$command"
		done
	done
	stop "$PELIHOOK"
	stop "$PEER"
}

row_queued() {
	for clients in 16 64; do
		rate "queued-$clients-limit" "$clients" \
		    "http://127.0.0.1:$NGINX/limit"
		for conf in queue keep; do
			start_pelihook "$conf"
			rate "queued-$clients-$conf" "$clients" \
			    "http://127.0.0.1:$NGINX/one"
			kill_pelihook
		done
		start_webhook
		rate "queued-$clients-webhook" "$clients" \
		    "http://127.0.0.1:$NGINX/hooks/later"
		stop "$PEER"
	done
}

# Bodies that are made for each request.
rate_runs() {	# key, with or without
	start_pelihook runs
	BENCH_RUNS=$2
	export BENCH_RUNS
	rate "$1" 16 "http://127.0.0.1:$NGINX/runs"
	unset BENCH_RUNS
	kill_pelihook
}

# What they say is put together meanwhile, and commands run.
row_runs() {
	for runs in without with; do
		rate_runs "runs-$runs" "$runs"
	done
}

milliseconds() {
	date +%s%3N
}

# From the first request until what it asked for has run, or with a journal
# until nothing in it is undelivered; what wrote to disk before is done by
# then.
run_to_end() {	# key url [journal [program]]
	sync -f "$WORK"
	began=$(milliseconds)
	load 64 "$2"
	[ $# -eq 2 ] ||
	    "$WORK/${4:-store}" wait "$3" 120 2>"$WORK/store.log" ||
	    give_up 'the queue does not become empty' "$WORK/store.log" \
		"$WORK/pelihook.log"
	keep "$1" "$((REQUESTS * 1000 / ($(milliseconds) - began)))"
}

row_end() {
	start_pelihook keep
	run_to_end end-taken "http://127.0.0.1:$NGINX/hundred"
	kill_pelihook
	start_pelihook queue
	run_to_end end-pelihook "http://127.0.0.1:$NGINX/hundred" \
	    "$WORK/journal/journal.db"
	stop "$PELIHOOK"
	start_webhook
	run_to_end end-webhook "http://127.0.0.1:$NGINX/hooks/true"
	stop "$PEER"
}

rate_refused() {	# key
	BENCH_STATUS=401
	export BENCH_STATUS
	rate "$1" 64 "http://127.0.0.1:$NGINX/true"
	unset BENCH_STATUS
}

# Both get the same bytes; the limit does not look at them.
row_wrong() {
	good=$BENCH_SIGNATURE
	BENCH_SIGNATURE=$(printf %064d 0)
	rate wrong-limit 64 "http://127.0.0.1:$NGINX/limit"
	start_pelihook wait
	rate_refused wrong-pelihook
	BENCH_SIGNATURE=$good
	stop "$PELIHOOK"
}

# Without a server, as one would start it.
as_cgi() {	# command...
	env REQUEST_METHOD=POST GATEWAY_INTERFACE=CGI/1.1 \
	    SERVER_PROTOCOL=HTTP/1.1 SCRIPT_NAME=/bench \
	    CONTENT_TYPE=application/json \
	    "CONTENT_LENGTH=$(($(wc -c <"$BENCH_BODY")))" \
	    "HTTP_X_SIGNATURE=$BENCH_SIGNATURE" "BENCH_KEY=$KEY" \
	    "PELIHOOK_CONFIG=$WORK/cgi.conf" "$@"
}

cost() {	# key runs program
	as_cgi "$3" <"$BENCH_BODY" 2>"$WORK/cost.log" |
	    grep -q '^Status: 200' ||
	    give_up "$3 does not answer 200" "$WORK/cost.log"
	spent=$(as_cgi "$WORK/cost" "$2" "$BENCH_BODY" "$3" \
	    2>"$WORK/cost.log") || give_up "$3 fails" "$WORK/cost.log"
	keep "$1" "$spent"
}

row_cgi() {
	build_static
	for program in hello pelihook static; do
		[ -e "$WORK/$program.cgi" ] || continue
		rate "cgi-$program" 4 \
		    "http://127.0.0.1:$LIGHTTPD/$program.cgi"
		cost "cgi-cost-$program" 300 "$WORK/$program.cgi"
	done
}

row_script() {
	build_static
	for program in check pelihook static; do
		[ -e "$WORK/$program.cgi" ] || continue
		rate "script-$program" 4 \
		    "http://127.0.0.1:$NGINX/wrapped/$program"
		cost "script-cost-$program" 100 "$WORK/$program.cgi"
	done
}

memory_of() {	# pid file field: MiB
	awk -v field="$3:" '$1 == field { printf "%.2f", $2 / 1024 }' \
	    "/proc/$1/$2"
}

# Pss is looked at while the clients are there.
load_memory() {	# name pid url
	keep "memory-idle-$1" "$(memory_of "$2" status VmRSS)"
	keep "memory-idle-pss-$1" "$(memory_of "$2" smaps_rollup Pss)"
	(
		sleep "$(awk "BEGIN { print $SECONDS_EACH / 2 }")"
		memory_of "$2" smaps_rollup Pss >"$WORK/pss"
	) &
	looking=$!
	load 64 "$3"
	wait "$looking"
	keep "memory-load-$1" "$(memory_of "$2" status VmHWM)"
	keep "memory-load-pss-$1" "$(cat "$WORK/pss")"
}

row_memory() {
	build_static
	for program in pelihook static; do
		[ -e "$WORK/$program.fcgi" ] || continue
		start_pelihook wait "$program"
		load_memory "$program" "$PELIHOOK" \
		    "http://127.0.0.1:$NGINX/true"
		stop "$PELIHOOK"
	done
	start_webhook
	load_memory webhook "$PEER" "http://127.0.0.1:$NGINX/hooks/true"
	stop "$PEER"
}

half() {	# clients url
	load 16 "$1"
	BENCH_RATE=$(awk "BEGIN { print $RATE / 2 }")
	export BENCH_RATE
	load 64 "$1"
	unset BENCH_RATE
}

row_late() {
	start_pelihook wait
	half "http://127.0.0.1:$NGINX/true"
	keep late-pelihook "$P99"
	stop "$PELIHOOK"
	start_webhook
	half "http://127.0.0.1:$NGINX/hooks/true"
	keep late-webhook "$P99"
	stop "$PEER"
}

make_store() {	# name, events, program, word: how they are, configuration
	rm -f "$WORK/stores/$1.db"*
	"$WORK/${3:-store}" "${4:-make}" "$WORK/stores/$1.db" "$2" \
	    ${5+"$5"} 2>"$WORK/store.log" ||
	    give_up "a journal of $2 events cannot be made" "$WORK/store.log"
}

measure_store() {	# name, key, program
	sync -f "$WORK"
	times=$("$WORK/${3:-store}" measure "$WORK/stores/$1.db" 1000 \
	    2>"$WORK/store.log") ||
	    give_up 'a journal cannot be measured' "$WORK/store.log"
	key=$2
	# shellcheck disable=SC2086
	set -- $times
	keep "${key%%:*}-append-${key##*:}" "$1"
	keep "${key%%:*}-claim-${key##*:}" "$2"
	keep "${key%%:*}-list-${key##*:}" "$3"
}

write_hooks() {	# name, how many
	cat <<-END
	journal $WORK/stores/$1.db
	secret-file $WORK/secret
	hook bench
		on * run /bin/true
	END
	hook=1
	while [ $hook -lt "$2" ]; do
		printf 'hook bench-%d\n\ton * run /bin/true\n' $hook
		hook=$((hook + 1))
	done
}

measure_turn() {	# name, hooks
	write_hooks "$1" "$2" >"$WORK/stores/$1.conf"
	sync -f "$WORK"
	spent=$("$WORK/store" turn "$WORK/stores/$1.db" 1000 \
	    "$WORK/stores/$1.conf" 2>"$WORK/store.log") ||
	    give_up 'a turn cannot be measured' "$WORK/store.log"
	keep "journal-turn-$1" "$spent"
}

measure_runs() {	# name
	sync -f "$WORK"
	times=$("$WORK/store" runs "$WORK/stores/$1.db" 1000 \
	    2>"$WORK/store.log") ||
	    give_up 'what runs cost cannot be measured' "$WORK/store.log"
	keep journal-runs-without "${times% *}"
	keep journal-runs-with "${times#* }"
}

measure_watch() {	# name, pipelines
	cat >"$WORK/stores/$1.conf" <<-END
	journal $WORK/stores/$1.db
	secret-file $WORK/secret
	watch on
	hook bench
		on @watch run /bin/true
		on * ignore
	END
	rm -f "$WORK/stores/$1.db"*
	times=$("$WORK/watch" "$WORK/stores/$1.db" "$2" \
	    "$WORK/stores/$1.conf" 2>"$WORK/store.log") ||
	    give_up 'judging cannot be measured' "$WORK/store.log"
	keep "journal-one-$1" "${times% *}"
	keep "journal-ten-$1" "${times#* }"
}

measure_look() {	# name
	"$WORK/look" measure "$WORK/stores/$1.db" 100 >"$WORK/look.out" \
	    2>"$WORK/store.log" ||
	    give_up 'looking at a journal cannot be measured' "$WORK/store.log"
	while read -r question spent; do
		keep "journal-look-$question-$1" "$spent"
	done <"$WORK/look.out"
}

row_journal() {
	[ -d "$WORK/stores" ] || {
		mkdir -m 700 "$WORK/stores"
		make_store many "$EVENTS_DONE"
		write_hooks held 1 >"$WORK/stores/held.conf"
		make_store held 100000 store hold "$WORK/stores/held.conf"
		make_store small 1000 look make 100
		make_store large "$EVENTS_DONE" look make 10000
	}
	for store in none one hooks runs; do
		make_store "$store" 0
	done
	for store in none many; do
		measure_store "$store" "journal:$store"
	done
	measure_runs runs
	measure_turn one 1
	measure_turn held 1
	measure_turn hooks 1000
	measure_watch few 100
	measure_watch lots 10000
	measure_look small
	measure_look large
}

# What looks the same in the small journal and in the large one, which have the
# same pipelines; many has ten thousand of them.
make_pages() {
	[ ! -d "$WORK/pages" ] || return 0
	mkdir -m 700 "$WORK/pages"
	make_page small 1000 12
	make_page large "$EVENTS_DONE" 12
	make_page many 1000 10000
}

make_page() {	# name, events, pipelines
	"$WORK/look" make "$WORK/pages/$1.db" "$2" "$3" 2>"$WORK/store.log" ||
	    give_up "a journal of $2 events cannot be made" "$WORK/store.log"
}

# Its number is in PID.
start_page() {	# store
	launch "page-$1" "$WORK/pelihook.fcgi" -c "$WORK/page-$1.conf" \
	    -s "$WORK/page-$1.sock"
	wait_for test -S "$WORK/page-$1.sock" ||
	    give_up 'pelihook.fcgi does not start' "$WORK/page-$1.log"
}

# The last of the first fifty: with the second as the beginning of IDs there are
# as many that begin so.
page_id() {	# store
	curl -s "http://127.0.0.1:$NGINX/page/$1?view=events&format=json" |
	    tr '{' '\n' | sed -n 's/^"id":"\([^"]*\)".*/\1/p' | tail -n 1
}

# Each view of a journal: its name and its query.
page_views() {	# store
	id=$(page_id "$1")
	[ -n "$id" ] || give_up "no event is shown" "$WORK/page-$1.log"
	cat <<-END
	overview
	events view=events
	hook view=events&hook=bench
	event-name view=events&event=orders/delete
	of-pipeline view=events&pipeline=7
	dead view=events&state=dead
	queued view=events&state=queued
	done view=events&state=done
	since view=events&since=1h
	until view=events&until=2m
	id-beginning view=events&q=$(printf %.7s "$id")
	id-end view=events&q=${id##*-}
	id view=events&q=$id
	next view=events&before=$id
	nothing view=events&hook=none
	nothing-dead view=events&state=dead&event=none
	event view=event&id=$id
	pipelines view=pipelines
	pipeline view=pipeline&hook=bench&id=7
	confirm-dead view=confirm&action=drop&state=dead
	confirm view=confirm&action=drop
	actions view=actions
	END
}

# The median of several times, in milliseconds.
page_time() {	# key times url
	urls=
	left=$2
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
		urls="$urls -o $WORK/page.out $3"
	done
	# Words are wanted here.
	# shellcheck disable=SC2086
	spent=$(curl -s -g --max-time 30 -w '%{http_code} %{time_total}\n' \
	    $urls | sort -k 2 -n | awk -v n="$2" '
		$1 != 200 { wrong = 1 }
		NR == int((n + 1) / 2) { spent = $2 * 1000 }
		END { if (!wrong && NR == n) printf "%.3f", spent }')
	[ -n "$spent" ] || give_up "not 200: $3" "$WORK/page.out"
	keep "$1" "$spent"
}

row_page() {
	make_pages
	pages=
	for store in small large many; do
		start_page "$store"
		pages="$pages $PID"
		page_views "$store" >"$WORK/views-$store"
	done
	count=$(grep -c . "$WORK/views-small")
	for line in $(seq "$count"); do
		for store in small large many; do
			view=$(sed -n "${line}p" "$WORK/views-$store")
			query=${view#* }
			[ "$query" != "$view" ] || query=
			view=${view%% *}
			page_time "page-$view-$store" 11 \
			    "http://127.0.0.1:$NGINX/page/$store?$query"
			page_time "page-cgi-$view-$store" 5 \
			    "http://127.0.0.1:$LIGHTTPD/page-$store.cgi?$query"
		done
	done
	for pid in $pages; do
		stop "$pid"
	done
	rm -f "$WORK"/page-*.sock
}

log_size() {	# key
	keep "$1" "$(wc -c <"$WORK/pages/beside.db-wal" |
	    awk '{ printf "%.2f", $1 / 1048576 }')"
}

beside_alone() {
	load 8 "http://127.0.0.1:$NGINX/beside"
	keep beside-rate-alone "$RATE"
	keep beside-late-alone "$P99"
	log_size beside-log-alone
}

# Two processes that do nothing but compute: what is left of two processors.
beside_busy() {
	busy=
	for n in 1 2; do
		launch "busy-$n" sh -c 'while :; do :; done'
		busy="$busy $PID"
	done
	load 8 "http://127.0.0.1:$NGINX/beside"
	for pid in $busy; do
		stop "$pid"
	done
	keep beside-rate-busy "$RATE"
	keep beside-late-busy "$P99"
}

# The views that read most, by two clients that do not pause.
beside_views() {
	BENCH_VIEWS=$WORK/views
	export BENCH_VIEWS
	page_views beside | grep -E \
	    '^(overview|id-end|nothing|confirm-dead|confirm|dead)( |$)' |
	    sed 's/^[^ ]* *//' >"$BENCH_VIEWS"
	launch views wrk -t 1 -c 2 -d "$((SECONDS_EACH + 1))s" --timeout 10s \
	    -s "$HERE/views.lua" "http://127.0.0.1:$NGINX/page/beside"
	viewing=$PID
	load 8 "http://127.0.0.1:$NGINX/beside"
	log_size beside-log-views
	wait "$viewing"
	line=$(grep '^VIEWS ' "$WORK/views.out") ||
	    give_up 'wrk says nothing of views' "$WORK/views.log"
	# shellcheck disable=SC2086
	set -- $line
	[ "$5" -eq 0 ] ||
	    give_up "$5 of $4 pages went wrong" "$WORK/page-beside.log"
	keep beside-rate-views "$RATE"
	keep beside-late-views "$P99"
	keep beside-views "$2"
}

# Of a copy, as it grows.
row_beside() {
	make_pages
	[ -e "$WORK/pages/beside.db" ] ||
	    cp "$WORK/pages/large.db" "$WORK/pages/beside.db" || exit 1
	start_page beside
	beside=$PID
	beside_alone
	beside_views
	beside_busy
	stop "$beside"
	rm -f "$WORK/page-beside.sock"
}

# ---- A database that several share ------------------------------------------

database_programs() {
	printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1
}

# With its defaults, but for where it listens.
start_database() {
	[ -z "$DATABASE" ] || return 0
	programs=$(database_programs)
	DATABASE_DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-bench.XXXXXX") ||
	    exit 1
	# PostgreSQL does not run as root.
	as=
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres: "$DATABASE_DIRECTORY" || exit 1
		as='setpriv --reuid=postgres --regid=postgres --clear-groups'
	fi
	# Words are wanted here.
	# shellcheck disable=SC2086
	env -C "$DATABASE_DIRECTORY" $as "$programs/initdb" -A trust -U bench -E UTF8 \
	    -D "$DATABASE_DIRECTORY/data" >"$WORK/initdb.log" 2>&1 ||
	    give_up 'a database cannot be made' "$WORK/initdb.log"
	DATABASE_PORT=$(free_port) || exit 1
	# shellcheck disable=SC2086
	launch postgres env -C "$DATABASE_DIRECTORY" $as "$programs/postgres" \
	    -D "$DATABASE_DIRECTORY/data" -p "$DATABASE_PORT" \
	    -c listen_addresses=127.0.0.1 \
	    -c "unix_socket_directories=$DATABASE_DIRECTORY"
	DATABASE=$PID
	wait_for statement postgres 'SELECT 1' ||
	    give_up 'PostgreSQL does not start' "$WORK/postgres.log"
	for setting in fsync synchronous_commit full_page_writes; do
		[ "$(statement postgres "SHOW $setting")" = on ] ||
		    give_up "$setting is off"
	done
}

statement() {	# database, SQL
	psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 \
	    -p "$DATABASE_PORT" -U bench -d "$1" -c "$2" 2>>"$WORK/psql.log"
}

# Each load finds a database that was just made, and nothing to be written.
new_database() {
	statement postgres 'DROP DATABASE IF EXISTS bench WITH (FORCE)' &&
	    statement postgres 'CREATE DATABASE bench' &&
	    statement postgres 'CHECKPOINT' ||
	    give_up 'a database cannot be made' "$WORK/psql.log"
	DATABASE_URL=postgresql://bench@127.0.0.1:$DATABASE_PORT/bench
	export DATABASE_URL
}

# Of what npm installs, node is one part: these peers want a newer one than
# Debian has.
install_peers() {
	[ ! -d "$WORK/peers" ] || return 0
	mkdir "$WORK/peers" && cp "$HERE"/peers/* "$WORK/peers" || exit 1
	if [ -n "${BENCH_MODULES:-}" ]; then
		ln -s "$BENCH_MODULES" "$WORK/peers/node_modules"
	else
		(cd "$WORK/peers" && npm_config_cache=$WORK/peers/npm \
		    npm_config_update_notifier=false npm ci --ignore-scripts \
		    --no-audit --no-fund) >"$WORK/npm.log" 2>&1 ||
		    give_up 'npm does not install the peers' "$WORK/npm.log"
	fi
	NODE=node
	for node in "$WORK"/peers/node_modules/node-linux-*/bin/node; do
		[ ! -x "$node" ] || NODE=$node
	done
}

start_peer() {	# graphile or boss
	new_database
	PEER_PORT=$(free_port) || exit 1
	launch serve env "BENCH_KEY=$KEY" "$NODE" "$WORK/peers/peers.js" \
	    serve "$1" "$PEER_PORT"
	SERVING=$PID
	wait_for accepts "http://127.0.0.1:$PEER_PORT/" ||
	    give_up "$1 does not start" "$WORK/serve.log"
}

start_work() {	# graphile or boss, true or function
	launch work "$NODE" "$WORK/peers/peers.js" work "$1" "$2" "$PLACES"
	WORKING=$PID
	wait_for grep -q ready "$WORK/work.out" ||
	    give_up "$1 does not start to work" "$WORK/work.log"
}

# The journal is the database, or what takes its place.
start_shared() {	# how many in a batch, dispatcher's directive
	new_database
	SHARED=$DATABASE_URL
	[ -z "${BENCH_JOURNAL:-}" ] || SHARED=$WORK/journal/$BENCH_JOURNAL
	{
		echo "journal $SHARED"
		[ $# -eq 1 ] || echo "$2"
		[ "$(id -u)" -ne 0 ] || echo 'allow-root yes'
		cat <<-END
		secret-file $WORK/secret
		hook shared
			concurrency $PLACES
			batch $1
			on * run /bin/true
		END
	} >"$WORK/shared.conf"
	start_pelihook shared
}

# A load that is so many events, and not so many seconds.
load_events() {	# clients url
	seconds=$SECONDS_EACH
	SECONDS_EACH=600
	BENCH_COUNT=$EVENTS_SHARED
	export BENCH_COUNT
	load "$1" "$2"
	unset BENCH_COUNT
	SECONDS_EACH=$seconds
}

# Nothing is run meanwhile.
taken() {	# key clients url
	load_events "$2" "$3"
	keep "shared-taken-$2-$1" "$RATE"
	keep "shared-late-$2-$1" "$P99"
}

# From the first request until the last job is done.
to_the_end() {	# key clients url command that waits...
	key=$1
	clients=$2
	sync -f "$WORK"
	began=$(milliseconds)
	load_events "$clients" "$3"
	shift 3
	"$@" 2>"$WORK/wait.log" || give_up_servers "$key does not come to an end"
	ended=$(milliseconds)
	keep "shared-end-$clients-$key" \
	    "$((EVENTS_SHARED * 1000 / (ended - began)))"
	keep "shared-meanwhile-$clients-$key" "$RATE"
	keep "shared-late-meanwhile-$clients-$key" "$P99"
}

shared_pelihook() {	# clients
	url=http://127.0.0.1:$NGINX/shared
	start_shared 1 'dispatch none'
	taken pelihook "$1" "$url"
	kill_pelihook
	start_shared 1
	to_the_end pelihook "$1" "$url" "$WORK/store" wait "$SHARED" 300
	stop "$PELIHOOK"
	start_shared 100
	to_the_end batch "$1" "$url" "$WORK/store" wait "$SHARED" 300
	stop "$PELIHOOK"
}

shared_peer() {	# clients, graphile or boss
	start_peer "$2"
	taken "$2" "$1" "http://127.0.0.1:$PEER_PORT/"
	stop "$SERVING"
	for task in true function; do
		start_peer "$2"
		start_work "$2" "$task"
		to_the_end "$2-$task" "$1" "http://127.0.0.1:$PEER_PORT/" \
		    "$NODE" "$WORK/peers/peers.js" wait "$2" 300
		stop "$WORKING"
		stop "$SERVING"
		[ "$(tail -n 1 "$WORK/work.out")" = "$EVENTS_SHARED" ] ||
		    give_up_servers "$2 did not run $EVENTS_SHARED"
	done
}

# Each goes first in one of three rounds.
row_shared() {
	start_database
	install_peers
	case $((round % 3)) in
	0) order='pelihook graphile boss' ;;
	1) order='graphile boss pelihook' ;;
	2) order='boss pelihook graphile' ;;
	esac
	for clients in 16 64; do
		for contender in $order; do
			case $contender in
			pelihook) shared_pelihook "$clients" ;;
			*) shared_peer "$clients" "$contender" ;;
			esac
		done
	done
}

# Of one build, what a request and a delivery cost; run.sh's other rows in
# the small.
quick_of() {	# program
	good=$BENCH_SIGNATURE
	start_pelihook wait "$1"
	keep "quick-memory-$1" "$(memory_of "$PELIHOOK" status VmRSS)"
	rate "quick-wait-$1" 4 "http://127.0.0.1:$NGINX/true"
	BENCH_SIGNATURE=$(printf %064d 0)
	rate_refused "quick-wrong-$1"
	BENCH_SIGNATURE=$good
	stop "$PELIHOOK"
	start_pelihook keep "$1"
	rate "quick-queued-$1" 16 "http://127.0.0.1:$NGINX/one"
	kill_pelihook
	start_pelihook queue "$1"
	run_to_end "quick-end-$1" "http://127.0.0.1:$NGINX/hundred" \
	    "$WORK/journal/journal.db" "$1.store"
	stop "$PELIHOOK"
	cost "quick-cgi-$1" 300 "$WORK/$1.cgi"
	mkdir -p -m 700 "$WORK/stores"
	make_store none 0 "$1.store"
	measure_store none "quick:$1" "$1.store"
}

# Each goes first as often as the other.
row_quick() {
	if [ $((round % 2)) -eq 0 ]; then
		quick_of before
		quick_of pelihook
	else
		quick_of pelihook
		quick_of before
	fi
}

# ---- Report ---------------------------------------------------------------

machine() {
	printf '%s cores, %s GiB of memory, Linux %s\n' "$(nproc)" \
	    "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' \
		/proc/meminfo)" "$(uname -r | sed 's/[^0-9.].*//')"
}

# Of the peers and their node.
peers() {
	sed -n 's/^ *"\(graphile-worker\|pg-boss\|node\)[^"]*": "\(.*[0-9]\)".*/'\
'\1 \2/p' "$HERE/peers/package.json" | sort -u | sed 's/$/,/' | tr '\n' ' '
}

report() {
	cat <<-END
	# Measured

	Written by \`sh tests/bench/run.sh\`; what stands for what is told at its end.

	Machine: $(machine), load generators and servers included.
	$(webhook -version), $(nginx -v 2>&1 | sed 's/.*: //; s,/, ,'), $(lighttpd -v | sed 's/ .*//; s,/, ,; q'), wrk; pelihook built with -O2.
	$(peers)PostgreSQL $("$(database_programs)/postgres" --version | sed 's/[^0-9]*//; s/ .*//').${BENCH_JOURNAL:+ Not pelihook on PostgreSQL, but on a file in its place.}
	Rounds: $ROUNDS, each with all loads in turn; $SECONDS_EACH s a load. The figures are medians, with the
	least and the most behind them; the ratio is that of the medians.

	END
	awk -v directory="$KEPT" -f "$HERE/report.awk" \
	    "${BENCH_ROWS:-$HERE/rows.txt}"
	cat "$HERE/notes.md"
}

run_rows() {
	for row in "$@"; do
		rm -f "$KEPT/$row"-*
	done
	round=0
	while [ $round -lt "$ROUNDS" ]; do
		round=$((round + 1))
		for row in "$@"; do
			"row_$row"
		done
	done
}

known() {	# row...
	for row in "$@"; do
		case " $ROWS " in
		*" $row "*) ;;
		*) say "bench: no row '$row'; there are $ROWS"; exit 64 ;;
		esac
	done
}

known "$@"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-bench.XXXXXX") || exit 1
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
KEPT=${BENCH_KEPT:-$WORK/kept}
mkdir -p "$KEPT" || exit 1
# Words are wanted here.
# shellcheck disable=SC2086
install_packages "$WORK/install.log" $PACKAGES ||
    give_up 'packages cannot be installed'
build
write_body
write_commands
write_configs
write_page_configs
write_webhook
start_servers
if [ $# -gt 0 ]; then
	RESULTS=${BENCH_RESULTS:-}
	run_rows "$@"
else
	# shellcheck disable=SC2086
	run_rows $ROWS
fi
report >"$WORK/report" || give_up 'no report'
if [ -n "$RESULTS" ]; then
	cp "$WORK/report" "$RESULTS"
else
	cat "$WORK/report"
fi
