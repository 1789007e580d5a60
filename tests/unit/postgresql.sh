#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Runs a command beside a PostgreSQL server of its own, whose URI the unit
# tests find in PELIHOOK_POSTGRESQL; its user postgres may do everything, and
# its user locked needs a password.  The server listens to a socket in a
# directory of its own and on a free port of 127.0.0.1, keeps nothing, and is
# gone when the command is over, whose status is that of the script.
#
#	sh tests/unit/postgresql.sh COMMAND...

set -u
umask 022

WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-postgresql.XXXXXX") || exit 1
DATABASES=$WORK/databases

. "$(dirname "$0")/../machines/postgresql.sh"

clean_up() {
	databases_down
	rm -rf "$WORK"
}

give_up() {
	cat "$DATABASES"/*.log >&2
	exit 1
}

# Before the line that trusts everyone.
lock_user() {	# name
	# shellcheck disable=SC2016
	as_database_user sh -c '{
		echo "local all locked scram-sha-256"
		echo "host all locked 127.0.0.1/32 scram-sha-256"
		cat "$1"
	} >"$1.new" && mv "$1.new" "$1"' sh "$DATABASES/$1/pg_hba.conf"
}

trap clean_up EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$WORK"
databases_prepare || exit 1
database_create unit 127.0.0.1 "$(database_free_port)" 'fsync = off' &&
    lock_user unit && database_start unit || give_up
database_sql unit "CREATE ROLE locked LOGIN PASSWORD 'right'" postgres ||
    give_up
PELIHOOK_POSTGRESQL="postgresql:///postgres?host=$DATABASES&port=$(database_port unit)&user=postgres"
export PELIHOOK_POSTGRESQL
"$@"
