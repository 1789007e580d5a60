# SPDX-License-Identifier: ISC
#
# What the tests of several machines stand on: that these machines are as apart
# as machines are, and that the database dies and comes back.

load site.bash

setup_file() {
	site_up one two
}

teardown_file() {
	site_down
}

setup() {
	[ ! -s "$WORK/impossible" ] || skip "$(cat "$WORK/impossible")"
	[ -z "${MACHINES_SQLITE:-}" ] || skip 'two machines and PostgreSQL'
	fresh_shared
}

teardown() {
	site_rest
}

asks() {	# machine
	machine_user "$1" env PGCONNECT_TIMEOUT=2 psql -X -A -t -q \
	    "postgresql://pelihook@$DATABASE:5432/pelihook" \
	    -c 'SELECT 17' 2>&1
}

answered() {	# machine
	[ "$(asks "$1")" = 17 ]
}

@test "two machines have names, machine-ids and boots of their own" {
	local file
	[ "$(machine_run one uname -n)" = one ]
	[ "$(machine_run two uname -n)" = two ]
	for file in /etc/machine-id /proc/sys/kernel/random/boot_id; do
		[ -n "$(machine_run one cat $file)" ]
		[ "$(machine_run one cat $file)" != "$(cat $file)" ]
		[ "$(machine_run one cat $file)" != \
		    "$(machine_run two cat $file)" ]
	done
	[ "$(machine_run one readlink /proc/self/ns/pid)" != \
	    "$(machine_run two readlink /proc/self/ns/pid)" ]
}

@test "a machine sees none of another's processes and files" {
	local at
	machine_launch one seen sleep 1234.5
	machine_run one ps -eo args | grep -qx 'sleep 1234.5'
	[ -z "$(machine_run two ps -eo args | grep '1234\.5')" ]
	[ "$(machine_run two ps -eo pid= | wc -l)" -le 4 ]
	for at in /tmp /run /dev/shm /var/lib/pelihook; do
		machine_run one touch $at/mine
		[ -z "$(machine_run two find $at/mine 2>/dev/null)" ]
		[ $at = /var/lib/pelihook ] || [ ! -e $at/mine ]
		machine_run one rm $at/mine
	done
	[ -e "$WORK/one/lib" ]
	machine_run one test -e "$SHARED/ledger"
}

@test "a machine's processes end with their number, and are nobody's zombies" {
	machine_launch one seen sleep 1234.5
	machine_has one seen
	machine_signal one seen KILL
	until_true 10 has_no_seen
	[ -z "$(machine_run one ps -eo stat=,args= | grep '^Z')" ]
}

has_no_seen() {
	not machine_has one seen
}

@test "both machines reach the database, from an address each" {
	answered one
	answered two
	machine_user one psql -X -A -t "$(database_uri main)" \
	    -c 'SELECT client_addr FROM pg_stat_activity
		WHERE pid = pg_backend_pid()' |
	    grep -qx "$(machine_address one)"
}

@test "a network that is cut swallows what comes and goes, and nothing else" {
	local way
	for way in both in out; do
		network_cut one $way
		asks one | grep -q 'timeout expired'
		answered two
		network_restore one
		answered one
	done
}

@test "a connection outlives a cut" {
	machine_launch one long psql -X -A -t \
	    "$(database_uri main)" -c 'SELECT pg_sleep(2), 18'
	until_true 10 sleeps
	network_cut one
	until_true 10 sleeps_no_more
	network_restore one
	until_true 30 grep -q '|18' "$WORK/one/long.log"
}

sleeps() {
	[ "$(database_sql main "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")" = 1 ]
}

sleeps_no_more() {
	not sleeps
}

@test "what is frozen does nothing, and goes on when it is thawed" {
	local before
	# shellcheck disable=SC2016
	machine_launch one counts sh -c '
		while sleep 0.01; do date >>/var/lib/pelihook/counts; done'
	until_true 10 test -s "$WORK/one/lib/counts"
	machine_freeze one
	before=$(wc -l <"$WORK/one/lib/counts")
	[ -z "$(states one | grep -v '[TZ]')" ]
	answered two
	[ "$(wc -l <"$WORK/one/lib/counts")" = "$before" ]
	machine_thaw one
	until_true 10 counts_more "$before"
	answered one
	grep -q '^# [0-9]* freeze one$' "$SHARED/ledger"
}

states() {	# machine
	machine_processes "$1" | while read -r pid; do
		sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null
	done
}

counts_more() {
	[ "$(wc -l <"$WORK/one/lib/counts")" -gt "$1" ]
}

@test "a machine that dies tells nobody, and comes back as another boot" {
	local boot id
	boot=$(machine_run two cat /proc/sys/kernel/random/boot_id)
	id=$(machine_run two cat /etc/machine-id)
	machine_launch two long psql -X -A -t \
	    "$(database_uri main)" -c 'SELECT pg_sleep(1), 18' -c 'SELECT 19'
	until_true 10 sleeps
	machine_kill two
	not machine_is_there two
	# Its session is still there when the statement is over.
	until_true 10 sleeps_no_more
	[ "$(database_sql main "SELECT count(*) FROM pg_stat_activity
	    WHERE client_addr = '$(machine_address two)'")" = 1 ]
	machine_start two
	answered two
	[ "$(machine_run two cat /etc/machine-id)" = "$id" ]
	[ "$(machine_run two cat /proc/sys/kernel/random/boot_id)" != "$boot" ]
}

@test "a machine's wall clock may be an hour off, and its others not" {
	local now
	now=$(date +%s)
	machine_set_clock one -3600
	# Words are wanted here.
	# shellcheck disable=SC2046
	[ "$(machine_user one $(machine_clock one) date +%s)" -lt \
	    $((now - 3000)) ]
	[ "$(machine_run two date +%s)" -ge "$now" ]
	rm "$WORK/one/clock"
}

