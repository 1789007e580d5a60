/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "journal/postgresql.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/engine.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

/*
 * The journal in a database on a server: its statements and transactions, and
 * the engine.  A statement is sent when it is asked for, and its rows are all
 * here then; those whose rows and counts nobody needs are sent without waiting
 * for an answer, which the next one that is waited for brings along.
 */

enum { MEASURE = 10000 }; /* milliseconds between looks at its clock */

/* The rows of a walk that are fetched at once: each may have a body. */
#define FETCH 32
#define DIGITS_AS_IS(number) #number
#define DIGITS(number) DIGITS_AS_IS(number)

/*
 * A statement; one that is a walk (SQL_WALK) is read by a cursor, and has
 * texts that declare it, fetch of it and close it, which live as long.
 */
struct rows {
	const char *text;
	struct buf declare;
	struct buf fetch;
	struct buf close;
	struct journal *journal; /* whose cursor is open, or NULL */
	struct postgresql_result result;
	size_t next; /* the row that a step goes to */
};

/* A cursor is named by its place among the statements. */
static enum rc
make_walk(struct rows *rows, size_t place)
{
	enum rc rc = buf_printf(&rows->declare,
	    "DECLARE walk%zu NO SCROLL CURSOR FOR %s", place, rows->text);

	if (rc == RC_OK)
		rc = buf_printf(&rows->fetch, "FETCH " DIGITS(FETCH) " walk%zu",
		    place);
	if (rc == RC_OK)
		rc = buf_printf(&rows->close, "CLOSE walk%zu", place);
	return rc;
}

static void
free_rows(struct rows *rows)
{
	buf_free(&rows->declare);
	buf_free(&rows->fetch);
	buf_free(&rows->close);
	free(rows);
}

static void *
prepare(struct journal *journal, const char *text)
{
	struct rows *rows = journal_need(journal, calloc(1, sizeof(*rows)));

	if (rows == NULL)
		return NULL;
	rows->text = text;
	if (!bytes_begin(bytes_of(text), SQL_WALK) ||
	    make_walk(rows, journal->statements_len) == RC_OK)
		return rows;
	journal_fail(journal, JOURNAL_FAILED_MEMORY);
	free_rows(rows);
	return NULL;
}

static void
forget_rows(struct rows *rows)
{
	postgresql_result_free(&rows->result);
	rows->result = (struct postgresql_result){ 0 };
	rows->next = 0;
}

/* Whether it is not the journal's time that is over. */
static bool
in_time(struct journal *journal)
{
	if (clock_steady() < journal->until)
		return true;
	journal_fail(journal, JOURNAL_FAILED_TIME);
	return false;
}

/* Whether a statement can be sent. */
static bool
is_usable(struct journal *journal)
{
	if (journal->postgresql->session != NULL)
		return in_time(journal);
	journal_fail(journal, JOURNAL_FAILED_STORE);
	return false;
}

static void
note_write(struct journal *journal, const char *text)
{
	if (strncmp(text, "SELECT", 6) != 0)
		journal->postgresql->wrote = true;
}

static bool
ask(struct journal *journal, const char *text, struct journal_values values,
    struct postgresql_result *result)
{
	return is_usable(journal) &&
	    postgresql_keep_end(journal,
		postgresql_query(journal->postgresql->session, text, values,
		    postgresql_deadline(journal), result));
}

static void
tell(struct journal *journal, const char *text, struct journal_values values)
{
	if (is_usable(journal))
		(void)postgresql_keep_end(journal,
		    postgresql_send(journal->postgresql->session, text,
			values));
}

static void
end(void *statement)
{
	struct rows *rows = statement;
	struct journal *journal = rows->journal;

	forget_rows(rows);
	rows->journal = NULL;
	if (journal != NULL && !journal_failed(journal))
		tell(journal, rows->close.data, NO_VALUES);
}

static void
finalize(void *statement)
{
	forget_rows(statement);
	free_rows(statement);
}

static void
fetch(struct journal *journal, struct rows *rows)
{
	forget_rows(rows);
	(void)ask(journal, rows->fetch.data, NO_VALUES, &rows->result);
}

static void
bind(struct journal *journal, void *statement, struct journal_values values)
{
	struct rows *rows = statement;

	end(rows);
	if (rows->declare.len > 0) {
		tell(journal, rows->declare.data, values);
		rows->journal = journal;
		fetch(journal, rows);
		return;
	}
	note_write(journal, rows->text);
	if (ask(journal, rows->text, values, &rows->result))
		journal->postgresql->changed = postgresql_changed(
		    &rows->result);
}

static void
send(struct journal *journal, const char *text, struct journal_values values)
{
	note_write(journal, text);
	tell(journal, text, values);
}

static bool
step(struct journal *journal, void *statement)
{
	struct rows *rows = statement;

	if (rows->journal != NULL && rows->next == FETCH)
		fetch(journal, rows);
	return !journal_failed(journal) && in_time(journal) &&
	    rows->next++ < postgresql_rows(&rows->result);
}

