#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What pelihookctl stats says of requests, with programs that counted them.

bats_require_minimum_version 1.5.0

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	PELIHOOK_FCGI=$build/fcgi/pelihook.fcgi
	ctl_begin
	mkdir "$T/state" "$T/run"
	chmod 777 "$T/run"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
	started=
	make_secret old 0123456789abcdef
	make_secret new fedcba9876543210
	make_command act <<-EOF
		exit 0
	EOF
	body='{"event":"connection_added"}'
	printf '%s' "$body" >"$T/body"
}

teardown() {
	for pid in $started; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	ctl_end
}

# The hooks q, which queues and rotates its secret, w, which waits, and open,
# which anyone may use. (dispatch)
make_hooks() {
	cat >"$conf" <<-EOF
		journal $T/state/journal.db
		dispatch $1
		hook q
		secret-file $T/old
		secret-file $T/new
		dedupe body
		on connection_removed ignore
		on * run $T/act
		hook w
		delivery wait
		secret-file $T/new
		on * run $T/act
		hook open
		signature none
		on * run $T/act
	EOF
	chmod 644 "$conf"
}

# As the user of the queue, in the background: `$!' is the program itself.
service() {
	if [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid nobody --regid nogroup \
		    --clear-groups "$@"
	fi
	exec "$@"
}

wait_for() {
	for _ in $(seq 400); do
		! "$@" || return 0
		sleep 0.05
	done
	return 1
}

serve() {
	service "$PELIHOOK_FCGI" -c "$conf" -s "$T/run/socket" -m 666 \
	    >>"$T/log" 2>&1 3>&- &
	server=$!
	started="$server $started"
	wait_for test -S "$T/run/socket"
}

stop_serving() {
	kill -TERM "$server"
	wait "$server"
}

# The header that a secret makes for the body. (secret)
header_of() {
	printf 'X-Signature: sha256=%s\n' "$(openssl dgst -sha256 -hmac \
	    "$(cat "$T/$1")" <"$T/body" | sed 's/.* //')"
}

# Posts the body to a hook, signed by a secret, or wrongly where that is
# wrong; prints the status. (hook, secret)
send_cgi() {
	if [ "$2" = wrong ]; then
		printf 'X-Signature: sha256=%064d\n' 0
	elif [ "$2" != none ]; then
		header_of "$2"
	fi >"$T/headers"
	post "$1" "$T/body" "$T/headers"
}

# The same by FastCGI.
send_fcgi() {
	case $2 in
	wrong) signature=sha256=$(printf '%064d' 0) ;;
	none) signature= ;;
	*) signature=$(header_of "$2" | sed 's/.*: //') ;;
	esac
	/usr/bin/python3 - "$BATS_TEST_DIRNAME/../cases" "$T/run/socket" "$1" \
	    "$signature" "$T/body" <<-'EOF'
		import sys
		sys.path.insert(0, sys.argv[1])
		import fastcgi
		body = open(sys.argv[5], "rb").read()
		variables = [("REQUEST_METHOD", "POST"),
		             ("PATH_INFO", "/" + sys.argv[3]),
		             ("PELIHOOK_HOOK",
		              "open" if sys.argv[3] == "open" else ""),
		             ("CONTENT_LENGTH", str(len(body)))]
		if sys.argv[4]:
		    variables.append(("HTTP_X_SIGNATURE", sys.argv[4]))
		connection = fastcgi.Connection(sys.argv[2], timeout=10)
		print(connection.request(variables, body).split()[1].decode())
		connection.close()
	EOF
}

# What is counted of a hook, as JSON. (hook, what of it)
counted() {
	ctl stats --json | jq -c --arg hook "$1" \
	    ".requests[] | select(.hook == \$hook) | $2"
}

# Each way that a request may go once, by one front end. (send_cgi, send_fcgi)
send_all() {
	[ "$("$1" q old)" = 202 ]
	[ "$("$1" q old)" = 200 ]
	[ "$("$1" q wrong)" = 401 ]
	[ "$("$1" q none)" = 401 ]
	[ "$("$1" w new)" = 200 ]
	[ "$("$1" w old)" = 401 ]
	[ "$("$1" nowhere old)" = 404 ]
	printf '{"event":"connection_removed"}' >"$T/body"
	[ "$("$1" q new)" = 200 ]
	printf 'no JSON' >"$T/body"
	[ "$("$1" q new)" = 400 ]
	printf '%s' "$body" >"$T/body"
}