@test "what the database said it keeps is there after kill -9 and a restart" {
	local how
	database_sql main 'CREATE TABLE kept (i integer)'
	for how in kill immediate fast; do
		database_sql main 'INSERT INTO kept VALUES (1)'
		if [ $how = kill ]; then
			database_kill main
		else
			database_stop main $how
		fi
		not answered one
		database_start main
		answered one
	done
	[ "$(database_sql main 'SELECT count(*) FROM kept')" = 3 ]
	database_fresh main
}

@test "a standby has what the primary said it keeps, and takes over" {
	network_address 10.77.0.2
	database_standby second main 10.77.0.2 5433
	database_sql main 'CREATE TABLE kept (i integer)' pelihook pelihook
	database_sql main 'INSERT INTO kept VALUES (1), (2)'
	[ "$(database_sql second 'SELECT pg_is_in_recovery()')" = t ]
	database_kill main
	database_promote second
	[ "$(machine_user one psql -X -A -t -c 'SELECT count(*) FROM kept' \
	    "postgresql://pelihook@10.77.0.1:5432,10.77.0.2:5433/pelihook")" \
	    = 2 ]
	database_sql second 'INSERT INTO kept VALUES (3)'
	database_kill second
}

@test "pgbouncer keeps sessions or does not, as it is told" {
	database_is_ready main || database_start main
	database_sql main 'ALTER SYSTEM RESET synchronous_standby_names'
	database_sql main 'SELECT pg_reload_conf()'
	pooler_start keeping main session 10.77.0.1 6432
	pooler_start mixing main transaction 10.77.0.1 6433
	[ "$(machine_user two psql -X -A -t "$(database_uri keeping)" \
	    -c 'SELECT 20')" = 20 ]
	[ "$(machine_user two psql -X -A -t "$(database_uri mixing)" \
	    -c 'SELECT 21')" = 21 ]
	database_stop keeping
	database_stop mixing
}

# ---- The judge ------------------------------------------------------------------

# An answer: number, key, when it was sent and answered, word, other fields.
answer() {
	local fields="{\"event\":\"e\",\"n\":$1,\"key\":\"$2\"${6:+,$6}}"
	printf '{"hook":"h","fields":%s,"began":%s,"answered":%s,"status":202,"word":"%s","id":"id%s"}\n' \
	    "$fields" "$3" "$4" "$5" "$1" >>"$SHARED/answers"
}

# Runs as tests/model/ledger.c writes them: CLAIM MACHINE NUMBER MS LIVE.
began() {
	echo "S $(($4 * 1000000)) $2 1 h $1 7 1 $3:id$3:1 $5" \
	    >>"$SHARED/ledger"
}

ended() {	# claim ms outcome
	echo "E $(($2 * 1000000)) $1 $3" >>"$SHARED/ledger"
}

blames() {	# what [name=value...]
	local what=$1
	shift
	run verdict judge "$@"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"$what"* ]]
}

@test "the judge has nothing against two events of a key, one after the other" {
	answer 1 a 1 2 queued
	answer 2 a 3 4 queued
	began c1 one 1 10 -
	ended c1 20 0
	began c2 two 2 30 -
	ended c2 40 0
	verdict judge concurrency=1 once=1
	[ "$(verdict left)" = 0 ]
}

@test "the judge misses what was accepted and never ran well" {
	answer 1 a 1 2 queued
	began c1 one 1 10 -
	ended c1 20 7
	[ "$(verdict left)" = 1 ]
	blames 'is lost'
}

@test "the judge sees one delivery twice at once, by locks and by lines" {
	answer 1 a 1 2 queued
	began c1 one 1 10 -
	began c2 two 1 20 c1
	ended c2 30 0
	blames 'twice at once'
	sed -i 's/ c1$/ -/' "$SHARED/ledger"
	verdict judge
	ended c1 40 0
	blames 'twice at once'
	blames 'was run again after it was done' once=1
}

@test "the judge forgives what a machine that was frozen for a lease still had" {
	answer 1 a 1 2 queued
	began c1 one 1 10 -
	echo '# 20000000 freeze one' >>"$SHARED/ledger"
	began c2 two 1 2000 c1
	ended c2 3020 0
	blames 'twice at once' lease=3000
	verdict judge lease=1900
	sed -i 's/freeze one/freeze two/' "$SHARED/ledger"
	blames 'twice at once' lease=1900
}

@test "the judge sees keys whose order is broken, and keys at once" {
	answer 1 a 1 2 queued
	answer 2 a 3 4 queued
	began c2 two 2 10 -
	ended c2 20 0
	began c1 one 1 30 -
	ended c1 40 0
	blames 'began after 2, which is later'
	verdict judge order=0
	: >"$SHARED/ledger"
	began c1 one 1 10 -
	began c2 two 2 20 c1
	ended c1 30 0
	ended c2 40 0
	blames 'two of the key a at once'
}

@test "the judge sees more at once than there may be" {
	answer 1 a 1 2 queued
	answer 2 b 1 2 queued
	began c1 one 1 10 -
	began c2 two 2 20 c1
	ended c1 30 0
	ended c2 40 0
	verdict judge concurrency=2
	blames '2 at once, of 1' concurrency=1
}

@test "the judge sees twins that were both taken, and what ran although it was refused" {
	answer 1 a 1 2 queued '"twin":"t"'
	answer 2 a 1 2 queued '"twin":"t"'
	began c1 one 1 10 -
	ended c1 20 0
	began c2 one 2 30 -
	ended c2 40 0
	blames 'more than one was taken' order=0
	sed -i '2s/queued/duplicate/' "$SHARED/answers"
	blames 'answered duplicate, and ran' order=0
}
