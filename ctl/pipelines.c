/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "page/members.h"
#include "watch/judge.h"
#include "watch/pipeline_list.h"
#include "listing.h"
#include "print.h"
#include "report.h"
#include "session.h"

static const char *const heading[] = { "PIPELINE", "STATE", "SINCE", "HOOK",
	"SUCCESS", "PARTIAL", "FAILURE", "STOPPED", "UNKNOWN", "OPEN",
	"LAST RUN", "AT", "LAST SUCCESS", "USUAL RUN", "USUAL GAP",
	"MUTED UNTIL" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	HOOK = 3,
	OUTCOMES = 4, /* the first column of them */
};

/* What is usual; empty where that is not known. */
static const char *
usual_cell(struct pool *pool, int64_t milliseconds)
{
	return milliseconds == 0 ? "" : print_age(pool, milliseconds);
}

static void
fill_cells(const struct listing *listing, struct pool *pool, const void *data,
    const char **cells)
{
	const struct pipeline_row *row = data;
	int64_t outcomes[PIPELINE_OUTCOMES];

	pipeline_list_outcomes(row, outcomes);
	cells[0] = pipeline_list_name(listing->context, row);
	cells[1] = watch_state_name(row->state);
	cells[2] = print_moment(pool, row->since);
	cells[HOOK] = row->hook;
	for (size_t i = 0; i < PIPELINE_OUTCOMES; i++)
		cells[OUTCOMES + i] = pool_printf(pool, "%lld",
		    (long long)outcomes[i]);
	cells += OUTCOMES + PIPELINE_OUTCOMES;
	*cells++ = row->last.outcome;
	*cells++ = print_moment(pool, pipeline_list_last(row));
	*cells++ = print_moment(pool, row->success);
	*cells++ = usual_cell(pool, row->duration);
	*cells++ = usual_cell(pool, row->gap);
	*cells = print_moment(pool, row->muted);
}

static void
leave_out(const struct listing *listing, const void *data, size_t n,
    bool *left_out)
{
	const struct session *session = listing->session;
	const struct pipeline_row *rows = data;

	for (size_t i = 0; session->filter.since == 0 && i < PIPELINE_OUTCOMES;
	     i++)
		left_out[OUTCOMES + i] = true;
	left_out[HOOK] = report_is_of_one_hook(session);
	/* What is left of a hook that is not configured any more. */
	for (size_t i = 0; i < n; i++)
		if (!session_has_hook(session, rows[i].hook))
			left_out[HOOK] = false;
}

/* ": 2 failing, 1 fine" of what there is. */
static void
add_count(struct buf *into, int64_t count, const char *word)
{
	if (count > 0)
		buf_printf(into, "%s %lld %s", into->len == 0 ? ":" : ",",
		    (long long)count, word);
}

static enum rc
print_states(const struct pipeline_list *list)
{
	struct buf text = { 0 };
	int64_t counts[WATCH_UNWATCHED + 1] = { 0 };
	enum rc rc;

	for (size_t i = 0; i < list->n; i++)
		counts[list->rows[i].state]++;
	for (unsigned i = 0; i <= WATCH_UNWATCHED; i++)
		add_count(&text, counts[i],
		    watch_state_name((enum watch_state)i));
	rc = text.rc;
	if (rc == RC_OK)
		print_line("%zu %s%s", list->n,
		    list->n == 1 ? "pipeline" : "pipelines",
		    text.len > 0 ? text.data : "");
	buf_free(&text);
	return rc;
}

static enum rc
print_runs(struct pipeline_list *list, int64_t since)
{
	struct buf text = { 0 };
	int64_t sums[PIPELINE_OUTCOMES] = { 0 }, counts[PIPELINE_OUTCOMES];
	long long all = 0;
	const char *time = print_moment(&list->pool, since);
	enum rc rc;

	for (size_t i = 0; i < list->n; i++) {
		pipeline_list_outcomes(&list->rows[i], counts);
		for (size_t j = 0; j < PIPELINE_OUTCOMES; j++)
			sums[j] += counts[j];
	}
	for (size_t i = 0; i < PIPELINE_OUTCOMES; i++) {
		add_count(&text, sums[i], pipeline_outcomes[i]);
		all += sums[i];
	}
	rc = time == NULL ? RC_MEMORY : text.rc;
	if (rc == RC_OK)
		print_line("%lld %s since %s%s", all, all == 1 ? "run" : "runs",
		    time, text.len > 0 ? text.data : "");
	buf_free(&text);
	return rc;
}

/* What a morning begins with. */
static enum rc
print_summary(struct pipeline_list *list, int64_t since)
{
	enum rc rc = print_states(list);

	if (rc == RC_OK)
		rc = print_runs(list, since);
	if (rc == RC_OK)
		print_line("%s", "");
	return rc;
}

static enum rc
write_object(const struct listing *listing, const void *data)
{
	const struct pipeline_row *row = data;
	struct buf text = { 0 };
	struct json json = { .into = &text };

	json_open(&json, NULL, '{');
	members_of_pipeline(&json, row, listing->session->filter.since != 0);
	json_close(&json, '}');
	return print_object(&text);
}

static enum rc
print_all(struct listing *listing, struct pipeline_list *list)
{
	const struct session *session = listing->session;
	enum rc rc = RC_OK;

	if (!session->json && session->filter.since != 0 && list->n > 0)
		rc = print_summary(list, session->filter.since);
	if (rc == RC_OK)
		rc = listing_print(listing, &list->pool, list->rows, list->n);
	return rc == RC_OK ? listing_end(listing, list->n > 0) : rc;
}

enum rc
subcommand_pipelines(struct session *session, char **operands, size_t n)
{
	struct pipeline_list list = { 0 };
	struct listing listing = {
		.session = session,
		.context = &list,
		.size = sizeof(struct pipeline_row),
		.heading = heading,
		.columns = COLUMNS,
		.fill = fill_cells,
		.leave_out = leave_out,
		.object = write_object,
	};
	enum rc rc = session_open_runs(session, JOURNAL_BRIEF,
	    &listing.journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK)
		rc = report_pipelines(session, listing.journal, &list);
	listing.damaged = rc == RC_CORRUPT;
	if (rc == RC_OK || rc == RC_CORRUPT)
		rc = print_all(&listing, &list);
	pool_free(&list.pool);
	journal_close(listing.journal);
	return rc;
}
