/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/facts.h"

#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"

enum { LOOKED_AT = 1000 }; /* runs, for those of which both times are known */

/* Its own row. */
static bool
read_pipeline(struct journal *journal, struct journal_pipeline *facts,
    struct pool *pool)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT name, first, seen, success, failures, failed, failure"
		" FROM pipelines WHERE hook = ?1 AND id = ?2",
		BIND(TEXT(facts->hook), TEXT(facts->id))),
	    "pipelines");

	if (!journal_next(journal, reader.row))
		return false;
	facts->name = journal_text_copy(&reader, 0, JOURNAL_TEXT_IDENTITY,
	    pool);
	facts->first = journal_int(&reader, 1, JOURNAL_IS_TIME);
	facts->seen = journal_int(&reader, 2, JOURNAL_IS_TIME);
	facts->success = journal_int(&reader, 3, JOURNAL_IS_TIME);
	facts->failures = (unsigned)journal_int(&reader, 4, JOURNAL_IS_SMALL);
	facts->failed = journal_int(&reader, 5, JOURNAL_IS_TIME);
	facts->failure = "";
	if (facts->failures > 0)
		facts->failure = journal_text_copy(&reader, 6,
		    JOURNAL_TEXT_EVENT, pool);
	journal_end_query(reader.row);
	return !reader.damaged && !journal_failed(journal);
}

static void
read_mute(struct journal *journal, struct journal_pipeline *facts)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT until FROM mutes WHERE hook = ?1 AND pipeline = ?2",
		BIND(TEXT(facts->hook), TEXT(facts->id))),
	    "mutes");

	facts->muted = 0;
	if (!journal_next(journal, reader.row))
		return;
	facts->muted = journal_int(&reader, 0, JOURNAL_IS_EXPIRY);
	journal_end_query(reader.row);
}

/* Its hook's row of watches. */
static void
read_hook(struct journal *journal, struct journal_pipeline *facts)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT anew, muted FROM watches WHERE hook = ?1",
		BIND(TEXT(facts->hook))),
	    "watches");

	facts->anew = facts->hook_muted = 0;
	if (!journal_next(journal, reader.row))
		return;
	facts->anew = journal_int(&reader, 0, JOURNAL_IS_TIME);
	facts->hook_muted = journal_int(&reader, 1, JOURNAL_IS_EXPIRY);
	if (facts->hook_muted > facts->muted)
		facts->muted = facts->hook_muted;
	journal_end_query(reader.row);
}

/* The numbers of a query that are not 0, so many at most; how many there are. */
static size_t
read_numbers(struct journal_reader reader, int64_t *list, size_t most)
{
	size_t n = 0;

	while (n < most && journal_next(reader.journal, reader.row)) {
		list[n] = journal_int(&reader, 0, JOURNAL_IS_TIME);
		if (list[n] > 0)
			n++;
	}
	if (n == most)
		journal_end_query(reader.row);
	return n;
}

static void
read_successes(struct journal *journal, struct journal_pipeline *facts)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT time FROM successes WHERE hook = ?1 AND pipeline = ?2"
		" ORDER BY time DESC LIMIT ?3",
		BIND(TEXT(facts->hook), TEXT(facts->id),
		    INT(JOURNAL_GAPS + 1))),
	    "successes");

	facts->successes_n = read_numbers(reader, facts->successes,
	    JOURNAL_GAPS + 1);
}

/* No more rows are read than are wanted: they lie far apart. */
void
journal_facts_read_durations(struct journal *journal,
    struct journal_pipeline *facts)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		SQL_WALK
		"SELECT CASE WHEN began > 0 AND ended > began"
		" AND outcome <> 'unknown' THEN ended - began ELSE 0 END"
		" FROM runs WHERE hook = ?1 AND pipeline = ?2"
		" ORDER BY seq DESC LIMIT ?3",
		BIND(TEXT(facts->hook), TEXT(facts->id), INT(LOOKED_AT))),
	    "runs");

	facts->durations_n = read_numbers(reader, facts->durations,
	    JOURNAL_DURATIONS);
}

