/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_DATABASE_TEST_H
#define PELIHOOK_DATABASE_TEST_H

#include <sqlite3.h>

#include "scratch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "journal/postgresql_session.h"
#include "journal/stats.h"

/*
 * Where the journal of a test is, and another program that has it open: a
 * file, or, where PELIHOOK_UNIT_JOURNAL is the URI of a PostgreSQL database,
 * with a query, a schema of its own there.
 */

static char journal_path[PATH_MAX + 16];

static inline const char *
journal_server(void)
{
	return getenv("PELIHOOK_UNIT_JOURNAL");
}

/* For what is true of files only, or damages what types of columns protect. */
static inline void
only_of_a_file(void)
{
	if (journal_server() != NULL)
		skip();
}

struct other {
	sqlite3 *db;
	struct postgresql_session *session;
};

#if HAVE_POSTGRESQL
static inline void
connect_to_server(struct other *other, const char *uri)
{
	const struct postgresql_options options = { .uri = uri };
	struct buf error = { 0 };

	if (postgresql_open(&options, clock_steady() + 20000, &other->session,
		&error) != POSTGRESQL_FINE)
		fail_msg("%s", error.len == 0 ? "" : error.data);
	buf_free(&error);
}

static inline bool
server_takes(struct other *other, const char *sql,
    struct postgresql_result *result)
{
	return postgresql_exec(other->session, sql, clock_steady() + 20000,
		   result) == POSTGRESQL_FINE;
}

static inline void
ask_server(struct other *other, const char *sql,
    struct postgresql_result *result)
{
	if (!server_takes(other, sql, result))
		fail_msg("%s: %s", sql, postgresql_message(other->session));
}

static inline void
add_server_rows(struct other *other, const char *sql, struct buf *rows)
{
	struct postgresql_result result = { 0 };
	struct buf texts = { 0 };

	assert_int_equal(buf_printf(&texts,
			     "SELECT CAST(one AS text) FROM (%s) all_of(one)",
			     sql),
	    RC_OK);
	ask_server(other, texts.data, &result);
	for (size_t i = 0; i < postgresql_rows(&result); i++)
		assert_int_equal(buf_printf(rows, "%s; ",
				     postgresql_column_bytes(&result, i, 0)
					 .data),
		    RC_OK);
	postgresql_result_free(&result);
	buf_free(&texts);
}

static inline void
disconnect_from_server(struct other *other)
{
	/* A server that is only left keeps its locks for a moment. */
	if (other->session != NULL)
		(void)server_takes(other, "ROLLBACK", NULL);
	postgresql_close(other->session);
}
#else
static inline bool
server_takes(struct other *other, const char *sql, void *result)
{
	(void)other;
	(void)sql;
	(void)result;
	return false;
}

static inline void
connect_to_server(struct other *other, const char *uri)
{
	(void)other;
	fail_msg("%s: there is no PostgreSQL in this build", uri);
}

static inline void
ask_server(struct other *other, const char *sql, void *result)
{
	(void)other;
	(void)sql;
	(void)result;
}

static inline void
add_server_rows(struct other *other, const char *sql, struct buf *rows)
{
	(void)other;
	(void)sql;
	(void)rows;
}

static inline void
disconnect_from_server(struct other *other)
{
	(void)other;
}
#endif

static inline struct other
connect_other(void)
{
	struct other other = { 0 };

	if (journal_server() != NULL)
		connect_to_server(&other, journal_path);
	else
		assert_int_equal(sqlite3_open(journal_path, &other.db),
		    SQLITE_OK);
	return other;
}

