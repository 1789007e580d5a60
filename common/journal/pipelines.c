/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/facts.h"
#include "journal/internal.h"
#include "journal/pipelines.h"
#include "journal/runs.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct listing_runs {
	const struct journal_run_filter *filter;
	enum rc (*each)(void *context, const struct journal_run *run);
	void *context;
};

struct listing_pipelines {
	const struct journal_pipeline_filter *filter;
	enum rc (*each)(void *context, const struct journal_pipeline *pipeline,
	    const struct journal_outcomes *outcomes);
	void *context;
	struct pool pool; /* of the pipeline that is told */
};

struct muting {
	const struct journal_mute *mute;
	int64_t count;
};

struct forgetting {
	const char *hook;
	const char *pipeline;
	int64_t now;
	int64_t count;
};

/* Of which pipelines a text is the identity or the name. */
#define IS_CALLED(text) "(id = " text " OR name = " text ")"

/* Runs, newest first; the name is that of the pipeline, while that is known. */
#define LIST_RUNS(which, seq)                                                     \
	SQL_WALK "SELECT " JOURNAL_RUN_COLUMNS "," SQL_COLUMN_OR("p.name",        \
	    "r.pipeline") " FROM runs r LEFT JOIN pipelines p ON p.hook = r.hook" \
			  " AND p.id = r.pipeline WHERE " which                   \
			  " AND (r.began >= ?3 OR r.ended >= ?3) AND " seq        \
			  " < ?4"                                                 \
			  " ORDER BY " seq " DESC"
#define OF_SOME                                                                \
	" AND (?1 IS NULL OR r.hook = ?1)"                                     \
	" AND (?2 IS NULL OR r.pipeline = ?2 OR p.name = ?2)"

static const char all_runs[] = LIST_RUNS("r.hook <> ''" OF_SOME, "r.seq");
/* They are few: the plus keeps SQLite from going along all. */
static const char open_runs[] =
    LIST_RUNS("r.hook <> '' AND r.ended = 0" OF_SOME, "+r.seq");
static const char runs_of_one[] = LIST_RUNS("r.hook = ?1 AND r.pipeline = ?2",
    "r.seq");
static const char open_runs_of_one[] =
    LIST_RUNS("r.hook = ?1"
	      " AND r.pipeline = ?2 AND r.ended = 0",
	"r.seq");

static struct journal_statement *
query_runs(struct journal *journal, const struct journal_run_filter *filter)
{
	const char *all = filter->id != NULL ? runs_of_one : all_runs;
	const char *open = filter->id != NULL ? open_runs_of_one : open_runs;

	return journal_query(journal, filter->open ? open : all,
	    BIND(TEXT(filter->hook),
		TEXT(filter->id != NULL ? filter->id : filter->pipeline),
		INT(filter->since),
		INT(filter->before > 0 ? filter->before : INT64_MAX)));
}

static enum rc
list_runs(struct journal *journal, void *arguments)
{
	const struct listing_runs *listing = arguments;
	const struct journal_run_filter *filter = listing->filter;
	struct journal_statement *rows = query_runs(journal, filter);
	struct journal_reader reader;
	struct journal_run run;
	struct pool pool = { 0 };
	int64_t left = filter->limit;
	enum rc rc = RC_OK;

	while (rc == RC_OK && left > 0 && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "runs");
		if (journal_run_fill(&reader, &pool, &run)) {
			run.name = journal_text_aside(&reader, JOURNAL_RUN_NAME,
			    JOURNAL_TEXT_IDENTITY);
			left--;
			rc = listing->each(listing->context, &run);
		}
		pool_free(&pool);
	}
	journal_end_query(rows);
	return rc;
}

const char *
journal_run_outcome(const struct journal_run *run)
{
	return run->ended == 0 ? "open" : run->outcome;
}

int64_t
journal_run_duration(const struct journal_run *run, int64_t now)
{
	int64_t end = run->ended == 0 ? now : run->ended;

	return run->began == 0 || end < run->began ? -1 : end - run->began;
}

enum rc
journal_runs(struct journal *journal, const struct journal_run_filter *filter,
    enum rc (*each)(void *context, const struct journal_run *run),
    void *context)
{
	struct listing_runs listing = { filter, each, context };

	return journal_read(journal, list_runs, &listing);
}

