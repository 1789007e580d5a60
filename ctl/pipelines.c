/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "watch/judge.h"
#include "json.h"
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

static enum rc
fill_cells(struct pipeline_list *list, const struct pipeline_row *row,
    const char **cells)
{
	struct pool *pool = &list->pool;
	int64_t outcomes[WORDS];

	get_outcomes(&row->outcomes, outcomes);
	cells[0] = pipeline_list_name(list, row);
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
	*cells++ = print_moment(pool, row->muted);
	cells -= COLUMNS;
	for (size_t i = 0; i < COLUMNS; i++)
		if (cells[i] == NULL)
			return RC_MEMORY;
	return RC_OK;
}

static enum rc
print_pipelines(const struct session *session, struct pipeline_list *list)
{
	bool left_out[COLUMNS] = { [HOOK] = report_is_of_one_hook(session) };
	const char **cells = pool_alloc(&list->pool, (list->n + 1) * COLUMNS,
	    sizeof(*cells));
	enum rc rc = RC_OK;

	if (cells == NULL)
		return RC_MEMORY;
	for (size_t i = 0; session->filter.since == 0 && i < WORDS; i++)
		left_out[OUTCOMES + i] = true;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < list->n; i++) {
		rc = fill_cells(list, &list->rows[i],
		    cells + (i + 1) * COLUMNS);
		/* What is left of a hook that is not configured any more. */
		if (!session_has_hook(session, list->rows[i].hook))
			left_out[HOOK] = false;
	}
	if (rc == RC_OK)
		print_columns(cells, COLUMNS, list->n + 1, left_out);
	return rc;
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
print_object(const struct session *session, const struct pipeline_row *row)
{
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
	if (session->filter.since != 0)
		write_outcomes(&json, row);
	json_close(&json, '}');
	print_line("%s", "");
	return json.rc;
}

static enum rc
print_all(const struct session *session, struct pipeline_list *list)
{
	enum rc rc = RC_OK;

	if (session->json) {
		for (size_t i = 0; rc == RC_OK && i < list->n; i++)
			rc = print_object(session, &list->rows[i]);
		return rc;
	}
	if (list->n == 0)
		return RC_OK;
	if (session->filter.since != 0)
		rc = print_summary(list, session->filter.since);
	return rc == RC_OK ? print_pipelines(session, list) : rc;
}

enum rc
subcommand_pipelines(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	struct pipeline_list list = { 0 };
	bool damaged = false;
	enum rc rc = session_open_journal(session, JOURNAL_BRIEF, &journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK)
		rc = pipeline_list_gather(&list, session, journal);
	if (rc == RC_CORRUPT) {
		damaged = true;
		rc = RC_OK;
	}
	if (rc == RC_OK)
		rc = print_all(session, &list);
	if (rc == RC_OK && damaged)
		rc = report_damage(session);
	else if (rc == RC_OK && list.n == 0)
		rc = report_nothing_found(session);
	pool_free(&list.pool);
	journal_close(journal);
	return rc;
}
