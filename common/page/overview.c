/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/view.h"

#include "base/timestamp.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/requests.h"
#include "page/chart.h"
#include "page/links.h"
#include "page/members.h"
#include "page/parts.h"
#include "page/problems.h"
#include "page/run_bars.h"
#include "page/told.h"
#include "watch/pipeline_list.h"

enum {
	HOUR = 3600 * 1000, /* milliseconds */
	PIPELINES = 50,	    /* that are shown, the worst */
	EVENTS = 10,
	LOOKS = 1000, /* rows that these are looked for in */
	ACTIONS = 5,
};

/* What came of requests, as far as the chart tells it apart. */
enum kind {
	DELIVERED,
	QUEUED,
	DUPLICATE,
	IGNORED,
	REFUSED,
	KINDS,
};

static const struct chart_kind kinds[KINDS] = {
	[DELIVERED] = { "delivered", "good" },
	[QUEUED] = { "queued", "busy" },
	[DUPLICATE] = { "duplicate", "quiet" },
	[IGNORED] = { "ignored", "wait" },
	[REFUSED] = { "refused", "bad" },
};

struct overview {
	struct journal_totals totals;
	struct journal_requests requests;
	struct pipeline_list pipelines;
	struct problems problems;
	int64_t (*hours)[KINDS];      /* of requests.hours */
	struct run_bars_owner *first; /* pipelines that are shown */
	struct journal_row *events;   /* deliveries, in the order of events */
	size_t events_n;
	struct journal_action *actions;
	struct told_target *targets; /* of these */
	size_t actions_n;
};

struct gathering {
	struct page *page;
	struct overview *overview;
	bool damaged;
};

/* What could be read is told. */
static enum rc
pass_damage(struct gathering *gathering, enum rc rc)
{
	if (rc != RC_CORRUPT)
		return rc;
	gathering->damaged = true;
	return RC_OK;
}

static size_t
shown_pipelines(const struct overview *overview)
{
	return overview->pipelines.n < PIPELINES ? overview->pipelines.n :
						   PIPELINES;
}

/* Of the last day, or since the time that is asked for. */
static size_t
hours_asked(const struct page *page)
{
	int64_t since = page->query->since_time;
	int64_t hours = JOURNAL_REQUESTS_DAY;

	if (since != 0)
		hours = journal_stats_hour(page->now) -
		    journal_stats_hour(since) + 1;
	if (hours > JOURNAL_HOURS_KEPT)
		hours = JOURNAL_HOURS_KEPT;
	return hours < 1 ? 1 : (size_t)hours;
}

static enum kind
kind_of(unsigned counted)
{
	switch (counted) {
	case JOURNAL_STATS_DELIVERED:
		return DELIVERED;
	case JOURNAL_STATS_QUEUED:
		return QUEUED;
	case JOURNAL_STATS_DUPLICATE:
		return DUPLICATE;
	case JOURNAL_STATS_IGNORED:
		return IGNORED;
	default:
		return REFUSED;
	}
}

static enum rc
gather_requests(struct gathering *gathering)
{
	struct page *page = gathering->page;
	struct overview *overview = gathering->overview;
	struct journal_requests *requests = &overview->requests;
	enum rc rc;

	requests->now = page->now;
	requests->hours = hours_asked(page);
	rc = pass_damage(gathering,
	    journal_requests_gather(requests, page->conf, page->journal));
	pool_adopt(page->pool, &requests->pool);
	if (rc != RC_OK)
		return rc;
	overview->hours = pool_alloc(page->pool, requests->hours,
	    sizeof(*overview->hours));
	if (overview->hours == NULL)
		return RC_MEMORY;
	for (size_t hour = 0; hour < requests->hours; hour++)
		for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
			overview->hours[hour][kind_of(kind)] +=
			    requests->by_hour[hour][kind];
	return RC_OK;
}

