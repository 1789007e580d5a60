# SPDX-License-Identifier: ISC
#
# What people see of a journal on PostgreSQL: what pelihookctl check says of
# the database, pelihook.fcgi while the database is away, and what pelihook.cgi
# loads.  The server is the test's own, on 127.0.0.1.

bats_require_minimum_version 1.5.0

setup_file() {
	load ../machines/postgresql.sh
	export DATABASES=$BATS_FILE_TMPDIR/databases
	[ -n "$(postgresql_bin)" ] || return 0
	# An ordinary user has to get there.
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." \
	    "$BATS_FILE_TMPDIR" 2>/dev/null
	databases_prepare || return 1
	database_create main 127.0.0.1 "$(database_free_port)" \
	    'max_prepared_transactions = 3' || return 1
	{
		echo 'host all locked 127.0.0.1/32 scram-sha-256'
		cat "$DATABASES/main/pg_hba.conf"
	} >"$BATS_FILE_TMPDIR/hba"
	cat "$BATS_FILE_TMPDIR/hba" >"$DATABASES/main/pg_hba.conf"
	database_start main || return 1
	database_sql main "CREATE ROLE locked LOGIN PASSWORD 'right'" postgres &&
	    database_sql main 'CREATE ROLE guest LOGIN' postgres
}

teardown_file() {
	load ../machines/postgresql.sh
	databases_down
}

setup() {
	load ctl_lib.sh
	load ../machines/postgresql.sh
	[ -n "$(postgresql_bin)" ] || skip 'no PostgreSQL is installed'
	ctl_begin
	needs_postgresql
	database_start_again
	database_fresh main
	: >"$T/pids"
	make_shared pelihook
}

teardown() {
	local pid
	for pid in $(cat "$T/pids" 2>/dev/null); do
		kill "$pid" 2>/dev/null
		database_until 100 process_is_gone "$pid" ||
		    kill -KILL "$pid"
	done
	ctl_end
}

# Some tests stop it.
database_start_again() {
	database_is_ready main || database_start main
}

# The configuration of a hook with a shared journal. (user, or URI)
make_shared() {
	local uri=$1
	[[ $uri == postgresql:* ]] || uri=$(database_uri main "$1")
	make_conf <<-EOF
		dedupe body
		on * run /bin/cat
	EOF
	sed -i "1i journal $uri" "$conf"
}

# The user of make_shared may do nothing but what it is granted.
make_tables() {	# [user]
	"$PELIHOOKCTL" schema | database_script main pelihook "${1:-pelihook}"
}

away="answered 503, with Retry-After"

# ---- What check says -----------------------------------------------------

@test "check connects to a shared journal, makes nothing there, and warns of 503" {
	run -0 --separate-stderr ctl check
	[[ $output == *"  journal      postgresql://pelihook@"* ]]
	[[ $stderr == *"warning: $conf:1: events that come while the database \
is away are $away"* ]]
	[[ $stderr != *" off: "* && $stderr != *transaction* ]]
	[ -z "$(database_sql main "SELECT to_regclass('journal')")" ]
	make_tables
	run -0 ctl check
}

@test "check warns of a database that may forget what was answered 2xx" {
	make_tables
	database_sql main 'ALTER ROLE pelihook SET synchronous_commit = off'
	run -0 ctl check
	database_sql main 'ALTER ROLE pelihook RESET synchronous_commit'
	[[ $output == *"warning: $conf:1: \`synchronous_commit' of the \
database is off: events that were answered 2xx are lost"* ]]
	[[ $output != *fsync* ]]

	database_set main 'fsync = off' 'full_page_writes = off'
	database_sql main 'SELECT pg_reload_conf()'
	database_until 100 says_off
	run -0 ctl check
	database_set main 'fsync = on' 'full_page_writes = on'
	database_sql main 'SELECT pg_reload_conf()'
	[[ $output == *"warning: $conf:1: \`fsync' of the database is off: "* ]]
	[[ $output == *"warning: $conf:1: \`full_page_writes' of the "* ]]
	[[ $output != *synchronous_commit* ]]
}

says_off() {
	[ "$(database_sql main 'SHOW full_page_writes')" = off ]
}

