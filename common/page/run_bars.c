/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/run_bars.h"

#include "base/quantile.h"
#include "page/chart.h"
#include "page/links.h"
#include "page/members.h"
#include "page/parts.h"
#include "page/view.h"
#include "watch/pipeline_list.h"

enum { MOST = 90 }; /* percent */

struct gathering {
	struct pool *pool;
	struct run_bars *bars;
};

static enum rc
add_run(void *context, const struct journal_run *found)
{
	const struct gathering *gathering = context;
	struct run_bars *bars = gathering->bars;
	struct journal_run *run = pool_next(gathering->pool, &bars->runs,
	    bars->n);

	if (run == NULL)
		return RC_MEMORY;
	*run = *found;
	bars->n++;
	const char **texts[] = { &run->hook, &run->pipeline, &run->name,
		&run->run, &run->event, &run->outcome, &run->first,
		&run->last };
	return pool_keep(gathering->pool, texts,
	    sizeof(texts) / sizeof(texts[0]));
}

enum rc
run_bars_gather(const struct page *page, const struct run_bars_asked *asked,
    struct run_bars *bars)
{
	struct gathering gathering = { page->pool, bars };
	const struct journal_run_filter filter = {
		.hook = asked->hook,
		.id = asked->id,
		.before = asked->before,
		.limit = asked->limit,
	};

	*bars = (struct run_bars){ 0 };
	return journal_runs(page->journal, &filter, add_run, &gathering);
}

enum rc
run_bars_gather_owners(const struct page *page,
    const struct run_bars_rows *rows, struct run_bars_owner **owners)
{
	struct run_bars_owner *owner = pool_alloc(page->pool, rows->n + 1,
	    sizeof(*owner));
	bool damaged = false;
	enum rc rc = owner == NULL ? RC_MEMORY : RC_OK;

	*owners = owner;
	for (size_t i = 0; i < rows->n && rc == RC_OK; i++, owner++) {
		const struct run_bars_asked asked = {
			.hook = rows->rows[i].hook,
			.id = rows->rows[i].id,
			.limit = RUN_BARS,
		};

		owner->row = &rows->rows[i];
		owner->name = pipeline_list_name(rows->list, owner->row);
		rc = owner->name == NULL ?
		    RC_MEMORY :
		    run_bars_gather(page, &asked, &owner->bars);
		damaged |= rc == RC_CORRUPT;
		if (rc == RC_CORRUPT)
			rc = RC_OK;
	}
	return rc == RC_OK && damaged ? RC_CORRUPT : rc;
}

void
run_bars_write(const struct page *page, struct json *json, const char *name,
    const struct run_bars *bars)
{
	json_open(json, name, '[');
	for (size_t i = 0; i < bars->n; i++) {
		json_open(json, NULL, '{');
		members_of_run(json, &bars->runs[i], page->now);
		json_close(json, '}');
	}
	json_close(json, ']');
}

enum chart_run_kind
run_bars_kind(const struct journal_run *run)
{
	const char *outcome = journal_run_outcome(run);

	for (int kind = 0; kind <= CHART_RUN_OPEN; kind++)
		if (strcmp(chart_run_word((enum chart_run_kind)kind),
			outcome) == 0)
			return (enum chart_run_kind)kind;
	return CHART_RUN_UNKNOWN;
}

void
run_bars_measure(const struct run_bars *bars, int64_t now,
    struct run_bars_measures *measures)
{
	int64_t durations[JOURNAL_RUNS_KEPT];
	size_t n = 0;

	*measures = (struct run_bars_measures){ 0 };
	for (size_t i = 0; i < bars->n; i++) {
		const struct journal_run *run = &bars->runs[i];
		int64_t duration = journal_run_duration(run, now);

		measures->outcomes[run_bars_kind(run)]++;
		if (run->ended != 0 && duration >= 0)
			durations[n++] = duration;
	}
	quantile_sort(durations, n);
	measures->median = quantile_median(durations, n);
	measures->most = quantile_percentile(durations, n, MOST);
}

/* "The last 30 runs, oldest first: 27 success, 3 failure". */
static const char *
title_of(struct pool *pool, const struct chart_run *runs, size_t n)
{
	size_t counts[CHART_RUN_OPEN + 1] = { 0 };
	const char *between = ": ";
	const char *title = n == 1 ?
	    "The last run" :
	    pool_printf(pool, "The last %zu runs, oldest first", n);

	for (size_t i = 0; i < n; i++)
		counts[runs[i].kind]++;
	for (int kind = 0; title != NULL && kind <= CHART_RUN_OPEN; kind++) {
		if (counts[kind] == 0)
			continue;
		title = pool_printf(pool, "%s%s%zu %s", title, between,
		    counts[kind], chart_run_word((enum chart_run_kind)kind));
		between = ", ";
	}
	return title;
}

void
run_bars_put(const struct page *page, struct html *html,
    const struct run_bars *bars)
{
	struct pool pool = { 0 };
	struct chart_run *runs = pool_alloc(&pool, bars->n + 1, sizeof(*runs));
	const char *title = NULL;

	for (size_t i = 0; runs != NULL && i < bars->n; i++) {
		const struct journal_run *run = &bars->runs[bars->n - 1 - i];

		runs[i] = (struct chart_run){
			.kind = run_bars_kind(run),
			.duration = journal_run_duration(run, page->now),
			.time = run->began != 0 ? run->began : run->ended,
		};
	}
	if (runs != NULL)
		title = title_of(&pool, runs, bars->n);
	if (title != NULL)
		chart_runs(html, title, runs, bars->n);
	else
		html->into->rc = RC_MEMORY;
	pool_free(&pool);
}

static void
put_figures(const struct page *page, struct html *html,
    const struct run_bars_owner *owner)
{
	struct run_bars_measures measures;

	run_bars_measure(&owner->bars, page->now, &measures);
	HTML(html, "tr")
	{
		PARTS_CELL(html)
		links_pipeline(html,
		    &(struct links_pipeline){ owner->row->hook, owner->row->id,
			owner->name, true });
		for (size_t i = 0; i <= CHART_RUN_OPEN; i++)
			parts_number(html, (int64_t)measures.outcomes[i]);
		PARTS_NUMBER(html) html_duration(html, measures.median);
	}
}

void
run_bars_figures(const struct page *page, struct html *html,
    const struct run_bars_owner *owners, size_t n)
{
	struct parts_column columns[CHART_RUN_OPEN + 3] = {
		{ "Pipeline", false },
	};

	for (int kind = 0; kind <= CHART_RUN_OPEN; kind++)
		columns[kind + 1] = (struct parts_column){
			chart_run_word((enum chart_run_kind)kind), true
		};
	columns[CHART_RUN_OPEN + 2] = (struct parts_column){ "Median duration",
		true };
	PARTS_CLASS(html, "details", "figures")
	{
		html_element(html, "summary", "Figures of the last 30 runs");
		PARTS_TABLE(html, "Figures of the last 30 runs", columns)
		for (size_t i = 0; i < n; i++)
			put_figures(page, html, &owners[i]);
	}
}
