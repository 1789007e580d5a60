/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "page/view.h"

#include "base/outcome.h"
#include "base/units.h"
#include "command/input.h"
#include "config/conf.h"
#include "config/lane_text.h"
#include "config/print.h"
#include "event/indent.h"
#include "event/rule.h"
#include "page/event_report.h"
#include "page/links.h"
#include "page/parts.h"

enum {
	/* Bytes of a body that are looked into, and are there as JSON. */
	PARSED = 1024 * 1024,
	SHOWN = 256 * 1024, /* bytes of a body that are shown */
	LABEL = 64,	    /* of a region, which no other has */
};

struct delivery {
	const char *lane; /* as people read it, or "" */
	const char *line; /* of the configuration, or "" */
};

/* A body, as much of it as is shown. */
struct body {
	struct bytes text;
	bool cut;
	/* Indented; of no data where it is no JSON. */
	struct bytes indented;
	bool indented_cut;
};

struct shown_event {
	struct event_report told;
	bool lost; /* it is damaged itself, and nothing of it can be told */
	struct delivery *deliveries;
	struct body body; /* for who operates */
};

static const struct parts_column attempts[] = { { "Try", true },
	{ "Began", false }, { "Ended", false }, { "Took", true },
	{ "Outcome", false } };

static enum rc
copy_text(struct pool *pool, struct buf *text, enum rc rc, const char **into)
{
	*into = rc == RC_OK ? pool_copy(pool, buf_view(text)) : NULL;
	buf_free(text);
	return rc == RC_OK && *into == NULL ? RC_MEMORY : rc;
}

/* The line as it is for who operates, or else without the arguments of its
 * command, which may be secret. */
static enum rc
print_line(const struct page *page, const struct rule *rule, struct buf *into)
{
	const char *bare[] = { NULL, NULL };
	struct rule line;

	if (rule == NULL)
		return RC_OK;
	line = *rule;
	if (page->operates || rule->command == NULL || rule->command[1] == NULL)
		return conf_print_rule(&line, into);
	bare[0] = rule->command[0];
	line.command = bare;
	conf_print_rule(&line, into);
	return buf_text(into, " …");
}

/* Where deliveries go, as people read it. */
static enum rc
name_lanes(struct page *page, struct shown_event *event)
{
	const struct journal_event_report *stored = &event->told.stored;
	enum rc rc = RC_OK;

	event->deliveries = pool_alloc(page->pool, stored->n + 1,
	    sizeof(*event->deliveries));
	if (event->deliveries == NULL)
		return RC_MEMORY;
	for (size_t i = 0; rc == RC_OK && i < stored->n; i++) {
		struct delivery *delivery = &event->deliveries[i];
		const struct rule *rule = event->told.rules[i];
		const struct lane_told told = { stored->event.hook,
			stored->deliveries[i].lane, !page->operates };
		struct buf lane = { 0 }, line = { 0 };

		rc = copy_text(page->pool, &lane,
		    lane_print_key(page->conf, &told, &lane), &delivery->lane);
		if (rc == RC_OK)
			rc = copy_text(page->pool, &line,
			    print_line(page, rule, &line), &delivery->line);
	}
	return rc;
}

/* No character of it is cut. */
static struct bytes
first_of(struct bytes text, size_t max)
{
	if (text.len <= max)
		return text;
	text.len = max;
	while (
	    text.len > max - 4 && ((uint8_t)text.data[text.len] & 0xc0) == 0x80)
		text.len--;
	return text;
}

static enum rc
indent(struct pool *pool, struct bytes whole, struct body *body)
{
	struct buf text = { .max = SHOWN };
	enum rc rc = event_indent(whole, &text);
	const char *copy = NULL;

	if (rc == RC_OK || rc == RC_RANGE) {
		body->indented_cut = rc == RC_RANGE;
		copy = pool_copy(pool, buf_view(&text));
		body->indented = (struct bytes){ copy, text.len };
		rc = copy == NULL ? RC_MEMORY : RC_OK;
	}
	buf_free(&text);
	return rc == RC_JSON ? RC_OK : rc;
}

static enum rc
take_body(struct page *page, struct shown_event *event)
{
	struct bytes whole = event->told.stored.event.body;
	struct body *body = &event->body;

	body->text = first_of(whole, SHOWN);
	body->cut = body->text.len < whole.len;
	return indent(page->pool, whole, body);
}

