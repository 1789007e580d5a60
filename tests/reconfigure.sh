#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Whether what has a path, a version or an option compiled in is made anew
# after another configure, which writes the Makefile.  Nothing is built here.
# Run by make check.

set -u
unset MAKEFLAGS MAKELEVEL MFLAGS

SOURCE=${abs_top_srcdir:-$(dirname "$0")/..}
cd "${abs_top_builddir:-$PWD}" || exit 1
number=0
failures=0

# What make would do if the Makefile had just been written.
would_do() {
	"${MAKE:-make}" -n -W Makefile "$@" 2>&1
}

verdict() {	# target, what would be in the commands
	number=$((number + 1))
	if would_do "$1" | grep -qF -e "$2"; then
		echo "ok $number - $1"
	else
		failures=$((failures + 1))
		echo "not ok $number - $1 stays as it was"
	fi
}

# Every object of it: those of the fault tests are compiled apart.
objects_of() {	# source
	directory=${1%/*}
	name=${1##*/}
	sed -n "s|^\($directory/\(.*-\)\{0,1\}${name%.c}\)\.\$(OBJEXT):.*|\1.o|p" \
	    Makefile | sort -u
}

sources=$(cd "$SOURCE" && grep -lE \
    '(PELIHOOK_(BUILD|CONFIG_FILE|CTL|VERSION)|HAVE_POSTGRESQL)([^_[:alnum:]]|$)' \
    common/*/*.c cgi/*.c fcgi/*.c ctl/*.c)
for source in $sources; do
	for object in $(objects_of "$source"); do
		verdict "$object" "-o $object"
	done
done
for unit in pelihook.service pelihook-drain.service; do
	verdict "examples/systemd/$unit" "$unit.in"
done
echo "1..$number"
[ "$number" -gt 8 ] && [ "$failures" -eq 0 ]
