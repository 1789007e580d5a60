/* SPDX-License-Identifier: ISC */
#include "subcommands.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "config/print.h"
#include "event/event.h"
#include "event/rule.h"
#include "event/subject.h"
#include "journal/journal.h"
#include "queue/route.h"
#include "complain.h"
#include "json.h"
#include "lane.h"
#include "print.h"
#include "report.h"
#include "session.h"
#include "subject.h"

static void
print_time(const char *label, int64_t wall)
{
	char time[TIMESTAMP_SIZE];

	timestamp_print(wall, time);
	print_field(label, "%s", time);
}

static void
print_event(const struct session *session, const struct journal_event *event,
    const struct event_subject *subject)
{
	print_line("%s", event->receipt.id);
	print_field("hook", "%s", event->hook);
	if (!session_has_hook(session, event->hook))
		print_field("", "which %s does not have", session->file);
	print_field("event", "%s", event->name);
	subject_print(subject, false);
	print_time("received", event->receipt.received);
	if (event->receipt.remote_addr[0] != '\0')
		print_field("from", "%s", event->receipt.remote_addr);
	print_field("verified", event->receipt.verified ? "yes" : "no");
	print_field("digest", "%s", event->receipt.digest);
	print_field("body", "%zu %s: pelihookctl show --body %s",
	    event->body.len, event->body.len == 1 ? "byte" : "bytes",
	    event->receipt.id);
}

static void
print_attempt(const struct journal_attempt *attempt)
{
	char outcome[PRINT_OUTCOME], time[TIMESTAMP_SIZE];

	print_outcome(attempt->outcome, attempt->code, outcome);
	timestamp_print(attempt->started, time);
	/* It did not take less than no time: the clock was set back. */
	if (attempt->ended >= attempt->started)
		print_line("  try %u at %s: %s after %lld ms", attempt->number,
		    time, outcome,
		    (long long)(attempt->ended - attempt->started));
	else
		print_line("  try %u at %s: %s", attempt->number, time,
		    outcome);
	/* What the command printed. */
	print_lines(stdout, "    | ", attempt->tail);
}

/* Which line of the configuration, as it is now, runs the delivery. */
static enum rc
print_taker(const struct rule *rule)
{
	struct buf text = { 0 };
	enum rc rc = rule == NULL ? RC_OK : conf_print_rule(rule, &text);

	if (rc == RC_OK && rule != NULL)
		print_field("on", "%s (line %u)", text.data, rule->line);
	buf_free(&text);
	return rc;
}

/* An event, of what it speaks, and the line of each of its deliveries, or
 * NULL. */
struct shown {
	const struct session *session;
	const struct journal_event_report *report;
	const struct rule *const *rules;
	struct event_subject subject;
};

/* Nothing where it is not known: of an earlier release, until it is moved. */
static enum rc
print_lane(const struct shown *shown, const char *key)
{
	struct buf text = { 0 };
	enum rc rc = lane_print_key(shown->session->conf,
	    shown->report->event.hook, key, &text);

	if (rc == RC_OK && text.len > 0)
		print_field("lane", "%s", text.data);
	buf_free(&text);
	return rc;
}

static enum rc
print_delivery(const struct shown *shown, size_t i)
{
	const struct journal_delivery_report *delivery = &shown->report
							      ->deliveries[i];
	enum rc rc;

	print_line("%s", "");
	print_line("delivery %u: %s, %u %s", delivery->ordinal + 1,
	    journal_state_name(delivery->state), delivery->attempts,
	    delivery->attempts == 1 ? "try" : "tries");
	rc = print_taker(shown->rules[i]);
	if (rc == RC_OK)
		rc = print_lane(shown, delivery->lane);
	if (delivery->held)
		print_field("held back", "by an earlier one of its order key");
	if (delivery->due != 0)
		print_time("due", delivery->due);
	if (delivery->finished != 0)
		print_time("finished", delivery->finished);
	for (size_t j = 0; j < delivery->n; j++)
		print_attempt(&delivery->list[j]);
	return rc;
}

static enum rc
print_text(const struct shown *shown)
{
	enum rc rc = RC_OK;

	print_event(shown->session, &shown->report->event, &shown->subject);
	for (size_t i = 0; rc == RC_OK && i < shown->report->n; i++)
		rc = print_delivery(shown, i);
	return rc;
}

static void
write_attempt(struct json *json, const struct journal_attempt *attempt)
{
	json_open(json, NULL, '{');
	json_number(json, "number", attempt->number);
	json_time(json, "started", attempt->started);
	json_time(json, "ended", attempt->ended);
	json_text(json, "outcome", attempt->outcome);
	json_number(json, "code", attempt->code);
	json_bytes(json, "output", attempt->tail);
	json_close(json, '}');
}

