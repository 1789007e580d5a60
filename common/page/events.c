/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/view.h"

#include "base/outcome.h"
#include "config/conf.h"
#include "config/lane_text.h"
#include "event/catalog.h"
#include "journal/journal.h"
#include "page/filter.h"
#include "page/links.h"
#include "page/members.h"
#include "page/parts.h"

enum {
	EVENTS = 50,   /* of one page */
	LOOKS = 10000, /* rows that a search looks at before it says so */
};

/* A delivery, and what is shown of its lane. */
struct row {
	struct journal_row row;
	const char *lane; /* as people read it, or "" */
};

/* Deliveries, one after the other; those of one event are in a row. */
struct events {
	struct row *rows;
	size_t n;
	struct journal_search_end end;
	const char *const *hooks; /* to choose from */
	bool pipelines;		  /* there is one that is known */
};

struct gathering {
	struct page *page;
	struct events *events;
};

enum { COLUMNS = 7 };

static const char *const states[] = { "", "queued", "running", "done", "dead",
	"dropped", NULL };

static enum rc
copy_lane(struct page *page, struct row *row)
{
	const struct lane_told told = { row->row.hook, row->row.lane,
		!page->operates };
	struct buf text = { 0 };
	enum rc rc = lane_print_key(page->conf, &told, &text);

	if (rc == RC_OK)
		row->lane = pool_copy(page->pool, buf_view(&text));
	buf_free(&text);
	return rc == RC_OK && row->lane == NULL ? RC_MEMORY : rc;
}

static enum rc
add_row(void *context, const struct journal_row *found)
{
	const struct gathering *gathering = context;
	struct events *events = gathering->events;
	struct pool *pool = gathering->page->pool;
	struct row *row = pool_next(pool, &events->rows, events->n);
	enum rc rc;

	if (row == NULL)
		return RC_MEMORY;
	*row = (struct row){ .row = *found };
	rc = journal_row_keep(pool, &row->row);
	if (rc == RC_OK)
		rc = copy_lane(gathering->page, row);
	if (rc != RC_OK)
		return rc;
	events->pipelines |= row->row.pipeline[0] != '\0' ||
	    row->row.run[0] != '\0';
	events->n++;
	return RC_OK;
}

static enum rc
gather(struct page *page)
{
	struct events *events = pool_alloc(page->pool, 1, sizeof(*events));
	struct gathering gathering = { page, events };
	struct journal_search search;

	if (events == NULL)
		return RC_MEMORY;
	page->report = events;
	events->hooks = links_hooks(page->pool, page->conf, page->query->hook);
	if (events->hooks == NULL)
		return RC_MEMORY;
	if (page->journal == NULL)
		return RC_OK;
	filter_search(page->query, &search);
	search.limit = EVENTS;
	search.looks = LOOKS;
	return journal_search(page->journal, &search, add_row, &gathering,
	    &events->end);
}

static const char *
title(struct page *page)
{
	(void)page;
	return "Events";
}

/* All that is left out begins anew: with the newest. */
static void
put_form(const struct page *page, struct html *html)
{
	const struct events *events = page->report;
	const struct query *query = page->query;
	const struct parts_field fields[] = {
		{ "Event", "event", query->event, "name, @failure" },
		{ "Pipeline", "pipeline", query->pipeline, "full name or ID" },
		{ "Since", "since", query->since, "24h" },
		{ "Until", "until", query->until, "2026-01-31" },
		{ "ID", "q", query->q, "start or end" },
	};

	PARTS_FILTERS(html, "events")
	{
		parts_choice(html,
		    &(struct parts_field){ "State", "state", query->state,
			NULL },
		    states);
		parts_choice(html,
		    &(struct parts_field){ "Hook", "hook", query->hook, NULL },
		    events->hooks);
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			parts_field(html, &fields[i]);
		parts_button(html, "Show", "");
		if (filter_is_set(query))
			html_link(html, "Clear", { "view", "events" });
	}
}

/* What can be done with all of them. */
static void
put_action(const struct page *page, struct html *html, const char *action,
    const char *text)
{
	struct html_pair pairs[FILTER_PAIRS];

	filter_pairs(page->query, action, pairs);
	HTML(html, "a")
	{
		html_attribute(html, "class", "button");
		html_href(html, pairs, FILTER_PAIRS);
		html_text(html, text);
	}
}

static void
put_actions(const struct page *page, struct html *html)
{
	if (!page->operates) {
		parts_view_only(html);
		return;
	}
	PARTS_CLASS(html, "div", "actions")
	{
		put_action(page, html, "retry",
		    "Retry all that match\xe2\x80\xa6");
		put_action(page, html, "drop",
		    "Drop all that match\xe2\x80\xa6");
	}
}

/* How many rows from one on are of its event. */
static size_t
deliveries_of(const struct events *events, size_t from)
{
	size_t n = 1;

	while (from + n < events->n &&
	    strcmp(events->rows[from].row.id, events->rows[from + n].row.id) ==
		0)
		n++;
	return n;
}

static void
put_pipeline(struct html *html, const struct journal_row *row)
{
	links_pipeline(html,
	    &(struct links_pipeline){ row->hook, row->pipeline_id,
		row->pipeline, row->pipeline_known });
	if (row->run[0] == '\0')
		return;
	PARTS_BELOW(html)
	{
		html_text(html, "Run ");
		html_foreign(html, row->run);
	}
}