# The counts alone, without times.
all_counts() {
	ctl stats --json | jq -c '[.requests[] | [.hook, .received, .ignored,
	    .duplicate, .queued, .delivered, .refused_by_status,
	    (.secrets | map(.used))]]'
}

@test "stats counts requests by hook and by what became of them" {
	make_hooks none
	send_all send_cgi
	[ "$(counted q '[.received, .ignored, .duplicate, .queued, .refused,
	    .refused_by_status]')" = '[6,1,1,1,3,{"400":1,"401":2}]' ]
	[ "$(counted w '[.received, .delivered, .refused]')" = '[2,1,1]' ]
	[ "$(counted '' '[.received, .refused_by_status]')" = '[1,{"404":1}]' ]
	[ "$(counted open '[.configured, .received, .last_event]')" = \
	    '[true,0,null]' ]
	[ "$(counted q '[.last_refused_status, .last_refused_reason]')" = \
	    '[400,"not-json"]' ]
	[ "$(counted w .last_refused_reason)" = \
	    '"bad-signature: no secret made this signature"' ]
	[ "$(counted q '(now - (.last_event | sub("\\..*Z"; "Z") |
	    fromdate)) | . > -2 and . < 600')" = true ]
	run -0 ctl stats
	[[ $output == *"Requests in the last 24 hours:"* ]]
	[[ $output =~ q\ +[0-9]+s\ +6\ +1\ +1\ +3\ \(400:\ 1,\ 401:\ 2\)\ +400\ not-json ]]
	[[ $output =~ \(unknown\)\ +-\ +1\ +0\ +0\ +1\ \(404:\ 1\) ]]
}

@test "CGI and FastCGI count the same, into one file" {
	make_hooks none
	send_all send_cgi
	all_counts >"$T/cgi"
	rm -r "$T/state"
	mkdir "$T/state"
	[ "$(id -u)" != 0 ] || chown nobody "$T/state"
	serve
	send_all send_fcgi
	all_counts >"$T/fcgi"
	cmp "$T/cgi" "$T/fcgi"
	# Beside each other they go on with the same numbers.
	[ "$(send_cgi q wrong)" = 401 ]
	[ "$(counted q '.refused_by_status["401"]')" = 3 ]
	[ "$(send_fcgi q wrong)" = 401 ]
	[ "$(counted q '.refused_by_status["401"]')" = 4 ]
	stop_serving
	[ "$(counted q '.refused_by_status["401"]')" = 4 ]
}

@test "stats says which secret verifies, so that one may take the old one away" {
	make_hooks none
	[ "$(counted q '[.secrets[] | [.file, .used, .last]]')" = \
	    "[[\"$T/old\",0,null],[\"$T/new\",0,null]]" ]
	[ "$(send_cgi q old)" = 202 ]
	[ "$(counted q '[.secrets[] | .used]')" = '[1,0]' ]
	printf '{"event":"pipeline_run_started"}' >"$T/body"
	[ "$(send_cgi q new)" = 202 ]
	[ "$(send_cgi q new)" = 200 ]
	[ "$(send_cgi q wrong)" = 401 ]
	[ "$(counted q '[.secrets[] | .used]')" = '[1,2]' ]
	[ "$(counted q '.secrets[0].last < .secrets[1].last')" = true ]
	run -0 ctl stats
	[[ $output =~ q\ +$T/old\ +1\ +[0-9]+s ]]
	[[ $output =~ q\ +$T/new\ +2\ +[0-9]+s ]]
}

