#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The unit tests that open a journal, once more: here it is in PostgreSQL.  What
# is true of files alone is skipped (only_of_a_file).  Prints TAP, one line for
# each program; they have been built in abs_top_builddir.
#
#	sh tests/unit/postgresql.sh sh tests/unit/shared.sh

set -u

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${abs_top_builddir:?}"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-shared.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
CMOCKA_MESSAGE_OUTPUT=TAP
top_srcdir=$(cd "$HERE/../.." && pwd)
srcdir=$top_srcdir
# Its directory is not for everyone that a test runs as.
PELIHOOK_UNIT_JOURNAL=$(echo "${PELIHOOK_POSTGRESQL:?}" |
    sed 's/host=[^&]*/host=127.0.0.1\&sslmode=disable/')
export CMOCKA_MESSAGE_OUTPUT WORK PELIHOOK_UNIT_JOURNAL srcdir top_srcdir

# The longest first.  What is about SQLite and its files is not among them.
PROGRAMS='journal/act queue/dispatch queue/batch  queue/run_claim
    page/page journal/runs journal/search receive/record receive/dedupe
    queue/recover journal/set_aside journal/append journal/assemble
    journal/changes journal/claim journal/counts journal/dedupe journal/facts
    journal/glance journal/hours journal/lanes journal/lookup journal/move
    journal/open journal/operate journal/order journal/pipelines journal/purge
    journal/recover journal/renew journal/report journal/requests journal/rules
    journal/runner journal/settle journal/shared journal/statement
    journal/stats journal/telling journal/totals journal/transaction
    journal/watch page/actions page/event page/events page/overview
    page/pipeline page/pipelines queue/route queue/source receive/decide
    watch/judge watch/pipeline_list watch/watch'

# shellcheck disable=SC2016
RUN='name=$(echo "$1" | tr / .)
cd "$abs_top_builddir" || exit
timeout 120 "tests/unit/$1" >"$WORK/$name.out" 2>"$WORK/$name.err"
echo $? >"$WORK/$name.end"'

# shellcheck disable=SC2086
printf '%s\n' $PROGRAMS | xargs -P "$(nproc)" -n 1 sh -c "$RUN" sh

number=0
for program in $PROGRAMS; do
	number=$((number + 1))
	name=$(echo "$program" | tr / .)
	if [ "$(cat "$WORK/$name.end")" = 0 ]; then
		echo "ok $number - $program on a server"
		continue
	fi
	echo "not ok $number - $program on a server"
	grep '^not ok' "$WORK/$name.out" | grep -v '# SKIP' | sed 's/^/# /'
	grep -v 'damaged row' "$WORK/$name.err" | tail -n 20 | sed 's/^/# /'
done
echo "1..$number"
