# SPDX-License-Identifier: ISC
#
# demo.sh --stay: the page of a month, until it is told to end.  All of the rest
# is the stage `demo'.

load lib.bash

setup_file() {
	mkdir -p "$WORK"
	chmod 755 "$WORK"
	: >"$WORK/pids"
	launch demo sh "$SOURCE/examples/demo.sh" --stay
	DEMO=$LAUNCHED
	export DEMO
	until_true 90 grep -q 'It stays until' "$WORK/demo.log" || {
		show_logs
		return 1
	}
}

teardown_file() {
	stop_all
}

# look ADDRESS USER PASSWORD: the status of the answer, which is in $PAGE.
look() {
	PAGE=$BATS_TEST_TMPDIR/page
	curl -s --max-time 20 -u "$2:$3" -o "$PAGE" -w '%{http_code}' "$1"
}

# What was printed after a word: an address, a user and a password.
access_of() {	# how the line begins
	sed -n "/^  $1: /{
		s/.*: //
		N
		s/\n *user \(.*\), password / \1 /p
	}" "$WORK/demo.log"
}

@test "demo.sh --stay shows a month to who has the password that it prints" {
	read -r url user password < <(access_of 'to look')
	[ "$(look "$url" "$user" "$password")" = 200 ]
	grep -q 'HubSpot deals' "$BATS_TEST_TMPDIR/page"
	[ "$(look "$url" "$user" wrong)" = 401 ]
	[ "$(look "${url}operate/" "$user" "$password")" = 401 ]
}

@test "demo.sh --stay lets somebody act" {
	read -r url user password < <(access_of 'to act as well')
	[ "$(look "$url?view=confirm&action=retry&state=dead" "$user" \
	    "$password")" = 200 ]
	grep -q '<button' "$BATS_TEST_TMPDIR/page"
}

none_is_left() {	# of what processes are called
	! pgrep -af "$1"
}

@test "demo.sh --stay takes everything away when it is told to end" {
	local work
	work=$(sed -n 's|^ *journal \(.*\)/site/journal.db$|\1|p' \
	    "$WORK/demo.log")
	[ -d "$work" ]
	kill "$DEMO"
	until_true 20 is_gone "$DEMO"
	[ ! -e "$work" ]
	[ "$(tail -n 1 "$WORK/demo.log")" = \
	    'Everything that was started is stopped again.' ]
	until_true 10 none_is_left "$work"
}
