/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "subcommands.h"

#include "base/clock.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "json.h"
#include "print.h"
#include "report.h"
#include "session.h"

/* Read and printed in parts, as a list of events is. */
enum { PART = 1000 };

static const char *const heading[] = { "PIPELINE", "HOOK", "BEGAN", "DURATION",
	"OUTCOME", "RUN", "EVENT", "LAST EVENT ID" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	HOOK = 1, /* the column that one hook needs not */
};

/* What is printed at once. */
struct part {
	struct journal_run rows[PART];
	size_t n;
	int64_t now;
	bool damaged; /* there were others that are */
	bool more;    /* there are others, which are not shown */
	struct pool pool;
};

static enum rc
add_row(void *context, const struct journal_run *run)
{
	struct part *part = context;
	struct journal_run *copy = &part->rows[part->n];
	const char **texts[] = { &copy->hook, &copy->pipeline, &copy->name,
		&copy->run, &copy->event, &copy->outcome, &copy->first,
		&copy->last };

	*copy = *run;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = pool_text(&part->pool, *texts[i]);
		if (*texts[i] == NULL)
			return RC_MEMORY;
	}
	part->n++;
	return RC_OK;
}

/* Of an open one so far; -1: not known, or the clock was set back. */
static int64_t
duration_of(const struct journal_run *run, int64_t now)
{
	int64_t end = run->ended == 0 ? now : run->ended;

	return run->began == 0 || end < run->began ? -1 : end - run->began;
}

static const char *
outcome_of(const struct journal_run *run)
{
	return run->ended == 0 ? "open" : run->outcome;
}

static enum rc
fill_cells(struct part *part, const struct journal_run *run, const char **cells)
{
	int64_t duration = duration_of(run, part->now);

	cells[0] = run->name;
	cells[HOOK] = run->hook;
	cells[2] = print_moment(&part->pool, run->began);
	cells[3] = duration < 0 ? "" : print_age(&part->pool, duration);
	cells[4] = outcome_of(run);
	cells[5] = run->run;
	cells[6] = run->event;
	cells[7] = run->last;
	return cells[2] == NULL || cells[3] == NULL ? RC_MEMORY : RC_OK;
}

/* Each part has its heading: its columns have widths of their own. */
static enum rc
print_part(const struct session *session, struct part *part)
{
	const char *cells[(PART + 1) * COLUMNS];
	bool left_out[COLUMNS] = { [HOOK] = report_is_of_one_hook(session) };
	enum rc rc = RC_OK;

	if (part->n == 0)
		return RC_OK;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < part->n; i++) {
		rc = fill_cells(part, &part->rows[i],
		    cells + (i + 1) * COLUMNS);
		/* What is left of a hook that is not configured any more. */
		if (!session_has_hook(session, part->rows[i].hook))
			left_out[HOOK] = false;
	}
	if (rc == RC_OK)
		print_columns(cells, COLUMNS, part->n + 1, left_out);
	return rc;
}

static enum rc
print_object(const struct journal_run *run, int64_t now)
{
	struct json json = { 0 };

	json_open(&json, NULL, '{');
	json_text(&json, "hook", run->hook);
	json_pipeline(&json, run->pipeline, run->name);
	json_close(&json, '}');
	json_known(&json, "run", run->run);
	json_time(&json, "began", run->began);
	json_time(&json, "ended", run->ended);
	json_duration(&json, "duration", duration_of(run, now));
	json_text(&json, "event", run->event);
	json_text(&json, "outcome", outcome_of(run));
	json_known(&json, "first", run->first);
	json_known(&json, "last", run->last);
	json_close(&json, '}');
	print_line("%s", "");
	return json.rc;
}

static enum rc
print_rows(const struct session *session, struct part *part)
{
	enum rc rc = RC_OK;

	if (!session->json)
		rc = print_part(session, part);
	for (size_t i = 0; session->json && rc == RC_OK && i < part->n; i++)
		rc = print_object(&part->rows[i], part->now);
	/* Stop when the reader has gone away. */
	if (rc == RC_OK && fflush(stdout) == EOF)
		return RC_SHORT;
	return rc;
}

/* One part, older than the run where the one before it ended. */
static enum rc
list_part(const struct session *session, struct journal *journal,
    struct journal_run_filter *filter, struct part *part)
{
	int64_t left = filter->limit;
	bool shortened = report_is_shortened(session);
	enum rc rc;

	/* One more tells whether there are any. */
	if (shortened)
		filter->limit = REPORT_ON_A_TERMINAL + 1;
	if (filter->limit > PART)
		filter->limit = PART;
	part->now = clock_wall();
	rc = journal_runs(journal, filter, add_row, part);
	filter->limit = left - (int64_t)part->n;
	if (part->n > 0)
		filter->before = part->rows[part->n - 1].seq;
	if (rc == RC_CORRUPT) {
		part->damaged = true;
		rc = RC_OK;
	}
	if (shortened && part->n > REPORT_ON_A_TERMINAL) {
		part->n = REPORT_ON_A_TERMINAL;
		part->more = true;
	}
	return rc == RC_OK ? print_rows(session, part) : rc;
}

static enum rc
list_all(const struct session *session, struct journal *journal)
{
	struct journal_run_filter filter = {
		.hook = session->filter.hook,
		.pipeline = session->filter.pipeline,
		.open = session->open,
		.since = session->filter.since,
		.limit = session->filter.limit,
	};
	struct part part = { 0 };
	bool damaged = false;
	bool full, more;
	enum rc rc;

	do {
		part = (struct part){ 0 };
		rc = list_part(session, journal, &filter, &part);
		damaged = damaged || part.damaged;
		full = part.n == PART;
		more = part.more;
		pool_free(&part.pool);
	} while (rc == RC_OK && full && filter.limit > 0);
	if (rc == RC_OK && more)
		print_note("",
		    "the newest %d are shown: --limit N shows more, --hook, "
		    "--pipeline, --open and --since choose",
		    REPORT_ON_A_TERMINAL);
	if (rc == RC_OK && damaged)
		return report_damage(session);
	return rc == RC_OK && filter.before == 0 ?
	    report_nothing_found(session) :
	    rc;
}

enum rc
subcommand_runs(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = session_open_journal(session, JOURNAL_BRIEF, &journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK)
		rc = journal != NULL ? list_all(session, journal) :
				       report_nothing_found(session);
	journal_close(journal);
	return rc;
}
