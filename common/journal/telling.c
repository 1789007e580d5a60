/* SPDX-License-Identifier: ISC */
#include "journal/watching.h"

#include "base/clock.h"
#include "journal/append.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

enum {
	STEP = 50, /* events of one transaction */
	MANY = 10, /* changes that are told as one; or over half of */
};

/* Rows of judgements that are told alike. */
struct group {
	bool recovered;
	bool again;
	enum journal_alarm alarm;
	struct journal_judged *list;
	size_t n;
};

/* Until when nothing is told of it. */
static int64_t
muted_until(struct journal *journal, const struct journal_watching *watching,
    const struct journal_judged *judged)
{
	int64_t until = judged->alarm == JOURNAL_SILENT ?
	    0 :
	    journal_number(journal, 0,
		"SELECT until FROM mutes WHERE hook = ?1 AND pipeline = ?2",
		BIND(TEXT(watching->watch->hook), TEXT(judged->pipeline)));

	return until > watching->noted.muted ? until : watching->noted.muted;
}

static void
put_off(struct journal *journal, const struct journal_watching *watching,
    struct journal_judged *judged, int64_t until)
{
	judged->due = until;
	journal_judged_write(journal, watching->watch->hook, judged);
}

/* Takes out of the group what is muted. */
static void
leave_muted(struct journal *journal, const struct journal_watching *watching,
    struct group *group)
{
	size_t kept = 0;

	for (size_t i = 0; i < group->n; i++) {
		struct journal_judged *judged = &group->list[i];
		int64_t until = muted_until(journal, watching, judged);

		if (until > watching->now)
			put_off(journal, watching, judged, until);
		else
			group->list[kept++] = *judged;
	}
	group->n = kept;
}

/* What cannot be read is never told. */
static void
put_damaged_off(struct journal *journal,
    const struct journal_watching *watching)
{
	journal_do(journal,
	    "UPDATE judgements SET due = ?3 WHERE hook = ?1 AND due <= ?2",
	    BIND(TEXT(watching->watch->hook), INT(watching->now),
		INT(CLOCK_NEVER)));
}

/* All that waits to be told as the first that is due is; of what was told
 * before only what is due.  What is over comes first: it may be wrong again. */
static void
find_group(struct journal *journal, struct journal_watching *watching,
    struct group *group)
{
	const char *hook = watching->watch->hook;
	struct journal_judged *first;
	size_t n;

	*group = (struct group){ 0 };
	first = journal_judged_read(journal, watching,
	    journal_query(journal,
		JOURNAL_JUDGED
		"WHERE hook = ?1 AND due <= ?2"
		" ORDER BY CASE WHEN over <> 0 THEN 0 ELSE 1 END, due LIMIT 1",
		BIND(TEXT(hook), INT(watching->now))),
	    &n);
	if (n == 0) {
		put_damaged_off(journal, watching);
		return;
	}
	group->recovered = first->over != 0;
	group->again = first->told != 0 && !group->recovered;
	group->alarm = first->alarm;
	group->list = journal_judged_read(journal, watching,
	    journal_query(journal,
		SQL(JOURNAL_JUDGED "WHERE hook = ?1 AND due < ?2"
		" AND CASE WHEN over <> 0 THEN 1 ELSE 0 END = ?3"
		" AND CASE WHEN told <> 0 THEN 1 ELSE 0 END = ?4"
		" AND kind = ?5 ORDER BY since, pipeline, run"),
		    BIND(TEXT(hook),
			INT(group->again ? watching->now + 1 : CLOCK_NEVER),
			INT(group->recovered),
			INT(group->recovered || group->again),
			INT(group->alarm))),
		&group->n);
	leave_muted(journal, watching, group);
}

static bool
is_many(struct journal *journal, const struct journal_watching *watching,
    const struct group *group)
{
	int64_t pipelines;

	if (group->n < 2 ||
	    (!group->recovered && group->alarm == JOURNAL_FAILING))
		return false;
	if (group->n >= MANY)
		return true;
	pipelines = journal_number(journal, 0,
	    "SELECT count(*) FROM (SELECT 1 FROM pipelines WHERE hook = ?1"
	    " LIMIT ?2) AS few",
	    BIND(TEXT(watching->watch->hook), INT(2 * MANY)));
	return pipelines >= JOURNAL_SOME && 2 * (int64_t)group->n > pipelines;
}

/* What there is to say of a run that was, or is, stuck. */
static void
fill_run(struct journal *journal, struct journal_watching *watching,
    struct journal_change_told *change, int64_t run)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "runs",
		.row = journal_query(journal,
		    "SELECT run, outcome FROM runs WHERE seq = ?1",
		    BIND(INT(run))),
	};

	if (!journal_next(journal, reader.row))
		return;
	change->run = journal_text_copy(&reader, 0, JOURNAL_TEXT_IDENTITY,
	    &watching->pool);
	change->outcome = journal_text_copy(&reader, 1, JOURNAL_TEXT_NOTE,
	    &watching->pool);
	journal_end_query(reader.row);
}

