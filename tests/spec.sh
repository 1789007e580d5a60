#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Whether each sentence of spec.txt has a test, and each test that it or
# SECURITY.md names is there.  TAP: one test for each section, and one for
# SECURITY.md.

set -u

TESTS=${abs_top_srcdir:-$(dirname "$0")/..}/tests
TABLE=$TESTS/spec.txt
section=
sentences=0
number=0
failed=0
wrong=0
untested=

# A unit test is written, and it is run.
is_unit() {	# file function
	[ -f "$TESTS/unit/$1.c" ] &&
	    grep -qx "$2(void \*\*state)" "$TESTS/unit/$1.c" &&
	    sed -n '/^main(/,$p' "$TESTS/unit/$1.c" |
		grep -qw "$2"
}

is_there() {	# kind, name
	case $1 in
	unit/*) is_unit "${1#unit/}" "$2" ;;
	e2e/*) [ -f "$TESTS/$1.bats" ] &&
	    grep -qxF "@test \"$2\" {" "$TESTS/$1.bats" ;;
	case) [ -f "$TESTS/cases/$2.case" ] ;;
	fronts) grep -qF "(\"$2\"," "$TESTS/cases/fronts.py" ;;
	json) grep -qF "(\"$2\"," "$TESTS/json/compare.py" ;;
	model) grep -qF "(\"$2\"," "$TESTS/model/model.py" ;;
	watch/*) grep -qF "\"$2\"," "$TESTS/$1.py" ;;
	watch) [ -f "$TESTS/watch/$2.case" ] ;;
	fault/*) grep -qsF -e "(\"$2\"," -e "(front + \": $2\"" \
	    "$TESTS/$1.py" ;;
	browser) grep -qsF -e "'$2'" "$TESTS"/browser/*.js ;;
	fuzz) [ -f "$TESTS/fuzz/$2.c" ] ;;
	*) false ;;
	esac
}

complain() {
	echo "# $*"
	wrong=$((wrong + 1))
}

tell() {	# what, how much of it
	number=$((number + 1))
	if [ "$wrong" -eq 0 ]; then
		echo "ok $number - $1: $2"
	else
		echo "not ok $number - $1: $wrong wrong"
		failed=1
	fi
	wrong=0
}

# Before the next sentence, and at a section's end.
end_sentence() {
	case $untested in
	'' | *';') ;;
	*) complain "no test: $untested" ;;
	esac
}

end_section() {
	end_sentence
	case $untested in
	*';') complain "no test: $untested" ;;
	esac
	untested=
	[ -n "$section" ] || return 0
	[ "$sentences" -gt 0 ] || complain "no sentence"
	tell "section $section" "$sentences sentences"
	sentences=0
}

tab=$(printf '\t')
while IFS= read -r line; do
	case $line in
	'' | '#'*) ;;
	'== '*)
		end_section
		section=${line#== }
		;;
	"$tab"*)
		line=${line#"$tab"}
		untested=
		is_there "${line%% *}" "${line#* }" ||
		    complain "no such test: $line"
		;;
	*)
		end_sentence
		sentences=$((sentences + 1))
		untested=$line
		;;
	esac
done <"$TABLE"
end_section

named=0
while IFS= read -r line; do
	case $line in
	"$tab"*)
		line=${line#"$tab"}
		named=$((named + 1))
		is_there "${line%% *}" "${line#* }" ||
		    complain "no such test: $line"
		;;
	esac
done <"$TESTS/../SECURITY.md"
[ "$named" -gt 0 ] || complain "no test is named"
tell SECURITY.md "$named tests"
echo "1..$number"
[ "$number" -gt 0 ] && [ "$failed" -eq 0 ]
