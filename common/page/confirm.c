/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/view.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "page/action.h"
#include "page/filter.h"
#include "page/links.h"
#include "page/parts.h"

enum {
	COUNTED = JOURNAL_COUNTED, /* deliveries that are changed at once */
	PORTION = 10000,	   /* rows that are looked at at once */
	PATIENCE = 1000,	   /* how long it counts, milliseconds */
};

/* What comes of the deliveries of a state. */
struct fate {
	const char *one;
	const char *several;
};

struct confirm {
	struct journal_search_count count;
	bool stopped; /* its time was over before it had looked at all */
	const struct fate *fates;
	bool retry;
	/* What the form is about, with exact times. */
	struct html_pair pairs[ACTION_PAIRS];
	size_t pairs_n;
};

enum { STATES = JOURNAL_DROPPED + 1 };

/* In the order in which they are told. */
static const enum journal_state order[STATES] = { JOURNAL_DEAD, JOURNAL_DROPPED,
	JOURNAL_QUEUED, JOURNAL_DONE, JOURNAL_RUNNING };

static const struct fate retried[STATES] = {
	[JOURNAL_DEAD] = { "goes back into the queue",
	    "go back into the queue" },
	[JOURNAL_DROPPED] = { "goes back into the queue",
	    "go back into the queue" },
	[JOURNAL_QUEUED] = { "is tried at once if it waits for a retry, or else stays as it is",
	    "are tried at once if they wait for a retry, or else stay as they "
	    "are" },
	[JOURNAL_DONE] = { "stays as it is", "stay as they are" },
	[JOURNAL_RUNNING] = { "is left running", "are left running" },
};

/* Where only what is done was asked for. */
static const struct fate retried_done[STATES] = {
	[JOURNAL_DONE] = { "runs once more", "run once more" },
};

static const struct fate dropped[STATES] = {
	[JOURNAL_DEAD] = { "is given up", "are given up" },
	[JOURNAL_QUEUED] = { "is given up", "are given up" },
	[JOURNAL_DROPPED] = { "was dropped before", "were dropped before" },
	[JOURNAL_DONE] = { "stays as it is", "stay as they are" },
	[JOURNAL_RUNNING] = { "is left running", "are left running" },
};

static const struct fate *
fates_of(const struct query *query)
{
	if (strcmp(query->action, "drop") == 0)
		return dropped;
	return strcmp(query->state, journal_state_name(JOURNAL_DONE)) == 0 ?
	    retried_done :
	    retried;
}

/* What a portion has found, after those before it. */
static void
add(struct journal_search_count *sum, const struct journal_search_count *part)
{
	/* What there was when the first of them began. */
	if (sum->shown.time == 0)
		sum->shown = part->shown;
	sum->events += part->events;
	sum->deliveries += part->deliveries;
	sum->taken += part->taken;
	for (size_t i = 0; i < STATES; i++)
		sum->states.was[i] += part->states.was[i];
	sum->more = part->more;
	sum->full = part->full;
	memcpy(sum->next, part->next, UUID_SIZE);
	memcpy(sum->shown.last, part->next, UUID_SIZE);
	sum->shown.count = sum->taken;
	sum->shown.matched = sum->deliveries;
}

/* False: there is no room for more that is taken. */
static bool
count_portion(struct page *page, struct journal_search *search,
    struct confirm *confirm, enum rc *rc)
{
	struct journal_search_count *sum = &confirm->count;
	struct journal_search_count part = { 0 };
	int64_t room = COUNTED - sum->taken;

	/* Whether there is any more than that is looked for, too. */
	search->most = room > 0 ? room : 1;
	*rc = journal_search_count(page->journal, search, &part);
	if (room == 0 && part.taken > 0) {
		sum->full = true;
		return false;
	}
	add(sum, &part);
	return !sum->full;
}

/* In portions, so that nobody who writes waits for all of it. */
static enum rc
count(struct page *page, struct confirm *confirm)
{
	int64_t until = page->counts_until != 0 ? page->counts_until :
						  clock_steady() + PATIENCE;
	const struct journal_search_count *sum = &confirm->count;
	struct journal_search search;
	bool damaged = false;
	bool room;
	enum rc rc;

	filter_search(page->query, &search);
	search.deed = confirm->retry ? JOURNAL_DEED_RETRY : JOURNAL_DEED_DROP;
	search.looks = PORTION;
	do {
		room = count_portion(page, &search, confirm, &rc);
		damaged = damaged || rc == RC_CORRUPT;
		search.before = sum->next;
	} while ((rc == RC_OK || rc == RC_CORRUPT) && room && sum->more &&
	    clock_left(until) > 0);
	confirm->stopped = sum->more && !sum->full;
	return rc == RC_OK && damaged ? RC_CORRUPT : rc;
}