# Of PostgreSQL's own, with hours added to what they say.
make_hours_pass() {
	database_script main <<-'EOF'
		CREATE SCHEMA later;
		CREATE VIEW later.pg_stat_activity AS SELECT datname, usename,
		    pid, application_name, backend_type,
		    xact_start - interval '61 minutes' AS xact_start
		    FROM pg_catalog.pg_stat_activity;
		CREATE VIEW later.pg_prepared_xacts AS SELECT gid, owner,
		    database, prepared - interval '61 minutes' AS prepared
		    FROM pg_catalog.pg_prepared_xacts;
		GRANT USAGE ON SCHEMA later TO PUBLIC;
		GRANT SELECT ON ALL TABLES IN SCHEMA later TO PUBLIC;
		ALTER ROLE pelihook IN DATABASE pelihook
		    SET search_path = later, pg_catalog, public;
	EOF
}

begin_transaction() {	# user name
	(cd "$DATABASES" &&
	    PGAPPNAME=$2 exec psql -X -q -h 127.0.0.1 -U "$1" -d pelihook \
		-p "$(database_port main)" -c BEGIN \
		-c "SELECT pg_sleep(60)") >/dev/null 2>&1 3>&- &
	echo $! >>"$T/pids"
	database_until 100 is_in_transaction "$2"
}

is_in_transaction() {	# name
	[ "$(database_sql main "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = '$1' AND xact_start IS NOT NULL")" = 1 ]
}

@test "check warns of transactions that are open for over an hour, and whose" {
	make_tables
	begin_transaction pelihook hers
	begin_transaction guest another
	database_script main pelihook guest <<-'EOF'
		BEGIN; PREPARE TRANSACTION 'it''s left';
	EOF
	run -0 ctl check
	[[ $output != *transaction* ]]
	make_hours_pass
	run -0 ctl check
	[[ $output == *"warning: $conf:1: a transaction of pelihook (hers) has \
been open in the database since "[0-9]*Z": "*"pg_terminate_backend("* ]]
	[[ $output == *"a transaction of guest (prepared) has been open in the \
database since "*": ROLLBACK PREPARED 'it''s left'"* ]]
	# What another user does may not be seen by all.
	[[ $output != *another* ]]
	database_sql main 'GRANT pg_read_all_stats TO pelihook'
	run -0 ctl check
	database_sql main 'REVOKE pg_read_all_stats FROM pelihook'
	[[ $output == *"a transaction of guest (another) "* ]]
	database_script main pelihook guest <<-'EOF'
		ROLLBACK PREPARED 'it''s left';
	EOF
}

cannot_be_used() {	# what output says
	run -78 ctl check
	[[ $output == *"$1"* ]]
	[[ $output == *"$conf:1: the journal cannot be used, for the reason \
above"* ]]
}

@test "check: a database that cannot be reached or does not let us in is an error" {
	local uri port
	uri=$(database_uri main)
	port=$(database_free_port)
	make_shared "postgresql://pelihook@127.0.0.1:$port/pelihook"
	cannot_be_used "port $port failed: Connection refused"
	make_shared "${uri%/*}/nowhere"
	cannot_be_used 'database \"nowhere\" does not exist'
	make_shared nobody_of_that_name
	cannot_be_used 'role \"nobody_of_that_name\" does not exist'
	make_shared "$uri?nonsense=1"
	cannot_be_used 'invalid URI query parameter'
	make_shared "$uri?service=none"
	cannot_be_used 'definition of service \"none\" not found'
}

@test "check: a passfile that does not help is said to be why" {
	local uri
	uri="$(database_uri main locked)?passfile=$T/pass"
	database_sql main 'GRANT CREATE ON SCHEMA public TO locked'
	make_shared "$uri"
	cannot_be_used 'no password was found: has the passfile a line'
	make_secret pass "127.0.0.1:*:pelihook:locked:wrong"
	cannot_be_used 'password authentication failed'
	[[ $output != *wrong* ]]
	make_secret pass "127.0.0.1:*:pelihook:locked:right"
	run -0 ctl check
	chmod 640 "$T/pass"
	cannot_be_used 'mode 0600'
}

