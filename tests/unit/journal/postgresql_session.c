/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../unit.h"

#include "base/clock.h"
#include "journal/postgresql_session.h"

/*
 * With a real server, whose URI is in PELIHOOK_POSTGRESQL: as its user there
 * everything is allowed (tests/unit/postgresql.sh starts one).
 */

enum {
	LONG = 60000, /* ms; nothing takes as long unless it hangs */
	SOON = 300,   /* ms; what is not to come */
};

static const char *
uri(void)
{
	return getenv("PELIHOOK_POSTGRESQL");
}

/* The server's URI with more parameters, of which the last ones count. */
static const char *
uri_with(const char *more)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s%c%s", uri(),
	    strchr(uri(), '?') == NULL ? '?' : '&', more);
	return text;
}

static int64_t
in_time(void)
{
	return clock_steady() + LONG;
}

static struct postgresql_session *
open_with(const struct postgresql_options *options)
{
	struct postgresql_session *session = NULL;
	struct buf error = { 0 };

	if (postgresql_open(options, in_time(), &session, &error) !=
	    POSTGRESQL_FINE)
		print_error("%.*s\n", (int)error.len, error.data);
	assert_non_null(session);
	assert_int_equal(error.len, 0);
	buf_free(&error);
	return session;
}

static struct postgresql_session *
open_one(void)
{
	return open_with(&(struct postgresql_options){ .uri = uri() });
}

/* Fails to, and what is said then. */
static const char *
open_fails(const char *to, int64_t deadline, enum postgresql_end want)
{
	static char text[1024];
	struct postgresql_options options = { .uri = to };
	struct postgresql_session *session = NULL;
	struct buf error = { 0 };

	assert_int_equal(postgresql_open(&options, deadline, &session, &error),
	    want);
	assert_null(session);
	assert_true(error.len > 0);
	bytes_copy(buf_view(&error), text, sizeof(text));
	buf_free(&error);
	return text;
}

static void
run(struct postgresql_session *session, const char *commands)
{
	enum postgresql_end end = postgresql_exec(session, commands, in_time(),
	    NULL);

	if (end != POSTGRESQL_FINE)
		print_error("%s: %s\n", commands, postgresql_message(session));
	assert_int_equal(end, POSTGRESQL_FINE);
}

/* What has one row. */
static struct postgresql_result
one_row(struct postgresql_session *session, const char *text,
    struct journal_values values)
{
	struct postgresql_result result = { 0 };
	enum postgresql_end end = postgresql_query(session, text, values,
	    in_time(), &result);

	if (end != POSTGRESQL_FINE)
		print_error("%s: %s\n", text, postgresql_message(session));
	assert_int_equal(end, POSTGRESQL_FINE);
	assert_int_equal(postgresql_rows(&result), 1);
	return result;
}

static int64_t
number(struct postgresql_session *session, const char *text,
    struct journal_values values)
{
	struct postgresql_result result = one_row(session, text, values);
	int64_t value = postgresql_column_int(&result, 0, 0);

	assert_int_equal(postgresql_column_type(&result, 0, 0),
	    JOURNAL_TYPE_INT);
	postgresql_result_free(&result);
	return value;
}

static void
is_text(struct postgresql_session *session, const char *text,
    struct journal_values values, const char *want)
{
	struct postgresql_result result = one_row(session, text, values);

	assert_int_equal(postgresql_column_type(&result, 0, 0),
	    JOURNAL_TYPE_TEXT);
	assert_int_equal(case_bytes(text,
			     postgresql_column_bytes(&result, 0, 0),
			     bytes_of(want)),
	    0);
	postgresql_result_free(&result);
}

/* ---- Values ----------------------------------------------------------------- */

static void
numbers_come_back_as_they_were_bound(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, 255, -256, INT32_MAX,
		INT32_MIN, INT64_MAX, INT64_MIN };
	struct postgresql_session *session = open_one();

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_int_equal(number(session, "SELECT ?1",
				     BIND(INT(numbers[i]))),
		    numbers[i]);
	postgresql_close(session);
}

