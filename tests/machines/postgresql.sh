# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# Sourced by tests that need PostgreSQL: servers of the test's own, of Debian's
# package, each in a directory of its own.
#
#	DATABASES=DIRECTORY	where they are; an ordinary user has to get there
#	DATABASE_NETWORK=PID	whose network namespace they are in; else ours
#	databases_prepare
#	database_create one [ADDRESS [PORT [SETTING...]]]
#	database_start one
#	...
#	databases_down		stops exactly what was started
#
# Each has the role and the database `pelihook` (UTF8, C locale), trusts
# whoever can reach it, and listens on ADDRESS (127.0.0.1) and on a socket in
# its directory.  What is on the disk survives what kills it: fsync is on,
# unless a SETTING says otherwise.

: "${DATABASE_NETWORK:=}"

postgresql_bin() {	# the newest, or nothing
	for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5n)
	do
		[ ! -x "$bin/initdb" ] || echo "$bin"
	done | tail -n 1
}

# Runs as the user whom PostgreSQL accepts.  No more than prefixes that become
# the program, so that what is started in the background is what is stopped.
database_user() {	# word...
	if [ "$(id -u)" -ne 0 ]; then
		exec "$@"
	fi
	set -- setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
	if [ -n "$DATABASE_NETWORK" ]; then
		set -- nsenter --net="/proc/$DATABASE_NETWORK/ns/net" "$@"
	fi
	exec "$@"
}

as_database_user() {	# word...
	(cd "$DATABASES" && database_user "$@")
}

databases_prepare() {
	POSTGRESQL=$(postgresql_bin)
	[ -n "$POSTGRESQL" ] || {
		echo 'no PostgreSQL under /usr/lib/postgresql' >&2
		return 1
	}
	export POSTGRESQL DATABASES DATABASE_NETWORK
	mkdir -p "$DATABASES" && : >"$DATABASES/started"
	chmod 755 "$DATABASES"
	[ "$(id -u)" -ne 0 ] || chown postgres "$DATABASES"
}