static enum rc
write_delivery(struct json *json, const struct shown *shown, size_t i)
{
	const struct journal_delivery_report *delivery = &shown->report
							      ->deliveries[i];
	const struct rule *rule = shown->rules[i];
	enum rc rc;

	json_open(json, NULL, '{');
	json_number(json, "delivery", delivery->ordinal + 1);
	rc = lane_write(json, shown->session->conf, shown->report->event.hook,
	    delivery->lane);
	json_text(json, "state", journal_state_name(delivery->state));
	if (rule != NULL)
		json_number(json, "line", rule->line);
	json_bool(json, "held", delivery->held);
	json_time(json, "due", delivery->due);
	json_time(json, "finished", delivery->finished);
	json_open(json, "attempts", '[');
	for (size_t j = 0; j < delivery->n; j++)
		write_attempt(json, &delivery->list[j]);
	json_close(json, ']');
	json_close(json, '}');
	return rc;
}

static enum rc
print_json(const struct shown *shown)
{
	const struct journal_event *event = &shown->report->event;
	struct json json = { 0 };
	enum rc rc = RC_OK;

	json_open(&json, NULL, '{');
	json_text(&json, "id", event->receipt.id);
	json_text(&json, "hook", event->hook);
	json_bool(&json, "configured",
	    session_has_hook(shown->session, event->hook));
	json_text(&json, "event", event->name);
	subject_write(&json, &shown->subject);
	json_time(&json, "received", event->receipt.received);
	json_text(&json, "remote_addr", event->receipt.remote_addr);
	json_bool(&json, "verified", event->receipt.verified);
	json_text(&json, "digest", event->receipt.digest);
	json_number(&json, "size", (int64_t)event->body.len);
	json_open(&json, "deliveries", '[');
	for (size_t i = 0; rc == RC_OK && i < shown->report->n; i++)
		rc = write_delivery(&json, shown, i);
	json_close(&json, ']');
	json_close(&json, '}');
	print_line("%s", "");
	return rc == RC_OK ? json.rc : rc;
}

static enum rc
find_rules(const struct hook *hook, const struct journal_event_report *report,
    struct pool *pool, const struct rule **rules)
{
	struct journal_moving *list = pool_alloc(pool, report->n + 1,
	    sizeof(*list));
	enum rc rc;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < report->n; i++) {
		const struct journal_delivery_report
		    *delivery = &report->deliveries[i];

		list[i].ordinal = delivery->ordinal;
		list[i].lane = delivery->lane[0] == '\0' ? NULL :
							   delivery->lane;
		list[i].open = delivery->state <= JOURNAL_RUNNING;
	}
	rc = route_again(hook, &report->event, list, report->n);
	for (size_t i = 0; rc == RC_OK && i < report->n; i++)
		if (list[i].route.line >= 0)
			rules[i] = &hook->rules[list[i].route.line];
	return rc;
}

static enum rc
print_event_report(const struct session *session,
    const struct journal_event_report *report, struct pool *pool)
{
	const struct hook *hook = conf_find(session->conf,
	    bytes_of(report->event.hook));
	const struct rule **rules = pool_alloc(pool, report->n + 1,
	    sizeof(*rules));
	struct shown shown = { .session = session, .report = report };
	enum rc rc = RC_OK;

	if (rules == NULL)
		return RC_MEMORY;
	if (hook != NULL)
		rc = find_rules(hook, report, pool, rules);
	/* What is no JSON is told as well: no line is known to take it. */
	if (rc != RC_OK && rc != RC_JSON)
		return rc;
	shown.rules = rules;
	rc = subject_of(session->conf, &report->event, &shown.subject);
	if (rc != RC_OK)
		return rc;
	return session->json ? print_json(&shown) : print_text(&shown);
}

static enum rc
show(const struct session *session, struct journal *journal, const char *text)
{
	char id[UUID_SIZE];
	struct pool pool = { 0 };
	struct journal_event_report report = { 0 };
	bool damaged;
	enum rc rc = report_match(journal, text, id);

	if (rc != RC_OK)
		return rc;
	rc = journal_show(journal, id, &pool, &report);
	damaged = rc == RC_CORRUPT && report.event.hook != NULL;
	if (rc != RC_OK && !damaged)
		report_id(id, rc);
	else if (session->body)
		print_bytes(report.event.body);
	else
		rc = print_event_report(session, &report, &pool);
	pool_free(&pool);
	return damaged && rc == RC_OK ? report_damage(session) : rc;
}

enum rc
subcommand_show(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc;

	(void)n;
	if (session->body && session->json) {
		complain("--body is the body alone: no --json beside it");
		return RC_SYNTAX;
	}
	rc = session_open_journal(session, JOURNAL_BRIEF, &journal);
	if (rc == RC_OK)
		rc = show(session, journal, operands[0]);
	journal_close(journal);
	return rc;
}