static void
put_event_cells(const struct events *events, struct html *html,
    const struct journal_row *row, size_t n)
{
	PARTS_CLASSED(html, "time")
	{
		parts_span(html, n);
		html_time(html, row->received);
	}
	PARTS_CELL(html)
	{
		parts_span(html, n);
		HTML(html, "a")
		{
			html_href(html,
			    HTML_PAIRS({ "view", "event" }, { "id", row->id }));
			html_foreign(html,
			    row->event[0] != '\0' ? row->event : row->id);
		}
		PARTS_CLASS(html, "span", "muted")
		{
			html_text(html, " at ");
			html_foreign(html, row->hook);
		}
		parts_break(html);
		HTML(html, "small") parts_id(html, row->id);
	}
	if (!events->pipelines)
		return;
	PARTS_CELL(html)
	{
		parts_span(html, n);
		put_pipeline(html, row);
	}
}

/* lane: it tells this delivery from others of its event. */
static void
put_delivery_cells(struct html *html, const struct row *row, bool lane)
{
	char outcome[OUTCOME_SIZE];

	outcome_print(row->row.outcome, row->row.code, outcome);
	PARTS_CELL(html)
	{
		parts_state(html, journal_state_name(row->row.state));
		if (lane && row->lane[0] != '\0') {
			PARTS_BELOW(html)
			{
				html_text(html, "Lane ");
				html_foreign(html, row->lane);
			}
		}
	}
	parts_number(html, row->row.attempts);
	PARTS_CELL(html) html_foreign(html, outcome);
	PARTS_CLASSED(html, "time") html_planned_time(html, row->row.due);
}

static void
put_rows(const struct events *events, struct html *html)
{
	size_t left = 0; /* of the event whose cells are there */
	size_t n = 0;	 /* all of it */

	for (size_t i = 0; i < events->n; i++, left--)
		HTML(html, "tr")
		{
			if (events->rows[i].row.state == JOURNAL_DEAD)
				html_attribute(html, "class", "bad");
			if (left == 0) {
				left = n = deliveries_of(events, i);
				put_event_cells(events, html,
				    &events->rows[i].row, n);
			}
			put_delivery_cells(html, &events->rows[i], n > 1);
		}
}

static void
put_table(const struct events *events, struct html *html)
{
	struct parts_column columns[COLUMNS];
	size_t n = 0;

	columns[n++] = (struct parts_column){ "Received", false };
	columns[n++] = (struct parts_column){ "Event", false };
	if (events->pipelines)
		columns[n++] = (struct parts_column){ "Pipeline", false };
	columns[n++] = (struct parts_column){ "State", false };
	columns[n++] = (struct parts_column){ "Tries", true };
	columns[n++] = (struct parts_column){ "Last outcome", false };
	columns[n++] = (struct parts_column){ "Next try", false };
	HTML_SCOPE(parts_begin_table(html, "Events", columns, n))
	put_rows(events, html);
}

/* Where it ended before it had looked at all. */
static void
put_stopped(const struct page *page, struct html *html)
{
	const struct events *events = page->report;

	PARTS_NOTICE(html, "info")
	{
		html_text(html, "Looked through ");
		html_number(html, LOOKS);
		html_text(html, " entries, back to event ");
		parts_id(html, events->end.next);
		html_text(html, ". There may be older events that match. ");
		parts_page(html, page->query, events->end.next,
		    "Go on from there");
	}
}

/* An event may be named like a group that there is not. */
static void
put_no_group(const char *word, struct html *html)
{
	struct buf text = { 0 };

	if (word[0] != '@' || catalog_is_group(bytes_of(word)))
		return;
	HTML(html, "p")
	{
		html_text(html, "Event: ");
		html_text(html,
		    catalog_no_group(word, &text) == RC_OK ? text.data : "");
		html_text(html, ".");
	}
	buf_free(&text);
}

static void
put_nothing(const struct page *page, struct html *html)
{
	const struct events *events = page->report;

	if (events->end.stopped)
		parts_empty(html,
		    "No event matches among those looked through "
		    "so far.");
	else if (page->query->before[0] != '\0')
		parts_empty(html, "There are no older events.");
	else if (filter_is_set(page->query))
		parts_empty(html,
		    "No event matches. Widen the filter: an "
		    "earlier time, another state, or any hook; of a pipeline the "
		    "whole name.");
	else
		parts_empty(html,
		    "No event has been kept yet. Events of hooks "
		    "with a journal appear here.");
	put_no_group(page->query->event, html);
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct events *events = page->report;

	put_form(page, html);
	if (filter_is_set(page->query) && events->n > 0)
		put_actions(page, html);
	if (events->n > 0)
		put_table(events, html);
	else
		put_nothing(page, html);
	if (events->end.stopped)
		put_stopped(page, html);
	parts_pager(html, page->query,
	    events->end.more && !events->end.stopped ? events->end.next : "");
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct events *events = page->report;

	json_open(json, "deliveries", '[');
	for (size_t i = 0; i < events->n; i++) {
		json_open(json, NULL, '{');
		if (members_of_delivery(json, page->conf, &events->rows[i].row,
			!page->operates) != RC_OK)
			json->into->rc = RC_MEMORY;
		json_close(json, '}');
	}
	json_close(json, ']');
	json_bool(json, "more", events->end.more);
	json_known(json, "before", events->end.more ? events->end.next : "");
	json_bool(json, "stopped", events->end.stopped);
}

const struct view view_events = {
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
