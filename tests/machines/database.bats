# SPDX-License-Identifier: ISC
#
# A database that dies, is away, moves, stands behind a pooler, or is not what
# it has to be.

load site.bash

setup_file() {
	[ -z "${MACHINES_SQLITE:-}" ] || return 0
	site_up one two
	[ -s "$WORK/impossible" ] || network_address 10.77.0.2
}

teardown_file() {
	site_down
}

setup() {
	[ -z "${MACHINES_SQLITE:-}" ] || skip 'PostgreSQL alone'
	site_ready one two
}

teardown() {
	site_rest
}

takes_one_more() {
	accepted one key=z 2>/dev/null
}

# check MACHINE: sets status and output.
check() {
	run ctl "$1" check
	echo "$output"
}

# ---- It dies ----------------------------------------------------------------------

@test "the database is killed under load: what was accepted is run" {
	local round
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=6 w=10
	for round in $(seq "$(rounds 2 10)"); do
		answered_more 20 queued
		database_kill main
		answered_more 1 503
		database_start main
	done
	answered_more 5 queued
	load_ends
	all_is_well concurrency=3
}

@test "the database is restarted in the middle of a command: it runs on, once" {
	serve one two
	accepted one key=a w=2000
	begins "$N"
	database_restart main fast
	all_is_well concurrency=1 once=1
}

@test "the database is away at the start: 503 with Retry-After, and then it serves" {
	database_kill main
	serve one
	send one
	[ "$STATUS" = 503 ]
	tail -n 1 "$SHARED/answers" | jq -e '.after > 0'
	database_start main
	until_true 60 takes_one_more
	all_is_well once=1
}

@test "the database is away for pelihook.cgi: 503, and then it is taken" {
	serve_cgi one
	database_kill main
	send "$(http one)"
	[ "$STATUS" = 503 ]
	database_start main
	accepted "$(http one)"
	all_is_well once=1
}

@test "a synchronous standby takes over under load, and nothing is lost" {
	rm -rf "$DATABASES/second"
	database_standby second main 10.77.0.2 5433
	JOURNAL=postgresql://pelihook@$DATABASE:5432,10.77.0.2:5433/pelihook
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=6 w=10
	answered_more 20 queued
	database_kill main
	answered_more 1 503
	database_promote second
	answered_more 20 queued
	load_ends
	all_is_well concurrency=3
}

@test "of two hosts the one that can be written to is taken, whichever comes first" {
	rm -rf "$DATABASES/second"
	database_standby second main 10.77.0.2 5433
	JOURNAL=postgresql://pelihook@10.77.0.2:5433,$DATABASE:5432/pelihook
	configure </dev/null
	serve one
	accepted one
	all_is_well once=1
}

# ---- A pooler -------------------------------------------------------------------------

@test "a pooler that does not keep sessions is refused" {
	pooler_start mixing main transaction "$DATABASE" 6433
	JOURNAL=$(database_uri mixing) configure </dev/null
	check one
	[ "$status" -eq 78 ]
	[[ $output == *pool* ]]
	[[ $output == *session* ]]
	run ctl one drain
	[ "$status" -ne 0 ]
}

@test "a pooler that keeps sessions is accepted" {
	pooler_start keeping main session "$DATABASE" 6432
	JOURNAL=$(database_uri keeping) configure </dev/null
	check one
	[ "$status" -eq 0 ]
	serve one two
	sender send.py many "$(sockets one two)" 30 keys=3
	all_is_well concurrency=1 once=1
}

# ---- What it has to be -----------------------------------------------------------------

# The schema's version, wherever it is kept.
version_column() {
	database_sql main "SELECT format('%I.%I', table_name, column_name)
	    FROM information_schema.columns
	    WHERE table_schema = 'public' AND
		(column_name LIKE '%schema%' OR column_name = 'version')
	    ORDER BY 1 LIMIT 1"
}

@test "a journal of a newer version is refused, and left as it is" {
	local place
	serve one
	accepted one
	all_is_well
	stop_fcgi one
	place=$(version_column)
	[ -n "$place" ]
	database_sql main "UPDATE ${place%.*} SET ${place#*.} =
	    ${place#*.} + 1000"
	check one
	[ "$status" -ne 0 ]
	[[ $output == *newer* ]]
	run ctl one list
	[ "$status" -ne 0 ]
	[ "$(database_sql main "SELECT ${place#*.} > 1000
	    FROM ${place%.*}")" = t ]
}

restrict() {
	database_sql main 'REVOKE ALL ON SCHEMA public FROM PUBLIC, pelihook'
	database_sql main 'GRANT USAGE ON SCHEMA public TO PUBLIC'
	[ "$(database_sql main "SELECT count(*) FROM pg_roles
	    WHERE rolname = 'visitor'")" = 1 ] ||
	    database_sql main 'CREATE ROLE visitor LOGIN'
}

@test "a user who may make no tables is told what an administrator can do" {
	restrict
	JOURNAL=$(database_uri main visitor) configure </dev/null
	check one
	[ "$status" -ne 0 ]
	[[ $output == *'pelihookctl schema'* ]]
	launch_fcgi one
	send one || :
	[ "${STATUS:--}" != 202 ]
}

@test "a user who may make no tables works with those that an administrator made" {
	restrict
	JOURNAL=$(database_uri main visitor) configure </dev/null
	ctl one schema >"$WORK/schema.sql"
	database_script main <"$WORK/schema.sql"
	database_sql main 'GRANT SELECT, INSERT, UPDATE, DELETE
	    ON ALL TABLES IN SCHEMA public TO visitor'
	database_sql main 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public
	    TO visitor'
	check one
	[ "$status" -eq 0 ]
	serve one two
	sender send.py many "$(sockets one two)" 30 keys=3
	all_is_well concurrency=1 once=1
}

@test "check warns of a database that does not keep what it says" {
	database_sql main 'ALTER ROLE pelihook SET synchronous_commit = off'
	check one
	database_sql main 'ALTER ROLE pelihook RESET synchronous_commit'
	[ "$status" -eq 0 ]
	[[ $output == *synchronous_commit* ]]
	check one
	[[ $output != *synchronous_commit* ]]
}

@test "check warns that events are answered 503 while the database is away" {
	check one
	[ "$status" -eq 0 ]
	[[ $output == *'while the database is away are answered 503'* ]]
}