static enum rc
gather(struct page *page)
{
	struct shown_event *event = pool_alloc(page->pool, 1, sizeof(*event));
	const struct event_asked asked = {
		.conf = page->conf,
		.journal = page->journal,
		.id = page->query->id,
		.parse = PARSED,
	};
	enum rc rc, damaged;

	if (event == NULL)
		return RC_MEMORY;
	page->report = event;
	if (page->journal == NULL || page->query->id[0] == '\0')
		return RC_MISSING;
	rc = event_report_gather(&asked, page->pool, &event->told);
	damaged = rc == RC_CORRUPT ? rc : RC_OK;
	if (rc != RC_OK && rc != RC_CORRUPT)
		return rc;
	event->lost = event->told.stored.event.hook == NULL;
	if (event->lost)
		return damaged;
	rc = name_lanes(page, event);
	if (rc == RC_OK && page->operates)
		rc = take_body(page, event);
	return rc == RC_OK ? damaged : rc;
}

static bool
is_named(const struct shown_event *event)
{
	const char *name = event->told.stored.event.name;

	return !event->lost && name != NULL && name[0] != '\0';
}

/* What happened to what: "pipeline_run_error of Orders". */
static const char *
title(struct page *page)
{
	const struct shown_event *event = page->report;
	const struct event_subject *subject = &event->told.subject;
	const char *name = subject->name[0] != '\0' ? subject->name :
						      subject->pipeline;

	if (!is_named(event))
		return pool_printf(page->pool, "Event %s",
		    event->lost ? page->query->id :
				  event->told.stored.event.receipt.id);
	return pool_printf(page->pool, "%s%s%s", event->told.stored.event.name,
	    name[0] != '\0' ? " of " : "", name);
}

/* Below the title, where that does not say it. */
static void
put_id(const struct shown_event *event, struct html *html)
{
	if (!is_named(event))
		return;
	PARTS_CLASS(html, "p", "muted")
	{
		html_text(html, "Event ");
		parts_id(html, event->told.stored.event.receipt.id);
	}
}

/* Where in the body something was found. */
static void
put_found(struct html *html, const char *at)
{
	if (at[0] == '\0')
		return;
	html_text(html, " ");
	PARTS_CLASS(html, "span", "muted")
	{
		html_text(html, "found at ");
		HTML(html, "code") html_foreign(html, at);
	}
}

static void
put_subject(const struct shown_event *event, struct html *html)
{
	const struct event_subject *subject = &event->told.subject;
	const struct links_pipeline link = {
		event->told.stored.event.hook,
		subject->pipeline,
		subject->name,
		event->told.stored.pipeline_known,
	};

	if (subject->pipeline[0] != '\0') {
		PARTS_FACT(html, "Pipeline")
		{
			links_pipeline(html, &link);
			put_found(html,
			    subject->name_at[0] != '\0' ? subject->name_at :
							  subject->pipeline_at);
		}
		if (strcmp(subject->pipeline, subject->name) != 0)
			PARTS_FACT(html, "Pipeline's ID")
			{
				html_foreign(html, subject->pipeline);
				put_found(html, subject->pipeline_at);
			}
	}
	if (subject->run[0] != '\0')
		PARTS_FACT(html, "Run")
		{
			html_foreign(html, subject->run);
			put_found(html, subject->run_at);
			if (link.known) {
				html_text(html, " ");
				html_link(html, "All runs",
				    { "view", "pipeline" },
				    { "hook", link.hook }, { "id", link.id });
			}
		}
}

static void
put_hook(const struct shown_event *event, struct html *html)
{
	const char *hook = event->told.stored.event.hook;

	HTML(html, "a")
	{
		html_href(html,
		    HTML_PAIRS({ "view", "events" }, { "hook", hook }));
		html_foreign(html, hook);
	}
	if (!event->told.configured)
		html_text(html, ", which the configuration does not have");
}

static void
put_facts(const struct shown_event *event, struct html *html)
{
	const struct journal_event *stored = &event->told.stored.event;

	PARTS_SECTION(html, "Received")
	PARTS_FACTS(html)
	{
		PARTS_FACT(html, "Time")
		html_exact_time(html, stored->receipt.received);
		PARTS_FACT(html, "Event") html_foreign(html, stored->name);
		PARTS_FACT(html, "Hook") put_hook(event, html);
		put_subject(event, html);
		if (stored->receipt.remote_addr[0] != '\0')
			PARTS_FACT(html, "From")
		html_foreign(html, stored->receipt.remote_addr);
		PARTS_FACT(html, "Signature")
		html_text(html,
		    stored->receipt.verified ?
			"verified" :
			"not verified: the hook has signature none");
		PARTS_FACT(html, "Digest")
		parts_id(html, stored->receipt.digest);
		PARTS_FACT(html, "Body")
		links_count(html, (int64_t)stored->body.len, "byte", "bytes");
	}
}