static int
changes(struct journal *journal)
{
	return (int)journal->postgresql->changed;
}

/* A number that is the only column of the only row. */
static int64_t
ask_number(struct journal *journal, const char *text,
    struct journal_values values, int64_t otherwise)
{
	struct postgresql_result result = { 0 };
	int64_t number = otherwise;

	if (ask(journal, text, values, &result) &&
	    postgresql_rows(&result) > 0 &&
	    postgresql_column_type(&result, 0, 0) == JOURNAL_TYPE_INT)
		number = postgresql_column_int(&result, 0, 0);
	postgresql_result_free(&result);
	return number;
}

static enum journal_type
column_type(void *statement, int column)
{
	struct rows *rows = statement;

	return postgresql_column_type(&rows->result, rows->next - 1, column);
}

static int64_t
column_int(void *statement, int column)
{
	struct rows *rows = statement;

	return postgresql_column_int(&rows->result, rows->next - 1, column);
}

static struct bytes
column_text(void *statement, int column)
{
	struct rows *rows = statement;

	return postgresql_column_bytes(&rows->result, rows->next - 1, column);
}

static bool
column_bytes(struct journal *journal, void *statement, int column,
    struct bytes *bytes)
{
	(void)journal;
	*bytes = column_text(statement, column);
	return true;
}

static const char *
column_name(void *statement, int column)
{
	struct rows *rows = statement;

	return postgresql_column_name(&rows->result, column);
}

/* Where the clocks agree, as those of one machine do, each time is what it was:
 * none becomes another one by how long an answer took. */
static int64_t
ahead(const struct journal *journal)
{
	const struct postgresql *postgresql = journal->postgresql;
	int64_t difference = postgresql->ahead + clock_boot() - clock_wall();

	return llabs(difference) <= postgresql->doubt ? 0 : difference;
}

/* Where nobody has for long. */
static void
measure_clock(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;
	int64_t asked = clock_boot();
	int64_t time;

	if (asked < postgresql->measured_at + MEASURE)
		return;
	time = ask_number(journal, "SELECT " SQL_CLOCK, NO_VALUES, 0);
	if (!journal_failed(journal))
		postgresql_measure(postgresql, asked, time);
}

/* What is waited for, as journal_set_busy_timeout says.  Sent along with the
 * transaction it would be undone with it. */
static void
set_lock_timeout(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;

	if (postgresql->lock_timeout == journal->turn_timeout)
		return;
	if (ask(journal,
		"SELECT set_config('lock_timeout', CAST(?1 AS text), false)",
		BIND(INT(journal->turn_timeout)), NULL))
		postgresql->lock_timeout = journal->turn_timeout;
}

/* What was planned while a table was empty would be kept. */
static void
plan_anew(struct postgresql *postgresql, struct journal *journal)
{
	if (clock_boot() < postgresql->planned_at + MEASURE)
		return;
	tell(journal, "DISCARD PLANS", NO_VALUES);
	postgresql->planned_at = clock_boot();
}

/* How long a read may take is known to the server too, which would go on
 * with a statement that nobody waits for. */
static void
begin_reading(struct journal *journal)
{
	tell(journal, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	    NO_VALUES);
	if (journal->until != CLOCK_NEVER)
		tell(journal,
		    "SELECT set_config('statement_timeout',"
		    " CAST(?1 AS text), true)",
		    BIND(INT(clock_left(journal->until) + 1)));
	measure_clock(journal);
}

/*
 * As in a file, who writes does it alone: once it has the lock, its next
 * statement sees all that was committed before.
 */
static void
begin_writing(struct journal *journal, bool relaxed)
{
	struct postgresql *postgresql = journal->postgresql;

	set_lock_timeout(journal);
	tell(journal, "BEGIN", NO_VALUES);
	plan_anew(postgresql, journal);
	if (relaxed)
		tell(journal, "SET LOCAL synchronous_commit TO off", NO_VALUES);
	(void)ask(journal,
	    "SELECT pg_advisory_xact_lock(CAST(?1 AS integer),"
	    " CAST(?2 AS integer))",
	    BIND(INT(postgresql->class), INT(POSTGRESQL_LOCK_WRITER)), NULL);
	if (!journal_failed(journal))
		measure_clock(journal);
}

static void
begin(struct journal *journal, enum journal_access access)
{
	struct postgresql *postgresql = journal->postgresql;

	postgresql->writes = access != JOURNAL_ACCESS_READ;
	postgresql->wrote = postgresql->open = false;
	journal->room = INT64_MAX;
	if (!postgresql_connect(journal) || !in_time(journal))
		return;
	postgresql->open = true;
	if (postgresql->writes)
		begin_writing(journal, access == JOURNAL_ACCESS_RELAXED);
	else
		begin_reading(journal);
}

/*
 * A commit whose answer did not come is there or not: the ID of an event that
 * it stored tells, or the number that this runner gave it.  Whoever still
 * works on it has the lock, and is ended.
 */
