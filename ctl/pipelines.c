/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "watch/judge.h"
#include "json.h"
#include "listing.h"
#include "pipeline_list.h"
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

/* The outcomes of runs, in their order. */
static const char *const words[] = { "success", "partial", "failure", "stopped",
	"unknown", "open" };

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static void
get_outcomes(const struct journal_outcomes *outcomes, int64_t into[WORDS])
{
	const int64_t list[WORDS] = { outcomes->success, outcomes->partial,
		outcomes->failure, outcomes->stopped, outcomes->unknown,
		outcomes->open };

	memcpy(into, list, sizeof(list));
}

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
	int64_t outcomes[WORDS];

	get_outcomes(&row->outcomes, outcomes);
	cells[0] = pipeline_list_name(listing->context, row);
	cells[1] = watch_state_name(row->state);
	cells[2] = print_moment(pool, row->since);
	cells[HOOK] = row->hook;
	for (size_t i = 0; i < WORDS; i++)
		cells[OUTCOMES + i] = pool_printf(pool, "%lld",
		    (long long)outcomes[i]);
	cells += OUTCOMES + WORDS;
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

	for (size_t i = 0; session->filter.since == 0 && i < WORDS; i++)
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
	int64_t sums[WORDS] = { 0 }, counts[WORDS];
	long long all = 0;
	const char *time = print_moment(&list->pool, since);
	enum rc rc;

	for (size_t i = 0; i < list->n; i++) {
		get_outcomes(&list->rows[i].outcomes, counts);
		for (size_t j = 0; j < WORDS; j++)
			sums[j] += counts[j];
	}
	for (size_t i = 0; i < WORDS; i++) {
		add_count(&text, sums[i], words[i]);
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

static void
write_last(struct json *json, const struct pipeline_row *row)
{
	if (row->last.seq == 0) {
		json_null(json, "last_run");
		return;
	}
	json_open(json, "last_run", '{');
	json_known(json, "run", row->last.run);
	json_time(json, "began", row->last.began);
	json_time(json, "ended", row->last.ended);
	json_text(json, "event", row->last.event);
	json_text(json, "outcome", row->last.outcome);
	json_close(json, '}');
}

static void
write_outcomes(struct json *json, const struct pipeline_row *row)
{
	int64_t counts[WORDS];

	get_outcomes(&row->outcomes, counts);
	json_open(json, "runs", '{');
	for (size_t i = 0; i < WORDS; i++)
		json_number(json, words[i], counts[i]);
	json_close(json, '}');
}

static enum rc
write_object(const struct listing *listing, const void *data)
{
	const struct pipeline_row *row = data;
	struct json json = { 0 };

	json_open(&json, NULL, '{');
	json_text(&json, "hook", row->hook);
	json_pipeline(&json, row->id, row->name);
	json_close(&json, '}');
	json_text(&json, "state", watch_state_name(row->state));
	json_time(&json, "since", row->since);
	json_number(&json, "failures", row->failures);
	json_known(&json, "last_failure", row->failure);
	write_last(&json, row);
	json_time(&json, "last_success", row->success);
	json_duration(&json, "usual_duration",
	    row->duration == 0 ? -1 : row->duration);
	json_duration(&json, "usual_gap", row->gap == 0 ? -1 : row->gap);
	json_time(&json, "muted_until", row->muted);
	if (listing->session->filter.since != 0)
		write_outcomes(&json, row);
	json_close(&json, '}');
	print_line("%s", "");
	return json.rc;
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
		rc = pipeline_list_gather(&list, session, listing.journal);
	listing.damaged = rc == RC_CORRUPT;
	if (rc == RC_OK || rc == RC_CORRUPT)
		rc = print_all(&listing, &list);
	pool_free(&list.pool);
	journal_close(listing.journal);
	return rc;
}