# A port of 127.0.0.1 that nobody has now.
database_free_port() {
	perl -MIO::Socket::INET -e '
		print IO::Socket::INET->new(Listen => 1,
		    LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

# Waits with a bound, in tenths of a second.
database_until() {	# tenths command...
	tenths=$1
	shift
	while ! "$@"; do
		tenths=$((tenths - 1))
		[ "$tenths" -gt 0 ] || return 1
		sleep 0.1
	done
}

process_is_gone() {	# pid
	gone_state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) ||
	    return 0
	[ -z "$gone_state" ] || [ "$gone_state" = Z ]
}

# ---- One server ---------------------------------------------------------------

database_place() {	# name address port
	# shellcheck disable=SC2016
	as_database_user sh -c 'printf "%s\n" "$2" >"$1.address" &&
	    printf "%s\n" "$3" >"$1.port"' sh "$DATABASES/$1" "$2" "$3"
}

database_address() {	# name
	cat "$DATABASES/$1.address"
}

database_port() {	# name
	cat "$DATABASES/$1.port"
}

# The last of equal settings counts.
database_set() {	# name setting...
	set_name=$1
	shift
	# shellcheck disable=SC2016
	as_database_user sh -c '
		file=$1
		shift
		printf "%s\n" "$@" >>"$file"' sh \
	    "$DATABASES/$set_name/postgresql.conf" "$@"
}

database_where() {	# name address port
	database_place "$1" "$2" "$3" &&
	    database_set "$1" "listen_addresses = '$2'" "port = $3" \
		"unix_socket_directories = '$DATABASES'"
}

database_create() {	# name [address [port [setting...]]]
	name=$1
	address=${2:-127.0.0.1}
	port=${3:-$(database_free_port)}
	shift $(($# < 3 ? $# : 3))
	# shellcheck disable=SC2016
	as_database_user "$POSTGRESQL/initdb" -D "$DATABASES/$name" \
	    -U postgres -A trust -N -E UTF8 --locale=C \
	    >"$DATABASES/$name.log" 2>&1 &&
	    database_where "$name" "$address" "$port" &&
	    database_set "$name" 'shared_buffers = 32MB' \
		"log_line_prefix = '%m [%p] %u@%h '" "$@" &&
	    as_database_user sh -c 'printf "host %s all all trust\n" \
		all replication >>"$1"' sh "$DATABASES/$name/pg_hba.conf"
}

# Its output is kept beside it.  bats waits for whoever holds descriptor 3.
database_launch() {	# name word...
	launch_name=$1
	shift
	(cd "$DATABASES" && database_user setsid "$@") \
	    >>"$DATABASES/$launch_name.log" 2>&1 </dev/null 3>&- &
	echo $! >"$DATABASES/$launch_name.pid"
	# bash would tell of its end.
	# shellcheck disable=SC3044
	disown "$!" 2>/dev/null || :
	echo "$launch_name" >>"$DATABASES/started"
}

database_pid() {	# name
	cat "$DATABASES/$1.pid"
}

database_is_ready() {	# name
	as_database_user "$POSTGRESQL/pg_isready" -q -h "$DATABASES" \
	    -p "$(database_port "$1")"
}

database_is_ready_or_gone() {	# name
	process_is_gone "$(database_pid "$1")" || database_is_ready "$1"
}

database_start() {	# name
	database_launch "$1" "$POSTGRESQL/postgres" -D "$DATABASES/$1"
	if ! database_until 300 database_is_ready_or_gone "$1" ||
	    process_is_gone "$(database_pid "$1")"; then
		tail -n 30 "$DATABASES/$1.log" >&2
		return 1
	fi
	[ -e "$DATABASES/$1/standby.signal" ] || database_furnish "$1"
}

# A server that was killed, and is started again, has them.
database_furnish() {	# name
	[ "$(database_sql "$1" "SELECT count(*) FROM pg_database
	    WHERE datname = 'pelihook'" postgres)" = 0 ] || return 0
	database_sql "$1" 'CREATE ROLE pelihook LOGIN' postgres &&
	    database_fresh "$1"
}

# A database without a table, whoever is connected to the one there was.
database_fresh() {	# name
	database_sql "$1" 'DROP DATABASE IF EXISTS pelihook WITH (FORCE)' \
	    postgres &&
	    database_sql "$1" "CREATE DATABASE pelihook OWNER pelihook
		ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'
		TEMPLATE template0" postgres
}

# database_sql NAME STATEMENT [DATABASE [USER]]: what it answers, a line a row.
database_sql() {
	as_database_user psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$DATABASES" \
	    -p "$(database_port "$1")" -U "${4:-postgres}" \
	    -d "${3:-pelihook}" -c "$2" 2>>"$DATABASES/psql.log"
}

# The same with a script on standard input.
database_script() {	# name [database [user]]
	as_database_user psql -X -q -v ON_ERROR_STOP=1 -h "$DATABASES" \
	    -p "$(database_port "$1")" -U "${3:-postgres}" \
	    -d "${2:-pelihook}" -f - 2>>"$DATABASES/psql.log"
}

database_uri() {	# name [user]
	printf 'postgresql://%s@%s:%s/pelihook\n' "${2:-pelihook}" \
	    "$(database_address "$1")" "$(database_port "$1")"
}

# ---- How it ends --------------------------------------------------------------

# All of it at once, as if the power were cut.  It is stopped first, so that it
# makes no process meanwhile.
database_kill() {	# name
	kill_pid=$(database_pid "$1")
	process_is_gone "$kill_pid" && return 0
	kill -STOP "$kill_pid" || return 1
	# Numbers have no blanks.
	# shellcheck disable=SC2046
	kill -KILL $(ps -o pid= --ppid "$kill_pid") "$kill_pid"
	database_until 100 process_is_gone "$kill_pid" || return 1
	# Where nobody has waited for it yet it would seem to be there still.
	rm -f "$DATABASES/$1/postmaster.pid" \
	    "$DATABASES/.s.PGSQL.$(database_port "$1").lock"
}

database_stop() {	# name [fast|immediate]
	stop_pid=$(database_pid "$1")
	process_is_gone "$stop_pid" && return 0
	case ${2:-fast} in
	immediate) kill -QUIT "$stop_pid" ;;
	*) kill -INT "$stop_pid" ;;
	esac
	database_until 300 process_is_gone "$stop_pid" ||
	    { database_kill "$1"; return 1; }
}

database_restart() {	# name [fast|immediate]
	database_stop "$@" && database_start "$1"
}

# ---- A standby ----------------------------------------------------------------

database_is_synchronous() {	# name standby
	[ "$(database_sql "$1" "SELECT sync_state FROM pg_stat_replication
	    WHERE application_name = '$2'" postgres)" = sync ]
}

# database_standby STANDBY PRIMARY [ADDRESS [PORT]]: whose commits wait for it.
database_standby() {
	standby=$1
	primary=$2
	set -- "${3:-127.0.0.1}" "${4:-$(database_free_port)}"
	as_database_user "$POSTGRESQL/pg_basebackup" -R -X stream -c fast \
	    -D "$DATABASES/$standby" -d "host=$(database_address "$primary") \
port=$(database_port "$primary") user=postgres application_name=$standby" \
	    >"$DATABASES/$standby.log" 2>&1 || {
		cat "$DATABASES/$standby.log" >&2
		return 1
	}
	database_where "$standby" "$@" && database_start "$standby" &&
	    database_sql "$primary" "ALTER SYSTEM SET
		synchronous_standby_names = 'FIRST 1 ($standby)'" postgres &&
	    database_sql "$primary" 'SELECT pg_reload_conf()' postgres \
		>/dev/null &&
	    database_until 300 database_is_synchronous "$primary" "$standby"
}

database_promote() {	# name
	as_database_user "$POSTGRESQL/pg_ctl" promote -s -w \
	    -D "$DATABASES/$1" >>"$DATABASES/$1.log" 2>&1
}

# ---- A pooler -----------------------------------------------------------------

pooler_answers() {	# name
	process_is_gone "$(database_pid "$1")" ||
	    as_database_user "$POSTGRESQL/pg_isready" -q -h "$DATABASES" \
		-p "$(database_port "$1")"
}

# pooler_start NAME DATABASE transaction|session [ADDRESS [PORT]]
pooler_start() {
	set -- "$1" "$2" "$3" "${4:-127.0.0.1}" "${5:-$(database_free_port)}"
	database_place "$1" "$4" "$5" || return 1
	as_database_user tee "$DATABASES/$1.ini" >/dev/null <<-END
	[databases]
	pelihook = host=$(database_address "$2") port=$(database_port "$2")
	[pgbouncer]
	listen_addr = $4
	listen_port = $5
	unix_socket_dir = $DATABASES
	auth_type = trust
	auth_file = $DATABASES/$1.users
	pool_mode = $3
	END
	as_database_user tee "$DATABASES/$1.users" >/dev/null <<-END
	"pelihook" ""
	"postgres" ""
	END
	database_launch "$1" "$(command -v pgbouncer || echo /usr/sbin/pgbouncer)" \
	    "$DATABASES/$1.ini"
	if ! database_until 100 pooler_answers "$1" ||
	    process_is_gone "$(database_pid "$1")"; then
		tail -n 20 "$DATABASES/$1.log" >&2
		return 1
	fi
}

# ---- The end ------------------------------------------------------------------

# Last started, first stopped.
databases_down() {
	[ -e "$DATABASES/started" ] || return 0
	for down in $(tac "$DATABASES/started"); do
		# Of one that was started twice the last process counts.
		database_kill "$down"
	done
	: >"$DATABASES/started"
}
