# SPDX-License-Identifier: ISC
#
# The page, as each example puts it behind its web server's own password;
# SERVER names the one.  Who is let in, what is obeyed, and that nothing of a
# password is left anywhere.

load lib.bash
load servers.bash

setup_file() {
	export SERVER=${SERVER:-nginx} PAGE=1
	prepare
	write_passwords
	write_config
	give_away
	start_server "$SERVER"
	PAGE_URL=http://127.0.0.1:$PORT/pelihook/
	OPERATE_URL=${PAGE_URL}operate/
	export PAGE_URL OPERATE_URL
	fill
}

teardown_file() {
	stop_all
}

# anna may operate, emil only look.  The password is in no environment, where
# it would be the responder's too.
write_passwords() {
	local name hash
	PASSWORD=geheim-$(openssl rand -hex 8)
	HASH=$(bcrypt)
	echo "$PASSWORD" >"$BATS_FILE_TMPDIR/password"
	export HASH
	for name in anna emil; do
		hash=$(openssl passwd -6 "$PASSWORD")
		echo "$name:$hash" >>"$WORK/pelihook.htpasswd"
		echo "$name:$hash" >>"$WORK/pelihook-view.htpasswd"
	done
	head -n 1 "$WORK/pelihook.htpasswd" >"$WORK/pelihook-operate.htpasswd"
	chmod 600 "$WORK"/*.htpasswd
}

# Only Caddy wants another kind.
bcrypt() {
	[ "$SERVER" = caddy ] || return 0
	caddy hash-password --plaintext "$PASSWORD"
}

write_config() {
	mkdir -m 700 "$WORK/state"
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	log-level debug
	$SERVES
	journal $WORK/state/journal.db
	dispatch none
	hook first
	  secret-file $WORK/secret
	  capture $WORK/captures
	  on * run /bin/true
	END
	mkdir -m 700 "$WORK/captures"
}

# Four events, and that two of them were given up: as nobody runs the queue
# nothing else changes them.
fill() {
	for _ in 1 2 3 4; do
		payload "$WORK/payload" 200
		post_signed "$WORK/payload"
		field id >>"$WORK/ids"
	done
}

setup() {
	ANSWER=$BATS_TEST_TMPDIR/answer
	PASSWORD=$(cat "$BATS_FILE_TMPDIR/password")
}

# ask URL [CURL WORD...]: sets STATUS, leaves $ANSWER.head and $ANSWER.body.
ask() {
	local to=$1
	shift
	URL=$to send "$@"
}

as() {	# name
	echo "$1:$PASSWORD"
}

event() {	# n: the ID of the n-th
	sed -n "$1p" "$WORK/ids"
}

state() {	# ID
	ctl show --json "$1" | jq -r '.deliveries[0].state'
}

ctl() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} "$CTL" -c "$CONFIG" "$@"
}

header() {	# name: its value in the answer
	tr -d '\r' <"$ANSWER.head" | sed -n "s/^$1: //Ip" | tail -n 1
}

# operate FIELDS [CURL WORD...]: as the page's own form does.
operate() {
	local fields=$1
	shift
	ask "$OPERATE_URL" -u "$(as anna)" --data-raw "$fields" \
	    -H 'Sec-Fetch-Site: same-origin' "$@"
}

@test "nobody is let in without a password" {
	for url in "$PAGE_URL" "$OPERATE_URL" "$PAGE_URL?view=events"; do
		ask "$url"
		expect_status 401
		ask "$url" -u "anna:wrong"
		expect_status 401
		ask "$url" -u "evil:x"
		expect_status 401
		ask "$url" -u "$(as nobody)"
		expect_status 401
	done
}

@test "who may look sees the events, and no button" {
	ask "$PAGE_URL?view=events" -u "$(as emil)"
	expect_status 200
	[ "$(header Content-Type)" = 'text/html; charset=utf-8' ]
	grep -q "$(event 1)" "$ANSWER.body"
	grep -q emil "$ANSWER.body"
	run grep -c '<form[^>]*method="post"' "$ANSWER.body"
	[ "$output" = 0 ]
}

@test "who may operate sees the same with buttons" {
	ask "$OPERATE_URL?view=event&id=$(event 1)" -u "$(as anna)"
	expect_status 200
	grep -q 'method="post"' "$ANSWER.body"
	grep -q anna "$ANSWER.body"
}

@test "who may look may not operate" {
	ask "$OPERATE_URL" -u "$(as emil)"
	case $STATUS in 401 | 403) ;; *) expect_status 401 ;; esac
}

@test "every answer allows its own style, forms to itself and nothing else" {
	for query in '' '?view=events' '?view=nonsense' '?format=json'; do
		ask "$PAGE_URL$query" -u "$(as emil)"
		[[ $(header Content-Security-Policy) == \
		"default-src 'none'; style-src 'sha256-"*"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" ]]
		[ "$(header X-Content-Type-Options)" = nosniff ]
		[ "$(header Referrer-Policy)" = same-origin ]
		[ "$(header Cache-Control)" = no-store ]
	done
}

@test "the style's hash is that of the style" {
	ask "$PAGE_URL" -u "$(as emil)"
	hash=$(python3 -c '
import base64, hashlib, re, sys
style = re.search(rb"<style>(.*?)</style>", sys.stdin.buffer.read(), re.S)
print(base64.b64encode(hashlib.sha256(style.group(1)).digest()).decode())' \
	    <"$ANSWER.body")
	[[ $(header Content-Security-Policy) == *"'sha256-$hash'"* ]]
}

@test "JSON, HEAD and what is not answered" {
	ask "$PAGE_URL?view=events&format=json" -u "$(as emil)"
	expect_status 200
	[ "$(header Content-Type)" = application/json ]
	jq -e . "$ANSWER.body"
	ask "$PAGE_URL?view=events" -u "$(as emil)" -I
	expect_status 200
	[ ! -s "$ANSWER.body" ] || ! grep -q '<html' "$ANSWER.body"
	ask "$PAGE_URL?format=json" -u "$(as emil)" -X PUT
	expect_status 405
	[ "$(header Allow)" = 'GET, HEAD, POST' ]
	ask "$PAGE_URL?view=event&id=00000000-0000-7000-8000-000000000000&format=json" \
	    -u "$(as emil)"
	expect_status 404
	ask "$PAGE_URL?view=nonsense&format=json" -u "$(as emil)"
	expect_status 400
	[ "$(header Content-Type)" = application/problem+json ]
}

@test "an event is dropped and put back, which is told and kept" {
	operate "action=drop&id=$(event 2)"
	expect_status 303
	[[ $(header Location) == *"?view=event&id=$(event 2)&done="* ]]
	[ "$(state "$(event 2)")" = dropped ]
	operate "action=retry&id=$(event 2)"
	expect_status 303
	[ "$(state "$(event 2)")" = queued ]
	grep -q 'msg="done on the page" who=anna action=drop target="?view=event&id='"$(event 2)"'" matched=1 done=1' \
	    "$WORK/pelihook.log"
	ask "$OPERATE_URL?view=actions&format=json" -u "$(as anna)"
	[ "$(jq -r '[.actions[] | select(.who == "anna")] | length > 1' \
	    "$ANSWER.body")" = true ]
}

@test "where the browser does not tell, Origin and Host do" {
	ask "$OPERATE_URL" -u "$(as anna)" --data-raw \
	    "action=drop&id=$(event 3)" -H "Origin: http://127.0.0.1:$PORT"
	expect_status 303
	[ "$(state "$(event 3)")" = dropped ]
}

@test "README's command for programs retries an event" {
	local typed
	operate "action=drop&id=$(event 3)"
	[ "$(state "$(event 3)")" = dropped ]
	typed=$(awk '/^    curl -u anna / { inside = 1 }
	    inside && !NF { exit }
	    inside' "$SOURCE/README.md")
	[ "$(wc -l <<<"$typed")" -eq 2 ]
	typed=${typed//https:\/\/your.host/http://127.0.0.1:$PORT}
	typed=${typed/=ID/=$(event 3)}
	curl() {
		command curl -s -o /dev/null -w '%{http_code}' \
		    -K <(echo "user = \"$(as anna)\"") "${@:3}"
	}
	[ "$(eval "$typed")" = 303 ]
	unset -f curl
	[ "$(state "$(event 3)")" = queued ]
}

@test "no forged form is obeyed" {
	local form
	form="action=drop&id=$(event 1)"
	refused() {	# curl words
		ask "$OPERATE_URL" -u "$(as anna)" --data-raw "$form" "$@"
		expect_status 403
	}
	refused
	refused -H 'Sec-Fetch-Site: cross-site'
	refused -H 'Sec-Fetch-Site: same-site'
	refused -H 'Sec-Fetch-Site: none'
	refused -H 'Origin: https://evil.example'
	refused -H 'Origin: null'
	refused -H "Origin: http://127.0.0.1.evil.example:$PORT"
	refused -H 'Sec-Fetch-Site: cross-site' \
	    -H "Origin: http://127.0.0.1:$PORT"
	refused -H "Referer: $OPERATE_URL"
	ask "$OPERATE_URL" -u "$(as anna)" --data-raw "$form" \
	    -H 'Sec-Fetch-Site: same-origin' -H 'Content-Type: text/plain'
	expect_status 415
	ask "$PAGE_URL" -u "$(as anna)" --data-raw "$form" \
	    -H 'Sec-Fetch-Site: same-origin'
	expect_status 403
	ask "$OPERATE_URL" --data-raw "$form" -H 'Sec-Fetch-Site: same-origin'
	expect_status 401
	[ "$(state "$(event 1)")" = queued ]
}

@test "nothing is changed by a GET" {
	local query
	for query in "action=drop&id=$(event 1)" \
	    "view=confirm&action=drop&hook=first" \
	    "view=event&id=$(event 1)&action=drop" \
	    "view=confirm&action=drop&seen=99&shown=9999999999999&counted=9"
	do
		ask "$OPERATE_URL?$query" -u "$(as anna)" \
		    -H 'Sec-Fetch-Site: same-origin'
		case $STATUS in 200 | 400) ;; *) expect_status 200 ;; esac
	done
	[ "$(state "$(event 1)")" = queued ]
}

@test "the page is nowhere but in its location, whatever a client says" {
	# Not her password of the page: a hook may be signed by Authorization, which
	# is kept there as long as any header.
	ask "http://127.0.0.1:$PORT/hook" -u anna:elsewhere
	expect_status 405
	ask "http://127.0.0.1:$PORT/hook?PELIHOOK_PAGE=operate&view=events" \
	    -u anna:elsewhere -H 'PELIHOOK-PAGE: operate' \
	    -H 'PELIHOOK_PAGE: operate' -H 'Pelihook-Page-User: anna'
	expect_status 405
	run grep -q '<html' "$ANSWER.body"
	[ "$status" -eq 1 ]
	ask "http://127.0.0.1:$PORT/hook/PELIHOOK_PAGE=operate" \
	    -u anna:elsewhere
	case $STATUS in 404 | 405) ;; *) expect_status 405 ;; esac
	ask "$PAGE_URL" -u "$(as emil)" -H 'PELIHOOK-PAGE: operate' \
	    -H 'Pelihook-Page-User: root' -H 'Remote-User: root'
	expect_status 200
	grep -q emil "$ANSWER.body"
	ask "$PAGE_URL?PELIHOOK_PAGE=operate" -u "$(as emil)"
	expect_status 400
}

# The command that check prints, as an administrator types it.
try_by() {	# url
	{
		echo "page-url \"$1\""
		sed 's|state/journal.db|state/draft.db|' "$CONFIG"
	} >"$WORK/draft.conf"
	[ -z "${RUN_AS:-}" ] || chown www-data "$WORK/draft.conf"
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} "$CTL" -c "$WORK/draft.conf" check 2>/dev/null |
	    sed -n 's/^  try it by *//p' >"$BATS_TEST_TMPDIR/line"
	grep -q '# has to print 401$' "$BATS_TEST_TMPDIR/line"
	sh "$BATS_TEST_TMPDIR/line"
}