static void
numbers_of_all_sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} cases[] = {
		{ "SELECT 32767::int2", 32767 },
		{ "SELECT (-32768)::int2", -32768 },
		{ "SELECT 2147483647::int4", INT32_MAX },
		{ "SELECT (-2147483648)::int4", INT32_MIN },
		{ "SELECT 4294967295::oid", 4294967295 },
		{ "SELECT true", 1 },
		{ "SELECT false", 0 },
		{ "SELECT CAST(sum(x) AS BIGINT) FROM"
		  " (VALUES(1::int8), (2::int8)) AS v(x)",
		    3 },
	};
	struct postgresql_session *session = open_one();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postgresql_result result = { 0 };

		assert_int_equal(number(session, cases[i].text, NO_VALUES),
		    cases[i].number);
		/* And as exec gives them. */
		assert_int_equal(postgresql_exec(session, cases[i].text,
				     in_time(), &result),
		    POSTGRESQL_FINE);
		assert_int_equal(postgresql_column_int(&result, 0, 0),
		    cases[i].number);
		postgresql_result_free(&result);
	}
	postgresql_close(session);
}

static void
texts_come_back_as_they_were_bound(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	is_text(session, "SELECT ?1", BIND(TEXT("")), "");
	is_text(session, "SELECT ?1", BIND(TEXT("it's \\ \"\n")),
	    "it's \\ \"\n");
	is_text(session, "SELECT ?1", BIND(TEXT("\xf0\x9f\x98\x80")),
	    "\xf0\x9f\x98\x80");
	is_text(session, "SELECT ?1::varchar", BIND(TEXT("a")), "a");
	is_text(session, "SELECT 'a'::name", NO_VALUES, "a");
	is_text(session, "SELECT pg_typeof(?1)::text", BIND(TEXT("a")), "text");
	is_text(session, "SELECT pg_typeof(?1)::text || ''", BIND(INT(1)),
	    "bigint");
	postgresql_close(session);
}