@test "check: a user without rights on the tables is told what to grant" {
	make_shared guest
	cannot_be_used 'its tables cannot be made: let its user create tables'
	[[ $output == *'permission denied for schema public'* ]]
	make_tables
	cannot_be_used 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest'
	database_sql main 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest'
	cannot_be_used 'may not read and write the tables actions, attempts, '
	database_sql main "$(sed -n 's/.*: \(GRANT .* TO guest\).*/\1/p' \
	    <<<"$output")"
	run -0 ctl check
	# They are enough for an event.
	printf '{"event":"pipeline_run_error"}' >"$T/body"
	ctl sign peliqan <"$T/body" >"$T/headers"
	[ "$(post peliqan "$T/body" "$T/headers")" = 202 ]
	run -0 ctl list
	[[ $output == *pipeline_run_error* ]]
}

@test "check: tables of a newer release, or of something else, are an error" {
	make_tables
	database_sql main 'UPDATE journal SET version = version + 1'
	cannot_be_used 'was made by a newer release'
	run -78 ctl list
	[[ $output == *'was made by a newer release'* ]]
	database_fresh main
	database_sql main 'CREATE TABLE events(number int)'
	cannot_be_used 'give pelihook a database of its own'
	database_sql main 'CREATE TABLE journal(version text)'
	database_sql main 'GRANT ALL ON journal TO pelihook'
	cannot_be_used 'its table journal is that of no journal'
}

@test "check: another encoding than UTF8 is an error that says what to make" {
	database_sql main "CREATE DATABASE latin ENCODING 'LATIN1'
	    LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0" postgres
	make_shared "$(database_uri main | sed 's,/pelihook$,/latin,')"
	cannot_be_used "has the encoding LATIN1: make one with ENCODING 'UTF8'"
	database_sql main 'DROP DATABASE latin' postgres
}

@test "check: without libpq it is said what to install" {
	mkdir "$T/lib"
	: >"$T/lib/libpq.so.5"
	LD_LIBRARY_PATH=$T/lib cannot_be_used \
	    'install the Debian package libpq5'
}

@test "examples/shared.conf is good, but for its names" {
	make_secret peliqan.secret 0123456789abcdef
	make_secret pgpass "127.0.0.1:*:pelihook:pelihook:unused"
	make_command log-event </dev/null
	sed -e "s|db1[^/]*/|127.0.0.1:$(database_port main)/|" \
	    -e 's|&sslmode=[^"]*||' -e "s|/etc/pelihook|$T|" \
	    -e "s|/usr/local/bin|$T|" \
	    "$BATS_TEST_DIRNAME/../../examples/shared.conf" >"$conf"
	run -0 ctl check
	[[ $output == *"  lease        1m"* ]]
}

# ---- Words that use it ---------------------------------------------------

@test "a database that is away ends words with 74, purge --compact has nothing to do" {
	make_tables
	run -0 ctl purge --compact
	[[ $output == *"the journal is in a database, which gives room back by \
itself"* ]]
	database_stop main
	for words in list stats "retry --dead" drain purge pipelines; do
		run -74 ctl $words
		[[ $output == *'Connection refused'* ]]
	done
}

# ---- pelihook.fcgi and pelihook.cgi --------------------------------------

# post_fcgi: an event of its own; prints the status and Retry-After.
post_fcgi() {
	SHARED=$T PYTHONPATH=$BATS_TEST_DIRNAME/../cases python3 - \
	    "$T/run/sock" "$T/secret" <<-'EOF'
		import hashlib, hmac, re, socket, sys, uuid
		import fastcgi
		body = b'{"event":"x","n":"%s"}' % uuid.uuid4().hex.encode()
		key = open(sys.argv[2], "rb").read().strip()
		mac = hmac.new(key, body, hashlib.sha256).hexdigest()
		client = socket.socket(socket.AF_UNIX)
		client.settimeout(20)
		client.connect(sys.argv[1])
		client.sendall(fastcgi.head([
		    ("REQUEST_METHOD", "POST"), ("PATH_INFO", "/peliqan"),
		    ("CONTENT_LENGTH", str(len(body))),
		    ("HTTP_X_SIGNATURE", "sha256=" + mac)]) +
		    fastcgi.stream(fastcgi.STDIN, body) +
		    fastcgi.record(fastcgi.STDIN))
		said = b""
		while b"\r\n\r\n" not in said and b"\n\n" not in said:
		    part = client.recv(65536)
		    if not part:
		        break
		    said += part
		status = re.search(rb"Status: (\d+)", said)
		after = re.search(rb"Retry-After: (\d+)", said)
		print((status.group(1) if status else b"200").decode(),
		    after.group(1).decode() if after else "-")
	EOF
}

