#!/bin/sh
# SPDX-License-Identifier: ISC
#
# That what measures still fits what is measured: the helpers of run.sh do
# their work with few events, and the table says what it should.  Measures
# nothing.  Run by make check.

set -u

SOURCE=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/bench
BUILD=${abs_top_builddir:-$PWD}/tests/bench
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-bench.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failures=0

verdict() {	# name command...
	number=$((number + 1))
	name=$1
	shift
	if "$@" >"$WORK/log" 2>&1; then
		echo "ok $number - $name"
	else
		failures=$((failures + 1))
		sed 's/^/# /' "$WORK/log"
		echo "not ok $number - $name"
	fi
}

are_positive() {	# how many, figures
	echo "$2"
	echo "$2" | awk -v n="$1" '{
		for (i = 1; i <= NF; i++)
			good += $i ~ /^[0-9]+\.[0-9]$/ && $i > 0
	} END { exit NR != 1 || good != n || NF != n }'
}

a_journal_is_made() {
	mkdir -m 700 "$WORK/journal" &&
	    "$BUILD/store" make "$WORK/journal/journal.db" 1234 &&
	    "$BUILD/store" wait "$WORK/journal/journal.db" 10
}

# More is claimed than there is if what was made is not done.
its_calls_are_measured() {
	times=$("$BUILD/store" measure "$WORK/journal/journal.db" 3) &&
	    are_positive 3 "$times" &&
	    "$BUILD/store" wait "$WORK/journal/journal.db" 10
}

runs_are_measured() {
	times=$("$BUILD/store" runs "$WORK/journal/runs.db" 3) &&
	    are_positive 2 "$times"
}

# What is held back is not due, or there would be more than was asked for.
a_turn_is_measured() {
	store=$WORK/journal/held.db
	(umask 077; echo secret-of-the-bench >"$WORK/secret")
	cat >"$WORK/bench.conf" <<-END
	journal $store
	secret-file $WORK/secret
	hook bench
	on * run /bin/true
	hook another
	on * run /bin/true
	END
	"$BUILD/store" hold "$store" 12 &&
	    times=$("$BUILD/store" turn "$store" 3 "$WORK/bench.conf") &&
	    are_positive 1 "$times"
}

# Of twenty, ten have events each time.
judging_is_measured() {
	cat >"$WORK/watch.conf" <<-END
	journal $WORK/journal/watch.db
	secret-file $WORK/secret
	watch on
	hook bench
	on @watch run /bin/true
	on * ignore
	END
	times=$("$BUILD/watch" "$WORK/journal/watch.db" 20 \
	    "$WORK/watch.conf") && are_positive 2 "$times"
}

# Each question has its time.
looking_is_measured() {
	store=$WORK/journal/look.db
	"$BUILD/look" make "$store" 1234 3 &&
	    "$BUILD/look" measure "$store" 3 >"$WORK/looked" || return 1
	cat "$WORK/looked"
	awk 'NF != 2 || $2 !~ /^[0-9]+[.][0-9]$/ || $2 <= 0 { exit 1 }' \
	    "$WORK/looked" || return 1
	for question in $(sed -n 's/.*journal-look-\(.*\)-large .*/\1/p' \
	    "$SOURCE/rows.txt"); do
		grep -q "^$question " "$WORK/looked" || return 1
	done
}

commands_are_counted() {
	runs=$("$BUILD/spawn" 2 0.1 /bin/true) && are_positive 1 "$runs" &&
	    ! "$BUILD/spawn" 2 0.1 /bin/false
}

a_cgi_costs_something() {
	echo '{}' >"$WORK/body"
	spent=$("$BUILD/cost" 3 "$WORK/body" "$BUILD/hello") &&
	    are_positive 1 "$spent" &&
	    ! "$BUILD/cost" 3 "$WORK/body" /bin/false
}

report() {
	awk -v directory="$WORK/kept" -f "$SOURCE/report.awk" "$1"
}

rows_are_judged() {
	mkdir "$WORK/kept" || return 1
	printf '%s\n' 30 10 20 >"$WORK/kept/fast"
	printf '%s\n' 10 >"$WORK/kept/slow"
	cat >"$WORK/rows" <<-'END'
	# a comment
	a | b | fast | slow | /s | rate | least | 2.1
	a | b | fast | slow | /s | time | most | 0.5
	a | b | fast | slow | MiB | rate | - | -
	a | b | fast | none | /s | rate | least | 1
	END
	cat >"$WORK/expected" <<-'END'
	| work | beside | pelihook | beside it | ratio | reach | reached |
	|---|---|---|---|---|---|---|
	| a | b | 20/s (10-30) | 10/s (10-10) | 2.00 | at least 2.1 | **no** |
	| a | b | 20/s (10-30) | 10/s (10-10) | 0.50 | at most 0.5 | yes |
	| a | b | 20 MiB (10-30) | 10 MiB (10-10) | 2.00 | - | - |
	| a | b | 20/s (10-30) | not measured | - | at least 1 | - |
	END
	report "$WORK/rows" | diff "$WORK/expected" -
}

rows_are_whole() {
	report "$SOURCE/rows.txt" >"$WORK/table" &&
	    [ "$(grep -c '^|.*not measured' "$WORK/table")" -eq \
		"$(grep -vc '^#' "$SOURCE/rows.txt")" ] || return 1
	# Each figure is of a row that run.sh knows.
	rows=$(sed -n "s/^ROWS='\(.*\)'/\1/p" "$SOURCE/run.sh")
	for key in $(awk -F ' *[|] *' '!/^#/ { print $3; print $4 }' \
	    "$SOURCE/rows.txt"); do
		case " $rows " in
		*" ${key%%-*} "*) ;;
		*) echo "no row makes $key"; return 1 ;;
		esac
	done
	! grep -v '^#' "$SOURCE/quick.txt" |
	    grep -vE '\| quick-([a-z]+)-pelihook \| quick-\1-before \|'
}

# So that a table can be made again; and where they come from is npm's to know.
peers_are_pinned() {
	peers=$SOURCE/peers
	sed -n '/ependencies"/,/}/s/^ *"\([^"]*\)": "\(.*\)".*/\1 \2/p' \
	    "$peers/package.json" >"$WORK/peers"
	[ "$(grep -c . "$WORK/peers")" -ge 3 ] || return 1
	while read -r peer version; do
		echo "$peer $version"
		echo "$version" | grep -Eqx '[0-9]+([.][0-9]+){2}' &&
		    grep -A 1 "^ *\"node_modules/$peer\": {" \
			"$peers/package-lock.json" |
			grep -q "\"version\": \"$version\"" || return 1
	done <"$WORK/peers"
	! grep '"resolved"' "$peers/package-lock.json"
}

verdict 'bench: a journal is made by its own functions' a_journal_is_made
verdict 'bench: what a journal does is measured' its_calls_are_measured
verdict 'bench: what runs cost is measured' runs_are_measured
verdict 'bench: what is done about an event is measured' a_turn_is_measured
verdict 'bench: what judging pipelines costs is measured' judging_is_measured
verdict 'bench: what looking at a journal costs is measured' looking_is_measured
verdict 'bench: bare commands are counted' commands_are_counted
verdict 'bench: a CGI program costs something' a_cgi_costs_something
verdict 'bench: medians, spreads, ratios and goals' rows_are_judged
verdict 'bench: the rows of the table are whole' rows_are_whole
verdict 'bench: what npm installs is pinned' peers_are_pinned
echo "1..$number"
[ "$failures" -eq 0 ]
