/* SPDX-License-Identifier: ISC */
#include "journal/watching.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

#define WAIT INT64_C(300000) /* for others of the same kind */

/* How long a change waits for others: not where there cannot be many. */
int64_t
journal_wait_of(struct journal *journal, const char *hook)
{
	return journal_number(journal, 0,
		   "SELECT count(*) FROM (SELECT 1 FROM pipelines"
		   " WHERE hook = ?1 LIMIT ?2) AS few",
		   BIND(TEXT(hook), INT(JOURNAL_SOME))) < JOURNAL_SOME ?
	    0 :
	    WAIT;
}

/* The next judgement of a query; false: there is none. */
static bool
next_judged(struct journal_reader *reader, struct journal_judged *judged)
{
	if (!journal_next(reader->journal, reader->row))
		return false;
	*judged = (struct journal_judged){
		.alarm = (enum journal_alarm)journal_int(reader, 0,
		    JOURNAL_IS_ALARM),
		.run = journal_int(reader, 1, JOURNAL_IS_COUNT),
		.since = journal_int(reader, 2, JOURNAL_IS_TIME),
		.expected = journal_int(reader, 3, JOURNAL_IS_TIME),
		.usual = journal_int(reader, 4, JOURNAL_IS_COUNT),
		.told = journal_int(reader, 5, JOURNAL_IS_TIME),
		.over = journal_int(reader, 6, JOURNAL_IS_TIME),
		.due = journal_int(reader, 7, JOURNAL_IS_EXPIRY),
		.pipeline = journal_text(reader, 8, JOURNAL_TEXT_IDENTITY),
	};
	return true;
}

/* All of a query, in the pool. */
struct journal_judged *
journal_judged_read(struct journal *journal, struct journal_watching *watching,
    struct journal_statement *rows, size_t *n)
{
	struct journal_reader reader = journal_lenient_reader(journal, rows,
	    "judgements");
	struct journal_judged *list = NULL;
	struct journal_judged row;

	*n = 0;
	while (next_judged(&reader, &row)) {
		struct journal_judged *next = journal_need(journal,
		    pool_next(&watching->pool, &list, *n));

		row.pipeline = journal_need(journal,
		    pool_text(&watching->pool, row.pipeline));
		if (journal_failed(journal)) {
			journal_end_query(rows);
			*n = 0;
			return NULL;
		}
		*next = row;
		if (!reader.damaged)
			(*n)++;
		reader.damaged = false;
	}
	return list;
}

void
journal_judged_forget(struct journal *journal, const char *hook,
    const struct journal_judged *judged)
{
	journal_do(journal,
	    "DELETE FROM judgements WHERE hook = ?1 AND pipeline = ?2"
	    " AND kind = ?3 AND run = ?4 AND since = ?5",
	    BIND(TEXT(hook), TEXT(judged->pipeline), INT(judged->alarm),
		INT(judged->run), INT(judged->since)));
}

void
journal_judged_write(struct journal *journal, const char *hook,
    const struct journal_judged *judged)
{
	journal_do(journal,
	    "INSERT INTO judgements(hook, pipeline, kind, run, since, found,"
	    " expected, usual, told, over, due)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10)"
	    " ON CONFLICT(hook, pipeline, kind, run, since) DO UPDATE SET"
	    " told = excluded.told, over = excluded.over, due = excluded.due",
	    BIND(TEXT(hook), TEXT(judged->pipeline), INT(judged->alarm),
		INT(judged->run), INT(judged->since), INT(judged->expected),
		INT(judged->usual), INT(judged->told), INT(judged->over),
		INT(judged->due)));
}

int64_t
journal_remind_at(const struct journal_watching *watching,
    const struct journal_pipeline *pipeline, int64_t told)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	int64_t remind = watcher->remind(watcher->context, pipeline);

	return remind == 0 ? CLOCK_NEVER : told + remind;
}

/* When the next one is to be judged, and the next of what is wrong told. */
int64_t
journal_due_pipeline(struct journal *journal, const char *hook)
{
	return journal_number(journal, CLOCK_NEVER,
	    "SELECT due FROM pipelines WHERE hook = ?1 ORDER BY due LIMIT 1",
	    BIND(TEXT(hook)));
}

int64_t
journal_due_judgement(struct journal *journal, const char *hook)
{
	return journal_number(journal, CLOCK_NEVER,
	    "SELECT due FROM judgements WHERE hook = ?1 ORDER BY due LIMIT 1",
	    BIND(TEXT(hook)));
}
