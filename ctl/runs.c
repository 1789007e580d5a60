/* SPDX-License-Identifier: ISC */
#include "subcommands.h"

#include "base/json_writer.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "page/members.h"
#include "listing.h"
#include "print.h"
#include "report.h"
#include "session.h"

static const char *const heading[] = { "PIPELINE", "HOOK", "BEGAN", "DURATION",
	"OUTCOME", "RUN", "EVENT", "LAST EVENT ID" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	HOOK = 1, /* the column that one hook needs not */
};

static enum rc
add_run(void *context, const struct journal_run *run)
{
	struct listing_part *part = context;
	struct journal_run copy = *run;
	const char **texts[] = { &copy.hook, &copy.pipeline, &copy.name,
		&copy.run, &copy.event, &copy.outcome, &copy.first,
		&copy.last };
	enum rc rc = pool_keep(&part->pool, texts,
	    sizeof(texts) / sizeof(texts[0]));

	return rc == RC_OK ? listing_add(part, &copy) : rc;
}

static enum rc
read_runs(const struct listing *listing, struct listing_part *part,
    const void *after, int64_t limit)
{
	const struct session *session = listing->session;
	const struct journal_run *before = after;
	const struct journal_run_filter filter = {
		.hook = session->filter.hook,
		.pipeline = session->filter.pipeline,
		.open = session->open,
		.since = session->filter.since,
		.limit = limit,
		.before = before == NULL ? 0 : before->seq,
	};

	return journal_runs(listing->journal, &filter, add_run, part);
}

static void
fill_cells(const struct listing *listing, struct pool *pool, const void *row,
    const char **cells)
{
	const struct journal_run *run = row;
	int64_t duration = journal_run_duration(run, listing->now);

	cells[0] = run->name;
	cells[HOOK] = run->hook;
	cells[2] = print_moment(pool, run->began);
	cells[3] = duration < 0 ? "" : print_age(pool, duration);
	cells[4] = journal_run_outcome(run);
	cells[5] = run->run;
	cells[6] = run->event;
	cells[7] = run->last;
}

static void
leave_out(const struct listing *listing, const void *rows, size_t n,
    bool *left_out)
{
	const struct journal_run *runs = rows;

	left_out[HOOK] = report_is_of_one_hook(listing->session);
	/* What is left of a hook that is not configured any more. */
	for (size_t i = 0; i < n; i++)
		if (!session_has_hook(listing->session, runs[i].hook))
			left_out[HOOK] = false;
}

static enum rc
write_object(const struct listing *listing, const void *row)
{
	const struct journal_run *run = row;
	struct buf text = { 0 };
	struct json json = { .into = &text };

	json_open(&json, NULL, '{');
	members_of_run(&json, run, listing->now);
	json_close(&json, '}');
	return print_object(&text);
}

enum rc
subcommand_runs(struct session *session, char **operands, size_t n)
{
	struct listing listing = {
		.session = session,
		.size = sizeof(struct journal_run),
		.heading = heading,
		.columns = COLUMNS,
		.choices = "--hook, --pipeline, --open and --since",
		.read = read_runs,
		.fill = fill_cells,
		.leave_out = leave_out,
		.object = write_object,
	};
	enum rc rc = session_open_runs(session, JOURNAL_BRIEF,
	    &listing.journal);

	(void)operands;
	(void)n;
	listing.ahead = journal_ahead(listing.journal);
	if (rc == RC_OK)
		rc = listing_run(&listing);
	journal_close(listing.journal);
	return rc;
}