static void
a_text_that_is_not_utf8_is_made_so(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	is_text(session, "SELECT ?1 || ?2",
	    BIND(TEXT("caf\xe9"), TEXT("\xed\xa0\x80")),
	    "caf\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	postgresql_close(session);
}

static void
bytes_come_back_as_they_were_bound(void **state)
{
	static const char all[] = "\0\1\xff\\x'\"\0";
	struct postgresql_session *session = open_one();
	struct postgresql_result result = one_row(session, "SELECT ?1, x''",
	    BIND(BYTES(((struct bytes){ all, sizeof(all) }))));

	(void)state;
	assert_int_equal(postgresql_column_type(&result, 0, 0),
	    JOURNAL_TYPE_BYTES);
	assert_int_equal(case_bytes("bytes",
			     postgresql_column_bytes(&result, 0, 0),
			     (struct bytes){ all, sizeof(all) }),
	    0);
	assert_int_equal(postgresql_column_type(&result, 0, 1),
	    JOURNAL_TYPE_BYTES);
	assert_int_equal(postgresql_column_bytes(&result, 0, 1).len, 0);
	postgresql_result_free(&result);
	postgresql_close(session);
}

/* Its type is known all the same. */
static void
null_is_null(void **state)
{
	struct postgresql_session *session = open_one();
	struct postgresql_result result = one_row(session,
	    "SELECT ?1, ?2, pg_typeof(?1)::text, pg_typeof(?2)::text",
	    BIND(TEXT(NULL), BYTES(((struct bytes){ "x", 0 }))));

	(void)state;
	for (int column = 0; column < 2; column++) {
		assert_int_equal(postgresql_column_type(&result, 0, column),
		    JOURNAL_TYPE_NULL);
		assert_null(postgresql_column_bytes(&result, 0, column).data);
		assert_int_equal(postgresql_column_int(&result, 0, column), 0);
	}
	assert_string_equal(postgresql_column_bytes(&result, 0, 2).data,
	    "text");
	assert_string_equal(postgresql_column_bytes(&result, 0, 3).data,
	    "bytea");
	postgresql_result_free(&result);
	postgresql_close(session);
}

static void
a_fraction_is_no_number_of_ours(void **state)
{
	struct postgresql_session *session = open_one();
	struct postgresql_result result = one_row(session,
	    "SELECT 1.5::float8, 1.5::float4, sum(x) FROM (VALUES(1::int8))"
	    " AS v(x)",
	    NO_VALUES);

	(void)state;
	for (int column = 0; column < 3; column++) {
		assert_int_equal(postgresql_column_type(&result, 0, column),
		    JOURNAL_TYPE_FRACTION);
		assert_int_equal(postgresql_column_int(&result, 0, column), 0);
	}
	postgresql_result_free(&result);
	postgresql_close(session);
}

static void
rows_columns_and_changes_are_counted(void **state)
{
	static const char insert[] =
	    "INSERT INTO counted(a, b)"
	    " SELECT x, ?1 FROM generate_series(1, 5) x";
	struct postgresql_session *session = open_one();
	struct postgresql_result result = { 0 };

	(void)state;
	assert_int_equal(postgresql_rows(&result), 0);
	assert_int_equal(postgresql_changed(&result), 0);
	assert_null(postgresql_column_name(&result, 0));
	postgresql_result_free(&result);
	run(session, "CREATE TEMPORARY TABLE counted(a bigint, b bytea)");
	assert_int_equal(postgresql_query(session, insert,
			     BIND(BYTES(LIT("\0x"))), in_time(), &result),
	    POSTGRESQL_FINE);
	assert_int_equal(postgresql_changed(&result), 5);
	assert_int_equal(postgresql_rows(&result), 0);
	postgresql_result_free(&result);
	assert_int_equal(postgresql_query(session,
			     "SELECT a, b FROM counted WHERE a > ?1 ORDER BY a",
			     BIND(INT(2)), in_time(), &result),
	    POSTGRESQL_FINE);
	/* It may outlive its session. */
	postgresql_close(session);
	assert_int_equal(postgresql_rows(&result), 3);
	assert_string_equal(postgresql_column_name(&result, 1), "b");
	assert_null(postgresql_column_name(&result, 2));
	assert_int_equal(postgresql_column_int(&result, 2, 0), 5);
	assert_int_equal(postgresql_column_type(&result, 3, 0),
	    JOURNAL_TYPE_NULL);
	assert_int_equal(postgresql_column_type(&result, 0, 2),
	    JOURNAL_TYPE_NULL);
	postgresql_result_free(&result);
}

/* More than any buffer between here and there holds, both ways. */
static void
much_goes_both_ways(void **state)
{
	enum { MEGABYTES = 24 };
	static const char insert[] = "INSERT INTO much(body) VALUES(?1)";
	struct postgresql_session *session = open_one();
	size_t len = 1 << 20;
	char *body = malloc(len);
	struct postgresql_result result = { 0 };

	(void)state;
	assert_non_null(body);
	memset(body, 0, len);
	run(session, "CREATE TEMPORARY TABLE much(body bytea)");
	for (int i = 0; i < MEGABYTES; i++)
		assert_int_equal(postgresql_send(session, insert,
				     BIND(
					 BYTES(((struct bytes){ body, len })))),
		    POSTGRESQL_FINE);
	assert_int_equal(postgresql_query(session, "SELECT body FROM much",
			     NO_VALUES, in_time(), &result),
	    POSTGRESQL_FINE);
	assert_int_equal(postgresql_rows(&result), MEGABYTES);
	assert_memory_equal(postgresql_column_bytes(&result, MEGABYTES - 1, 0)
				.data,
	    body, len);
	postgresql_result_free(&result);
	postgresql_close(session);
	free(body);
}

/* ---- Statements ------------------------------------------------------------- */

static void
a_text_is_prepared_once_in_a_session(void **state)
{
	static const char insert[] = "INSERT INTO once VALUES(?1)";
	struct postgresql_session *session = open_one();

	(void)state;
	run(session, "CREATE TEMPORARY TABLE once(a bigint)");
	for (int i = 0; i < 10; i++)
		assert_int_equal(postgresql_send(session, insert, BIND(INT(i))),
		    POSTGRESQL_FINE);
	assert_int_equal(postgresql_sync(session, in_time()), POSTGRESQL_FINE);
	assert_int_equal(postgresql_send(session, insert, BIND(INT(10))),
	    POSTGRESQL_FINE);
	assert_int_equal(number(session, "SELECT count(*) FROM once",
			     NO_VALUES),
	    11);
	assert_int_equal(number(session,
			     "SELECT count(*) FROM pg_prepared_statements"
			     " WHERE statement LIKE 'INSERT%'",
			     NO_VALUES),
	    1);
	postgresql_close(session);
}

static void
what_is_sent_is_done_before_what_is_asked(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	run(session, "CREATE TEMPORARY TABLE sent(a bigint)");
	assert_int_equal(postgresql_sync(session, 0), POSTGRESQL_FINE);
	postgresql_send(session, "BEGIN", NO_VALUES);
	postgresql_send(session, "INSERT INTO sent VALUES(1)", NO_VALUES);
	assert_int_equal(number(session, "SELECT a FROM sent", NO_VALUES), 1);
	postgresql_send(session, "INSERT INTO sent VALUES(2)", NO_VALUES);
	/* exec waits for it as well. */
	run(session, "COMMIT");
	assert_int_equal(number(session, "SELECT count(*) FROM sent",
			     NO_VALUES),
	    2);
	postgresql_close(session);
}

static void
the_first_that_is_refused_is_told_and_ends_the_rest(void **state)
{
	static const char later[] = "SELECT 4";
	struct postgresql_session *session = open_one();
	struct postgresql_result result = { 0 };

	(void)state;
	run(session, "CREATE TEMPORARY TABLE first(a bigint UNIQUE)");
	postgresql_send(session, "INSERT INTO first VALUES(1)", NO_VALUES);
	postgresql_send(session, "INSERT INTO first VALUES(1) ", NO_VALUES);
	postgresql_send(session, "SELECT 1 / 0", NO_VALUES);
	assert_int_equal(postgresql_query(session, later, NO_VALUES, in_time(),
			     &result),
	    POSTGRESQL_REFUSED);
	assert_null(result.handle);
	assert_string_equal(postgresql_sqlstate(session), "23505");
	assert_non_null(strstr(postgresql_message(session), "duplicate key"));
	assert_null(strchr(postgresql_message(session), '\n'));
	assert_false(postgresql_is_lost(session));
	/* All of it was one transaction. */
	assert_int_equal(number(session, "SELECT count(*) FROM first",
			     NO_VALUES),
	    0);
	/* Those that were to be prepared after it can be used. */
	assert_int_equal(number(session, later, NO_VALUES), 4);
	assert_int_equal(number(session, later, NO_VALUES), 4);
	postgresql_close(session);
}

static void
what_the_server_refuses_leaves_the_session_usable(void **state)
{
	static const struct {
		const char *text;
		const char *sqlstate;
	} cases[] = {
		{ "SELECT nonsense", "42703" },
		{ "SELEKT 1", "42601" },
		{ "SELECT * FROM nowhere", "42P01" },
		{ "SELECT 1; SELECT 2", "42601" },
		{ "COPY pg_class TO STDOUT WITH (nonsense)", "42601" },
	};
	struct postgresql_session *session = open_one();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(postgresql_query(session, cases[i].text,
				     NO_VALUES, in_time(), NULL),
		    POSTGRESQL_REFUSED);
		assert_string_equal(postgresql_sqlstate(session),
		    cases[i].sqlstate);
		assert_int_equal(number(session, "SELECT 1", NO_VALUES), 1);
	}
	postgresql_close(session);
}