/* They are the page's in the end, whatever comes of it. */
static enum rc
gather_pipelines(struct gathering *gathering)
{
	struct page *page = gathering->page;
	struct overview *overview = gathering->overview;
	const struct pipeline_filter filter = { .now = page->now,
		.brief = true };
	const struct problems_asked asked = {
		.pipelines = &overview->pipelines,
		.requests = &overview->requests,
		.totals = &overview->totals,
	};
	struct run_bars_rows rows = { .list = &overview->pipelines };
	enum rc rc = pass_damage(gathering,
	    pipeline_list_gather(&overview->pipelines, &filter, page->conf,
		page->journal));

	if (rc == RC_OK)
		rc = pass_damage(gathering,
		    problems_gather(page, &asked, &overview->problems));
	if (rc == RC_OK)
		rc = pass_damage(gathering,
		    pipeline_list_complete(overview->pipelines.rows,
			shown_pipelines(overview), &filter, page->journal));
	rows.rows = overview->pipelines.rows;
	rows.n = shown_pipelines(overview);
	if (rc == RC_OK)
		rc = pass_damage(gathering,
		    run_bars_gather_owners(page, &rows, &overview->first));
	pool_adopt(page->pool, &overview->pipelines.pool);
	return rc;
}

static enum rc
add_event(void *context, const struct journal_row *found)
{
	const struct gathering *gathering = context;
	struct overview *overview = gathering->overview;
	struct pool *pool = gathering->page->pool;
	struct journal_row *row = pool_next(pool, &overview->events,
	    overview->events_n);

	if (row == NULL)
		return RC_MEMORY;
	*row = *found;
	overview->events_n++;
	return journal_row_keep(pool, row);
}

static enum rc
add_action(void *context, const struct journal_action *found)
{
	const struct gathering *gathering = context;
	struct overview *overview = gathering->overview;
	struct pool *pool = gathering->page->pool;
	struct journal_action *action = pool_next(pool, &overview->actions,
	    overview->actions_n);

	if (action == NULL)
		return RC_MEMORY;
	*action = *found;
	overview->actions_n++;
	const char **texts[] = { &action->who, &action->action, &action->target,
		&action->why };
	return pool_keep(pool, texts, sizeof(texts) / sizeof(texts[0]));
}

static enum rc
gather_targets(struct gathering *gathering)
{
	struct page *page = gathering->page;
	struct overview *overview = gathering->overview;
	enum rc rc = RC_OK;

	overview->targets = pool_alloc(page->pool, overview->actions_n + 1,
	    sizeof(*overview->targets));
	if (overview->targets == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < overview->actions_n && rc == RC_OK; i++)
		rc = pass_damage(gathering,
		    told_target_gather(page, &overview->actions[i],
			&overview->targets[i]));
	return rc;
}

static enum rc
gather_last(struct gathering *gathering)
{
	const struct journal_search search = {
		.state = -1,
		.limit = EVENTS,
		.looks = LOOKS,
	};
	struct journal *journal = gathering->page->journal;
	struct journal_search_end end;
	enum rc rc = pass_damage(gathering,
	    journal_search(journal, &search, add_event, gathering, &end));

	if (rc == RC_OK)
		rc = pass_damage(gathering,
		    journal_actions(journal, 0, ACTIONS, add_action,
			gathering));
	return rc == RC_OK ? gather_targets(gathering) : rc;
}

static enum rc
gather(struct page *page)
{
	struct overview *overview = pool_alloc(page->pool, 1,
	    sizeof(*overview));
	struct gathering gathering = { page, overview, false };
	enum rc rc;

	if (overview == NULL)
		return RC_MEMORY;
	page->report = overview;
	rc = gather_requests(&gathering);
	if (rc == RC_OK && page->journal != NULL)
		rc = pass_damage(&gathering,
		    journal_totals(page->journal, &overview->totals));
	if (rc == RC_OK)
		rc = gather_pipelines(&gathering);
	if (rc == RC_OK && page->journal != NULL)
		rc = gather_last(&gathering);
	return rc == RC_OK && gathering.damaged ? RC_CORRUPT : rc;
}

static const char *
title(struct page *page)
{
	(void)page;
	return "Overview";
}

/* Whether anything ever came, as far as anybody knows. */
static bool
is_new(const struct overview *overview)
{
	int64_t deliveries = 0;

	for (int state = 0; state <= JOURNAL_DROPPED; state++)
		deliveries += overview->totals.count[state];
	for (size_t i = 0; i < overview->requests.n; i++)
		if (overview->requests.list[i].last_event != 0)
			return false;
	return deliveries == 0 && overview->events_n == 0 &&
	    overview->pipelines.n == 0;
}