static bool
find_commit(struct journal *journal, int backend)
{
	struct postgresql *postgresql = journal->postgresql;
	bool found;

	tell(journal,
	    "SELECT pg_terminate_backend(l.pid) FROM " SQL_LOCKS("?1",
		"0") " AND l.pid = ?2",
	    BIND(INT(postgresql_shown_class(postgresql)), INT(backend)));
	begin_writing(journal, true);
	if (journal->event[0] != '\0')
		found = ask_number(journal,
			    "SELECT 1 FROM events WHERE id = ?1",
			    BIND(TEXT(journal->event)), 0) == 1;
	else
		found = ask_number(journal,
			    "SELECT number FROM commits WHERE writer = ?1",
			    BIND(INT(journal->runner)),
			    0) == postgresql->number;
	return ask(journal, "ROLLBACK", NO_VALUES, NULL) && found;
}

static void
resolve_doubt(struct journal *journal, int backend)
{
	struct postgresql *postgresql = journal->postgresql;

	if (journal->runner == 0 && journal->event[0] == '\0')
		return;
	journal->failure = JOURNAL_FINE;
	postgresql->retry_at = 0;
	if (postgresql_connect(journal) && find_commit(journal, backend))
		log_say(LOG_LEVEL_INFO,
		    "journal: %s: a commit whose answer was lost was found",
		    journal->path);
	else
		journal_fail(journal, JOURNAL_FAILED_STORE);
}

static void
number_commit(struct journal *journal)
{
	tell(journal,
	    "INSERT INTO commits(writer, number) VALUES(?1, ?2)"
	    " ON CONFLICT(writer) DO UPDATE SET number = excluded.number",
	    BIND(INT(journal->runner), INT(++journal->postgresql->number)));
}

static void
commit(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;
	int backend;

	if (journal_failed(journal) || postgresql->session == NULL)
		return;
	backend = postgresql_backend(postgresql->session);
	if (postgresql->wrote && journal->runner != 0)
		number_commit(journal);
	journal->until = CLOCK_NEVER;
	if (ask(journal, "COMMIT", NO_VALUES, NULL))
		postgresql->open = false;
	else if (postgresql->wrote && postgresql->session == NULL)
		resolve_doubt(journal, backend);
}

static void
roll_back(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;
	enum journal_failure failure = journal->failure;

	journal_statements_end(journal);
	journal->until = CLOCK_NEVER;
	if (postgresql->open && postgresql->session != NULL)
		(void)postgresql_keep_end(journal,
		    postgresql_exec(postgresql->session, "ROLLBACK",
			postgresql_deadline(journal), NULL));
	postgresql->open = false;
	journal->failure = failure;
}

/* Nothing tells: what is new has to be asked for. */
static void
look(struct journal *journal, bool *changed)
{
	(void)journal;
	*changed = true;
}

static bool
is_named(const struct journal *journal, const char *name)
{
	return strcmp(journal->path, name) == 0;
}

static bool
is_same(const struct journal *journal, const struct journal *other)
{
	return is_named(journal, other->path);
}

static enum rc
size(struct journal *journal, int64_t *bytes)
{
	pthread_mutex_lock(&journal->holding);
	journal->failure = JOURNAL_FINE;
	journal->until = CLOCK_NEVER;
	*bytes = 0;
	if (postgresql_connect(journal))
		*bytes = ask_number(journal,
		    "SELECT CAST(sum(pg_total_relation_size(oid)) AS bigint)"
		    " FROM pg_class WHERE relkind = 'r' AND relnamespace ="
		    " (SELECT relnamespace FROM pg_class"
		    " WHERE oid = to_regclass('deliveries'))",
		    NO_VALUES, 0);
	pthread_mutex_unlock(&journal->holding);
	return journal_meaning(journal->failure);
}

const struct journal_engine journal_postgresql = {
	.shared = true,
	.open = postgresql_open_journal,
	.inspect = postgresql_inspect,
	.can_make = postgresql_can_make,
	.warn = postgresql_warn,
	.close = postgresql_close_journal,
	.is_same = is_same,
	.is_named = is_named,
	.begin = begin,
	.commit = commit,
	.roll_back = roll_back,
	.look = look,
	.ahead = ahead,
	.prepare = prepare,
	.finalize = finalize,
	.bind = bind,
	.send = send,
	.step = step,
	.end = end,
	.changes = changes,
	.column_type = column_type,
	.column_int = column_int,
	.column_text = column_text,
	.column_bytes = column_bytes,
	.column_name = column_name,
	.hold = postgresql_hold,
	.release = postgresql_release,
	.lives = postgresql_lives,
	.has_lapsed = postgresql_has_lapsed,
	.set_lease = postgresql_set_lease,
	.place = postgresql_place,
	.note = postgresql_note,
	.note_nothing = postgresql_note_nothing,
	.find_note = postgresql_find_note,
	.drain_lock = postgresql_drain_lock,
	.drain_unlock = postgresql_drain_unlock,
	.size = size,
};