static void
a_refused_statement_does_not_end_the_session_inside_a_transaction(void **state)
{
	static const char commit[] = "COMMIT";
	struct postgresql_session *session = open_one();

	(void)state;
	run(session, "BEGIN");
	assert_int_equal(postgresql_query(session, "SELECT nonsense", NO_VALUES,
			     in_time(), NULL),
	    POSTGRESQL_REFUSED);
	assert_int_equal(postgresql_query(session, "SELECT 1", NO_VALUES,
			     in_time(), NULL),
	    POSTGRESQL_REFUSED);
	assert_string_equal(postgresql_sqlstate(session), "25P02");
	run(session, "ROLLBACK");
	run(session, "BEGIN");
	assert_int_equal(postgresql_query(session, commit, NO_VALUES, in_time(),
			     NULL),
	    POSTGRESQL_FINE);
	postgresql_close(session);
}

static void
exec_runs_several_commands_up_to_the_first_that_is_refused(void **state)
{
	struct postgresql_session *session = open_one();
	struct postgresql_result result = { 0 };

	(void)state;
	assert_int_equal(postgresql_exec(session,
			     "SELECT 1; SELECT 2, 'b' AS name; SELECT 3",
			     in_time(), &result),
	    POSTGRESQL_FINE);
	assert_int_equal(postgresql_column_int(&result, 0, 0), 3);
	postgresql_result_free(&result);
	assert_int_equal(postgresql_exec(session,
			     "CREATE TEMPORARY TABLE several(a int);"
			     "INSERT INTO several VALUES(1); SELECT 1 / 0;"
			     "INSERT INTO several VALUES(2)",
			     in_time(), &result),
	    POSTGRESQL_REFUSED);
	assert_string_equal(postgresql_sqlstate(session), "22012");
	/* It is one transaction, unless it says otherwise. */
	assert_int_equal(postgresql_query(session, "SELECT * FROM several",
			     NO_VALUES, in_time(), NULL),
	    POSTGRESQL_REFUSED);
	postgresql_close(session);
}