/* A number of deliveries in a state, which lead to their list. */
static void
put_state_tile(struct html *html, const struct journal_totals *totals,
    enum journal_state state, const char *kind)
{
	HTML(html, "li")
	{
		html_attribute(html, "class",
		    totals->count[state] > 0 ? kind : NULL);
		HTML(html, "strong")
		{
			html_number(html, totals->count[state]);
			if (totals->more[state])
				html_text(html, "+");
		}
		html_text(html, " ");
		HTML(html, "a")
		{
			html_href(html,
			    HTML_PAIRS({ "view", "events" },
				{ "state", journal_state_name(state) }));
			html_text(html, journal_state_name(state));
			html_text(html, " now");
		}
	}
}

static void
put_tiles(const struct overview *overview, struct html *html)
{
	const struct journal_requests *requests = &overview->requests;
	struct parts_tile received = { "requests in 24 hours", NULL, 0 };
	struct parts_tile refused = { "refused in 24 hours", NULL, 0 };

	for (size_t i = 0; i < requests->n; i++) {
		struct journal_requests_sums sums = journal_requests_sum(
		    &requests->list[i]);

		received.number += sums.received;
		refused.number += sums.refused;
	}
	refused.kind = refused.number > 0 ? "warn" : NULL;
	PARTS_CLASS(html, "ul", "tiles")
	{
		put_state_tile(html, &overview->totals, JOURNAL_QUEUED, NULL);
		put_state_tile(html, &overview->totals, JOURNAL_RUNNING, NULL);
		put_state_tile(html, &overview->totals, JOURNAL_DEAD, "bad");
		parts_tile(html, &received);
		parts_tile(html, &refused);
	}
}

/* What may be asked for, beside what is. */
static void
put_spans(const struct page *page, struct html *html)
{
	static const struct {
		const char *since;
		const char *text;
	} spans[] = {
		{ "", "24 hours" },
		{ "7d", "7 days" },
		{ "35d", "35 days" },
	};

	PARTS_CLASS(html, "nav", "tabs")
	{
		html_attribute(html, "aria-label", "Time");
		for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
			HTML(html, "a")
			{
				html_href(html,
				    HTML_PAIRS({ "since", spans[i].since },
					{ "refresh", page->query->reload }));
				html_attribute(html, "aria-current",
				    strcmp(page->query->since,
					spans[i].since) == 0 ?
					"true" :
					NULL);
				html_text(html, spans[i].text);
			}
	}
}

/* The time that is shown, from the pool; NULL: no memory. */
static const char *
span_of(const struct page *page, const struct journal_requests *requests)
{
	char time[TIMESTAMP_SIZE];

	if (page->query->since_time == 0)
		return "The last 24 hours";
	if (requests->hours == JOURNAL_HOURS_KEPT)
		return "The last 35 days";
	timestamp_print(requests->first * HOUR, time);
	time[10] = ' ';
	return pool_printf(page->pool, "Since %.16s UTC", time);
}

static void
put_hours(const struct page *page, struct html *html)
{
	const struct overview *overview = page->report;
	const struct chart_hours chart = {
		.title = span_of(page, &overview->requests),
		.kinds = kinds,
		.kinds_n = KINDS,
		.first = overview->requests.first,
		.hours = overview->requests.hours,
		.counts = overview->hours[0],
	};

	PARTS_CLASS(html, "section", "card")
	{
		html_attribute(html, "id", "requests");
		html_element(html, "h2", "Requests");
		put_spans(page, html);
		if (chart.title == NULL)
			html->into->rc = RC_MEMORY;
		else
			chart_hours(html, &chart);
	}
}

static void
put_since(struct html *html, const struct pipeline_row *row)
{
	parts_state(html, watch_state_name(row->state));
	if (row->muted != 0) {
		html_text(html, " ");
		parts_state(html, "muted");
	}
	if (row->since == 0)
		return;
	parts_break(html);
	html_text(html, "since ");
	html_time(html, row->since);
}

static void
put_last_run(struct html *html, const struct pipeline_row *row)
{
	if (row->last.seq != 0) {
		parts_state(html, row->last.outcome);
		html_text(html, " ");
	}
	html_time(html, pipeline_list_last(row));
}

static void
put_pipeline(const struct page *page, struct html *html,
    const struct run_bars_owner *owner)
{
	const struct pipeline_row *row = owner->row;

	HTML(html, "tr")
	{
		html_attribute(html, "class",
		    row->state <= WATCH_STUCK ? "bad" : NULL);
		PARTS_CELL(html)
		{
			links_pipeline(html,
			    &(struct links_pipeline){ row->hook, row->id,
				owner->name, true });
			if (page->conf->hooks_len > 1) {
				PARTS_BELOW(html)
				html_foreign(html, row->hook);
			}
		}
		PARTS_CLASSED(html, "time") put_since(html, row);
		PARTS_CELL(html)
		run_bars_put(page, html, &owner->bars);
		PARTS_CLASSED(html, "time") put_last_run(html, row);
		PARTS_NUMBER(html)
		html_duration(html, row->duration == 0 ? -1 : row->duration);
	}
}