@test "--max-silence and --max-refused are 75 and say why, whatever the form" {
	make_hooks none
	# Nobody has ever reached it.
	run -75 --separate-stderr ctl stats --max-silence 1h
	[[ $stderr == *"hook open: no request was ever counted"* ]]
	[[ $stderr == *"hook q: no request was ever counted"* ]]
	run -0 ctl stats --max-refused 0
	[ "$(send_cgi q wrong)" = 401 ]
	run -75 --separate-stderr ctl stats --max-refused 0
	[[ $stderr == *": 1 request was refused in the last 24 hours" ]]
	[ "$(send_cgi nowhere none)" = 404 ]
	for form in "" --json --prometheus; do
		run -0 ctl stats $form --max-silence 1h --max-refused 2
		run -75 --separate-stderr ctl stats $form --max-refused 1
		[[ $stderr == *"2 requests were refused in the last 24 hours"* ]]
		[ -n "$output" ]
		# What was refused is no event.
		run -75 --separate-stderr ctl stats $form --max-silence 0ms \
		    --max-refused 0
		[[ $stderr == *"hook q: no verified event came since counting"* ]]
		[[ $stderr == *"hook open: no verified event came since"* ]]
		[[ $stderr == *"requests were refused"* ]]
	done
	[ "$(send_cgi q old)" = 202 ]
	run -75 --separate-stderr ctl stats --max-silence 0ms
	[[ $stderr == *"hook q: the last verified event came "*" s ago"* ]]
	run -0 ctl stats --max-silence 1h
}

# Hooks of which the file has places for 510. (how many)
make_many() {
	{
		echo "journal $T/state/journal.db"
		echo "dispatch none"
		for i in $(seq "$1"); do
			printf 'hook h%s\nsecret-file %s\non * run %s\n' \
			    "$i" "$T/old" "$T/act"
		done
	} >"$conf"
	chmod 644 "$conf"
}

# None is told a number that others' hide.
@test "a hook for which there is no place is said to be unknown, not silent" {
	make_many 513
	for i in $(seq 510); do
		[ "$(send_cgi "h$i" wrong)" = 401 ]
	done
	# All is known still, also that two never had any.
	run -0 --separate-stderr ctl stats --json --max-silence 1h
	[ -z "$stderr" ]
	[ "$(counted h511 .received)" = 0 ]
	[ "$(send_cgi h511 wrong)" = 401 ]
	[ "$(send_cgi h510 old)" = 202 ]
	[ "$(counted h510 '[.received, .refused]')" = '[2,1]' ]
	[ "$(counted h511 '[.last_event, .received, .queued, .refused]')" = \
	    '[null,null,null,null]' ]
	[ "$(counted h513 '[.refused_by_status, .secrets[0].used]')" = \
	    '[null,null]' ]
	[ "$(counted '(others)' '[.received, .configured]')" = '[1,false]' ]
	run -75 --separate-stderr ctl stats --max-silence 1h --max-refused 510
	[[ $stderr == *"511 requests were refused"* ]]
	[[ $stderr == *"journal.db-stats has no place left for 3 hooks"* ]]
	[[ $stderr == *"h511 the first of them"*"take the file away"* ]]
	for i in 511 512 513; do
		[[ $stderr == *"hook h$i: whether it is silent is not known"* ]]
	done
	[[ $stderr != *"hook h1"* ]]
	[[ $output =~ h511\ +-\ +-\ +-\ +-\ +-\ +- ]]
	run -0 --separate-stderr ctl stats --prometheus
	[[ $output == *'requests_total{hook="h510",status="401"} 1'* ]]
	[[ $output == *'requests_total{hook="(others)",status="401"} 1'* ]]
	[[ $output != *'hook="h511",status'* ]]
	[[ $output != *'timestamp_seconds{hook="h511"'* ]]
	[[ $output != *'hook="h511",file'* ]]
	run -0 --separate-stderr ctl check
	[[ $stderr == *"warning: "*"no place left for 3 hooks"* ]]
	# The way out that it names.
	rm "$T/state/journal.db-stats"
	[ "$(send_cgi h511 wrong)" = 401 ]
	[ "$(counted h511 .refused)" = 1 ]
	run -0 --separate-stderr ctl stats --max-silence 1h
	[ -z "$stderr" ]
}

@test "a secret for which there is no place is unknown, and not said to be unused" {
	make_hooks none
	for i in $(seq 7); do
		make_secret "s$i" "0123456789abcde$i"
	done
	{
		echo "journal $T/state/journal.db"
		echo "dispatch none"
		printf 'hook w\ndelivery wait\non * run %s\n' "$T/act"
		printf "secret-file $T/s%s\n" 1 2 3 4 5 6 7
	} >"$conf"
	for i in $(seq 5); do
		[ "$(send_cgi w "s$i")" = 200 ]
	done
	[ "$(counted w '[.secrets[].used]')" = '[1,1,1,1,1,0,0]' ]
	[ "$(send_cgi w s6)" = 200 ]
	[ "$(counted w '[.secrets[].used]')" = '[1,1,1,1,1,1,null,null]' ]
	run -0 --separate-stderr ctl stats
	[[ $stderr == *"no place left for each secret of hook w"*"$T/s6 verified is not known"* ]]
	[[ $output =~ w\ +$T/s7\ +-\ +- ]]
	run -0 --separate-stderr ctl stats --prometheus
	[[ $output == *"file=\"$T/s5\"} 1"* ]]
	[[ $output != *"file=\"$T/s6\""* ]]
}