static void
exec_is_not_run_after_what_was_refused(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	run(session, "CREATE TEMPORARY TABLE after(a int)");
	postgresql_send(session, "SELECT 1 / 0", NO_VALUES);
	assert_int_equal(postgresql_exec(session, "INSERT INTO after VALUES(1)",
			     in_time(), NULL),
	    POSTGRESQL_REFUSED);
	assert_int_equal(number(session, "SELECT count(*) FROM after",
			     NO_VALUES),
	    0);
	postgresql_close(session);
}

static void
what_asks_for_bytes_of_ours_is_not_answered(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	assert_int_equal(postgresql_exec(session, "COPY pg_class TO STDOUT",
			     in_time(), NULL),
	    POSTGRESQL_LOST);
	assert_true(postgresql_is_lost(session));
	postgresql_close(session);
}

/* ---- What a session is opened with ------------------------------------------- */

static void
has_setting(struct postgresql_session *session, const char *name,
    const char *want)
{
	is_text(session, "SELECT current_setting(?1)", BIND(TEXT(name)), want);
}

/* Whatever the role has. */
static void
a_session_has_the_settings_that_are_counted_on(void **state)
{
	struct postgresql_session *before = open_one();
	struct postgresql_session *session;

	(void)state;
	run(before,
	    "CREATE ROLE odd LOGIN SUPERUSER;"
	    "ALTER ROLE odd SET statement_timeout = 1000;"
	    "ALTER ROLE odd SET TimeZone = 'Asia/Tokyo';"
	    "ALTER ROLE odd SET standard_conforming_strings = off;"
	    "ALTER ROLE odd SET search_path = pg_temp, public");
	session = open_with(
	    &(struct postgresql_options){ .uri = uri_with("user=odd"),
		.lock_timeout = 2500 });
	has_setting(session, "application_name", "pelihook");
	has_setting(session, "client_encoding", "UTF8");
	has_setting(session, "idle_in_transaction_session_timeout", "5s");
	has_setting(session, "statement_timeout", "0");
	has_setting(session, "lock_timeout", "2500ms");
	has_setting(session, "TimeZone", "UTC");
	has_setting(session, "standard_conforming_strings", "on");
	has_setting(session, "search_path", "pg_temp, public");
	if (postgresql_version(session) >= 140000)
		has_setting(session, "client_connection_check_interval", "5s");
	assert_int_equal(number(session, "SELECT pg_backend_pid()", NO_VALUES),
	    postgresql_backend(session));
	postgresql_close(session);
	run(before, "DROP ROLE odd");
	postgresql_close(before);
}

static void
both_ends_notice_a_machine_that_is_gone(void **state)
{
	struct postgresql_session *before = open_one();
	struct postgresql_session *session;

	(void)state;
	has_setting(before, "tcp_user_timeout", "0");
	if (number(before,
		"SELECT position('127.0.0.1' in"
		" current_setting('listen_addresses'))",
		NO_VALUES) == 0) {
		postgresql_close(before);
		skip();
	}
	session = open_with(
	    &(struct postgresql_options){ .uri = uri_with("host=127.0.0.1"),
		.silence = 12 });
	has_setting(session, "tcp_keepalives_idle", "6");
	has_setting(session, "tcp_keepalives_interval", "2");
	has_setting(session, "tcp_keepalives_count", "3");
	has_setting(session, "tcp_user_timeout", "12000");
	postgresql_close(session);
	postgresql_close(before);
}

static void
the_uri_overrides_what_is_added(void **state)
{
	struct postgresql_session *session = open_with(
	    &(struct postgresql_options){
		.uri = uri_with("application_name=mine") });

	(void)state;
	has_setting(session, "application_name", "mine");
	postgresql_close(session);
}

static void
a_server_that_only_reads_will_do_for_who_only_reads(void **state)
{
	struct postgresql_session *before = open_one();
	struct postgresql_options options = { .reads = true };
	struct postgresql_session *session;

	(void)state;
	run(before,
	    "CREATE ROLE reader LOGIN;"
	    "ALTER ROLE reader SET default_transaction_read_only = on");
	assert_non_null(strstr(open_fails(uri_with("user=reader"), in_time(),
				   POSTGRESQL_LOST),
	    "read-only"));
	options.uri = uri_with("user=reader");
	session = open_with(&options);
	postgresql_close(session);
	run(before, "DROP ROLE reader");
	postgresql_close(before);
}

static void
a_database_of_another_encoding_is_refused(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	run(session,
	    "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C'"
	    " TEMPLATE template0");
	assert_non_null(strstr(open_fails(uri_with("dbname=latin"), in_time(),
				   POSTGRESQL_REFUSED),
	    "the database \"latin\" has the encoding LATIN1"));
	run(session, "DROP DATABASE latin WITH (FORCE)");
	postgresql_close(session);
}

