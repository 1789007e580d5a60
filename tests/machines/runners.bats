# SPDX-License-Identifier: ISC
#
# Runners that end while their commands run: killed, with their machine or
# alone, cut off from the database, or frozen.  Whatever happens, nothing that
# was accepted is lost, no delivery runs twice at once, and keys keep their
# order.

load site.bash

setup_file() {
	site_up one two
}

teardown_file() {
	site_down
}

setup() {
	if [ -n "${MACHINES_SQLITE:-}" ]; then
		site_ready one
	else
		site_ready one two
	fi
}

teardown() {
	site_rest
}

needs_two() {
	[ -z "${MACHINES_SQLITE:-}" ] || skip 'one machine alone with SQLite'
}

# A command that runs on the machine and does not end there.  Sets N.
stays_on_one() {
	serve one
	hold one
	accepted one key=a one.hold=ttttttttt
	begins "$N"
}

ran_again() {	# times
	until_true 60 has_ended "$N" && [ "$(verdict begun "$N")" -ge "$1" ]
}

# ---- Killed ---------------------------------------------------------------------

@test "a runner that is killed: its machine's next one ends the command and runs it again" {
	stays_on_one
	kill_fcgi one
	let_go one
	serve one
	ran_again 2
	all_is_well concurrency=1
	[ "$(verdict runs "$N")" = "$(printf '%s\n' 'one.hold -' 'one 0')" ]
}

@test "a runner that is killed: a drain on its machine ends the command, too" {
	stays_on_one
	kill_fcgi one
	let_go one
	until_true 60 drained one
	all_is_well concurrency=1
}

# A claim may be void only when the lease is over.
drained() {	# machine
	ctl "$1" drain && has_ended "$N"
}

@test "a runner that is killed where another serves: its command ends before it runs again" {
	needs_two
	stays_on_one
	serve two
	kill_fcgi one
	let_go one
	serve one
	ran_again 2
	all_is_well concurrency=1
}

@test "a machine that dies: the other one runs what it had" {
	needs_two
	stays_on_one
	accepted one key=a
	serve two
	machine_kill one
	until_true 60 has_ended 1
	until_true 60 has_ended 2
	[ "$(verdict begun 1)" -ge 2 ]
	all_is_well concurrency=1
	verdict runs 1 | grep -qx 'two 0'
	verdict runs 2 | grep -qx 'two 0'
}

@test "a machine that dies and comes back while nobody else is there runs what it had" {
	needs_two
	stays_on_one
	machine_kill one
	let_go one
	machine_start one
	serve one
	ran_again 2
	all_is_well concurrency=1
}

@test "runners are killed again and again under load" {
	local round
	HOOK='concurrency 3
  order /key' configure </dev/null
	[ -n "${MACHINES_SQLITE:-}" ] || serve two
	serve one
	if [ -n "${MACHINES_SQLITE:-}" ]; then
		load_begins "$(sockets one)" keys=6 w=30
	else
		load_begins "$(sockets one two)" keys=6 w=30
	fi
	for round in $(seq "$(rounds 2 20)"); do
		answered_more 10 queued
		kill_fcgi one
		serve one
	done
	load_ends
	all_is_well concurrency=3
}

@test "a machine dies under load, comes back, and dies again" {
	local round
	needs_two
	long
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=6 w=30
	for round in 1 2 3 4 5; do
		answered_more 10 queued
		machine_kill one
		answered_more 10 queued
		machine_start one
		serve one
	done
	load_ends
	all_is_well concurrency=3
}

# ---- Cut off ----------------------------------------------------------------------

# cut_off WAY: what is cut for longer than the lease.
cut_off() {
	needs_two
	stays_on_one
	serve two
	network_cut one "$1"
	machine_note cut one
	ran_again 2
	verdict runs "$N" | tail -n 1 | grep -qx 'two 0'
	network_restore one
	let_go one
	# Its connections come back by themselves.
	until_true 60 takes_one_more
	all_is_well concurrency=1
}

takes_one_more() {
	accepted one key=b 2>/dev/null
}

@test "a machine that is cut off for longer than the lease ends its command before another runs it" {
	cut_off both
}

@test "a machine whose packets go nowhere ends its command before another runs it" {
	long
	cut_off out
}

@test "a machine that hears nothing ends its command before another runs it" {
	long
	cut_off in
}