static int64_t *
count_of(struct journal_outcomes *outcomes, const char *outcome)
{
	const struct {
		const char *outcome;
		int64_t *count;
	} counts[] = {
		{ "success", &outcomes->success },
		{ "partial", &outcomes->partial },
		{ "failure", &outcomes->failure },
		{ "stopped", &outcomes->stopped },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (strcmp(counts[i].outcome, outcome) == 0)
			return counts[i].count;
	return &outcomes->unknown;
}

/* Those that are over by when they ended, which is never before they began, and
 * so along an index alone, however many there were before. */
static struct journal_outcomes
count_outcomes(struct journal *journal, const char *hook, const char *pipeline,
    int64_t since)
{
	struct journal_outcomes outcomes = { 0 };
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT outcome, count(*) FROM runs WHERE hook = ?1"
		" AND pipeline = ?2 AND ended <> 0 AND ended >= ?3 GROUP BY 1"
		" UNION ALL SELECT 'open', count(*) FROM runs WHERE hook = ?1"
		" AND pipeline = ?2 AND ended = 0 AND began >= ?3",
		BIND(TEXT(hook), TEXT(pipeline), INT(since))),
	    "runs");
	const char *outcome;
	int64_t n;

	while (journal_next(journal, reader.row)) {
		n = journal_int(&reader, 1, JOURNAL_IS_COUNT);
		outcome = journal_text(&reader, 0, JOURNAL_TEXT_OUTCOME);
		if (strcmp(outcome, "open") == 0)
			outcomes.open += n;
		else
			*count_of(&outcomes, outcome) += n;
	}
	return outcomes;
}

/* What is damaged of it is told, and it is passed over. */
static enum rc
tell_pipeline(struct journal *journal, struct listing_pipelines *listing,
    struct journal_reader *reader)
{
	const struct journal_pipeline_filter *filter = listing->filter;
	struct journal_outcomes outcomes = { 0 };
	struct journal_pipeline facts = {
		.hook = journal_text_copy(reader, 0, JOURNAL_TEXT_HOOK,
		    &listing->pool),
		.id = journal_text_copy(reader, 1, JOURNAL_TEXT_IDENTITY,
		    &listing->pool),
	};

	if (reader->damaged ||
	    !journal_facts_read(journal, &facts, &listing->pool))
		return RC_OK;
	if (!filter->brief && facts.open_n == 0)
		journal_facts_read_durations(journal, &facts);
	if (!filter->brief && filter->since > 0)
		outcomes = count_outcomes(journal, facts.hook, facts.id,
		    filter->since);
	return listing->each(listing->context, &facts, &outcomes);
}

static struct journal_statement *
query_pipelines(struct journal *journal,
    const struct journal_pipeline_filter *filter)
{
	if (filter->id != NULL)
		return journal_query(journal,
		    "SELECT hook, id FROM pipelines WHERE hook = ?1"
		    " AND id = ?2",
		    BIND(TEXT(filter->hook), TEXT(filter->id)));
	return journal_query(journal,
	    "SELECT hook, id FROM pipelines WHERE (?1 IS NULL OR hook = ?1)"
	    " ORDER BY hook, name, id",
	    BIND(TEXT(filter->hook)));
}

static enum rc
list_pipelines(struct journal *journal, void *arguments)
{
	struct listing_pipelines *listing = arguments;
	struct journal_statement *rows = query_pipelines(journal,
	    listing->filter);
	struct journal_reader reader;
	enum rc rc = RC_OK;

	while (rc == RC_OK && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "pipelines");
		rc = tell_pipeline(journal, listing, &reader);
		pool_free(&listing->pool);
	}
	journal_end_query(rows);
	return rc;
}

enum rc
journal_pipelines(struct journal *journal,
    const struct journal_pipeline_filter *filter,
    enum rc (*each)(void *context, const struct journal_pipeline *pipeline,
	const struct journal_outcomes *outcomes),
    void *context)
{
	struct listing_pipelines listing = {
		.filter = filter,
		.each = each,
		.context = context,
	};

	return journal_read(journal, list_pipelines, &listing);
}

/* What was put off until a mute ends, of all that a hook has. */
static void
let_tell(struct journal *journal, const char *hook)
{
	journal_do(journal,
	    "UPDATE judgements SET due = 0 WHERE hook = ?1 AND due ="
	    " (SELECT muted FROM watches w WHERE w.hook = judgements.hook)",
	    BIND(TEXT(hook)));
	journal_do(journal,
	    "UPDATE judgements SET due = 0 WHERE hook = ?1 AND due ="
	    " (SELECT until FROM mutes m WHERE m.hook = judgements.hook"
	    " AND m.pipeline = judgements.pipeline)",
	    BIND(TEXT(hook)));
}

/* To be told again, each of its pipelines must not be muted either. */
static void
mute_hook(struct journal *journal, const char *hook, int64_t until)
{
	let_tell(journal, hook);
	journal_do(journal,
	    "INSERT INTO watches(hook, settings, judged, anew, event, muted)"
	    " VALUES(?1, '', 0, 0, 0, ?2) ON CONFLICT(hook) DO UPDATE SET"
	    " muted = excluded.muted",
	    BIND(TEXT(hook), INT(until)));
	if (until == 0)
		journal_do(journal, "DELETE FROM mutes WHERE hook = ?1",
		    BIND(TEXT(hook)));
	journal->stored = true;
}

