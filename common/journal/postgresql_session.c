/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/postgresql_session.h"

#include "base/clock.h"
#include "base/pool.h"
#include "journal/postgresql_internal.h"
#include "journal/postgresql_text.h"

enum {
	NAME_SIZE = 32, /* of a prepared statement */
	BINARY = 1,
	/* Bytes of a value; PostgreSQL's own limit is 1 GB. */
	LARGEST = 1000000000,
	/* By PostgreSQL's catalog. */
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_TEXT = 25,
};

/* ---- Errors ------------------------------------------------------------- */

struct bytes
postgresql_first_line(const char *text)
{
	return (struct bytes){ text, strcspn(text, "\r\n") };
}

static void
keep_error(struct postgresql_session *session, const char *sqlstate,
    const char *message)
{
	bytes_copy(bytes_of(sqlstate == NULL ? "" : sqlstate),
	    session->sqlstate, sizeof(session->sqlstate));
	bytes_copy(postgresql_first_line(message), session->message,
	    sizeof(session->message));
}

static enum postgresql_end
no_memory(struct postgresql_session *session)
{
	keep_error(session, NULL, "out of memory");
	return POSTGRESQL_MEMORY;
}

/* What it held on the server, locks above all, is let go there as soon as the
 * server learns of it. */
static enum postgresql_end
lose(struct postgresql_session *session, const char *sqlstate,
    const char *message)
{
	keep_error(session, sqlstate, message);
	session->libpq->PQfinish(session->connection);
	session->connection = NULL;
	session->expected_len = 0;
	return POSTGRESQL_LOST;
}

static enum postgresql_end
lose_connection(struct postgresql_session *session)
{
	return lose(session, NULL,
	    session->libpq->PQerrorMessage(session->connection));
}

/* ---- What comes from the server ------------------------------------------ */

/* Sends what is still to be sent, and waits for the next answer. */
static enum postgresql_end
await_answer(struct postgresql_session *session, int64_t deadline)
{
	const struct libpq *libpq = session->libpq;
	PGconn *connection = session->connection;

	for (;;) {
		struct pollfd fd = { .fd = libpq->PQsocket(connection) };
		int unsent = libpq->PQflush(connection);
		int ready;

		if (unsent < 0)
			return lose_connection(session);
		if (unsent == 0 && !libpq->PQisBusy(connection))
			return POSTGRESQL_FINE;
		fd.events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
		ready = poll(&fd, 1, clock_left(deadline));
		if (ready == 0)
			return lose(session, NULL, "no answer in time");
		if (ready < 0 && errno != EINTR)
			return lose(session, NULL, strerror(errno));
		/* What the server still has to say is read when it has closed
		 * the connection as well. */
		if (ready > 0 && (fd.revents & ~POLLOUT) != 0 &&
		    !libpq->PQconsumeInput(connection))
			return lose_connection(session);
	}
}

static bool
is_rows_or_done(ExecStatusType status)
{
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
	    status == PGRES_EMPTY_QUERY;
}

/* What an answer means.  After FATAL the server closes the connection.  An
 * error that no server said is libpq's, for want of memory. */
static enum postgresql_end
judge(struct postgresql_session *session, const PGresult *result)
{
	const struct libpq *libpq = session->libpq;
	const char *severity, *sqlstate, *message;

	if (is_rows_or_done(libpq->PQresultStatus(result)))
		return POSTGRESQL_FINE;
	if (libpq->PQresultStatus(result) != PGRES_FATAL_ERROR)
		return lose(session, NULL, "an answer that was not asked for");
	sqlstate = libpq->PQresultErrorField(result, PG_DIAG_SQLSTATE);
	message = libpq->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (message == NULL)
		message = libpq->PQresultErrorMessage(result);
	severity = libpq->PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);
	if (libpq->PQstatus(session->connection) != CONNECTION_OK ||
	    (severity != NULL && strcmp(severity, "ERROR") != 0))
		return lose(session, sqlstate, message);
	if (sqlstate == NULL)
		return no_memory(session);
	keep_error(session, sqlstate, message);
	return POSTGRESQL_REFUSED;
}