/* ---- What goes wrong ------------------------------------------------------------ */

static void
why_there_is_no_session_is_said_in_a_sentence(void **state)
{
	(void)state;
	assert_non_null(strstr(open_fails(uri_with("dbname=no_such_one"),
				   in_time(), POSTGRESQL_LOST),
	    "database \"no_such_one\" does not exist"));
	assert_non_null(strstr(open_fails(uri_with("user=nobody_at_all"),
				   in_time(), POSTGRESQL_LOST),
	    "role \"nobody_at_all\" does not exist"));
	assert_non_null(strstr(open_fails("postgresql://u@127.0.0.1:1/d",
				   in_time(), POSTGRESQL_LOST),
	    "127.0.0.1"));
	assert_non_null(strstr(open_fails("postgresql:///d?host=/nowhere",
				   in_time(), POSTGRESQL_LOST),
	    "/nowhere"));
	assert_non_null(strstr(open_fails("postgresql://h/d?colour=red",
				   in_time(), POSTGRESQL_REFUSED),
	    "\"...\""));
}

static void
a_wrong_password_is_said_and_none_is_shown(void **state)
{
	struct postgresql_session *session = open_one();
	const char *said;

	(void)state;
	run(session,
	    "DROP ROLE IF EXISTS locked;"
	    "CREATE ROLE locked LOGIN PASSWORD 'right'");
	postgresql_close(session);
	session = open_with(&(struct postgresql_options){
	    .uri = uri_with("user=locked&password=right") });
	postgresql_close(session);
	said = open_fails(uri_with("user=locked&password=geheim"), in_time(),
	    POSTGRESQL_LOST);
	assert_non_null(strstr(said, "password authentication failed"));
	assert_null(strstr(said, "geheim"));
	assert_non_null(strstr(open_fails(uri_with("user=locked"), in_time(),
				   POSTGRESQL_LOST),
	    "no password"));
	/* Not even one that is not where it belongs. */
	said = open_fails("postgresql://u:ge/heim@h/d?x", in_time(),
	    POSTGRESQL_REFUSED);
	assert_null(strstr(said, "heim"));
}

/* Any session of its role may be ended by another. */
static void
end_backend(const struct postgresql_session *session)
{
	static const char end[] =
	    "SELECT pg_terminate_backend(CAST(?1 AS int))";
	struct postgresql_session *other = open_one();

	assert_int_equal(number(other, end,
			     BIND(INT(postgresql_backend(session)))),
	    1);
	postgresql_close(other);
}

/* Until a session does what it was told to. */
static void
wait_until_it_runs(int backend, const char *like)
{
	static const char runs[] =
	    "SELECT count(*) FROM pg_stat_activity WHERE pid = ?1"
	    " AND state = 'active' AND query LIKE ?2";
	struct postgresql_session *other = open_one();

	while (number(other, runs, BIND(INT(backend), TEXT(like))) == 0)
		poll(NULL, 0, 10);
	postgresql_close(other);
}

struct sleeper {
	struct postgresql_session *session;
	int64_t deadline;
	enum postgresql_end end;
};

static void *
sleep_long(void *context)
{
	struct sleeper *sleeper = context;

	sleeper->end = postgresql_query(sleeper->session,
	    "SELECT pg_sleep(1000)", NO_VALUES, sleeper->deadline, NULL);
	return NULL;
}

static void
a_session_that_is_ended_amid_a_query_is_lost(void **state)
{
	struct sleeper sleeper = { open_one(), in_time(), POSTGRESQL_FINE };
	int backend = postgresql_backend(sleeper.session);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper),
	    0);
	wait_until_it_runs(backend, "%pg_sleep%");
	end_backend(sleeper.session);
	pthread_join(thread, NULL);
	assert_int_equal(sleeper.end, POSTGRESQL_LOST);
	assert_true(postgresql_is_lost(sleeper.session));
	assert_string_equal(postgresql_sqlstate(sleeper.session), "57P01");
	assert_int_equal(postgresql_send(sleeper.session, "SELECT 1",
			     NO_VALUES),
	    POSTGRESQL_LOST);
	assert_int_equal(postgresql_sync(sleeper.session, in_time()),
	    POSTGRESQL_LOST);
	assert_int_equal(postgresql_exec(sleeper.session, "SELECT 1", in_time(),
			     NULL),
	    POSTGRESQL_LOST);
	postgresql_close(sleeper.session);
}