/* The run that failed last; 0: there is none any more. */
static int64_t
last_failed(struct journal *journal, const struct journal_change_told *change)
{
	return journal_number(journal, 0,
	    "SELECT seq FROM runs WHERE hook = ?1 AND pipeline = ?2"
	    " AND ended > 0 AND outcome IN ('failure', 'stopped')"
	    " ORDER BY seq DESC LIMIT 1",
	    BIND(TEXT(change->hook), TEXT(change->id)));
}

static void
fill_pipeline(struct journal *journal, struct journal_watching *watching,
    struct journal_change_told *change)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "pipelines",
		.row = journal_query(journal,
		    "SELECT name, success, failures, failure FROM pipelines"
		    " WHERE hook = ?1 AND id = ?2",
		    BIND(TEXT(change->hook), TEXT(change->id))),
	};

	if (!journal_next(journal, reader.row))
		return;
	change->name = journal_text_copy(&reader, 0, JOURNAL_TEXT_IDENTITY,
	    &watching->pool);
	change->success = journal_int(&reader, 1, JOURNAL_IS_TIME);
	change->failures = (unsigned)journal_int(&reader, 2, JOURNAL_IS_SMALL);
	change->failure = journal_text_copy(&reader, 3, JOURNAL_TEXT_NOTE,
	    &watching->pool);
	journal_end_query(reader.row);
}

static void
fill_change(struct journal *journal, struct journal_watching *watching,
    const struct journal_judged *judged, struct journal_change_told *change)
{
	*change = (struct journal_change_told){
		.hook = watching->watch->hook,
		.alarm = judged->alarm,
		.recovered = judged->over != 0,
		.again = judged->told != 0 && judged->over == 0,
		.since = judged->since,
		.expected = judged->expected,
		.usual = judged->usual,
		.over = judged->over,
		.id = judged->pipeline,
		.name = judged->pipeline,
		.failure = "",
		.run = "",
		.outcome = "",
	};
	if (judged->alarm == JOURNAL_SILENT)
		change->success = watching->noted.event;
	else
		fill_pipeline(journal, watching, change);
	if (judged->alarm == JOURNAL_STUCK)
		fill_run(journal, watching, change, judged->run);
	else if (judged->alarm == JOURNAL_FAILING && !change->recovered)
		fill_run(journal, watching, change,
		    last_failed(journal, change));
}

/* It was told; or nobody wants to hear of it. */
static void
note_told(struct journal *journal, struct journal_watching *watching,
    struct journal_judged *judged, const struct journal_change_told *change)
{
	const char *hook = watching->watch->hook;
	const struct journal_pipeline facts = { .hook = hook,
		.id = change->id,
		.name = change->name };

	if (judged->over != 0) {
		journal_judged_forget(journal, hook, judged);
		return;
	}
	judged->told = watching->now;
	judged->due = journal_remind_at(watching,
	    judged->alarm == JOURNAL_SILENT ? NULL : &facts, watching->now);
	journal_judged_write(journal, hook, judged);
}

/* One event for these.  wanted: some line takes it. */
static enum rc
tell(struct journal *journal, struct journal_watching *watching,
    const struct group *group, bool *wanted)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	struct journal_telling telling = {
		.pool = &watching->pool,
		.now = watching->now,
	};
	struct journal_change_told *changes = pool_alloc(&watching->pool,
	    group->n, sizeof(*changes));
	enum rc rc;

	if (changes == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < group->n; i++)
		fill_change(journal, watching, &group->list[i], &changes[i]);
	if (journal_failed(journal))
		return RC_OK;
	rc = watcher->tell(watcher->context, changes, group->n, &telling);
	*wanted = rc == RC_OK && telling.entry.routes_len > 0;
	if (*wanted)
		rc = journal_append_here(journal, &telling.entry);
	/* Many that no line takes may be taken each by itself. */
	if (!*wanted && group->n > 1)
		return rc;
	for (size_t i = 0; rc == RC_OK && i < group->n; i++)
		note_told(journal, watching, &group->list[i], &changes[i]);
	return rc;
}

static enum rc
tell_group(struct journal *journal, struct journal_watching *watching,
    const struct group *group)
{
	struct group alone = *group;
	bool wanted = false;
	enum rc rc = RC_OK;

	if (is_many(journal, watching, group))
		rc = tell(journal, watching, group, &wanted);
	if (rc != RC_OK || wanted)
		return rc;
	alone.n = 1;
	for (size_t i = 0; rc == RC_OK && i < group->n && i < STEP; i++) {
		alone.list = &group->list[i];
		rc = tell(journal, watching, &alone, &wanted);
	}
	return rc;
}

enum rc
journal_tell_due(struct journal *journal, struct journal_watching *watching)
{
	struct group group;
	const char *hook = watching->watch->hook;

	if (journal_due_judgement(journal, hook) > watching->now)
		return RC_OK;
	if (!watching->durable) {
		watching->wanted = true;
		return RC_OK;
	}
	/* What is found at one time is told as one, in another step. */
	if (journal_due_pipeline(journal, hook) <= watching->now)
		return RC_OK;
	find_group(journal, watching, &group);
	return journal_failed(journal) ? RC_OK :
					 tell_group(journal, watching, &group);
}