/* The next answer to a command.  *result is NULL where it has no more. */
static enum postgresql_end
next_answer(struct postgresql_session *session, int64_t deadline,
    PGresult **result)
{
	enum postgresql_end end = await_answer(session, deadline);

	*result = NULL;
	if (end != POSTGRESQL_FINE)
		return end;
	*result = session->libpq->PQgetResult(session->connection);
	if (*result == NULL &&
	    session->libpq->PQstatus(session->connection) != CONNECTION_OK)
		return lose_connection(session);
	return POSTGRESQL_FINE;
}

/* Whether the statement is prepared now.  One that was to be prepared after
 * an error is not, and the next use does it. */
static void
note_prepared(struct postgresql_session *session, size_t place, bool is_fine)
{
	if (place < session->expected_len && session->expected[place].prepares)
		session->statements[session->expected[place].statement]
		    .state = is_fine ? POSTGRESQL_PREPARED :
				       POSTGRESQL_UNPREPARED;
}

/*
 * Takes all answers, up to the one that says that they are all.  The last is
 * the caller's, or NULL.
 */
static enum postgresql_end
take_answers(struct postgresql_session *session, int64_t deadline,
    PGresult **last)
{
	const struct libpq *libpq = session->libpq;
	enum postgresql_end first = POSTGRESQL_FINE;
	size_t place = 0;
	PGresult *result;

	for (;;) {
		enum postgresql_end end = next_answer(session, deadline,
		    &result);
		ExecStatusType status = libpq->PQresultStatus(result);

		if (end != POSTGRESQL_FINE)
			return end;
		if (result == NULL) {
			if (++place > session->expected_len)
				return lose(session, NULL,
				    "more answers than questions");
			continue;
		}
		if (status == PGRES_PIPELINE_SYNC)
			break;
		/* It comes after the error for which it was not run. */
		if (status != PGRES_PIPELINE_ABORTED)
			end = judge(session, result);
		note_prepared(session, place, is_rows_or_done(status));
		if (first == POSTGRESQL_FINE)
			first = end;
		libpq->PQclear(*last);
		*last = result;
		if (end == POSTGRESQL_LOST)
			return end;
	}
	libpq->PQclear(result);
	session->expected_len = 0;
	return first;
}

/* Gives a result to the caller, or frees it. */
static void
hand_over(const struct postgresql_session *session, enum postgresql_end end,
    PGresult *from, struct postgresql_result *to)
{
	if (end == POSTGRESQL_FINE && to != NULL)
		*to = (struct postgresql_result){ session->libpq, from };
	else
		session->libpq->PQclear(from);
}

/* ---- What goes to the server ---------------------------------------------- */

/* Makes room for one more in a list. */
static bool
grow(void *list, size_t len, size_t *capacity, size_t size)
{
	void *old;
	void *grown;

	if (len < *capacity)
		return true;
	memcpy(&old, list, sizeof(old));
	grown = reallocarray(old, len == 0 ? 16 : 2 * len, size);
	if (grown == NULL)
		return false;
	memcpy(list, &grown, sizeof(grown));
	*capacity = len == 0 ? 16 : 2 * len;
	return true;
}

static bool
expect(struct postgresql_session *session, bool prepares, size_t statement)
{
	if (!grow(&session->expected, session->expected_len,
		&session->expected_capacity, sizeof(*session->expected)))
		return false;
	session->expected[session->expected_len++] =
	    (struct postgresql_expected){ prepares, statement };
	return true;
}

static bool
find_statement(struct postgresql_session *session, const char *text,
    size_t *place)
{
	for (*place = 0; *place < session->statements_len; ++*place)
		if (session->statements[*place].text == text)
			return true;
	if (!grow(&session->statements, session->statements_len,
		&session->statements_capacity, sizeof(*session->statements)))
		return false;
	session->statements[session->statements_len++] =
	    (struct postgresql_statement){ .text = text };
	return true;
}

/* Values as libpq takes them, in the binary format. */
struct parameters {
	struct pool pool;
	int n;
	Oid *types;
	const char **values;
	int *lengths;
	int *formats;
};