static void
a_session_that_was_ended_while_idle_is_lost(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	postgresql_send(session, "SELECT 1", NO_VALUES);
	end_backend(session);
	assert_int_equal(postgresql_query(session, "SELECT 2", NO_VALUES,
			     in_time(), NULL),
	    POSTGRESQL_LOST);
	assert_true(postgresql_message(session)[0] != '\0');
	postgresql_close(session);
}

static void
no_answer_in_time_loses_the_session(void **state)
{
	struct sleeper sleeper = { open_one(), clock_steady() + SOON,
		POSTGRESQL_FINE };

	(void)state;
	sleep_long(&sleeper);
	assert_int_equal(sleeper.end, POSTGRESQL_LOST);
	assert_string_equal(postgresql_message(sleeper.session),
	    "no answer in time");
	assert_string_equal(postgresql_sqlstate(sleeper.session), "");
	postgresql_close(sleeper.session);
}

static void
another_thread_can_cancel_a_statement(void **state)
{
	struct sleeper sleeper = { open_one(), in_time(), POSTGRESQL_FINE };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper),
	    0);
	wait_until_it_runs(postgresql_backend(sleeper.session), "%pg_sleep%");
	assert_true(postgresql_cancel(sleeper.session));
	pthread_join(thread, NULL);
	assert_int_equal(sleeper.end, POSTGRESQL_REFUSED);
	assert_string_equal(postgresql_sqlstate(sleeper.session), "57014");
	assert_int_equal(number(sleeper.session, "SELECT 1", NO_VALUES), 1);
	postgresql_close(sleeper.session);
}

static void
a_lock_is_waited_for_no_longer_than_asked(void **state)
{
	struct postgresql_session *holder = open_one();
	struct postgresql_session *session = open_with(
	    &(struct postgresql_options){ .uri = uri(), .lock_timeout = 50 });

	(void)state;
	run(holder, "SELECT pg_advisory_lock(7)");
	assert_int_equal(postgresql_query(session, "SELECT pg_advisory_lock(7)",
			     NO_VALUES, in_time(), NULL),
	    POSTGRESQL_REFUSED);
	assert_string_equal(postgresql_sqlstate(session), "55P03");
	postgresql_close(holder);
	postgresql_close(session);
}

/* What a process of a command would inherit. */
static void
no_descriptor_is_left_to_commands(void **state)
{
	struct postgresql_session *session = open_one();
	unsigned left = 0;

	(void)state;
	for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 &&
		    getsockname(fd, (struct sockaddr *)&address, &len) == 0)
			left += (flags & FD_CLOEXEC) == 0;
	}
	assert_int_equal(left, 0);
	postgresql_close(session);
}

/* The signal's default would end the test. */
static void
a_connection_that_is_gone_does_not_raise_sigpipe(void **state)
{
	struct postgresql_session *session = open_one();

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	end_backend(session);
	for (int i = 0; i < 5; i++)
		assert_int_equal(postgresql_exec(session, "SELECT 1", in_time(),
				     NULL),
		    POSTGRESQL_LOST);
	postgresql_close(session);
}

/* ---- Hosts that do not answer ------------------------------------------------- */