static inline void
let_execute(struct other *other, const char *sql)
{
	if (other->db == NULL)
		ask_server(other, sql, NULL);
	else if (sqlite3_exec(other->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(other->db));
}

/* What is open there is undone. */
static inline void
disconnect_other(struct other *other)
{
	disconnect_from_server(other);
	sqlite3_close(other->db);
}

static inline void
execute(const char *sql)
{
	struct other other = connect_other();

	let_execute(&other, sql);
	disconnect_other(&other);
}

/* False: a server does not take it. */
static inline bool
try_to_execute(const char *sql)
{
	struct other other = connect_other();
	bool taken = true;

	if (other.db != NULL)
		let_execute(&other, sql);
	else
		taken = server_takes(&other, sql, NULL);
	disconnect_other(&other);
	return taken;
}

static inline void
add_file_rows(struct other *other, const char *sql, struct buf *rows)
{
	sqlite3_stmt *row;

	assert_int_equal(sqlite3_prepare_v2(other->db, sql, -1, &row, NULL),
	    SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		assert_int_equal(buf_printf(rows, "%s; ",
				     (const char *)sqlite3_column_text(row, 0)),
		    RC_OK);
	sqlite3_finalize(row);
}

/* Asks the database for rows of one text or number each. */
static inline struct buf
rows_of(const char *sql)
{
	struct buf rows = { 0 };
	struct other other = connect_other();

	assert_int_equal(buf_text(&rows, ""), RC_OK);
	if (other.db == NULL)
		add_server_rows(&other, sql, &rows);
	else
		add_file_rows(&other, sql, &rows);
	disconnect_other(&other);
	return rows;
}

/* The number that a query gives. */
static inline int64_t
query(const char *sql)
{
	struct buf rows = rows_of(sql);
	int64_t number;

	assert_true(rows.len > 0);
	number = strtoll(rows.data, NULL, 10);
	buf_free(&rows);
	return number;
}

/* A server ends who is idle for long while something is locked. */
#define BEGIN_FOR_LONG "SET idle_in_transaction_session_timeout = 0; BEGIN;"

/* Another program that lets nobody write, as the journal itself does it. */
static inline struct other
lock_journal(void)
{
	struct other other = connect_other();

	let_execute(&other,
	    other.db != NULL ? "BEGIN IMMEDIATE" :
			       BEGIN_FOR_LONG
		" SELECT pg_advisory_xact_lock(CAST(CAST(CAST("
		"to_regclass('runners') AS oid) AS bigint) AS integer), 0)");
	return other;
}

/* The same, and lets nobody even read. */
static inline struct other
shut_journal(void)
{
	struct other other = connect_other();

	let_execute(&other,
	    other.db != NULL ?
		"PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE" :
		BEGIN_FOR_LONG " LOCK TABLE journal, events, deliveries, rules,"
			       " runners");
	return other;
}

/* Another program that reads it, until it is disconnected. */
static inline struct other
read_journal(void)
{
	struct other other = connect_other();

	let_execute(&other, "BEGIN; SELECT count(*) FROM events");
	return other;
}

/* A new one each time, whatever was left on the server. */
static inline int
make_schema(void)
{
	static unsigned count;
	struct other other = { 0 };
	char name[64];
	char sql[96];

	snprintf(name, sizeof(name), "test_%lld_%d_%u", (long long)clock_wall(),
	    (int)getpid(), ++count);
	snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", name);
	snprintf(journal_path, sizeof(journal_path),
	    "%s&options=-csearch_path%%3D%s", journal_server(), name);
	connect_to_server(&other, journal_server());
	ask_server(&other, sql, NULL);
	disconnect_from_server(&other);
	return 0;
}

/* Beside a database the counts are in a place that outlives a test. */
static inline void
drop_counts(void)
{
	struct buf path = { 0 };

	if (journal_server() != NULL && journal_path[0] != '\0' &&
	    journal_stats_path(journal_path, &path) == RC_OK)
		(void)unlink(path.data);
	buf_free(&path);
}

static inline int
make_place(void **state)
{
	static bool dropping;
	int failed = scratch_make(state);

	drop_counts();
	snprintf(journal_path, sizeof(journal_path), "%s/journal.db", scratch);
	if (failed != 0 || journal_server() == NULL)
		return failed;
	if (!dropping)
		dropping = atexit(drop_counts) == 0;
	return make_schema();
}

#endif