@test "the command that check prints shows that the page is protected" {
	[ "$(try_by "$PAGE_URL")" = 401 ]
	[ "$(try_by "$OPERATE_URL")" = 401 ]
	[ "$(try_by "$PAGE_URL?since={1h,[1-3]h}&q='")" = 401 ]
	[ "$(try_by "http://127.0.0.1:$PORT/hook")" != 401 ]
}

# nginx passes on the name that a client sends, whatever it is: nothing else
# than auth_basic keeps anybody out, and the command shows it.
@test "a location of nginx without auth_basic is open, and shown to be" {
	[ "$SERVER" = nginx ] || skip 'for nginx'
	local copy=$WORK/example-open.conf port=$PORT url
	PORT=$(free_port)
	url=http://127.0.0.1:$PORT/pelihook/
	grep -v auth_basic "$WORK/example-nginx.conf" >"$copy"
	sed -e "s|include $WORK/example-nginx.conf|include $copy|" \
	    -e "s|:$port;|:$PORT;|" -e "s|nginx/pid|nginx/open-pid|" \
	    "$WORK/nginx/nginx.conf" >"$WORK/nginx/open.conf"
	serve open-nginx nginx -p "$WORK/nginx" -c "$WORK/nginx/open.conf" \
	    -e "$WORK/nginx/open-error.log"
	until_true 10 answers "$url"
	ask "$url" -u evil:x
	expect_status 200
	grep -q evil "$ANSWER.body"
	ask "$url"
	expect_status 403
	[ "$(try_by "$url")" = 200 ]
}

# readme_lines DIRECTORY: what is typed, from when that is gone to.
readme_lines() {
	awk -v first="    cd $1 && " '
		index($0, first) == 1 {
			inside = 1
			$0 = substr($0, length(first) + 1)
		}
		inside && !NF { exit }
		inside { print }
	' "$SOURCE/README.md"
}

# Makes the password that is typed; with the same words as Apache's.
htpasswd() {
	case $1 in
	-Bc) : >"$2" ;;
	-B) [ -f "$2" ] ;;
	*) false ;;
	esac && echo "$3:$HASH" >>"$2"
}

