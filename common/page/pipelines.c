/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "page/view.h"

#include "journal/journal.h"
#include "page/links.h"
#include "page/members.h"
#include "page/parts.h"
#include "page/run_bars.h"
#include "watch/pipeline_list.h"

#define WEEK (INT64_C(7) * 24 * 3600 * 1000)

enum {
	PIPELINES = 50, /* of one page */
	STATES = WATCH_UNWATCHED + 1,
};

/* The worst first; what is shown is a part of them. */
struct pipelines {
	struct pipeline_list list;
	struct pipeline_row *rows; /* of it, as the next */
	struct run_bars_owner *owners;
	size_t n;
	size_t all; /* that the filter lets through */
	int64_t counts[STATES];
	int64_t since;	  /* whose outcomes are counted */
	const char *next; /* where the list goes on, or "" */
	const char *const *hooks;
	bool damaged;
};

static const struct parts_column columns[] = { { "Pipeline", false },
	{ "State", false }, { "Runs", false }, { "Last run", false },
	{ "Last success", false }, { "Usual run", true },
	{ "Usual gap", true } };

static const char *const states[] = { "", "failing", "stuck", "late",
	"learning", "fine", "unwatched", NULL };

/* Where a text stands in another one, letters of either case. */
static bool
holds(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

static bool
matches(const struct query *query, const struct pipeline_row *row)
{
	if (query->state[0] != '\0' &&
	    strcmp(query->state, watch_state_name(row->state)) != 0)
		return false;
	return query->pipeline[0] == '\0' ||
	    holds(row->name, query->pipeline) ||
	    holds(row->id, query->pipeline);
}

/* How it is told where the list goes on: no hook has a slash in its name. */
static const char *
key_of(struct pool *pool, const struct pipeline_row *row)
{
	return pool_printf(pool, "%s/%s", row->hook, row->id);
}

static bool
is_key(const char *key, const struct pipeline_row *row)
{
	size_t n = strlen(row->hook);

	return strncmp(key, row->hook, n) == 0 && key[n] == '/' &&
	    strcmp(key + n + 1, row->id) == 0;
}

/* The first one after that of a key; where that is not among them any more, the
 * list begins anew. */
static size_t
after_key(const struct pipelines *pipelines, const char *key)
{
	for (size_t i = 0; key[0] != '\0' && i < pipelines->all; i++)
		if (is_key(key, &pipelines->rows[i]))
			return i + 1;
	return 0;
}

static enum rc
choose_page(const struct page *page, struct pipelines *pipelines)
{
	size_t from = after_key(pipelines, page->query->before);

	pipelines->rows += from;
	pipelines->n = pipelines->all - from;
	if (pipelines->n <= PIPELINES)
		return RC_OK;
	pipelines->n = PIPELINES;
	pipelines->next = key_of(page->pool, &pipelines->rows[PIPELINES - 1]);
	return pipelines->next == NULL ? RC_MEMORY : RC_OK;
}

/* Those that the filter lets through, in the place of all. */
static void
choose(const struct query *query, struct pipelines *pipelines)
{
	const struct pipeline_list *list = &pipelines->list;

	pipelines->rows = list->rows;
	for (size_t i = 0; i < list->n; i++)
		if (matches(query, &list->rows[i])) {
			pipelines->counts[list->rows[i].state]++;
			pipelines->rows[pipelines->all++] = list->rows[i];
		}
}

/* What could be read is told. */
static enum rc
pass_damage(struct pipelines *pipelines, enum rc rc)
{
	if (rc != RC_CORRUPT)
		return rc;
	pipelines->damaged = true;
	return RC_OK;
}

/* Of all no more is looked up than how they are, for the order, and of those
 * that are shown the rest. */
static enum rc
gather_list(const struct page *page, struct pipelines *pipelines)
{
	const char *hook = page->query->hook;
	const struct pipeline_filter filter = {
		.hook = hook[0] == '\0' ? NULL : hook,
		.since = pipelines->since,
		.now = page->now,
		.brief = true,
	};
	struct run_bars_rows shown = { .list = &pipelines->list };
	enum rc rc = pass_damage(pipelines,
	    pipeline_list_gather(&pipelines->list, &filter, page->conf,
		page->journal));

	if (rc == RC_OK) {
		choose(page->query, pipelines);
		rc = choose_page(page, pipelines);
	}
	shown.rows = pipelines->rows;
	shown.n = pipelines->n;
	if (rc == RC_OK)
		rc = pass_damage(pipelines,
		    pipeline_list_complete(pipelines->rows, pipelines->n,
			&filter, page->journal));
	if (rc == RC_OK)
		rc = pass_damage(pipelines,
		    run_bars_gather_owners(page, &shown, &pipelines->owners));
	return rc == RC_OK && pipelines->damaged ? RC_CORRUPT : rc;
}

/* The list is the page's in the end, whatever comes of it. */
static enum rc
gather(struct page *page)
{
	struct pipelines *pipelines = pool_alloc(page->pool, 1,
	    sizeof(*pipelines));
	enum rc rc;

	if (pipelines == NULL)
		return RC_MEMORY;
	page->report = pipelines;
	pipelines->next = "";
	pipelines->since = page->query->since_time != 0 ?
	    page->query->since_time :
	    page->now - WEEK;
	pipelines->hooks = links_hooks(page->pool, page->conf,
	    page->query->hook);
	if (pipelines->hooks == NULL)
		return RC_MEMORY;
	rc = gather_list(page, pipelines);
	pool_adopt(page->pool, &pipelines->list.pool);
	return rc;
}

static const char *
title(struct page *page)
{
	(void)page;
	return "Pipelines";
}

static bool
is_filtered(const struct query *query)
{
	return query->hook[0] != '\0' || query->pipeline[0] != '\0' ||
	    query->state[0] != '\0';
}

static void
put_form(const struct page *page, struct html *html)
{
	const struct pipelines *pipelines = page->report;
	const struct query *query = page->query;

	PARTS_FILTERS(html, "pipelines")
	{
		parts_choice(html,
		    &(struct parts_field){ "State", "state", query->state,
			NULL },
		    states);
		parts_choice(html,
		    &(struct parts_field){ "Hook", "hook", query->hook, NULL },
		    pipelines->hooks);
		parts_field(html,
		    &(struct parts_field){ "Name", "pipeline", query->pipeline,
			"a part of it" });
		parts_field(html,
		    &(struct parts_field){ "Runs since", "since", query->since,
			"7d" });
		parts_button(html, "Show", "");
		if (is_filtered(query))
			html_link(html, "Clear", { "view", "pipelines" });
	}
}

/* How many there are of each state, the worst first. */
static void
put_counts(const struct pipelines *pipelines, struct html *html)
{
	HTML(html, "p")
	{
		links_count(html, (int64_t)pipelines->all, "pipeline",
		    "pipelines");
		for (size_t i = 0, n = 0; i < STATES; i++) {
			if (pipelines->counts[i] == 0)
				continue;
			html_text(html, n++ == 0 ? ": " : ", ");
			html_number(html, pipelines->counts[i]);
			html_text(html, " ");
			html_text(html, watch_state_name((enum watch_state)i));
		}
		html_text(html,
		    ". Bars are of the last 30 runs; runs are counted "
		    "since ");
		html_planned_time(html, pipelines->since);
		html_text(html, ".");
	}
}

static void
put_last(struct html *html, const struct pipeline_row *row)
{
	if (row->last.seq == 0) {
		html_time(html, 0);
		return;
	}
	parts_state(html, row->last.outcome);
	parts_break(html);
	html_time(html, pipeline_list_last(row));
}

/* "12 success, 1 failure": those that there are. */
static void
put_outcomes(struct html *html, const struct pipeline_row *row)
{
	int64_t counts[PIPELINE_OUTCOMES];
	size_t n = 0;

	pipeline_list_outcomes(row, counts);
	for (size_t i = 0; i < PIPELINE_OUTCOMES; i++) {
		if (counts[i] == 0)
			continue;
		html_text(html, n++ == 0 ? "" : ", ");
		PARTS_CLASS(html, "span", "nowrap")
		{
			html_number(html, counts[i]);
			html_text(html, " ");
			html_text(html, pipeline_outcomes[i]);
		}
	}
	if (n == 0)
		html_text(html, "none");
}

/* A bar for each of the last, and below how many there were since. */
static void
put_runs(const struct page *page, struct html *html,
    const struct run_bars_owner *owner)
{
	run_bars_put(page, html, &owner->bars);
	PARTS_CLASS(html, "div", "ago") put_outcomes(html, owner->row);
}

static void
put_state(struct html *html, const struct pipeline_row *row)
{
	parts_state(html, watch_state_name(row->state));
	if (row->since != 0) {
		html_text(html, " since");
		parts_break(html);
		html_time(html, row->since);
	}
	if (row->muted != 0) {
		parts_break(html);
		html_text(html, "muted until");
		parts_break(html);
		html_planned_time(html, row->muted);
	}
}

static void
put_name(struct html *html, const struct pipeline_row *row, const char *name)
{
	links_pipeline(html,
	    &(struct links_pipeline){ row->hook, row->id,
		name[0] == '\0' ? "(unnamed)" : name, true });
	PARTS_BELOW(html)
	{
		html_text(html, "at ");
		html_foreign(html, row->hook);
	}
}

static void
put_row(const struct page *page, struct html *html,
    const struct run_bars_owner *owner)
{
	const struct pipeline_row *row = owner->row;

	HTML(html, "tr")
	{
		if (row->state <= WATCH_STUCK)
			html_attribute(html, "class", "bad");
		PARTS_CELL(html) put_name(html, row, owner->name);
		PARTS_CELL(html) put_state(html, row);
		PARTS_CELL(html) put_runs(page, html, owner);
		PARTS_CELL(html) put_last(html, row);
		PARTS_CLASSED(html, "time") html_time(html, row->success);
		PARTS_NUMBER(html)
		html_duration(html, row->duration == 0 ? -1 : row->duration);
		PARTS_NUMBER(html)
		html_duration(html, row->gap == 0 ? -1 : row->gap);
	}
}

static void
put_pager(const struct page *page, struct html *html)
{
	const struct pipelines *pipelines = page->report;
	const char *before = page->query->before;

	if (before[0] == '\0' && pipelines->next[0] == '\0')
		return;
	PARTS_CLASS(html, "nav", "pager")
	{
		html_attribute(html, "aria-label", "Pages of this list");
		if (before[0] != '\0')
			parts_page(html, page->query, "", "First");
		if (pipelines->next[0] != '\0')
			parts_page(html, page->query, pipelines->next, "Next");
	}
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct pipelines *pipelines = page->report;

	put_form(page, html);
	if (pipelines->n == 0) {
		parts_empty(html,
		    is_filtered(page->query) ?
			"No pipeline matches. Try another state, any hook, or "
			"less of the name." :
			"No pipeline has been seen yet. They appear with the "
			"first event that tells of a run.");
		put_pager(page, html);
		return;
	}
	put_counts(pipelines, html);
	PARTS_TABLE(html, "Pipelines", columns)
	for (size_t i = 0; i < pipelines->n; i++)
		put_row(page, html, &pipelines->owners[i]);
	run_bars_figures(page, html, pipelines->owners, pipelines->n);
	put_pager(page, html);
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct pipelines *pipelines = page->report;

	json_time(json, "since", pipelines->since);
	json_open(json, "pipelines", '[');
	for (size_t i = 0; i < pipelines->n; i++) {
		json_open(json, NULL, '{');
		members_of_pipeline(json, pipelines->owners[i].row, true);
		run_bars_write(page, json, "last_runs",
		    &pipelines->owners[i].bars);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_bool(json, "more", pipelines->next[0] != '\0');
	json_known(json, "before", pipelines->next);
}

const struct view view_pipelines = {
	.runs = true,
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