/* The highest byte first. */
static const char *
put_number(struct pool *pool, int64_t number)
{
	char *bytes = pool_alloc(pool, 8, 1);

	for (unsigned i = 0; bytes != NULL && i < 8; i++)
		bytes[i] = (char)((uint64_t)number >> (56 - 8 * i) & 0xff);
	return bytes;
}

static bool
put_value(struct parameters *into, int place, const struct journal_value *value)
{
	struct bytes bytes = value->bytes;

	switch (value->type) {
	case JOURNAL_VALUE_INT:
		into->types[place] = TYPE_INT8;
		bytes = (struct bytes){ put_number(&into->pool, value->number),
			8 };
		break;
	case JOURNAL_VALUE_TEXT:
		into->types[place] = TYPE_TEXT;
		if (value->text == NULL)
			return true;
		bytes.data = postgresql_utf8(&into->pool, value->text);
		bytes.len = bytes.data == NULL ? 0 : strlen(bytes.data);
		break;
	case JOURNAL_VALUE_BYTES:
		into->types[place] = TYPE_BYTEA;
		if (bytes.len == 0)
			return true;
		break;
	}
	into->values[place] = bytes.data;
	into->lengths[place] = (int)bytes.len;
	return bytes.data != NULL;
}

static bool
put_values(struct parameters *into, struct journal_values values)
{
	struct pool *pool = &into->pool;

	if (values.n == 0)
		return true;
	into->n = (int)values.n;
	into->types = pool_alloc(pool, values.n, sizeof(*into->types));
	into->values = pool_alloc(pool, values.n, sizeof(*into->values));
	into->lengths = pool_alloc(pool, values.n, sizeof(*into->lengths));
	into->formats = pool_alloc(pool, values.n, sizeof(*into->formats));
	if (into->types == NULL || into->values == NULL ||
	    into->lengths == NULL || into->formats == NULL)
		return false;
	for (int i = 0; i < into->n; i++) {
		into->formats[i] = BINARY;
		if (!put_value(into, i, &values.list[i]))
			return false;
	}
	return true;
}

static bool
is_too_large(struct journal_values values)
{
	for (size_t i = 0; i < values.n; i++)
		if (values.list[i].type == JOURNAL_VALUE_BYTES &&
		    values.list[i].bytes.len > LARGEST)
			return true;
	return false;
}

/* What libpq cannot queue leaves the connection in a state that nobody
 * knows. */
static enum postgresql_end
prepare(struct postgresql_session *session, size_t place, const char *name,
    const struct parameters *parameters)
{
	struct postgresql_statement *statement = &session->statements[place];
	struct buf text = { 0 };
	bool is_sent;

	if (statement->state != POSTGRESQL_UNPREPARED)
		return POSTGRESQL_FINE;
	if (postgresql_translate(statement->text, &text) != RC_OK ||
	    !expect(session, true, place)) {
		buf_free(&text);
		return no_memory(session);
	}
	is_sent = session->libpq->PQsendPrepare(session->connection, name,
	    text.data, parameters->n, parameters->types);
	buf_free(&text);
	if (!is_sent)
		return lose_connection(session);
	statement->state = POSTGRESQL_PREPARING;
	return POSTGRESQL_FINE;
}

static enum postgresql_end
run_prepared(struct postgresql_session *session, size_t place, const char *name,
    const struct parameters *parameters)
{
	if (!expect(session, false, place))
		return no_memory(session);
	if (!session->libpq->PQsendQueryPrepared(session->connection, name,
		parameters->n, parameters->values, parameters->lengths,
		parameters->formats, BINARY))
		return lose_connection(session);
	return POSTGRESQL_FINE;
}

enum postgresql_end
postgresql_send(struct postgresql_session *session, const char *text,
    struct journal_values values)
{
	struct parameters parameters = { 0 };
	enum postgresql_end end = POSTGRESQL_MEMORY;
	char name[NAME_SIZE];
	size_t place;

	if (session->connection == NULL)
		return POSTGRESQL_LOST;
	if (is_too_large(values)) {
		keep_error(session, "54000", "a value is too large");
		return POSTGRESQL_REFUSED;
	}
	if (find_statement(session, text, &place) &&
	    put_values(&parameters, values)) {
		snprintf(name, sizeof(name), "pelihook%zu", place);
		end = prepare(session, place, name, &parameters);
		if (end == POSTGRESQL_FINE)
			end = run_prepared(session, place, name, &parameters);
	} else {
		end = no_memory(session);
	}
	pool_free(&parameters.pool);
	return end;
}

