/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/view.h"

#include "journal/journal.h"
#include "page/links.h"
#include "page/members.h"
#include "page/parts.h"
#include "page/run_bars.h"
#include "watch/pipeline_list.h"

#define WEEK (INT64_C(7) * 24 * 3600 * 1000)

/* The events of a run that there is a link to. */
enum {
	FIRST,
	LAST,
	ENDS,
};

/* A pipeline, and its last runs, newest first. */
struct pipeline {
	struct pipeline_row row;
	struct run_bars runs;
	struct run_bars_measures measures;	/* of those */
	struct journal_mention (*events)[ENDS]; /* of each of those */
	bool unkept;				/* one of these is not there */
	int64_t since; /* whose outcomes are in the row */
};

static const struct parts_column columns[] = { { "Began", false },
	{ "Ended", false }, { "Took", true }, { "Outcome", false },
	{ "Run", false }, { "Last event", false }, { "Events", false } };

static const char *const lengths[] = { "1h", "8h", "1d", "7d", NULL };

static enum rc
gather_runs(const struct page *page, struct pipeline *pipeline)
{
	const struct run_bars_asked asked = {
		.hook = pipeline->row.hook,
		.id = pipeline->row.id,
		.limit = JOURNAL_RUNS_KEPT,
	};
	enum rc rc = run_bars_gather(page, &asked, &pipeline->runs);

	run_bars_measure(&pipeline->runs, page->now, &pipeline->measures);
	return rc;
}

static enum rc
gather_events(const struct page *page, struct pipeline *pipeline)
{
	size_t n = pipeline->runs.n;
	struct journal_mention *list;
	enum rc rc;

	pipeline->events = pool_alloc(page->pool, n + 1,
	    sizeof(*pipeline->events));
	if (pipeline->events == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++) {
		pipeline->events[i][FIRST].id = pipeline->runs.runs[i].first;
		pipeline->events[i][LAST].id = pipeline->runs.runs[i].last;
	}
	list = pipeline->events[0];
	rc = journal_find_kept(page->journal, list, n * ENDS);
	for (size_t i = 0; i < n * ENDS; i++)
		pipeline->unkept |= list[i].id[0] != '\0' && !list[i].kept;
	return rc;
}

/* The list's memory is the report's. */
static enum rc
gather_row(struct page *page, struct pipeline *pipeline)
{
	const struct pipeline_filter filter = {
		.hook = page->query->hook,
		.id = page->query->id,
		.since = pipeline->since,
		.now = page->now,
	};
	struct pipeline_list list = { .pool = *page->pool };
	enum rc rc = pipeline_list_gather(&list, &filter, page->conf,
	    page->journal);

	*page->pool = list.pool;
	if (rc != RC_OK && rc != RC_CORRUPT)
		return rc;
	if (list.n == 0)
		return RC_MISSING;
	pipeline->row = list.rows[0];
	return rc;
}

static enum rc
gather(struct page *page)
{
	struct pipeline *pipeline = pool_alloc(page->pool, 1,
	    sizeof(*pipeline));
	enum rc damaged, rc;

	if (pipeline == NULL)
		return RC_MEMORY;
	page->report = pipeline;
	if (page->journal == NULL || page->query->hook[0] == '\0')
		return RC_MISSING;
	pipeline->since = page->query->since_time != 0 ?
	    page->query->since_time :
	    page->now - WEEK;
	damaged = gather_row(page, pipeline);
	if (damaged != RC_OK && damaged != RC_CORRUPT)
		return damaged;
	rc = gather_runs(page, pipeline);
	if (rc == RC_CORRUPT)
		damaged = rc;
	if (rc == RC_OK || rc == RC_CORRUPT)
		rc = gather_events(page, pipeline);
	return rc == RC_OK ? damaged : rc;
}

static const char *
title(struct page *page)
{
	const struct pipeline *pipeline = page->report;

	return pool_printf(page->pool, "Pipeline %s",
	    pipeline->row.name[0] == '\0' ? "(unnamed)" : pipeline->row.name);
}

