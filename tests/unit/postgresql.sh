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

# The newest that is installed.
for bin in /usr/lib/postgresql/*/bin; do
	[ ! -x "$bin/postgres" ] || PATH=$bin:$PATH
done
PATH=$PATH:/usr/sbin:/sbin

WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-postgresql.XXXXXX") || exit 1

# PostgreSQL does not run as root.
as_owner() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && exec setpriv --reuid=postgres --regid=postgres \
		    --clear-groups "$@")
	else
		"$@"
	fi
}

clean_up() {
	[ ! -e "$WORK/data/postmaster.pid" ] ||
	    as_owner pg_ctl -D "$WORK/data" -m immediate stop >/dev/null 2>&1
	rm -rf "$WORK"
}

give_up() {
	cat "$WORK"/*.log >&2
	exit 1
}

# Whoever has taken the port meanwhile has it: then another one is tried.
start_server() {
	for try in 1 2 3 4 5 6 7 8; do
		port=$(awk -v seed="$$$try" 'BEGIN { srand(seed)
		    print 20000 + int(rand() * 12000) }')
		if as_owner pg_ctl -w -D "$WORK/data" -l "$WORK/server.log" \
		    -o "-k '$WORK' -h 127.0.0.1 -p $port -F" start \
		    >>"$WORK/start.log" 2>&1; then
			return
		fi
	done
	return 1
}

trap clean_up EXIT
trap 'exit 1' HUP INT TERM
[ "$(id -u)" -ne 0 ] || chown postgres: "$WORK"
as_owner initdb -D "$WORK/data" -U postgres -A trust -E UTF8 --locale=C \
    --no-sync >"$WORK/initdb.log" 2>&1 || give_up
{
	echo 'local all locked scram-sha-256'
	echo 'host all locked 127.0.0.1/32 scram-sha-256'
	cat "$WORK/data/pg_hba.conf"
} >"$WORK/hba"
cat "$WORK/hba" >"$WORK/data/pg_hba.conf"
start_server || give_up
PELIHOOK_POSTGRESQL="postgresql:///postgres?host=$WORK&port=$port&user=postgres"
export PELIHOOK_POSTGRESQL
psql -q "$PELIHOOK_POSTGRESQL" -c "CREATE ROLE locked LOGIN PASSWORD 'right'" ||
    give_up
"$@"
