/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "page/event_report.h"

#include "base/json_writer.h"
#include "config/conf.h"
#include "config/lane_text.h"
#include "event/event.h"
#include "event/rule.h"
#include "event/sentence.h"
#include "queue/route.h"

/* Where it is, if it is the very same. */
static void
keep(const char *stored, char text[IDENTITY_SIZE], char at[SUBJECT_FOUND])
{
	if (strcmp(stored, text) == 0)
		return;
	snprintf(text, IDENTITY_SIZE, "%s", stored);
	at[0] = '\0';
}

static enum rc
make_sentence(const struct event *event, struct pool *pool,
    struct event_report *report)
{
	struct buf text = { 0 };
	enum rc rc = event_sentence(event, report->subject.name,
	    report->subject.run, &text);

	if (rc == RC_OK)
		report->sentence = pool_copy(pool, buf_view(&text));
	buf_free(&text);
	return rc == RC_OK && report->sentence == NULL ? RC_MEMORY : rc;
}

/* What is known of it without its body: where that is not looked into, or is no
 * JSON. */
static enum rc
read_name(const struct event_reading *reading,
    const struct event_report *report, struct event *event)
{
	return event_named(reading, bytes_of("null"), report->stored.event.name,
	    event);
}

static enum rc
read_event(const struct event_reading *reading,
    const struct event_report *report, struct event *event)
{
	const struct journal_event *stored = &report->stored.event;
	enum rc rc = RC_JSON;

	if (report->whole)
		rc = event_reparse(reading, stored->body, stored->name, event);
	return rc == RC_JSON ? read_name(reading, report, event) : rc;
}

/* Of what it speaks, where that is found, and the sentence. */
static enum rc
find_subject(struct pool *pool, struct event_report *report)
{
	const struct journal_event *stored = &report->stored.event;
	const struct event_reading none = { .hook = stored->hook };
	const struct hook *hook = conf_find(report->conf,
	    bytes_of(stored->hook));
	struct event_subject *subject = &report->subject;
	struct event event;
	enum rc rc = read_event(hook != NULL ? &hook->reading : &none, report,
	    &event);

	*subject = (struct event_subject){ 0 };
	if (rc != RC_OK)
		return rc;
	rc = event_subject_find(&event, subject);
	keep(stored->pipeline, subject->pipeline, subject->pipeline_at);
	keep(stored->shown, subject->name, subject->name_at);
	keep(stored->run, subject->run, subject->run_at);
	if (rc == RC_OK)
		rc = make_sentence(&event, pool, report);
	event_free(&event);
	return rc;
}

/* The lines that take its deliveries by the hook as it is now. */
static enum rc
find_rules(const struct hook *hook, struct pool *pool,
    struct event_report *report)
{
	const struct journal_event_report *stored = &report->stored;
	struct journal_moving *list = pool_alloc(pool, stored->n + 1,
	    sizeof(*list));
	enum rc rc;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < stored->n; i++) {
		const struct journal_delivery_report
		    *delivery = &stored->deliveries[i];

		list[i].ordinal = delivery->ordinal;
		list[i].lane = delivery->lane[0] == '\0' ? NULL :
							   delivery->lane;
		list[i].open = delivery->state <= JOURNAL_RUNNING;
	}
	rc = route_again(hook, &stored->event, list, stored->n);
	for (size_t i = 0; rc == RC_OK && i < stored->n; i++)
		if (list[i].route.line >= 0)
			report->rules[i] = &hook->rules[list[i].route.line];
	/* What is no JSON is told as well: no line is known to take it. */
	return rc == RC_JSON ? RC_OK : rc;
}

static enum rc
look_into(struct pool *pool, struct event_report *report)
{
	const struct hook *hook = conf_find(report->conf,
	    bytes_of(report->stored.event.hook));
	enum rc rc = RC_OK;

	report->configured = hook != NULL;
	report->rules = pool_alloc(pool, report->stored.n + 1,
	    sizeof(*report->rules));
	if (report->rules == NULL)
		return RC_MEMORY;
	if (hook != NULL && report->whole)
		rc = find_rules(hook, pool, report);
	return rc == RC_OK ? find_subject(pool, report) : rc;
}

enum rc
event_report_gather(const struct event_asked *asked, struct pool *pool,
    struct event_report *report)
{
	enum rc damaged = RC_OK;
	enum rc rc;

	*report = (struct event_report){ .conf = asked->conf };
	rc = journal_show(asked->journal, asked->id, pool, &report->stored);
	if (rc == RC_CORRUPT && report->stored.event.hook != NULL) {
		damaged = rc;
		rc = RC_OK;
	}
	report->whole = rc == RC_OK &&
	    report->stored.event.body.len <= asked->parse;
	if (rc == RC_OK)
		rc = look_into(pool, report);
	return rc == RC_OK ? damaged : rc;
}

static void
write_subject(struct json *json, const struct event_subject *subject)
{
	if (subject->pipeline[0] == '\0') {
		json_null(json, "pipeline");
	} else {
		json_pipeline(json, subject->pipeline, subject->name);
		json_known(json, "id_at", subject->pipeline_at);
		json_known(json, "name_at", subject->name_at);
		json_close(json, '}');
	}
	json_known(json, "run", subject->run);
	json_known(json, "run_at", subject->run_at);
}

static void
write_attempt(struct json *json, const struct journal_attempt *attempt,
    bool output)
{
	json_open(json, NULL, '{');
	json_number(json, "number", attempt->number);
	json_time(json, "started", attempt->started);
	json_time(json, "ended", attempt->ended);
	json_text(json, "outcome", attempt->outcome);
	json_number(json, "code", attempt->code);
	if (output)
		json_bytes(json, "output", attempt->tail);
	json_close(json, '}');
}

static enum rc
write_delivery(struct json *json, const struct event_report *report, size_t i,
    bool all)
{
	const struct journal_delivery_report *delivery = &report->stored
							      .deliveries[i];
	const struct rule *rule = report->rules[i];
	const struct lane_told lane = {
		report->stored.event.hook,
		delivery->lane,
		!all,
	};
	enum rc rc;

	json_open(json, NULL, '{');
	json_number(json, "delivery", delivery->ordinal + 1);
	rc = lane_write(json, report->conf, &lane);
	json_text(json, "state", journal_state_name(delivery->state));
	if (rule != NULL)
		json_number(json, "line", rule->line);
	json_bool(json, "held", delivery->held);
	json_time(json, "due", delivery->due);
	json_time(json, "finished", delivery->finished);
	json_open(json, "attempts", '[');
	for (size_t j = 0; j < delivery->n; j++)
		write_attempt(json, &delivery->list[j], all);
	json_close(json, ']');
	json_close(json, '}');
	return rc;
}

enum rc
event_report_write(struct json *json, const struct event_report *report,
    bool all)
{
	const struct journal_event *event = &report->stored.event;
	enum rc rc = RC_OK;

	json_text(json, "id", event->receipt.id);
	json_text(json, "hook", event->hook);
	json_bool(json, "configured", report->configured);
	json_text(json, "event", event->name);
	write_subject(json, &report->subject);
	json_time(json, "received", event->receipt.received);
	json_text(json, "remote_addr", event->receipt.remote_addr);
	json_bool(json, "verified", event->receipt.verified);
	json_text(json, "digest", event->receipt.digest);
	json_number(json, "size", (int64_t)event->body.len);
	json_open(json, "deliveries", '[');
	for (size_t i = 0; rc == RC_OK && i < report->stored.n; i++)
		rc = write_delivery(json, report, i, all);
	json_close(json, ']');
	return rc;
}
