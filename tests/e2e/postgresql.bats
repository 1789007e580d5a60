# SPDX-License-Identifier: ISC
#
# examples/feed-postgresql.sh, with a real PostgreSQL of the test's own that
# listens on a socket only.

load lib.bash

# PostgreSQL does not run as root.  No function, so that what is launched is
# the process to be stopped.
AS_USER=()
[ "$(id -u)" != 0 ] ||
    AS_USER=(setpriv --reuid=65534 --regid=65534 --clear-groups)

postgres_bin() {
	local directory
	for directory in /usr/lib/postgresql/*/bin; do
		[ ! -x "$directory/initdb" ] || echo "$directory"
	done | tail -n 1
}

sql() {	# statement
	"${AS_USER[@]}" psql -X -q -A -t -h "$WORK" -U feeder -d postgres \
	    -c "$1"
}

is_up() {
	sql 'SELECT 1' >/dev/null 2>&1
}

start_postgres() {
	"${AS_USER[@]}" "$BIN/initdb" -D "$WORK/data" -U feeder -A trust -N \
	    -E UTF8 --locale=C.UTF-8 >"$WORK/initdb.log" 2>&1 || return 1
	launch postgres "${AS_USER[@]}" "$BIN/postgres" -D "$WORK/data" \
	    -k "$WORK" -h '' -F
	until_true 20 is_up
}

setup_file() {
	export BIN
	BIN=$(postgres_bin)
	mkdir "$WORK"
	: >"$WORK/pids"
	[ -n "$BIN" ] || return 0
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." \
	    "$BATS_FILE_TMPDIR" 2>/dev/null
	install -m 755 "$SOURCE/examples/feed-postgresql.sh" "$WORK/feed"
	[ "$(id -u)" != 0 ] || chown 65534:65534 "$WORK"
	start_postgres || { show_logs; return 1; }
}

teardown_file() {
	stop_all
}

# The table is that of the example's own head.
setup() {
	[ -n "$BIN" ] || skip 'no PostgreSQL is installed'
	SAMPLE=$BATS_TEST_TMPDIR/sample
	"$CTL" sample pipeline_run_error >"$SAMPLE"
	export PELIHOOK_ID=01a20a43-1111-7222-8333-444455556666
	export PELIHOOK_RECEIVED=2026-01-02T03:04:05.678Z
	export PELIHOOK_EVENT=pipeline_run_error PELIHOOK_OUTCOME=failure
	sql 'DROP TABLE IF EXISTS peliqan_event' 2>/dev/null
	sql "$(sed -n '/CREATE TABLE/,/);/s/^#//p' "$WORK/feed")"
}

feed() {	# the payload on stdin
	run "${AS_USER[@]}" env PGHOST="${HOST:-$WORK}" PGUSER=feeder \
	    PGDATABASE=postgres "$WORK/feed"
	echo "$output"
}

stored() {	# what was sent is in the one row there is
	sql 'SELECT payload FROM peliqan_event' | jq -S . |
	    cmp - <(jq -S . "$SAMPLE")
}

@test "feed-postgresql.sh keeps an event once, whoever brings it again" {
	local i
	for i in 1 2 3; do
		feed <"$SAMPLE"
		[ "$status" -eq 0 ]
	done
	[ "$(sql 'SELECT event, outcome, id FROM peliqan_event')" = \
	    "pipeline_run_error|failure|$PELIHOOK_ID" ]
	[ "$(sql "SELECT received = '$PELIHOOK_RECEIVED' FROM peliqan_event")" \
	    = t ]
	stored
}

@test "feed-postgresql.sh takes quotes, backslashes and a megabyte" {
	jq -n -c '{odd: "'\''; DROP TABLE peliqan_event; -- \\ $1 :'\''id'\'' `id`",
	    long: ("x" * 1000000)}' >"$SAMPLE"
	PELIHOOK_EVENT="o'dd" feed <"$SAMPLE"
	[ "$status" -eq 0 ]
	[ "$(sql 'SELECT event FROM peliqan_event')" = "o'dd" ]
	stored
}

@test "feed-postgresql.sh: an event without an outcome has none there" {
	PELIHOOK_OUTCOME='' feed <"$SAMPLE"
	[ "$status" -eq 0 ]
	[ "$(sql 'SELECT outcome IS NULL FROM peliqan_event')" = t ]
}

@test "feed-postgresql.sh: what the database cannot take is a bad event" {
	printf '{"nul": "\\u0000"}' >"$SAMPLE"
	feed <"$SAMPLE"
	[ "$status" -eq 65 ]
	[ "$(sql 'SELECT count(*) FROM peliqan_event')" = 0 ]
}

@test "feed-postgresql.sh: no table, no server: another try" {
	sql 'DROP TABLE peliqan_event'
	feed <"$SAMPLE"
	[ "$status" -eq 75 ]
	HOST=$BATS_TEST_TMPDIR feed <"$SAMPLE"
	[ "$status" -eq 75 ]
}