@test "requests and secrets are what Prometheus reads" {
	make_hooks none
	send_all send_cgi
	ctl stats --prometheus >"$T/metrics"
	run -0 promtool check metrics <"$T/metrics"
	[ -z "$output" ]
	for line in \
	    'pelihook_requests_total{hook="q",status="queued"} 1' \
	    'pelihook_requests_total{hook="q",status="duplicate"} 1' \
	    'pelihook_requests_total{hook="q",status="401"} 2' \
	    'pelihook_requests_total{hook="open",status="401"} 0' \
	    'pelihook_requests_total{hook="",status="404"} 1' \
	    'pelihook_last_event_timestamp_seconds{hook="open"} 0' \
	    "pelihook_secret_used_total{hook=\"q\",file=\"$T/old\"} 2" \
	    "pelihook_secret_used_total{hook=\"q\",file=\"$T/new\"} 2"; do
		grep -qxF "$line" "$T/metrics"
	done
	grep -q '^pelihook_last_event_timestamp_seconds{hook="w"} [1-9]' \
	    "$T/metrics"
}

@test "what is counted is folded into the journal once, by who runs the queue" {
	make_hooks none
	send_all send_cgi
	rows() {
		python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT hook, what,"
    " sum(count) FROM hours GROUP BY 1, 2 ORDER BY 1, 2"):
    print(*row, sep="|")' "$T/state/journal.db"
	}
	[ -z "$(rows)" ]
	run -0 ctl drain
	[ "$(rows)" = "|received|1
|refused 404|1
q|duplicate|1
q|ignored|1
q|queued|1
q|received|6
q|refused 400|1
q|refused 401|2
w|delivered|1
w|received|2
w|refused 401|1" ]
	# Another file counts beside what the journal has of the first.
	rm "$T/state/journal.db-stats"
	[ "$(counted q .received)" = 6 ]
	[ "$(send_cgi q wrong)" = 401 ]
	[ "$(counted q '[.received, .refused_by_status["401"]]')" = '[7,3]' ]
	ctl drain
	[ "$(counted q '[.received, .refused_by_status["401"]]')" = '[7,3]' ]
}

@test "what is refused opens no journal, and waits for none that is locked" {
	make_hooks none
	[ "$(send_cgi q wrong)" = 401 ]
	[ "$(send_cgi nowhere none)" = 404 ]
	[ "$(ls "$T/state")" = journal.db-stats ]
	[ "$(send_cgi q old)" = 202 ]
	mkfifo "$T/held" "$T/go"
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode=EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").close()
open(sys.argv[3]).close()
db.execute("ROLLBACK")' "$T/state/journal.db" "$T/held" "$T/go" 3>&- &
	holder=$!
	started="$holder $started"
	: <"$T/held"
	serve
	# What waits for a journal waits for longer than this.
	printf '#!/bin/sh\nexec timeout 10 %s\n' "$PELIHOOK_CGI" >"$T/soon"
	chmod 755 "$T/soon"
	PELIHOOK_CGI=$T/soon
	[ "$(send_cgi q wrong)" = 401 ]
	[ "$(send_fcgi q wrong)" = 401 ]
	kill -0 "$holder"
	: >"$T/go"
	wait "$holder"
	[ "$(counted q '.refused_by_status["401"]')" = 3 ]
	stop_serving
}

# Size and times of what is synced.
look_at_journal() {
	stat -c '%n %s %y %z' "$T/state/journal.db" "$T/state/journal.db-wal"
}