static void
put_pipelines(const struct page *page, struct html *html)
{
	static const struct parts_column columns[] = {
		{ "Pipeline", false },
		{ "State", false },
		{ "Last 30 runs", false },
		{ "Last run", false },
		{ "Usual run", true },
	};
	const struct overview *overview = page->report;
	size_t n = shown_pipelines(overview);

	PARTS_SECTION(html, "Pipelines")
	{
		if (n == 0) {
			parts_empty(html,
			    "No event has told of a pipeline yet.");
			return;
		}
		PARTS_TABLE(html, "Pipelines", columns)
		for (size_t i = 0; i < n; i++)
			put_pipeline(page, html, &overview->first[i]);
		run_bars_figures(page, html, overview->first, n);
		if (n == overview->pipelines.n)
			return;
		HTML(html, "p")
		{
			html_text(html, "These are the ");
			html_number(html, PIPELINES);
			html_text(html, " that need attention most. ");
			HTML(html, "a")
			{
				html_href(html,
				    HTML_PAIRS({ "view", "pipelines" }));
				html_text(html, "All ");
				html_number(html,
				    (int64_t)overview->pipelines.n);
				html_text(html, " pipelines");
			}
		}
	}
}

/* How many rows from one on are of its event. */
static size_t
deliveries_of(const struct overview *overview, size_t from)
{
	size_t n = 1;

	while (from + n < overview->events_n &&
	    strcmp(overview->events[from].id, overview->events[from + n].id) ==
		0)
		n++;
	return n;
}

/* An event with the states of its deliveries. */
static void
put_event(struct html *html, const struct journal_row *rows, size_t n)
{
	HTML(html, "tr")
	{
		PARTS_CLASSED(html, "time") html_time(html, rows->received);
		PARTS_CELL(html)
		HTML(html, "a")
		{
			html_href(html,
			    HTML_PAIRS({ "view", "event" },
				{ "id", rows->id }));
			html_foreign(html, rows->event);
		}
		PARTS_CELL(html) html_foreign(html, rows->hook);
		PARTS_CELL(html)
		links_pipeline(html,
		    &(struct links_pipeline){ rows->hook, rows->pipeline_id,
			rows->pipeline, rows->pipeline_known });
		PARTS_CELL(html)
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				html_text(html, " ");
			parts_state(html, journal_state_name(rows[i].state));
		}
	}
}

static void
put_events(const struct overview *overview, struct html *html)
{
	static const struct parts_column columns[] = {
		{ "Received", false },
		{ "Event", false },
		{ "Hook", false },
		{ "Pipeline", false },
		{ "State", false },
	};
	size_t n;

	PARTS_SECTION(html, "Last events")
	{
		if (overview->events_n == 0)
			parts_empty(html, "No event is kept.");
		else
			PARTS_TABLE(html, "Last events", columns)
		for (size_t i = 0; i < overview->events_n; i += n) {
			n = deliveries_of(overview, i);
			put_event(html, &overview->events[i], n);
		}
		HTML(html, "p")
		html_link(html, "All events", { "view", "events" });
	}
}

static void
put_actions(const struct overview *overview, struct html *html)
{
	static const struct parts_column columns[] = {
		{ "When", false },
		{ "Who", false },
		{ "Action", false },
		{ "To what", false },
		{ "Matched", true },
		{ "Done", true },
	};

	if (overview->actions_n == 0)
		return;
	PARTS_SECTION(html, "Last actions")
	{
		PARTS_TABLE(html, "Last actions", columns)
		for (size_t i = 0; i < overview->actions_n; i++) {
			const struct journal_action *action = &overview
								   ->actions[i];

			HTML(html, "tr")
			{
				PARTS_CLASSED(html, "time")
				html_time(html, action->time);
				PARTS_CELL(html)
				html_foreign(html, action->who);
				PARTS_CELL(html)
				html_text(html, action->action);
				PARTS_CELL(html)
				told_target_put(html, action,
				    &overview->targets[i]);
				parts_number(html, action->matched);
				parts_number(html, action->done);
			}
		}
		HTML(html, "p")
		html_link(html, "All actions", { "view", "actions" });
	}
}