@test "README's lines let emil look and anna operate, and nobody else" {
	local at=$BATS_TEST_TMPDIR/etc example file typed
	case $SERVER in
	nginx) example=nginx.conf file=snippets/pelihook.conf
		typed=$(readme_lines /etc/nginx) ;;
	apache-proxy) example=apache-proxy.conf
		file=conf-available/pelihook.conf
		typed=$(readme_lines /etc/apache2) ;;
	*) skip 'for nginx and Apache' ;;
	esac
	[ "$(wc -l <<<"$typed")" -eq 5 ]
	HASH=$(openssl passwd -6 "$PASSWORD")
	mkdir -p "$at/${file%/*}"
	cp "$SOURCE/examples/$example" "$at/$file"
	chgrp() { [ "$1" = www-data ]; }
	tell_server() { echo "$*" >>"$at/told"; }
	nginx() { tell_server nginx "$@"; }
	apachectl() { tell_server apachectl "$@"; }
	systemctl() { tell_server systemctl "$@"; }
	(set -e; cd "$at"; eval "$typed")
	# What is in force by now is what is tested here.
	in_comment "$example" 'The page, for people' >"$at/wanted"
	grep -q 'PELIHOOK_PAGE operate' "$at/wanted"
	run grep -vxFf "$at/$file" "$at/wanted"
	[ "$status" -eq 1 ] || { echo "$output"; return 1; }
	for name in "$at"/*.htpasswd; do
		[ "$(stat -c %a "$name")" = 640 ]
	done
	case $SERVER in
	nginx)
		[ "$(cat "$at/told")" = $'nginx -t\nsystemctl reload nginx' ]
		[ "$(cut -d : -f 1 "$at/pelihook-view.htpasswd" | tr '\n' ' ')" = \
		    'anna emil ' ]
		[ "$(cut -d : -f 1 "$at/pelihook-operate.htpasswd")" = anna ] ;;
	*)
		[ "$(cat "$at/told")" = \
		    $'apachectl configtest\nsystemctl reload apache2' ]
		[ "$(cut -d : -f 1 "$at/pelihook.htpasswd" | tr '\n' ' ')" = \
		    'anna emil ' ] ;;
	esac
}

@test "no hook is reached by the page's location" {
	payload "$BATS_TEST_TMPDIR/body" 100
	URL=$PAGE_URL post_signed "$BATS_TEST_TMPDIR/body"
	expect_status 401
	URL=$PAGE_URL post_signed "$BATS_TEST_TMPDIR/body" -u "$(as anna)"
	expect_status 403
	[ "$(ctl list --json | wc -l)" -eq 4 ]
}

@test "the password is in no log, no capture and no answer" {
	ask "$PAGE_URL?view=events" -u "$(as emil)"
	expect_status 200
	local basic
	for name in anna emil nobody; do
		basic=$(printf '%s' "$(as $name)" | base64 -w 0)
		run grep -rlF -e "$basic" -e "$PASSWORD" "$WORK" "$ANSWER.body"
		[ "$status" -eq 1 ] || { echo "$output"; return 1; }
	done
}

# The process that answers just now: pelihook.cgi, where that does.
answering() {
	local pid
	pid=$(responders)
	[ -n "$pid" ] || pid=$(FCGI=$CGI responders)
	[ -n "$pid" ] && echo "$pid"
}

# An action waits for the journal, which somebody else has locked.
@test "the password is in no memory of a process that makes a page" {
	local basic found pid
	basic=$(printf '%s' "$(as anna)" | base64 -w 0)
	mkfifo -m 666 "$WORK/hold"
	# Words are wanted here.
	# shellcheck disable=SC2086
	launch locker ${RUN_AS:-} /usr/bin/python3 "$SOURCE/tests/e2e/locker.py" \
	    "$WORK/state/journal.db" "$WORK/hold"
	until_true 10 grep -qs locked "$WORK/locker.log"
	operate "action=retry&id=$(event 4)" -H 'Seen: here-is-the-request' &
	until_true 10 in_memory here-is-the-request
	for pid in $(answering); do
		found+=$(python3 "$SOURCE/tests/e2e/memory.py" "$pid" \
		    "$basic" "$PASSWORD" here-is-the-request)
	done
	: >"$WORK/hold"
	wait %%
	rm "$WORK/hold"
	[ "$found" = here-is-the-request ] || { echo "$found"; return 1; }
}

in_memory() {	# text
	local pid
	for pid in $(answering); do
		[ -z "$(python3 "$SOURCE/tests/e2e/memory.py" "$pid" "$1")" ] ||
		    return 0
	done
	return 1
}