@test "a cut that is shorter than the lease ends no command" {
	local began
	needs_two
	serve one
	accepted one key=a w=4000
	begins "$N"
	serve two
	began=$(date +%s%N)
	network_cut one
	# A cut has to last.
	sleep 1
	network_restore one
	[ $((($(date +%s%N) - began) / 1000000)) -lt 1500 ] ||
	    skip 'this machine is too slow for a short cut'
	all_is_well concurrency=1 once=1
	[ "$(verdict runs "$N")" = 'one 0' ]
}

@test "a machine that is cut off answers 503, or what it answered 2xx is run" {
	local way
	needs_two
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=4 w=10
	for way in both ${MACHINES_LONG:+in out both in out}; do
		answered_more 10 queued
		network_cut one "$way"
		answered_more 1 503
		network_restore one
		until_true 60 takes_one_more
	done
	load_ends
	all_is_well concurrency=3
}

# ---- Frozen -------------------------------------------------------------------------

# Its sessions end although nothing there has closed them.
has_no_sessions() {	# machine
	[ "$(database_sql main "SELECT count(*) FROM pg_stat_activity
	    WHERE client_addr = '$(machine_address "$1")'")" = 0 ]
}

@test "a machine that is frozen for longer than two leases loses its session, and its late result is dropped" {
	needs_two
	serve one
	accepted one key=a w=2000
	begins "$N"
	machine_freeze one
	serve two
	until_true 60 has_ended "$N"
	verdict runs "$N" | tail -n 1 | grep -qx 'two 0'
	until_true 60 has_no_runner_session one
	machine_thaw one
	until_true 60 takes_one_more
	all_is_well
	# What the other one wrote is what counts.
	ctl two show "$ID" >/dev/null
	until_true 30 logged one 'level=(warning|error).*(late|dropped|claim)'
}

# Whoever appends may still have one that holds nothing.
has_no_runner_session() {	# machine
	[ "$(database_sql main "SELECT count(*) FROM pg_stat_activity a
	    JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory'
	    WHERE a.client_addr = '$(machine_address "$1")'")" = 0 ]
}

@test "a machine that is frozen while it writes holds up nobody for ever" {
	needs_two
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=4 w=5
	answered_more 10 queued
	machine_freeze one
	load_ends_later
	accepted two key=z
	until_true 60 has_ended "$N"
	machine_thaw one
	load_ends
	until_true 60 takes_one_more
	all_is_well concurrency=0
}

# Its senders wait for the frozen machine, too.
load_ends_later() {
	: >"$SHARED/enough"
}

@test "a machine that is frozen for less than the lease loses nothing" {
	local began
	needs_two
	serve one
	accepted one key=a w=2000
	begins "$N"
	serve two
	began=$(date +%s%N)
	machine_freeze one
	# It has to last.
	sleep 1
	machine_thaw one
	[ $((($(date +%s%N) - began) / 1000000)) -lt 2000 ] ||
	    skip 'this machine is too slow for a short sleep'
	all_is_well concurrency=1 once=1
	[ "$(verdict runs "$N")" = 'one 0' ]
}

# ---- Clocks ---------------------------------------------------------------------------

@test "clocks an hour apart: retries come due by the database's clock" {
	needs_two
	machine_set_clock one 3600
	machine_set_clock two -3600
	serve one two
	accepted one key=a do=7770
	accepted two key=b do=7770
	PATIENCE=30 all_is_well concurrency=1 once=1
	[ "$(verdict runs 1 | wc -l)" = 4 ]
	[ "$(verdict runs 2 | wc -l)" = 4 ]
}

@test "clocks an hour apart: a retry waits for its pause on both" {
	needs_two
	machine_set_clock one 3600
	machine_set_clock two -3600
	HOOK='retry 1h' configure </dev/null
	serve one two
	accepted one do=70
	begins "$N"
	accepted two do=70
	begins "$N"
	accepted two
	until_true 30 has_ended "$N"
	[ "$(verdict begun 1)" = 1 ]
	[ "$(verdict begun 2)" = 1 ]
}

@test "clocks an hour apart: a key is remembered for its window by all" {
	needs_two
	machine_set_clock one 3600
	machine_set_clock two -3600
	HOOK='dedupe /twin
  dedupe-window 10m' configure </dev/null
	serve one two
	accepted two twin=t
	send one twin=t
	[ "$WORD" = duplicate ]
	accepted one twin=u
	send two twin=u
	[ "$WORD" = duplicate ]
	all_is_well order=0 once=1
}

@test "a clock that jumps while its machine runs a command takes no claim away" {
	needs_two
	machine_set_clock one 0
	serve one two
	accepted one key=a w=1500
	begins "$N"
	machine_set_clock one 7200
	accepted two key=a
	all_is_well concurrency=1 once=1
}
