/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "journal/postgresql.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/engine.h"
#include "journal/internal.h"
#include "journal/statement.h"

/* The session in which a journal reads and writes: it comes back by itself. */

#define PLANS                                                                  \
	"SET enable_seqscan = off; SET random_page_cost = 1;"                  \
	" SET cursor_tuple_fraction = 0.01;"
#define CLASS_AND_CLOCK                                                        \
	" SELECT coalesce(CAST(CAST(to_regclass('runners') AS oid)"            \
	" AS bigint), 0), " SQL_CLOCK

enum {
	CONNECT = 5000,	      /* milliseconds to be connected in */
	CONNECT_HASTY = 1000, /* the same, for who waits for nobody */
	RETRY = 500,	      /* between attempts to connect, milliseconds */
	LOOK = 2000,	      /* for who only looks, that others let go */
	AGREEMENT = 50,	      /* clocks that differ by less are one, the same */
	TELL = 10000,	      /* between log lines of one trouble, the same */
};

void
postgresql_tell(struct journal *journal, const char *what)
{
	struct postgresql *postgresql = journal->postgresql;
	int64_t now = clock_steady();

	if (postgresql->told_at != 0 && now < postgresql->told_at + TELL)
		return;
	postgresql->told_at = now;
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", journal->path, what);
}

/* PostgreSQL's classes of errors (its manual, appendix A). */
static enum journal_failure
failure_of(const char *state)
{
	if (strcmp(state, "55P03") == 0)
		return JOURNAL_FAILED_LOCKED; /* lock_not_available */
	if (strcmp(state, "57014") == 0)
		return JOURNAL_FAILED_TIME; /* query_canceled */
	if (strncmp(state, "54", 2) == 0)
		return JOURNAL_FAILED_LARGE; /* program_limit_exceeded */
	/* Other tables than these, and data or an index that are damaged. */
	if (strncmp(state, "42", 2) == 0 || strcmp(state, "XX001") == 0 ||
	    strcmp(state, "XX002") == 0)
		return JOURNAL_FAILED_DAMAGED;
	return JOURNAL_FAILED_STORE;
}

static void
lose(struct postgresql *postgresql)
{
	postgresql_close(postgresql->session);
	postgresql->session = NULL;
}

static enum journal_failure
judge(struct journal *journal, enum postgresql_end end)
{
	struct postgresql *postgresql = journal->postgresql;
	const char *state = postgresql_sqlstate(postgresql->session);
	enum journal_failure failure = JOURNAL_FAILED_STORE;

	if (end == POSTGRESQL_MEMORY)
		return JOURNAL_FAILED_MEMORY;
	if (end == POSTGRESQL_REFUSED)
		failure = failure_of(state);
	if (failure != JOURNAL_FAILED_TIME)
		postgresql_tell(journal,
		    postgresql_message(postgresql->session));
	/* read_only_sql_transaction: another host is the primary by now. */
	if (end == POSTGRESQL_LOST || strcmp(state, "25006") == 0)
		lose(postgresql);
	return failure;
}

int64_t
postgresql_shown_class(const struct postgresql *postgresql)
{
	return (int64_t)(uint32_t)(int32_t)postgresql->class;
}

bool
postgresql_keep_end(struct journal *journal, enum postgresql_end end)
{
	if (end != POSTGRESQL_FINE && journal->postgresql->session != NULL)
		journal_fail(journal, judge(journal, end));
	return end == POSTGRESQL_FINE;
}

int64_t
postgresql_deadline(const struct journal *journal)
{
	return clock_earlier(journal->until,
	    clock_steady() + POSTGRESQL_ANSWER);
}

static void
note_back(struct journal *journal)
{
	if (journal->postgresql->told_at == 0)
		return;
	journal->postgresql->told_at = 0;
	log_say(LOG_LEVEL_INFO, "journal: %s: connected again", journal->path);
}

void
postgresql_measure(struct postgresql *postgresql, int64_t asked, int64_t time)
{
	int64_t answered = clock_boot();

	postgresql->ahead = time - (asked + (answered - asked) / 2);
	postgresql->doubt = AGREEMENT + (answered - asked);
	postgresql->measured_at = answered;
}

/*
 * The statements are written for indexes, whatever is counted of the tables by
 * now.  The number of the table runners is the class of the locks, and another
 * one where the database was put back from a copy.
 */
static void
settle_in(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;
	struct postgresql_result result = { 0 };
	int64_t deadline = clock_steady() + POSTGRESQL_ANSWER;
	int64_t asked = clock_boot();

	(void)postgresql_keep_end(journal,
	    postgresql_exec(postgresql->session,
		journal->flags & JOURNAL_LOOKS ? PLANS
		    " SET default_transaction_read_only = on; " CLASS_AND_CLOCK :
						 PLANS CLASS_AND_CLOCK,
		deadline, &result));
	/* Locks are of numbers with a sign. */
	if (postgresql_rows(&result) == 1) {
		postgresql->class = (int32_t)(uint32_t)
		    postgresql_column_int(&result, 0, 0);
		/* What is stored first needs the time before it begins. */
		postgresql_measure(postgresql, asked,
		    postgresql_column_int(&result, 0, 1));
	}
	postgresql_result_free(&result);
	postgresql->planned_at = clock_boot();
}

bool
postgresql_connect(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;
	const struct postgresql_options options = {
		.uri = postgresql->uri,
		.reads = journal->flags & JOURNAL_LOOKS,
		.lock_timeout = journal->flags & JOURNAL_LOOKS ?
		    LOOK :
		    (unsigned)journal->turn_timeout,
	};
	struct buf error = { 0 };
	enum postgresql_end end;
	int64_t patience = journal->flags & JOURNAL_HASTY ? CONNECT_HASTY :
							    CONNECT;

	if (postgresql->session != NULL)
		return true;
	if (clock_steady() < postgresql->retry_at) {
		journal_fail(journal, JOURNAL_FAILED_STORE);
		return false;
	}
	end = postgresql_open(&options,
	    clock_earlier(journal->until, clock_steady() + patience),
	    &postgresql->session, &error);
	postgresql->refused = end == POSTGRESQL_REFUSED;
	if (end == POSTGRESQL_FINE) {
		note_back(journal);
		settle_in(journal);
	} else {
		postgresql->retry_at = clock_steady() + RETRY;
		postgresql_tell(journal,
		    error.len == 0 ? "out of memory" : error.data);
		journal_fail(journal, JOURNAL_FAILED_STORE);
	}
	postgresql->lock_timeout = journal->turn_timeout;
	buf_free(&error);
	return postgresql->session != NULL;
}

enum rc
postgresql_refuse(struct journal *journal, const char *what)
{
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", journal->path, what);
	return RC_CONFIG;
}

enum rc
postgresql_run(struct journal *journal, const char *commands,
    struct postgresql_result *result)
{
	if (postgresql_keep_end(journal,
		postgresql_exec(journal->postgresql->session, commands,
		    clock_steady() + POSTGRESQL_ANSWER, result)))
		return RC_OK;
	return journal_meaning(journal->failure) == RC_CORRUPT ?
	    RC_CONFIG :
	    journal_meaning(journal->failure);
}