static void
put_hook_names(const struct conf *conf, struct html *html)
{
	bool several = conf->hooks_len > 1;

	html_text(html, several ? "The hooks " : "The hook ");
	for (size_t i = 0; i < conf->hooks_len; i++) {
		if (i > 0)
			html_text(html, ", ");
		HTML(html, "b") html_text(html, conf->hooks[i].name);
	}
	html_text(html, several ? " wait" : " waits");
	html_text(html,
	    " for a first event: \"A live test\" in the README "
	    "tells how to send one. What a hook runs can be tried "
	    "without a web server:");
}

/* For who has just set it up. */
static void
put_welcome(const struct page *page, struct html *html)
{
	const struct conf *conf = page->conf;

	PARTS_SECTION(html, "No event has come yet")
	{
		HTML(html, "p") put_hook_names(conf, html);
		HTML(html, "pre")
		{
			html_attribute(html, "class", "code");
			html_attribute(html, "tabindex", "0");
			html_attribute(html, "aria-label", "Commands");
			html_text(html,
			    "pelihookctl sample pipeline_run_error | "
			    "pelihookctl -u USER try ");
			html_text(html,
			    conf->hooks_len > 0 ? conf->hooks[0].name : "HOOK");
		}
	}
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct overview *overview = page->report;

	if (is_new(overview)) {
		if (overview->problems.n > 0)
			problems_put(html, &overview->problems);
		put_welcome(page, html);
		put_hours(page, html);
		return;
	}
	problems_put(html, &overview->problems);
	put_tiles(overview, html);
	put_hours(page, html);
	put_pipelines(page, html);
	put_events(overview, html);
	put_actions(overview, html);
}

static void
write_totals(struct json *json, const struct journal_totals *totals)
{
	json_open(json, "counts", '{');
	for (int state = 0; state <= JOURNAL_DROPPED; state++)
		json_number(json, journal_state_name((enum journal_state)state),
		    totals->count[state]);
	json_close(json, '}');
	/* Of which states there are more than that. */
	json_open(json, "counts_more", '[');
	for (int state = 0; state <= JOURNAL_DROPPED; state++)
		if (totals->more[state])
			json_text(json, NULL,
			    journal_state_name((enum journal_state)state));
	json_close(json, ']');
	json_time(json, "oldest", totals->oldest);
	json_known(json, "oldest_id", totals->oldest_id);
}

static void
write_hours(struct json *json, const struct overview *overview)
{
	json_open(json, "hours", '[');
	for (size_t i = 0; i < overview->requests.hours; i++) {
		json_open(json, NULL, '{');
		json_time(json, "hour",
		    (overview->requests.first + (int64_t)i) * HOUR);
		for (size_t kind = 0; kind < KINDS; kind++)
			json_number(json, kinds[kind].word,
			    overview->hours[i][kind]);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void
write_pipelines(struct json *json, const struct page *page)
{
	const struct overview *overview = page->report;

	json_number(json, "pipelines_in_all", (int64_t)overview->pipelines.n);
	json_open(json, "pipelines", '[');
	for (size_t i = 0; i < shown_pipelines(overview); i++) {
		json_open(json, NULL, '{');
		members_of_pipeline(json, overview->first[i].row, false);
		run_bars_write(page, json, "runs", &overview->first[i].bars);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void
write_last(struct json *json, const struct page *page)
{
	const struct overview *overview = page->report;
	enum rc rc = RC_OK;

	json_open(json, "events", '[');
	for (size_t i = 0; i < overview->events_n && rc == RC_OK; i++) {
		json_open(json, NULL, '{');
		rc = members_of_delivery(json, page->conf, &overview->events[i],
		    !page->operates);
		json_close(json, '}');
	}
	json_close(json, ']');
	if (rc != RC_OK)
		json->into->rc = rc;
	json_open(json, "actions", '[');
	for (size_t i = 0; i < overview->actions_n; i++) {
		json_open(json, NULL, '{');
		told_write(json, &overview->actions[i]);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct overview *overview = page->report;

	problems_write(json, &overview->problems);
	write_totals(json, &overview->totals);
	write_hours(json, overview);
	write_pipelines(json, page);
	write_last(json, page);
}

const struct view view_overview = {
	.runs = true,
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
