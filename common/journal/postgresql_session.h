/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_POSTGRESQL_SESSION_H
#define PELIHOOK_JOURNAL_POSTGRESQL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "journal/statement.h"

/*
 * One session with a PostgreSQL server (13 or later), by way of libpq.  It
 * knows nothing of what the journal keeps there.
 *
 * Nothing waits for longer than its deadline, a time of clock_steady, but for
 * the look-up of a host's name.  A session is used by one thread at a time
 * and belongs to the process that opened it: not to a copy (fork).  libpq 15
 * makes a socket and says then that no program is to inherit it, so that a
 * program that another thread starts meanwhile has to close what it was not
 * given (command/spawn does).
 */
struct postgresql_session;

enum postgresql_end {
	POSTGRESQL_FINE,
	/* The server, or opening: that cannot be, and the session goes on. */
	POSTGRESQL_REFUSED,
	/*
	 * The connection is gone, or there was no answer in time.  What had
	 * been sent may have been done or not.  The session is closed and of
	 * no further use, but for its last error.
	 */
	POSTGRESQL_LOST,
	/* Of this process.  The session goes on, unless it is lost. */
	POSTGRESQL_MEMORY,
};

struct postgresql_options {
	/* postgresql://...; libpq's rules, environment and files hold. */
	const char *uri;
	/* Any server will do, also one that only reads. */
	bool reads;
	/* Most milliseconds that a statement waits for a lock; 0: for ever. */
	unsigned lock_timeout;
	/* Seconds without a sign of life from the other machine after which
	 * it is gone, to the server and to us; 0: 20. */
	unsigned silence;
};

/*
 * Connects; of several hosts to the first that will do, each having its share
 * of the time that is left.  On anything but POSTGRESQL_FINE error is told
 * why, in one line without secrets (of several hosts, what each said), and
 * *out is left alone: POSTGRESQL_REFUSED where it is the URI, the database or
 * libpq that has to be changed, POSTGRESQL_LOST where the server cannot be
 * reached or does not let us in.
 */
enum postgresql_end postgresql_open(const struct postgresql_options *options,
    int64_t deadline, struct postgresql_session **out, struct buf *error);
/* Ends it, and with it what is open on the server.  NULL is fine. */
void postgresql_close(struct postgresql_session *session);

/*
 * What a statement gave.  The caller frees it; it may outlive its session.
 * One of zeroes has no rows, and is freed without effect.
 */
struct postgresql_result {
	const struct libpq *libpq;
	struct pg_result *handle;
};

/*
 * Statements are sent at once and answered together.  postgresql_send queues
 * one whose rows nobody needs, and does not wait.  postgresql_sync waits for
 * all that is queued, postgresql_query for that and for one more.  The first
 * that the server refuses ends them: those after it are not run, and its
 * error is what the call that waits returns.  Without BEGIN all that are
 * answered together are one transaction.
 *
 * A text is translated (postgresql_text.h), prepared once in a session and
 * found again by its address, as journal_query does it (statement.h); it has
 * values of the same number and types each time.  Values are borrowed until
 * the call returns; a text that is not UTF-8 is made so.
 */
enum postgresql_end postgresql_send(struct postgresql_session *session,
    const char *text, struct journal_values values);
enum postgresql_end postgresql_sync(struct postgresql_session *session,
    int64_t deadline);
/* result may be NULL; it is left alone unless POSTGRESQL_FINE is returned. */
enum postgresql_end postgresql_query(struct postgresql_session *session,
    const char *text, struct journal_values values, int64_t deadline,
    struct postgresql_result *result);
/*
 * Runs commands as they are, with semicolons between them and without values,
 * after all that is queued.  result may be NULL, and has the rows of the last,
 * of which only whole numbers and texts are to be read.
 */
enum postgresql_end postgresql_exec(struct postgresql_session *session,
    const char *commands, int64_t deadline, struct postgresql_result *result);

/*
 * Ends the statement that runs now, if any, which is then refused (57014).
 * Any thread may, while the session is not closed.  It may wait as long as a
 * connection takes.  False: the server could not be told.
 */
bool postgresql_cancel(struct postgresql_session *session);

/* Of the last call that was not fine: five characters, or "" where it was not
 * the server that said it. */
const char *postgresql_sqlstate(const struct postgresql_session *session);
/* One line. */
const char *postgresql_message(const struct postgresql_session *session);
bool postgresql_is_lost(const struct postgresql_session *session);
/* The process that serves it on the server's machine, as it was told: a
 * pooler tells a number of its own. */
int postgresql_backend(const struct postgresql_session *session);
/* As PostgreSQL numbers them: 150018 is 15.18. */
int postgresql_version(const struct postgresql_session *session);

/* Rows and columns are counted from 0. */
size_t postgresql_rows(const struct postgresql_result *result);
/* How many rows a statement inserted, changed, deleted, or gave. */
uint64_t postgresql_changed(const struct postgresql_result *result);
/*
 * int8, int4, int2, oid and bool are JOURNAL_TYPE_INT, bytea is
 * JOURNAL_TYPE_BYTES; numeric and floating-point ones are
 * JOURNAL_TYPE_FRACTION, and cannot be read; all others are
 * JOURNAL_TYPE_TEXT, and what PostgreSQL has for them in its binary format:
 * of a type that is no text that is to be cast to one in the statement.
 */
enum journal_type postgresql_column_type(const struct postgresql_result *result,
    size_t row, int column);
/* 0 where it is not JOURNAL_TYPE_INT. */
int64_t postgresql_column_int(const struct postgresql_result *result,
    size_t row, int column);
/* Of text or bytes; no data: null.  They end with a NUL that does not count,
 * and live until the result is freed. */
struct bytes postgresql_column_bytes(const struct postgresql_result *result,
    size_t row, int column);
/* NULL: there is no such column. */
const char *postgresql_column_name(const struct postgresql_result *result,
    int column);
void postgresql_result_free(struct postgresql_result *result);

#endif
