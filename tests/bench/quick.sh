#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Whether a change made anything slower: measures an earlier build and this
# source in turn, on one machine, and prints a table.  Noise of a few per
# cent is usual on small machines; what matters is the ratio of the medians.
#
#	sh tests/bench/quick.sh BUILD
#
# BUILD is where the earlier source was configured with CFLAGS=-O2 and built,
# `make && make check TESTS='.  As for run.sh: BENCH_SECONDS of each load
# (1), BENCH_ROUNDS (7).

set -u

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
[ $# -eq 1 ] || {
	sed -n 's/^#\t//p' "$0" >&2
	exit 64
}
BENCH_BEFORE=$(cd "$1" && pwd) || exit 66
BENCH_SECONDS=${BENCH_SECONDS:-1}
BENCH_ROUNDS=${BENCH_ROUNDS:-7}
BENCH_ROWS=$HERE/quick.txt
export BENCH_BEFORE BENCH_SECONDS BENCH_ROUNDS BENCH_ROWS
table=$(sh "$HERE/run.sh" quick) || exit 1
printf '%s\n' "$table" | grep '^|'
