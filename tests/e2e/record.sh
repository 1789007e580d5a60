#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The command of the end-to-end tests: keeps what it was given.  The body
# comes last and by rename, so that where there is one, all is there.

set -eu

base=$RECORDS/$PELIHOOK_ID
env | sort >"$base.env"
printf '%s\n' "$@" >"$base.args"
if [ "${1-}" = wait ]; then
	: >"$RECORDS/started"
	while [ ! -e "$RECORDS/go" ]; do sleep 0.05; done
fi
[ "${1-}" != pause ] || sleep 0.05
if [ "${1-}" = leave ]; then
	{
		while [ ! -e "$RECORDS/go" ]; do sleep 0.05; done
		echo one
		echo two >&2
		head -c 300000 /dev/zero
		echo over >"$RECORDS/over"
	} &
fi
cat >"$base.part"
mv "$base.part" "$base.body"
