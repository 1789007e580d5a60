/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/outcome.h"
#include "base/pool.h"
#include "base/timestamp.h"
#include "config/lane_text.h"
#include "config/print.h"
#include "event/rule.h"
#include "journal/journal.h"
#include "page/event_report.h"
#include "complain.h"
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
print_event(const struct session *session, const struct event_report *report)
{
	const struct journal_event *event = &report->stored.event;

	print_line("%s", event->receipt.id);
	print_field("hook", "%s", event->hook);
	if (!report->configured)
		print_field("", "which %s does not have", session->file);
	print_field("event", "%s", event->name);
	subject_print(&report->subject, false);
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
	char outcome[OUTCOME_SIZE], time[TIMESTAMP_SIZE];

	outcome_print(attempt->outcome, attempt->code, outcome);
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

/* Nothing where it is not known: of an earlier release, until it is moved. */
static enum rc
print_lane(const struct event_report *report, const char *key)
{
	const struct lane_told told = {
		.hook = report->stored.event.hook,
		.key = key,
	};
	struct buf text = { 0 };
	enum rc rc = lane_print_key(report->conf, &told, &text);

	if (rc == RC_OK && text.len > 0)
		print_field("lane", "%s", text.data);
	buf_free(&text);
	return rc;
}

static enum rc
print_delivery(const struct event_report *report, size_t i)
{
	const struct journal_delivery_report *delivery = &report->stored
							      .deliveries[i];
	enum rc rc;

	print_line("%s", "");
	print_line("delivery %u: %s, %u %s", delivery->ordinal + 1,
	    journal_state_name(delivery->state), delivery->attempts,
	    delivery->attempts == 1 ? "try" : "tries");
	rc = print_taker(report->rules[i]);
	if (rc == RC_OK)
		rc = print_lane(report, delivery->lane);
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
print_text(const struct session *session, const struct event_report *report)
{
	enum rc rc = RC_OK;

	print_event(session, report);
	for (size_t i = 0; rc == RC_OK && i < report->stored.n; i++)
		rc = print_delivery(report, i);
	return rc;
}

static enum rc
print_json(const struct event_report *report)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };
	enum rc rc, printed;

	json_open(&json, NULL, '{');
	rc = event_report_write(&json, report, true);
	json_close(&json, '}');
	printed = print_object(&text);
	return rc == RC_OK ? printed : rc;
}

static enum rc
print_report(const struct session *session, const struct event_report *report)
{
	if (session->body) {
		print_bytes(report->stored.event.body);
		return RC_OK;
	}
	return session->json ? print_json(report) : print_text(session, report);
}

static enum rc
show(const struct session *session, struct journal *journal, const char *text)
{
	char id[UUID_SIZE];
	const struct event_asked asked = {
		.conf = session->conf,
		.journal = journal,
		.id = id,
		.parse = session->body ? 0 : SIZE_MAX,
	};
	struct pool pool = { 0 };
	struct event_report report;
	bool damaged;
	enum rc rc = report_match(journal, text, id);

	if (rc != RC_OK)
		return rc;
	rc = event_report_gather(&asked, &pool, &report);
	damaged = rc == RC_CORRUPT && report.stored.event.hook != NULL;
	if (rc == RC_OK || damaged)
		rc = print_report(session, &report);
	else
		report_id(id, rc);
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