start_fcgi() {
	mkdir "$T/run"
	[ "$(id -u)" != 0 ] || chown nobody "$T/run"
	# No function, so that what is launched is the process to be stopped.
	local as_user=()
	[ "$(id -u)" != 0 ] || as_user=(setpriv --reuid=nobody
	    --regid=nogroup --clear-groups)
	"${as_user[@]}" "$build/fcgi/pelihook.fcgi" -c "$conf" -s "$T/run/sock" \
	    -j 2 >"$T/fcgi.log" 2>&1 </dev/null 3>&- &
	fcgi=$!
	echo "$fcgi" >>"$T/pids"
	database_until 100 test -S "$T/run/sock" || { cat "$T/fcgi.log"; return 1; }
}

answers() {	# status
	[[ $(post_fcgi) == "$1 "* ]]
}

all_are_done() {
	[[ $(ctl list --json) != *'"state":"queued"'* ]] &&
	    [[ $(ctl list --json) != *'"state":"running"'* ]]
}

@test "pelihook.fcgi starts without its database, answers 503, and comes back by itself" {
	database_stop main
	start_fcgi
	run post_fcgi
	[[ $output == "503 "[1-9]* ]]
	database_start main
	database_until 200 answers 202
	database_until 200 all_are_done
	# The same when it goes away later, and while it reloads.
	database_stop main
	database_until 100 answers 503
	kill -HUP "$fcgi"
	answers 503
	database_start main
	database_until 200 answers 202
	database_until 200 all_are_done
	[[ $(ctl list --json | grep -c '"state":"done"') == 2 ]]
	grep -q 'connected again' "$T/fcgi.log"
	kill "$fcgi"
	database_until 200 process_is_gone "$fcgi"
	[ "$(database_sql main 'SELECT count(*) FROM runners')" = 0 ]
}

@test "pelihook.fcgi -t says of a shared journal what check does" {
	chmod 755 "$T"
	run -0 cgi_user "$build/fcgi/pelihook.fcgi" -t -c "$conf"
	[[ $output == *"warning: $conf:1: events that come while the database \
is away are $away"* ]]
	[[ $output == *"is good"* ]]
	database_stop main
	run -78 cgi_user "$build/fcgi/pelihook.fcgi" -t -c "$conf"
	[[ $output == *"$conf:1: the journal cannot be used"*"is bad"* ]]
}

# What the dynamic loader opens for one event is in $T/loaded. (body)
post_with() {
	local variables
	mapfile -t variables < <(as_variables <"$T/headers")
	cgi_user env -i LD_DEBUG=libs PELIHOOK_CONFIG="$conf" \
	    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
	    PATH_INFO=/peliqan CONTENT_LENGTH="$(wc -c <"$1")" \
	    "${variables[@]}" "$PELIHOOK_CGI" <"$1" 2>"$T/loaded" \
	    >"$T/reply"
	grep -q '^Status: 202' "$T/reply"
}

@test "pelihook.cgi loads libpq for a shared journal, and not for a file" {
	printf '{"event":"x"}' >"$T/body"
	ctl sign peliqan <"$T/body" >"$T/headers"
	post_with "$T/body"
	grep -q 'calling init: .*libpq\.so' "$T/loaded"
	mkdir "$T/journal"
	[ "$(id -u)" != 0 ] || chown nobody "$T/journal"
	make_shared pelihook
	sed -i "1s|.*|journal $T/journal/journal.db|" "$conf"
	post_with "$T/body"
	[ -s "$T/loaded" ]
	! grep -q 'libpq' "$T/loaded"
}