/* Nothing that took less than no time: the clock was set back. */
static int64_t
took(const struct journal_attempt *attempt)
{
	return attempt->ended >= attempt->started ?
	    attempt->ended - attempt->started :
	    -1;
}

/* How it ended, and what that means. */
static void
put_outcome(struct html *html, const struct journal_attempt *attempt)
{
	const char *meaning = outcome_meaning(attempt->outcome, attempt->code);
	char outcome[OUTCOME_SIZE];

	outcome_print(attempt->outcome, attempt->code, outcome);
	html_foreign(html, outcome);
	if (meaning[0] == '\0')
		return;
	html_text(html, ": ");
	html_text(html, meaning);
}

static void
put_attempt(struct html *html, const struct journal_attempt *attempt)
{
	HTML(html, "tr")
	{
		parts_number(html, attempt->number);
		PARTS_CLASSED(html, "time")
		html_exact_time(html, attempt->started);
		PARTS_CLASSED(html, "time")
		html_exact_time(html, attempt->ended);
		PARTS_NUMBER(html) html_duration(html, took(attempt));
		PARTS_CLASSED(html, "wide") put_outcome(html, attempt);
	}
}

/* A text as it is, that scrolls in itself. */
static void
put_code(struct html *html, const char *label, struct bytes text)
{
	PARTS_CLASS(html, "pre", "code")
	{
		html_attribute(html, "tabindex", "0");
		html_attribute(html, "role", "region");
		html_attribute(html, "aria-label", label);
		html_bytes(html, text);
	}
	if (!html_shows_all(text))
		PARTS_CLASS(html, "p", "muted")
	html_text(html,
	    "Bytes that are not UTF-8, control characters and those that "
	    "reverse text are shown as \xef\xbf\xbd.");
}

static void
put_output(struct html *html, const struct journal_delivery_report *delivery,
    size_t i)
{
	const struct journal_attempt *attempt = &delivery->list[i];
	bool open = i + 1 == delivery->n;
	char label[LABEL];

	if (attempt->tail.len == 0)
		return;
	snprintf(label, sizeof(label), "Output of try %u of delivery %u",
	    attempt->number, delivery->ordinal + 1);
	PARTS_CLASS(html, "details", "figures")
	{
		if (open)
			html_flag(html, "open");
		HTML(html, "summary")
		{
			html_text(html, "Output of try ");
			html_number(html, attempt->number);
		}
		put_code(html, label, attempt->tail);
	}
}

static void
put_attempts(const struct page *page, struct html *html,
    const struct journal_delivery_report *delivery)
{
	char label[LABEL];

	if (delivery->n == 0) {
		parts_empty(html, "Not tried yet.");
		return;
	}
	snprintf(label, sizeof(label), "Tries of delivery %u",
	    delivery->ordinal + 1);
	PARTS_TABLE(html, label, attempts)
	for (size_t i = 0; i < delivery->n; i++)
		put_attempt(html, &delivery->list[i]);
	for (size_t i = 0; page->operates && i < delivery->n; i++)
		put_output(html, delivery, i);
}

static void
put_next(struct html *html, const struct journal_delivery_report *delivery)
{
	if (delivery->held)
		PARTS_FACT(html, "Held back")
	html_text(html, "by an earlier delivery of its order key");
	if (delivery->due != 0)
		PARTS_FACT(html, "Next try")
	html_exact_planned_time(html, delivery->due);
	if (delivery->finished != 0)
		PARTS_FACT(html, "Finished")
	html_exact_time(html, delivery->finished);
}

static void
put_delivery(const struct page *page, struct html *html, size_t i)
{
	const struct shown_event *event = page->report;
	const struct journal_delivery_report *delivery = &event->told.stored
							      .deliveries[i];
	const struct rule *rule = event->told.rules[i];

	HTML_SCOPE(parts_begin_classed(html, "section",
	    delivery->state == JOURNAL_DEAD ? "card bad" : "card"))
	{
		HTML(html, "h2")
		{
			html_text(html, "Delivery ");
			html_number(html, delivery->ordinal + 1);
			html_text(html, " ");
			parts_state(html, journal_state_name(delivery->state));
		}
		PARTS_FACTS(html)
		{
			PARTS_FACT(html, "Tries")
			html_number(html, delivery->attempts);
			if (event->deliveries[i].lane[0] != '\0')
				PARTS_FACT(html, "Lane")
			html_foreign(html, event->deliveries[i].lane);
			if (rule != NULL)
				PARTS_FACT(html, "Line")
				{
					HTML(html, "code")
					{
						html_text(html, "on ");
						html_foreign(html,
						    event->deliveries[i].line);
					}
					html_text(html, " (line ");
					html_number(html, rule->line);
					html_text(html, ")");
				}
			put_next(html, delivery);
		}
		put_attempts(page, html, delivery);
	}
}