/* Takes connections and never says a word. */
static int
listen_silently(unsigned *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void
a_host_that_says_nothing_is_waited_for_until_the_deadline(void **state)
{
	char to[128], said[128];
	unsigned port;
	int fd = listen_silently(&port);

	(void)state;
	snprintf(to, sizeof(to), "postgresql://u@127.0.0.1:%u/d", port);
	snprintf(said, sizeof(said),
	    "connection to server at \"127.0.0.1\", port %u: no answer in time",
	    port);
	assert_string_equal(open_fails(to, clock_steady() + SOON,
				POSTGRESQL_LOST),
	    said);
	close(fd);
}

/* The value that a setting of the server has, for a URI. */
static void
copy_setting(const char *name, char *into, size_t size)
{
	struct postgresql_session *session = open_one();
	struct postgresql_result result = one_row(session,
	    "SELECT split_part(current_setting(?1), ',', 1)", BIND(TEXT(name)));

	bytes_copy(postgresql_column_bytes(&result, 0, 0), into, size);
	postgresql_result_free(&result);
	postgresql_close(session);
}

static void
of_several_hosts_the_first_that_will_do_is_taken(void **state)
{
	char socket_directory[256], server_port[16], more[512];
	struct postgresql_session *session;
	unsigned port;
	int fd = listen_silently(&port);

	(void)state;
	copy_setting("unix_socket_directories", socket_directory,
	    sizeof(socket_directory));
	copy_setting("port", server_port, sizeof(server_port));
	/* Nobody listens to the first, the second is silent. */
	snprintf(more, sizeof(more), "host=127.0.0.1,127.0.0.1,%s&port=1,%u,%s",
	    socket_directory, port, server_port);
	/* Of the time, the silent one gets half of what is left. */
	session = NULL;
	{
		struct postgresql_options options = { .uri = uri_with(more) };
		struct buf error = { 0 };

		assert_int_equal(postgresql_open(&options,
				     clock_steady() + 20 * SOON, &session,
				     &error),
		    POSTGRESQL_FINE);
		assert_int_equal(error.len, 0);
		buf_free(&error);
	}
	assert_int_equal(number(session, "SELECT 1", NO_VALUES), 1);
	postgresql_close(session);
	close(fd);
}

static void
of_several_hosts_each_says_why_not(void **state)
{
	char to[128];
	const char *said;
	unsigned port;
	int fd = listen_silently(&port);

	(void)state;
	snprintf(to, sizeof(to), "postgresql://u@127.0.0.1:1,127.0.0.1:%u/d",
	    port);
	said = open_fails(to, clock_steady() + SOON, POSTGRESQL_LOST);
	assert_non_null(strstr(said, "Connection refused; connection to"));
	assert_non_null(strstr(said, "no answer in time"));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_come_back_as_they_were_bound),
		cmocka_unit_test(numbers_of_all_sizes_are_read),
		cmocka_unit_test(texts_come_back_as_they_were_bound),
		cmocka_unit_test(a_text_that_is_not_utf8_is_made_so),
		cmocka_unit_test(bytes_come_back_as_they_were_bound),
		cmocka_unit_test(null_is_null),
		cmocka_unit_test(a_fraction_is_no_number_of_ours),
		cmocka_unit_test(rows_columns_and_changes_are_counted),
		cmocka_unit_test(much_goes_both_ways),
		cmocka_unit_test(a_text_is_prepared_once_in_a_session),
		cmocka_unit_test(what_is_sent_is_done_before_what_is_asked),
		cmocka_unit_test(
		    the_first_that_is_refused_is_told_and_ends_the_rest),
		cmocka_unit_test(
		    what_the_server_refuses_leaves_the_session_usable),
		cmocka_unit_test(
		    a_refused_statement_does_not_end_the_session_inside_a_transaction),
		cmocka_unit_test(
		    exec_runs_several_commands_up_to_the_first_that_is_refused),
		cmocka_unit_test(exec_is_not_run_after_what_was_refused),
		cmocka_unit_test(what_asks_for_bytes_of_ours_is_not_answered),
		cmocka_unit_test(
		    a_session_has_the_settings_that_are_counted_on),
		cmocka_unit_test(both_ends_notice_a_machine_that_is_gone),
		cmocka_unit_test(the_uri_overrides_what_is_added),
		cmocka_unit_test(
		    a_server_that_only_reads_will_do_for_who_only_reads),
		cmocka_unit_test(a_database_of_another_encoding_is_refused),
		cmocka_unit_test(why_there_is_no_session_is_said_in_a_sentence),
		cmocka_unit_test(a_wrong_password_is_said_and_none_is_shown),
		cmocka_unit_test(a_session_that_is_ended_amid_a_query_is_lost),
		cmocka_unit_test(a_session_that_was_ended_while_idle_is_lost),
		cmocka_unit_test(no_answer_in_time_loses_the_session),
		cmocka_unit_test(another_thread_can_cancel_a_statement),
		cmocka_unit_test(a_lock_is_waited_for_no_longer_than_asked),
		cmocka_unit_test(no_descriptor_is_left_to_commands),
		cmocka_unit_test(
		    a_connection_that_is_gone_does_not_raise_sigpipe),
		cmocka_unit_test(
		    a_host_that_says_nothing_is_waited_for_until_the_deadline),
		cmocka_unit_test(
		    of_several_hosts_the_first_that_will_do_is_taken),
		cmocka_unit_test(of_several_hosts_each_says_why_not),
	};

	/* As cmocka tells a program whose tests were all skipped. */
	if (uri() == NULL) {
		puts("1..0 # SKIP PELIHOOK_POSTGRESQL names no server");
		return 0;
	}
	return cmocka_run_group_tests_name("postgresql_session", tests, NULL,
	    NULL);
}