/* Those of which all is known. */
static void
read_open(struct journal *journal, struct journal_pipeline *facts,
    struct pool *pool)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT seq, began, run FROM runs WHERE ended = 0"
		" AND hook = ?1 AND pipeline = ?2 AND seq >"
		" coalesce((SELECT number FROM notes"
		" WHERE name = 'earlier_runs'), 0) ORDER BY seq LIMIT ?3",
		BIND(TEXT(facts->hook), TEXT(facts->id),
		    INT(JOURNAL_OPEN_RUNS))),
	    "runs");
	struct journal_open_run *list = NULL;
	size_t n = 0;

	while (journal_next(journal, reader.row)) {
		struct journal_open_run *run = journal_need(journal,
		    pool_next(pool, &list, n));

		if (run == NULL) {
			journal_end_query(reader.row);
			return;
		}
		reader.damaged = false;
		run->seq = journal_int(&reader, 0, JOURNAL_IS_ROW);
		run->began = journal_int(&reader, 1, JOURNAL_IS_TIME);
		journal_text_into(&reader, 2, JOURNAL_TEXT_IDENTITY, run->run);
		if (!reader.damaged)
			n++;
	}
	facts->open = list;
	facts->open_n = n;
}

/* What is damaged is as if there were none. */
static void
read_last(struct journal *journal, struct journal_pipeline *facts,
    struct pool *pool)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT " JOURNAL_RUN_COLUMNS
		" FROM runs r WHERE r.hook = ?1 AND r.pipeline = ?2"
		" ORDER BY r.seq DESC LIMIT 1",
		BIND(TEXT(facts->hook), TEXT(facts->id))),
	    "runs");
	struct journal_run run = { .name = facts->name };

	if (!journal_next(journal, reader.row))
		return;
	if (journal_run_fill(&reader, pool, &run))
		facts->last = run;
	journal_end_query(reader.row);
}

bool
journal_run_fill(struct journal_reader *reader, struct pool *pool,
    struct journal_run *run)
{
	reader->number = run->seq = journal_int(reader, 0, JOURNAL_IS_ROW);
	run->hook = journal_text_copy(reader, 1, JOURNAL_TEXT_HOOK, pool);
	run->pipeline = journal_text_copy(reader, 2, JOURNAL_TEXT_IDENTITY,
	    pool);
	run->run = journal_text_copy(reader, 3, JOURNAL_TEXT_IDENTITY, pool);
	run->began = journal_int(reader, 4, JOURNAL_IS_TIME);
	run->ended = journal_int(reader, 5, JOURNAL_IS_TIME);
	run->event = journal_text_copy(reader, 6, JOURNAL_TEXT_EVENT, pool);
	/* Of one that is open there is none. */
	run->outcome = run->ended == 0 ?
	    "" :
	    journal_text_copy(reader, 7, JOURNAL_TEXT_OUTCOME, pool);
	run->first = journal_text_copy(reader, 8, JOURNAL_TEXT_NOTE, pool);
	run->last = journal_text_copy(reader, 9, JOURNAL_TEXT_NOTE, pool);
	return !reader->damaged && !journal_failed(reader->journal);
}

bool
journal_facts_read(struct journal *journal, struct journal_pipeline *facts,
    struct pool *pool)
{
	facts->journal = journal;
	facts->last = (struct journal_run){ .hook = facts->hook,
		.pipeline = facts->id,
		.name = facts->name,
		.run = "",
		.event = "",
		.outcome = "",
		.first = "",
		.last = "" };
	facts->open = NULL;
	facts->open_n = 0;
	facts->durations_n = 0;
	if (!read_pipeline(journal, facts, pool))
		return false;
	read_mute(journal, facts);
	read_hook(journal, facts);
	read_successes(journal, facts);
	read_open(journal, facts, pool);
	if (facts->open_n > 0)
		journal_facts_read_durations(journal, facts);
	read_last(journal, facts, pool);
	return !journal_failed(journal);
}

int64_t
journal_success_from(const struct journal_pipeline *pipeline, int64_t time,
    unsigned n)
{
	return journal_number(pipeline->journal, 0,
	    "SELECT time FROM successes WHERE hook = ?1 AND pipeline = ?2"
	    " AND time >= ?3 ORDER BY time LIMIT 1 OFFSET ?4",
	    BIND(TEXT(pipeline->hook), TEXT(pipeline->id), INT(time),
		INT(n > 0 ? n - 1 : 0)));
}