static enum rc
gather(struct page *page)
{
	struct confirm *confirm = pool_alloc(page->pool, 1, sizeof(*confirm));
	struct query query = *page->query;
	struct page about = *page;
	enum rc rc;

	if (confirm == NULL)
		return RC_MEMORY;
	page->report = confirm;
	if (!page->operates)
		return RC_ACCESS;
	confirm->retry = strcmp(query.action, "retry") == 0;
	if (!confirm->retry && strcmp(query.action, "drop") != 0)
		return RC_SYNTAX;
	confirm->fates = fates_of(&query);
	query.id = "";
	about.query = &query;
	rc = action_pairs(&about, confirm->pairs, &confirm->pairs_n);
	if (rc == RC_OK && page->journal != NULL)
		rc = count(page, confirm);
	return rc;
}

static const char *
title(struct page *page)
{
	const struct confirm *confirm = page->report;

	if (confirm->count.taken == 0)
		return confirm->retry ? "Nothing to retry" : "Nothing to drop";
	return confirm->retry ? "Retry what matches?" : "Drop what matches?";
}

/* More than are counted are not told by their number. */
static void
put_counted(struct html *html, int64_t n)
{
	if (n > COUNTED)
		html_text(html, "more than ");
	html_number(html, n > COUNTED ? COUNTED : n);
}

static void
put_fates(const struct confirm *confirm, struct html *html)
{
	HTML(html, "ul")
	for (size_t i = 0; i < STATES; i++) {
		int64_t n = confirm->count.states.was[order[i]];
		const struct fate *fate = &confirm->fates[order[i]];

		if (n == 0 || fate->one == NULL)
			continue;
		HTML(html, "li")
		{
			put_counted(html, n);
			html_text(html, " ");
			parts_state(html, journal_state_name(order[i]));
			html_text(html, " ");
			html_text(html, n == 1 ? fate->one : fate->several);
		}
	}
}

/* "the 6 deliveries", "more than 10,000 deliveries" */
static void
put_all(const struct confirm *confirm, struct html *html)
{
	const struct journal_search_count *found = &confirm->count;

	if (found->full) {
		html_text(html, "more than ");
		html_number(html, COUNTED);
	} else {
		if (found->deliveries <= COUNTED)
			html_text(html,
			    confirm->stopped ? "at least " : "the ");
		put_counted(html, found->deliveries);
	}
	html_text(html, " deliveries");
}

/* It has counted all that there is, and that is one. */
static bool
is_only(const struct confirm *confirm)
{
	return confirm->count.deliveries == 1 && !confirm->count.full &&
	    !confirm->stopped;
}

/* "3 of the 6 deliveries that match", as far as it has counted. */
static void
put_taken(const struct confirm *confirm, struct html *html)
{
	const struct journal_search_count *found = &confirm->count;
	bool more = found->full || confirm->stopped;

	if (is_only(confirm)) {
		HTML(html, "strong")
		html_text(html,
		    found->taken == 1 ? "the only delivery" :
					"The only delivery");
		html_text(html, " that matches");
		return;
	}
	HTML(html, "strong")
	{
		if (found->taken == 0)
			html_text(html, "None of ");
		else if (more || found->taken < found->deliveries) {
			html_number(html, found->taken);
			html_text(html, " of ");
		}
		put_all(confirm, html);
	}
	html_text(html, " that match");
}

static void
put_events(const struct confirm *confirm, struct html *html)
{
	const struct journal_search_count *found = &confirm->count;

	if (found->deliveries < 2 || found->full || confirm->stopped)
		return;
	html_text(html, " They belong to ");
	put_counted(html, found->events);
	html_text(html, found->events == 1 ? " event." : " events.");
}

/* How many can be changed of how many; a question where there are any. */
static void
put_found(const struct page *page, struct html *html)
{
	const struct confirm *confirm = page->report;
	const struct journal_search_count *found = &confirm->count;

	HTML(html, "p")
	{
		if (found->taken > 0)
			html_text(html, confirm->retry ? "Retry " : "Drop ");
		put_taken(confirm, html);
		if (found->taken > 0)
			html_text(html, "?");
		else
			html_text(html, is_only(confirm) ? " cannot" : " can");
		if (found->taken == 0)
			html_text(html,
			    confirm->retry ? " be retried." : " be dropped.");
		put_events(confirm, html);
		if (!found->full)
			return;
		html_text(html, " No more than ");
		html_number(html, COUNTED);
		html_text(html,
		    " are changed at once. What is left is older: ");
		parts_page(html, page->query, found->next, "ask about it");
		html_text(html, " then.");
	}
}