@test "requests that are refused at a high rate neither stop the queue nor write" {
	make_hooks thread
	serve
	/usr/bin/python3 "$BATS_TEST_DIRNAME/queue_load.py" \
	    "$T/run/socket" open >"$T/count" 3>&- &
	load=$!
	started="$load $started"
	done_of_open() {
		ctl stats --json | jq '[.hooks[] | select(.hook == "open") |
		    .events[].done] | add // 0'
	}
	wait_for eval '[ "$(done_of_open)" -gt 0 ]'
	before=$(done_of_open)
	timeout 120 /usr/bin/python3 "$BATS_TEST_DIRNAME/refused_load.py" \
	    "$T/run/socket" q 50000 >"$T/rate"
	[ "$(done_of_open)" -gt "$before" ]
	kill -TERM "$load"
	wait "$load"
	count=$(cat "$T/count")
	[ "$count" -gt 0 ]
	wait_for eval '[ "$(ctl list --hook open --json --state done | wc -l)" \
	    -eq "$count" ]'
	[ "$(counted q '[.received, .refused_by_status["401"]]')" = \
	    '[50000,50000]' ]
	[ "$(counted open '[.received, .queued]')" = "[$count,$count]" ]
	stop_serving
	# And nothing of them is written, where nothing else is to be.
	make_hooks none
	rm -f "$T/run/socket"
	serve
	[ "$(send_fcgi open none)" = 202 ]
	look_at_journal >"$T/before"
	timeout 120 /usr/bin/python3 "$BATS_TEST_DIRNAME/refused_load.py" \
	    "$T/run/socket" q 2000 >"$T/rate"
	look_at_journal | cmp "$T/before" -
	[ "$(counted q .received)" = 52000 ]
	stop_serving
}

@test "where counts cannot be kept requests are answered, and it is said once" {
	make_hooks none
	printf 'mine' >"$T/state/journal.db-stats"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state/journal.db-stats"
	fi
	chmod 600 "$T/state/journal.db-stats"
	serve
	[ "$(send_fcgi q old)" = 202 ]
	[ "$(send_fcgi q wrong)" = 401 ]
	[ "$(grep -c 'journal.db-stats is no file of counts' "$T/log")" = 1 ]
	stop_serving
	[ "$(cat "$T/state/journal.db-stats")" = mine ]
	run -78 --separate-stderr ctl stats
	[[ $stderr == *"journal.db-stats is no file of counts: take it away"* ]]
	[[ $output == *connection_added* ]]
}

# In the place of the file of counts. (kind)
spoil() {
	rm -rf "$file"
	case $1 in
	directory) mkdir "$file" ;;
	symlink) ln -s /etc/passwd "$file" ;;
	pipe) mkfifo "$file" ;;
	closed) printf 'mine' >"$file" && chmod 400 "$file" ;;
	open) printf 'mine' >"$file" && chmod 666 "$file" ;;
	foreign) printf 'mine' >"$file" && chmod 600 "$file" ;;
	esac
	if [ "$(id -u)" = 0 ]; then
		chown -h nobody "$file"
	fi
}

@test "a bad file of counts stops nothing: start, reload, drain, CGI and check warn" {
	file=$T/state/journal.db-stats
	make_hooks none
	for kind in directory symlink pipe closed open foreign; do
		spoil "$kind"
		: >"$T/log"
		serve
		[ "$(send_fcgi open none)" = 202 ]
		echo "# $kind" >>"$conf"
		kill -HUP "$server"
		wait_for grep -q reloaded "$T/log"
		[ "$(send_fcgi open none)" = 202 ]
		stop_serving
		[ "$(grep -c "requests are not counted: $file " "$T/log")" = 1 ]
		run -0 --separate-stderr ctl drain
		[ "$(grep -c "requests are not counted: $file " \
		    <<<"$stderr")" = 1 ]
		: >"$T/log"
		[ "$(send_cgi w new)" = 200 ]
		[ "$(grep -c "requests are not counted: $file " "$T/log")" = 1 ]
		run -0 --separate-stderr ctl check
		[[ $stderr == *"warning: requests are not counted: $file "* ]]
		service "$PELIHOOK_FCGI" -c "$conf" -t 3>&- & wait $!
		run -78 --separate-stderr ctl stats
		[[ $stderr == *"requests are not counted: $file "* ]]
	done
	rm "$file"
	[ "$(send_cgi w new)" = 200 ]
	[ "$(counted w .received)" = 1 ]
	run -0 --separate-stderr ctl check
	[[ $stderr != *"not counted"* ]]
}