/* With which the last run ended that did without success, or NULL. */
static const struct journal_mention *
last_failure(const struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->runs.n; i++) {
		enum chart_run_kind kind = run_bars_kind(
		    &pipeline->runs.runs[i]);

		if (kind == CHART_RUN_FAILURE || kind == CHART_RUN_STOPPED ||
		    kind == CHART_RUN_UNKNOWN)
			return &pipeline->events[i][LAST];
	}
	return NULL;
}

static void
put_failures(const struct pipeline *pipeline, struct html *html)
{
	const struct pipeline_row *row = &pipeline->row;
	const struct journal_mention *failed = last_failure(pipeline);

	if (row->failures == 0)
		return;
	PARTS_FACT(html, "Without success")
	{
		if (row->failures == 1) {
			html_text(html, "The last run, with ");
		} else {
			html_number(html, row->failures);
			html_text(html, " runs in a row, the last one with ");
		}
		html_foreign(html, row->failure);
		if (failed != NULL && failed->kept) {
			html_text(html, ": ");
			links_event(html, failed, NULL);
		}
	}
}

static void
put_last(struct html *html, const struct pipeline_row *row)
{
	if (row->last.seq == 0)
		return;
	PARTS_FACT(html, "Last run")
	{
		parts_state(html, row->last.outcome);
		html_text(html, " ");
		html_time(html, pipeline_list_last(row));
	}
}

static void
put_muted(const struct pipeline_row *row, struct html *html)
{
	if (row->muted == 0)
		return;
	PARTS_FACT(html, "Muted until") html_planned_time(html, row->muted);
	if (row->hook_muted == 0)
		return;
	PARTS_FACT(html, "Hook muted until")
	html_planned_time(html, row->hook_muted);
}

static void
put_facts(const struct pipeline *pipeline, struct html *html)
{
	const struct pipeline_row *row = &pipeline->row;

	PARTS_FACTS(html)
	{
		PARTS_FACT(html, "State")
		{
			parts_state(html, watch_state_name(row->state));
			if (row->since != 0) {
				html_text(html, " since ");
				html_time(html, row->since);
			}
		}
		put_failures(pipeline, html);
		PARTS_FACT(html, "Hook") html_foreign(html, row->hook);
		if (row->id[0] != '\0')
			PARTS_FACT(html, "ID") html_foreign(html, row->id);
		put_last(html, row);
		PARTS_FACT(html, "Last success") html_time(html, row->success);
		PARTS_FACT(html, "Usual run")
		html_duration(html, row->duration == 0 ? -1 : row->duration);
		PARTS_FACT(html, "Usual gap")
		html_duration(html, row->gap == 0 ? -1 : row->gap);
		put_muted(row, html);
	}
}

static void
put_mute(const struct pipeline *pipeline, struct html *html, const char *action)
{
	const struct html_pair about[] = {
		{ "view", "pipeline" },
		{ "hook", pipeline->row.hook },
		{ "id", pipeline->row.id },
	};
	bool mutes = strcmp(action, "mute") == 0;

	PARTS_FORM(html, about, 3)
	{
		html_hidden(html, HTML_PAIRS({ "action", action }));
		if (mutes)
			parts_choice(html,
			    &(struct parts_field){ "Mute for", "length", "8h",
				NULL },
			    lengths);
		parts_button(html, mutes ? "Mute" : "Unmute", "");
	}
}

static void
put_actions(const struct page *page, struct html *html)
{
	const struct pipeline *pipeline = page->report;

	PARTS_CLASS(html, "div", "actions")
	{
		HTML(html, "a")
		{
			html_attribute(html, "class", "button");
			html_href(html,
			    HTML_PAIRS({ "view", "events" },
				{ "hook", pipeline->row.hook },
				{ "pipeline", pipeline->row.id }));
			html_text(html, "Events");
		}
		if (page->operates && pipeline->row.muted != 0)
			put_mute(pipeline, html, "unmute");
		if (page->operates)
			put_mute(pipeline, html, "mute");
	}
}