/* How far it has looked, and where the question goes on. */
static void
put_stopped(const struct page *page, struct html *html)
{
	const struct confirm *confirm = page->report;

	PARTS_NOTICE(html, "info")
	{
		html_text(html,
		    "There was only time to look at what is not older than "
		    "event ");
		parts_id(html, confirm->count.next);
		html_text(html, ". There may be older ones that match. ");
		parts_page(html, page->query, confirm->count.next,
		    "Ask about what is older");
	}
}

static void
put_button(const struct confirm *confirm, struct html *html)
{
	HTML(html, "button")
	{
		html_attribute(html, "type", "submit");
		html_attribute(html, "class",
		    confirm->retry ? "primary" : "danger");
		html_text(html, confirm->retry ? "Retry " : "Drop ");
		links_count(html, confirm->count.taken, "delivery",
		    "deliveries");
	}
}

static void
put_hidden(const struct confirm *confirm, struct html *html)
{
	const struct journal_shown *shown = &confirm->count.shown;
	const struct {
		const char *name;
		int64_t number;
	} numbers[] = {
		{ "seen", shown->seen },
		{ "shown", shown->time },
		{ "counted", shown->count },
		{ "matched", shown->matched },
	};
	char text[BYTES_DECIMAL];

	html_hidden(html,
	    HTML_PAIRS({ "action", confirm->retry ? "retry" : "drop" }));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		html_hidden(html,
		    HTML_PAIRS({ numbers[i].name,
			bytes_decimal((unsigned long long)numbers[i].number,
			    text) }));
	html_hidden(html, HTML_PAIRS({ "last", shown->last }));
}

static void
put_back(const struct page *page, struct html *html)
{
	struct html_pair pairs[FILTER_PAIRS];

	filter_pairs(page->query, "", pairs);
	HTML(html, "a")
	{
		html_attribute(html, "class", "button");
		html_href(html, pairs, FILTER_PAIRS);
		html_text(html, "Back to the list");
	}
}

/* A form has a button: without one it is none. */
static void
put_nothing(const struct page *page, struct html *html)
{
	const struct confirm *confirm = page->report;

	if (confirm->count.deliveries == 0) {
		parts_empty(html,
		    confirm->stopped ? "Nothing matches so far." :
				       "Nothing matches.");
	} else {
		put_found(page, html);
		put_fates(confirm, html);
	}
	PARTS_CLASS(html, "div", "actions") put_back(page, html);
}

static void
put_question(const struct page *page, struct html *html)
{
	const struct confirm *confirm = page->report;

	put_found(page, html);
	put_fates(confirm, html);
	PARTS_CLASS(html, "p", "muted")
	html_text(html,
	    "What arrives, ends or is changed after this page was made is left "
	    "alone.");
	put_hidden(confirm, html);
	PARTS_CLASS(html, "div", "actions")
	{
		put_button(confirm, html);
		put_back(page, html);
	}
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct confirm *confirm = page->report;

	HTML(html, "p")
	{
		html_text(html, "Events: ");
		filter_words(html, page->query);
		if (page->query->before[0] != '\0') {
			html_text(html, ", older than ");
			html_foreign(html, page->query->before);
		}
		html_text(html, ".");
	}
	if (confirm->stopped)
		put_stopped(page, html);
	if (confirm->count.taken == 0)
		PARTS_CLASS(html, "div", "ask") put_nothing(page, html);
	else
		PARTS_FORM(html, confirm->pairs, confirm->pairs_n)
		{
			html_attribute(html, "class", "ask");
			put_question(page, html);
		}
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct confirm *confirm = page->report;

	json_text(json, "action", page->query->action);
	json_number(json, "events", confirm->count.events);
	json_number(json, "deliveries", confirm->count.deliveries);
	json_bool(json, "more", confirm->count.more);
	json_known(json, "before", confirm->count.next);
	json_open(json, "states", '{');
	for (size_t i = 0; i < STATES; i++)
		json_number(json, journal_state_name((enum journal_state)i),
		    confirm->count.states.was[i]);
	json_close(json, '}');
	json_number(json, "taken", confirm->count.taken);
	json_number(json, "seen", confirm->count.shown.seen);
	json_number(json, "shown", confirm->count.shown.time);
	json_number(json, "counted", confirm->count.shown.count);
	json_number(json, "matched", confirm->count.shown.matched);
	json_known(json, "last", confirm->count.shown.last);
}

const struct view view_confirm = {
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
