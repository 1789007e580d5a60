# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What every end-to-end test needs: a directory of its own, processes that
# are stopped by number, a hook with a secret, signed requests, and what the
# command received.  PELIHOOK_BUILD is the build to be tested.

: "${PELIHOOK_BUILD:?is not set: the directory that make ran in}"
SOURCE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=$(cd "$PELIHOOK_BUILD" && pwd)
CGI=$BUILD/cgi/pelihook.cgi
FCGI=$BUILD/fcgi/pelihook.fcgi
CTL=$BUILD/ctl/pelihookctl
WORK=$BATS_FILE_TMPDIR/work
MAX_BODY=1048576
# What a configuration has to say where root's pelihook.fcgi is to serve.
SERVES=
[ "$(id -u)" != 0 ] || SERVES='allow-root yes'
export SOURCE BUILD CGI FCGI CTL WORK MAX_BODY SERVES

# ---- Waiting and processes ----------------------------------------------

# until_true SECONDS COMMAND...: polls, with a bound.
until_true() {
	local tries=$(($1 * 20))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# A zombie is gone: whoever is to reap it is not us.
is_gone() {	# pid
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) ||
	    return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# launch NAME COMMAND...: in the background, its output in $WORK/NAME.log.
# bats waits for whoever holds descriptor 3.
launch() {
	local name=$1
	shift
	"$@" >>"$WORK/$name.log" 2>&1 </dev/null 3>&- &
	LAUNCHED=$!
	echo "$LAUNCHED" >>"$WORK/pids"
}

stop_pid() {	# pid
	is_gone "$1" && return 0
	kill "$1" 2>/dev/null || return 0
	until_true 10 is_gone "$1" && return 0
	echo "process $1 did not end when it was asked to" >&2
	kill -KILL "$1" 2>/dev/null
	return 1
}

# Last started, first stopped.
stop_all() {
	local pid status=0
	for pid in $(tac "$WORK/pids" 2>/dev/null); do
		stop_pid "$pid" || status=1
	done
	: >"$WORK/pids"
	return $status
}

# perl is part of Debian's base.
free_port() {
	perl -MIO::Socket::INET -e '
		print IO::Socket::INET->new(Listen => 1,
		    LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

answers() {	# url
	curl -s -o /dev/null --max-time 2 "$1"
}

# For tests that take thousands of descriptors.
enough_descriptors() {
	local most
	most=$(ulimit -H -n)
	[ "$most" = unlimited ] || [ "$most" -ge 8192 ] ||
	    skip "only $most descriptors"
}

# ---- A hook --------------------------------------------------------------

# The commands and the configuration are copied, for pelihook trusts no file
# that somebody else could have changed, and a checkout may be such a place.
prepare() {
	umask 022
	mkdir -p "$WORK/records"
	chmod 700 "$WORK"
	: >"$WORK/pids"
	install -m 755 "$SOURCE/tests/e2e/record.sh" "$WORK/record"
	openssl rand -hex 32 >"$WORK/secret"
	chmod 600 "$WORK/secret"
	CONFIG=$WORK/pelihook.conf
	SECRET=$(cat "$WORK/secret")
	export CONFIG SECRET
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	log-level debug

	hook first
	  secret-file $WORK/secret
	  setenv RECORDS $WORK/records
	  setenv LATER $WORK/later
	  on connection_removed run /bin/sh -c "exit 75"
	  on pipeline_run_started ignore
	  on pipeline_run_timeout run $WORK/record wait
	  on pipeline_run_killed run $WORK/record leave
	  on pipeline_run_rate_limited run $WORK/record pause
	  on * run $WORK/record "one argument"
	END
	"$CTL" -c "$CONFIG" check >"$WORK/check.log" 2>&1 || {
		cat "$WORK/check.log" >&2
		return 1
	}
}

# ---- Requests ------------------------------------------------------------

sign() {	# file: the MAC of its bytes, made without pelihook
	openssl dgst -sha256 -mac HMAC -macopt "key:$SECRET" -r "$1" |
	    cut -d ' ' -f 1
}

# post FILE SIGNATURE [CURL WORD...]: sets STATUS, leaves $ANSWER.head and
# $ANSWER.body.  No Expect: a server's 100 Continue would be the first head.
post() {
	local file=$1 signature=$2
	shift 2
	send -H 'Content-Type: application/json' \
	    ${signature:+-H "X-Signature: sha256=$signature"} \
	    --data-binary "@$file" "$@"
}

# Before a file's first test there is no directory of a test yet.
send() {	# curl words
	ANSWER=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/answer
	STATUS=$(curl -s --max-time 30 -H 'Expect:' -D "$ANSWER.head" \
	    -o "$ANSWER.body" -w '%{http_code}' "$@" "$URL")
}

post_signed() {	# file [curl word...]
	local file=$1
	shift
	post "$file" "$(sign "$file")" "$@"
}

# payload FILE SIZE [EVENT]: valid JSON of exactly so many bytes.
payload() {
	local head="{\"event\":\"${3:-pipeline_run_completed}\",\"pad\":\""
	local tail='"}'
	{
		printf '%s' "$head"
		head -c $(($2 - ${#head} - ${#tail})) /dev/zero | tr '\0' x
		printf '%s' "$tail"
	} >"$1"
}

# Every byte that a JSON text may hold unescaped and some that it must not
# lose: tabs, CRLF, trailing blanks, many bytes a character, no last LF.
odd_payload() {	# file
	# shellcheck disable=SC2016
	printf '\r\n{ "event" :\t"pipeline_run_error",\n"a":"\303\251\342\202\254\360\237\220\235 \\u0000 \\" $(id) `id` %%n","b":[1.0,1e5,-0],  "z":{}}\r\n  \t' >"$1"
}

# field NAME: the string under NAME in the answer.
field() {
	jq -r --arg name "$1" '.[$name]' "$ANSWER.body"
}

# client TEST [ARGUMENT...]: what curl does not send.
client() {
	python3 "$SOURCE/tests/e2e/client.py" "$@" && return
	show_logs
	return 1
}

# ---- What the command received -------------------------------------------

records() {	# how many events reached the command
	find "$WORK/records" -name '*.body' | wc -l
}

# Fails with all there is to know, for a test's last resort.
show_logs() {
	local log
	for log in "$WORK"/*.log "$WORK"/*/*.log; do
		[ -s "$log" ] || continue
		echo "--- $log"
		tail -n 20 "$log"
	done >&2
}

expect_status() {	# status
	[ "$STATUS" = "$1" ] && return
	echo "status $STATUS instead of $1" >&2
	cat "$ANSWER.head" "$ANSWER.body" >&2
	show_logs
	return 1
}