static void
put_chart(const struct page *page, struct html *html)
{
	const struct pipeline *pipeline = page->report;

	run_bars_put(page, html, &pipeline->runs);
}

static void
put_summary(const struct pipeline *pipeline, struct html *html)
{
	size_t told = 0;

	HTML(html, "p")
	{
		html_text(html, "The last ");
		links_count(html, (int64_t)pipeline->runs.n, "run", "runs");
		html_text(html, ": ");
		for (size_t i = 0; i <= CHART_RUN_OPEN; i++) {
			if (pipeline->measures.outcomes[i] == 0)
				continue;
			html_text(html, told++ == 0 ? "" : ", ");
			html_number(html,
			    (int64_t)pipeline->measures.outcomes[i]);
			html_text(html, " ");
			html_text(html, chart_run_word((enum chart_run_kind)i));
		}
		html_text(html, ". Median ");
		html_duration(html, pipeline->measures.median);
		html_text(html, ", 90th percentile ");
		html_duration(html, pipeline->measures.most);
		html_text(html, ".");
	}
}

static void
put_run(const struct page *page, struct html *html, size_t i)
{
	const struct pipeline *pipeline = page->report;
	const struct journal_run *run = &pipeline->runs.runs[i];
	const struct journal_mention *events = pipeline->events[i];
	const char *outcome = journal_run_outcome(run);

	HTML(html, "tr")
	{
		PARTS_CLASSED(html, "time") html_time(html, run->began);
		PARTS_CLASSED(html, "time") html_time(html, run->ended);
		PARTS_NUMBER(html)
		html_duration(html, journal_run_duration(run, page->now));
		PARTS_CELL(html) parts_state(html, outcome);
		PARTS_CELL(html)
		{
			if (run->run[0] != '\0')
				html_foreign(html, run->run);
			else
				html_time(html, 0);
		}
		PARTS_CELL(html) html_foreign(html, run->event);
		PARTS_CELL(html)
		{
			links_event(html, &events[FIRST], "first");
			html_text(html, " ");
			if (strcmp(run->first, run->last) != 0)
				links_event(html, &events[LAST], "last");
		}
	}
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct pipeline *pipeline = page->report;

	PARTS_SECTION(html, "State")
	{
		put_facts(pipeline, html);
		put_actions(page, html);
	}
	PARTS_SECTION(html, "Runs")
	{
		if (pipeline->runs.n == 0) {
			parts_empty(html, "No run has been seen yet.");
			return;
		}
		put_chart(page, html);
		put_summary(pipeline, html);
		PARTS_TABLE(html, "Runs", columns)
		for (size_t i = 0; i < pipeline->runs.n; i++)
			put_run(page, html, i);
		if (pipeline->unkept)
			PARTS_CLASS(html, "p", "muted")
		html_text(html,
		    "Events without a link are not kept: they were ignored, "
		    "their hook waits, or the time of \"keep\" is over.");
	}
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct pipeline *pipeline = page->report;

	members_of_pipeline(json, &pipeline->row, true);
	json_time(json, "runs_since", pipeline->since);
	json_duration(json, "median_duration", pipeline->measures.median);
	json_duration(json, "p90_duration", pipeline->measures.most);
	json_open(json, "outcomes", '{');
	for (size_t i = 0; i <= CHART_RUN_OPEN; i++)
		json_number(json, chart_run_word((enum chart_run_kind)i),
		    (int64_t)pipeline->measures.outcomes[i]);
	json_close(json, '}');
	json_open(json, "list", '[');
	for (size_t i = 0; i < pipeline->runs.n; i++) {
		json_open(json, NULL, '{');
		members_of_run(json, &pipeline->runs.runs[i], page->now);
		json_close(json, '}');
	}
	json_close(json, ']');
}

const struct view view_pipeline = {
	.runs = true,
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
