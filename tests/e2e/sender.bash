# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What tests of senders share: a hook whose lines change from test to test,
# MACs made without pelihook, and the senders' own libraries.

# hook_lines: the hook's first lines on standard input, then what runs.
hook_lines() {
	{
		echo "log $WORK/pelihook.log"
		echo "hook first"
		cat
		echo "setenv RECORDS $WORK/records"
		echo "on * run $WORK/record"
	} >"$CONFIG"
}

set_secret() {	# text, kept to the byte but for the LF behind it
	SECRET=$1
	printf '%s\n' "$1" >"$WORK/secret"
	chmod 600 "$WORK/secret"
}

# key_hex: the secret's bytes in hex.
key_hex() {
	printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n'
}

# mac_with HEX-KEY: of standard input, in hex.
mac_with() {
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d ' ' -f 1
}

mac_hex() {	# of standard input
	mac_with "$(key_hex)"
}

hex_to_base64() {
	perl -ne 'chomp; print pack("H*", $_)' | base64 -w 0
}

mac_base64() {
	mac_hex | hex_to_base64
}

# send_with FILE HEADER-LINE...: posts a file to $URL.
send_with() {
	local file=$1 words=() header
	shift
	for header; do
		words+=(-H "$header")
	done
	send "${words[@]}" -H 'Content-Type: application/json' \
	    --data-binary "@$file"
}

# The log's line of the last request.
last_line() {
	tail -n 1 "$WORK/pelihook.log"
}

# ---- The senders' libraries ---------------------------------------------

# Into the test's own directory, as package-lock.json has them.  Elsewhere
# they may lie in SENDERS_MODULES already.
install_senders() {
	mkdir -p "$WORK/senders"
	cp "$SOURCE"/tests/e2e/senders/*.js* "$WORK/senders/"
	if [ -n "${SENDERS_MODULES:-}" ]; then
		ln -s "$SENDERS_MODULES" "$WORK/senders/node_modules"
		return
	fi
	(cd "$WORK/senders" && npm_config_cache=$WORK/npm \
	    npm_config_update_notifier=false npm ci --ignore-scripts \
	    --no-audit --no-fund) >"$WORK/npm.log" 2>&1 || {
		cat "$WORK/npm.log" >&2
		return 1
	}
}

# send_as SENDER FILE: sets STATUS.
send_as() {
	STATUS=$(node "$WORK/senders/send.js" "$1" "$WORK/secret" "$2" "$URL")
	ANSWER=$BATS_TEST_TMPDIR/answer
	: >"$ANSWER.head"
	: >"$ANSWER.body"
}

# ---- Capture and probe ---------------------------------------------------

# The only capture there is.
only_capture() {
	set -- "$WORK"/captures/*.capture
	[ $# -eq 1 ] && [ -f "$1" ] && echo "$1"
}

# story FIRST SIGNATURE COMMAND...: from the first 401 to the one right line,
# as README tells it; COMMAND sends one signed request and sets STATUS.
# FIRST is the coding of the secret at first, or empty.  Sets LINES_FOUND.
story() {
	local coding=$1 signature=$2 file secret
	shift 2
	rm -rf "$WORK/captures" "$WORK/records"
	mkdir "$WORK/records"
	mkdir -m 700 "$WORK/captures"
	secret="secret-file $WORK/secret $coding"
	printf '%s\n' "$secret" "signature $signature" \
	    "capture $WORK/captures" | hook_lines
	"$@"
	expect_status 401 || return
	[ "$(records)" -eq 0 ] || return
	file=$(only_capture) || return
	[ "$(stat -c %a "$file")" = 600 ] || return
	LINES_FOUND=$("$CTL" -c "$CONFIG" probe first "$file") || return
	case $LINES_FOUND in
	*secret-file*) secret= ;;
	esac
	# What was printed takes the place of what was there.
	printf '%s\n' "$secret" "$LINES_FOUND" | hook_lines
	"$CTL" -c "$CONFIG" check >"$WORK/check.log" 2>&1 || {
		cat "$WORK/check.log" >&2
		return 1
	}
	"$@"
	expect_status 200 || return
	[ "$(records)" -eq 1 ] || return
}
