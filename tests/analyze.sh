#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The static analyzers, over all of the programs' C files:
#
#	sh tests/analyze.sh		clang's, as it comes: a minute or two
#	sh tests/analyze.sh all		clang's with alpha.security as well, on
#					deeper paths, and gcc's -fanalyzer
#	sh tests/analyze.sh [all] FILE...
#
# A finding is a mistake, or has a line in tests/analyze/judged.txt: tool,
# file, checker, message and, behind a tab each, why it is none.  Lines of
# the source are no part of it, so that it stands when they move.  TAP: one
# test a tool; a judged line that is not met any more is told, and no
# failure, since compilers differ.

set -u
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd) || exit 1
cd "$here/.." || exit 1
judged=$here/analyze/judged.txt
tab=$(printf '\t')
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-analyze.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failures=0

# optin.performance is about the order of fields.  The deep ones are those
# of security that look for what a stranger decides, and for the C library's
# own rules.
QUICK='core,unix,security,deadcode,nullability,optin.portability'
QUICK="$QUICK,valist,alpha.security.MmapWriteExec,alpha.security.cert"
DEEP="$QUICK,alpha.security,alpha.unix.cstring"
# strcpy and its kin are banned by tests/layers.sh; that one means memcpy.
NOT=security.insecureAPI.DeprecatedOrUnsafeBufferHandling

flags() {
	pkg-config --cflags json-c sqlite3 libcrypto fcgi libpq
	echo "-std=c17 -D_GNU_SOURCE -pthread -Icommon" \
	    '-DPELIHOOK_VERSION="0"' '-DPELIHOOK_BUILD="0"' \
	    '-DPELIHOOK_CONFIG_FILE="/nowhere"' '-DPELIHOOK_CTL="/nowhere"' \
	    -DHAVE_POSTGRESQL=1
}

# One file: its findings as "tool TAB file TAB checker TAB message".
clang_one() {	# checkers nodes file
	# Words are wanted.
	# shellcheck disable=SC2046
	clang --analyze -Xclang -analyzer-output=text \
	    -Xclang -analyzer-checker="$1" \
	    -Xclang -analyzer-disable-checker="$NOT" \
	    -Xclang -analyzer-config -Xclang max-nodes="$2" \
	    -fno-caret-diagnostics $(flags) "$3" >"$WORK/said" 2>&1
	findings clang "$3" $?
}

# With -O1: what is inlined is followed, and little else is moved about.
gcc_one() {	# file
	# shellcheck disable=SC2046
	gcc -c -o /dev/null -O1 -fanalyzer \
	    -fdiagnostics-plain-output $(flags) "$1" >"$WORK/said" 2>&1
	findings gcc "$1" $?
}

# An analyzer that fails is a finding, too.
findings() {	# tool file status
	[ "$3" -eq 0 ] || printf '%s\t%s\tstatus\t%d\n' "$1" "$2" "$3"
	kinds='warning\|error\|fatal error'
	sed -n "s/^\([^:]*\):[0-9]*:[0-9]*: \($kinds\): /\1$tab/p" \
	    "$WORK/said" |
	sed "s/^\([^$tab]*\)$tab\(.*\) \[\([^][]*\)\]\$/$1$tab\1$tab\3$tab\2/" |
	sort -u
}

# Those of all files, as many at once as there are processors.
analyze() {	# tool...
	printf '%s\n' $FILES | xargs -P "$(nproc)" -I '{}' \
	    sh "$here/analyze.sh" --one "$@" '{}' >"$WORK/found"
	sort -u "$WORK/found" >"$WORK/sorted"
	cut -f1-4 "$judged" | grep "^$1$tab" | sort -u >"$WORK/judged"
	comm -23 "$WORK/sorted" "$WORK/judged" >"$WORK/new"
	comm -13 "$WORK/sorted" "$WORK/judged" >"$WORK/gone"
	verdict "$1 finds nothing that was not judged"
}

verdict() {	# name
	number=$((number + 1))
	if [ -s "$WORK/new" ]; then
		failures=$((failures + 1))
		echo "not ok $number - $1"
		sed 's/^/# /' "$WORK/new"
	else
		echo "ok $number - $1"
	fi
	[ -z "$tell_gone" ] || sed 's/^/# not met any more: /' "$WORK/gone"
}

skip() {	# tool
	number=$((number + 1))
	echo "ok $number - $1 finds nothing that was not judged # SKIP no $1"
}

if [ "${1-}" = --one ]; then
	shift
	case $1 in
	clang) clang_one "$2" "$3" "$4" ;;
	gcc) gcc_one "$2" ;;
	esac
	exit 0
fi
all=
[ "${1-}" != all ] || { all=1; shift; }
FILES=${*:-$(echo common/*/*.c cgi/*.c ctl/*.c fcgi/*.c)}
tell_gone=
[ -n "${*-}" ] || tell_gone=$all
if ! command -v clang >/dev/null; then
	skip clang
elif [ -n "$all" ]; then
	analyze clang "$DEEP" 225000
else
	analyze clang "$QUICK" 40000
fi
if [ -n "$all" ]; then
	if command -v gcc >/dev/null; then
		analyze gcc
	else
		skip gcc
	fi
fi
echo "1..$number"
[ "$failures" -eq 0 ]