/* The mutes of the pipelines that are called so, also of one that was taken
 * out since, which has no name any more. */
#define MUTES_CALLED(text)                                                     \
	"(pipeline = " text " OR EXISTS(SELECT 1 FROM pipelines p"             \
	" WHERE p.hook = mutes.hook AND p.id = mutes.pipeline"                 \
	" AND p.name = " text "))"

/* How many there were. */
static int64_t
unmute_pipelines(struct journal *journal, const struct journal_mute *mute)
{
	struct journal_values values = BIND(TEXT(mute->hook),
	    TEXT(mute->pipeline));

	journal_do(journal,
	    "UPDATE judgements SET due = 0 WHERE EXISTS(SELECT 1 FROM mutes"
	    " WHERE hook = judgements.hook AND pipeline = judgements.pipeline"
	    " AND until = judgements.due AND (?1 IS NULL OR hook = ?1)"
	    " AND " MUTES_CALLED("?2") ")",
	    values);
	return journal_change_rows(journal,
	    "DELETE FROM mutes WHERE (?1 IS NULL OR hook = ?1)"
	    " AND " MUTES_CALLED("?2"),
	    values);
}

static int64_t
mute_pipelines(struct journal *journal, const struct journal_mute *mute)
{
	int64_t before = unmute_pipelines(journal, mute);
	int64_t n;

	journal->stored = true;
	if (mute->until > 0)
		return journal_change_rows(journal,
		    "INSERT INTO mutes(hook, pipeline, until)"
		    " SELECT hook, id, ?3 FROM pipelines"
		    " WHERE (?1 IS NULL OR hook = ?1) AND " IS_CALLED("?2"),
		    BIND(TEXT(mute->hook), TEXT(mute->pipeline),
			INT(mute->until)));
	n = journal_number(journal, 0,
	    "SELECT count(*) FROM pipelines"
	    " WHERE (?1 IS NULL OR hook = ?1) AND " IS_CALLED("?2"),
	    BIND(TEXT(mute->hook), TEXT(mute->pipeline)));
	return n > before ? n : before;
}

int64_t
journal_mute_here(struct journal *journal, const struct journal_mute *mute)
{
	if (mute->pipeline != NULL)
		return mute_pipelines(journal, mute);
	if (mute->hook != NULL) {
		mute_hook(journal, mute->hook, mute->until);
		return 1;
	}
	for (size_t i = 0; i < mute->hooks_len; i++)
		mute_hook(journal, mute->hooks[i], mute->until);
	return (int64_t)mute->hooks_len;
}

static enum rc
set_mute(struct journal *journal, void *arguments)
{
	struct muting *muting = arguments;

	muting->count = journal_mute_here(journal, muting->mute);
	return RC_OK;
}

enum rc
journal_set_mute(struct journal *journal, const struct journal_mute *mute,
    int64_t *count)
{
	struct muting muting = { .mute = mute };
	enum rc rc = journal_write_chore(journal, set_mute, &muting);

	*count = rc == RC_OK ? muting.count : 0;
	return rc == RC_OK && muting.count == 0 ? RC_MISSING : rc;
}

/* The next pipeline that is called so; false: there is none. */
static bool
find_called(struct journal *journal, const struct forgetting *forgetting,
    char hook[HOOK_NAME_SIZE], char id[IDENTITY_SIZE])
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "pipelines",
		.row = journal_query(journal,
		    "SELECT hook, id FROM pipelines"
		    " WHERE (?1 IS NULL OR hook = ?1) AND " IS_CALLED(
			"?2") " ORDER BY hook, id LIMIT 1",
		    BIND(TEXT(forgetting->hook), TEXT(forgetting->pipeline))),
	};

	if (!journal_next(journal, reader.row))
		return false;
	journal_text_into(&reader, 0, JOURNAL_TEXT_HOOK, hook);
	journal_text_into(&reader, 1, JOURNAL_TEXT_IDENTITY, id);
	journal_end_query(reader.row);
	return !journal_failed(journal);
}

static enum rc
forget(struct journal *journal, void *arguments)
{
	struct forgetting *forgetting = arguments;
	char hook[HOOK_NAME_SIZE];
	char id[IDENTITY_SIZE];

	forgetting->count = 0;
	while (find_called(journal, forgetting, hook, id) &&
	    journal_pipeline_forget(journal, hook, id, forgetting->now))
		forgetting->count++;
	if (forgetting->count > 0)
		journal->stored = true;
	return RC_OK;
}

enum rc
journal_forget(struct journal *journal, const char *hook, const char *pipeline,
    int64_t now, int64_t *count)
{
	struct forgetting forgetting = { hook, pipeline, now, 0 };
	enum rc rc = journal_write_chore(journal, forget, &forgetting);

	*count = rc == RC_OK ? forgetting.count : 0;
	return rc == RC_OK && forgetting.count == 0 ? RC_MISSING : rc;
}