static enum postgresql_end
synchronize(struct postgresql_session *session, int64_t deadline,
    struct postgresql_result *result)
{
	PGresult *last = NULL;
	enum postgresql_end end;

	if (!session->libpq->PQpipelineSync(session->connection))
		return lose_connection(session);
	end = take_answers(session, deadline, &last);
	hand_over(session, end, last, result);
	return end;
}

enum postgresql_end
postgresql_sync(struct postgresql_session *session, int64_t deadline)
{
	if (session->connection == NULL)
		return POSTGRESQL_LOST;
	if (session->expected_len == 0)
		return POSTGRESQL_FINE;
	return synchronize(session, deadline, NULL);
}

enum postgresql_end
postgresql_query(struct postgresql_session *session, const char *text,
    struct journal_values values, int64_t deadline,
    struct postgresql_result *result)
{
	enum postgresql_end end = postgresql_send(session, text, values);

	if (end != POSTGRESQL_FINE)
		return end;
	return synchronize(session, deadline, result);
}

/* The simple protocol has one answer for each command, up to the first that
 * is refused. */
static enum postgresql_end
run_commands(struct postgresql_session *session, const char *commands,
    int64_t deadline, PGresult **last)
{
	enum postgresql_end first = POSTGRESQL_FINE;

	if (!session->libpq->PQsendQuery(session->connection, commands))
		return lose_connection(session);
	for (;;) {
		PGresult *result;
		enum postgresql_end end = next_answer(session, deadline,
		    &result);

		if (end != POSTGRESQL_FINE)
			return end;
		if (result == NULL)
			return first;
		end = judge(session, result);
		if (first == POSTGRESQL_FINE)
			first = end;
		session->libpq->PQclear(*last);
		*last = result;
		if (end == POSTGRESQL_LOST)
			return end;
	}
}

/* It is not for a pipeline, which libpq is in otherwise; to leave and enter
 * that is libpq's own affair, and costs nothing. */
enum postgresql_end
postgresql_exec(struct postgresql_session *session, const char *commands,
    int64_t deadline, struct postgresql_result *result)
{
	enum postgresql_end end = postgresql_sync(session, deadline);
	PGresult *last = NULL;

	if (end != POSTGRESQL_FINE)
		return end;
	if (!session->libpq->PQexitPipelineMode(session->connection))
		return lose_connection(session);
	end = run_commands(session, commands, deadline, &last);
	hand_over(session, end, last, result);
	if (end != POSTGRESQL_LOST &&
	    !session->libpq->PQenterPipelineMode(session->connection))
		return lose_connection(session);
	return end;
}

/* ---- Beside that ------------------------------------------------------------ */

/* PQcancel sends as if nobody minded SIGPIPE. */
bool
postgresql_cancel(struct postgresql_session *session)
{
	static const struct timespec at_once = { 0 };
	char error[256];
	sigset_t pipe_signal, before;
	bool is_told;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	is_told = session->libpq->PQcancel(session->cancel, error,
	    sizeof(error));
	if (!is_told && !sigismember(&before, SIGPIPE))
		sigtimedwait(&pipe_signal, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return is_told;
}

const char *
postgresql_sqlstate(const struct postgresql_session *session)
{
	return session->sqlstate;
}

const char *
postgresql_message(const struct postgresql_session *session)
{
	return session->message;
}

bool
postgresql_is_lost(const struct postgresql_session *session)
{
	return session->connection == NULL;
}

int
postgresql_backend(const struct postgresql_session *session)
{
	return session->backend;
}

int
postgresql_version(const struct postgresql_session *session)
{
	return session->version;
}

void
postgresql_close(struct postgresql_session *session)
{
	if (session == NULL)
		return;
	if (session->connection != NULL)
		session->libpq->PQfinish(session->connection);
	session->libpq->PQfreeCancel(session->cancel);
	free(session->statements);
	free(session->expected);
	free(session);
}