/* Whether it makes sense to ask for it. */
static bool
can_retry(const struct journal_event_report *stored)
{
	size_t done = 0;

	for (size_t i = 0; i < stored->n; i++) {
		const struct journal_delivery_report
		    *delivery = &stored->deliveries[i];

		if (delivery->state == JOURNAL_DEAD ||
		    delivery->state == JOURNAL_DROPPED || delivery->due != 0)
			return true;
		done += delivery->state == JOURNAL_DONE;
	}
	return done > 0 && done == stored->n;
}

static bool
can_drop(const struct journal_event_report *stored)
{
	bool any = false;

	for (size_t i = 0; i < stored->n; i++) {
		if (stored->deliveries[i].state == JOURNAL_RUNNING)
			return false;
		any |= stored->deliveries[i].state == JOURNAL_QUEUED ||
		    stored->deliveries[i].state == JOURNAL_DEAD;
	}
	return any;
}

static void
put_button(struct html *html, const char *id, const char *action,
    const char *text)
{
	const struct html_pair about[] = { { "view", "event" }, { "id", id } };

	PARTS_FORM(html, about, 2)
	{
		html_hidden(html, HTML_PAIRS({ "action", action }));
		parts_button(html, text,
		    strcmp(action, "drop") == 0 ? "danger" : "primary");
	}
}

static void
put_actions(const struct page *page, struct html *html)
{
	const struct shown_event *event = page->report;
	const struct journal_event_report *stored = &event->told.stored;
	const char *id = stored->event.receipt.id;

	if (!can_retry(stored) && !can_drop(stored))
		return;
	if (!page->operates) {
		parts_view_only(html);
		return;
	}
	PARTS_CLASS(html, "div", "actions")
	{
		if (can_retry(stored))
			put_button(html, id, "retry", "Retry");
		if (can_drop(stored))
			put_button(html, id, "drop", "Drop");
	}
}

static void
put_cut(const struct shown_event *event, struct html *html)
{
	PARTS_CLASS(html, "p", "muted")
	{
		html_text(html, "Cut after ");
		html_number(html, SHOWN / 1024);
		html_text(html, " KB. All of it: ");
		HTML(html, "code")
		{
			html_text(html, "pelihookctl show --body ");
			html_text(html, event->told.stored.event.receipt.id);
		}
	}
}

static void
put_body(const struct shown_event *event, struct html *html)
{
	const struct body *body = &event->body;

	if (body->text.len == 0) {
		parts_empty(html, "The body is empty.");
		return;
	}
	if (body->indented.data != NULL) {
		html_element(html, "h3", "Indented");
		put_code(html, "Payload, indented", body->indented);
		if (body->indented_cut)
			put_cut(event, html);
	}
	html_element(html, "h3", "As received");
	put_code(html, "Payload, as received", body->text);
	if (body->cut)
		put_cut(event, html);
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct shown_event *event = page->report;

	if (event->lost) {
		PARTS_NOTICE(html, "bad")
		html_text(html,
		    "This event is damaged in the journal. The log "
		    "says what is wrong with it.");
		return;
	}
	put_id(event, html);
	PARTS_CLASS(html, "p", "lead") html_text(html, event->told.sentence);
	put_actions(page, html);
	put_facts(event, html);
	for (size_t i = 0; i < event->told.stored.n; i++)
		put_delivery(page, html, i);
	PARTS_SECTION(html, "Payload")
	{
		if (page->operates)
			put_body(event, html);
		else
			parts_empty(html,
			    "Only operators see the payload and "
			    "what commands printed.");
	}
}

/* Of one that is larger than what is looked into it is told that it is not
 * there: null is a body, too. */
static void
write_body(const struct shown_event *event, struct json *json)
{
	struct bytes body = event->told.stored.event.body;
	struct buf member = { 0 };

	json_bool(json, "body_left_out", body.len > PARSED);
	if (body.len > PARSED) {
		json_null(json, "body");
		return;
	}
	if (input_member("body", body, &member) == RC_OK)
		json_member(json, buf_view(&member));
	else
		json->into->rc = RC_MEMORY;
	buf_free(&member);
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct shown_event *event = page->report;

	if (event->lost) {
		json_text(json, "id", page->query->id);
		return;
	}
	if (event_report_write(json, &event->told, page->operates) != RC_OK)
		json->into->rc = RC_MEMORY;
	json_text(json, "sentence", event->told.sentence);
	json_number(json, "body_size",
	    (int64_t)event->told.stored.event.body.len);
	if (page->operates)
		write_body(event, json);
}

const struct view view_event = {
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
