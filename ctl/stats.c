/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subcommands.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/requests.h"
#include "watch/pipeline_list.h"
#include "complain.h"
#include "print.h"
#include "report.h"
#include "session.h"
#include "stats_bound.h"
#include "stats_lanes.h"
#include "stats_pipelines.h"
#include "stats_print.h"
#include "stats_requests.h"
#include "stats_runners.h"

/* Event names of a hook: 100 time series are 20 names in each state. */
enum { NAMES_METRICS = 20, NAMES_TABLE = 100 };

static struct stats_hook *
add_hook(struct stats *stats, const char *name)
{
	const char *copy = pool_text(&stats->pool, name);
	struct stats_hook *hook = pool_next(&stats->pool, &stats->list,
	    stats->n);

	if (copy == NULL || hook == NULL)
		return NULL;
	*hook = (struct stats_hook){ .hook = copy };
	stats->n++;
	return hook;
}

/* NULL: no memory. */
static struct stats_hook *
find_hook(struct stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->n; i++)
		if (strcmp(stats->list[i].hook, name) == 0)
			return &stats->list[i];
	return add_hook(stats, name);
}

/* They come sorted: it is the last one or a new one. */
static struct stats_event *
find_event(struct stats *stats, struct stats_hook *hook, const char *name)
{
	struct stats_event *event;
	const char *copy;

	if (hook->n > 0 && strcmp(hook->list[hook->n - 1].event, name) == 0)
		return &hook->list[hook->n - 1];
	copy = pool_text(&stats->pool, name);
	event = pool_next(&stats->pool, &hook->list, hook->n);
	if (copy == NULL || event == NULL)
		return NULL;
	*event = (struct stats_event){ .event = copy };
	hook->n++;
	return event;
}

static void
keep_older(struct stats_oldest *oldest, int64_t received, int64_t now)
{
	if (oldest->received != 0 && received >= oldest->received)
		return;
	oldest->received = received;
	oldest->age = clock_age(received, now);
}

static enum rc
add_count(void *context, const struct journal_count *count)
{
	struct stats *stats = context;
	struct stats_hook *hook = find_hook(stats, count->hook);
	struct stats_event *event = NULL;

	if (hook != NULL)
		event = find_event(stats, hook, count->event);
	if (event == NULL)
		return RC_MEMORY;
	event->counts[count->state] += count->count;
	if (count->state == JOURNAL_DEAD) {
		hook->dead += count->count;
		stats->dead += count->count;
	}
	if (count->state == JOURNAL_QUEUED || count->state == JOURNAL_RUNNING) {
		keep_older(&event->oldest, count->oldest, stats->now);
		keep_older(&hook->oldest, count->oldest, stats->now);
		keep_older(&stats->oldest, count->oldest, stats->now);
	}
	return RC_OK;
}

static enum rc
add_backlog(void *context, const struct journal_backlog *backlog)
{
	struct stats *stats = context;
	struct stats_hook *hook = find_hook(stats, backlog->hook);

	if (hook == NULL)
		return RC_MEMORY;
	hook->undelivered = backlog->events;
	stats->undelivered += backlog->events;
	return RC_OK;
}

static int
compare_hooks(const void *a, const void *b)
{
	const struct stats_hook *one = a, *other = b;

	return strcmp(one->hook, other->hook);
}

/* A hook that queues and has nothing yet is shown too: monitoring is to see
 * a 0, not nothing. */
static enum rc
add_configured(struct stats *stats, const struct session *session)
{
	const struct conf *conf = session->conf;

	for (size_t i = 0; i < conf->hooks_len; i++)
		if (conf->hooks[i].delivery == CONF_QUEUE &&
		    find_hook(stats, conf->hooks[i].name) == NULL)
			return RC_MEMORY;
	for (size_t i = 0; i < stats->n; i++)
		stats->list[i].configured = session_has_hook(session,
		    stats->list[i].hook);
	if (stats->n > 0)
		qsort(stats->list, stats->n, sizeof(*stats->list),
		    compare_hooks);
	return RC_OK;
}

/* What could be counted is told; the status says that it is not all. */
static enum rc
pass_damage(struct stats *stats, enum rc rc)
{
	if (rc != RC_CORRUPT)
		return rc;
	stats->damaged = true;
	return RC_OK;
}

static enum rc
gather(struct stats *stats, const struct session *session,
    struct journal *journal)
{
	enum rc rc = RC_OK;

	stats->now = journal_now(journal);
	if (journal != NULL)
		rc = pass_damage(stats,
		    journal_counts(journal, add_count, stats));
	if (rc == RC_OK && journal != NULL)
		rc = pass_damage(stats,
		    journal_backlog(journal, add_backlog, stats));
	return rc == RC_OK ? add_configured(stats, session) : rc;
}

/* The reason goes where a monitoring system shows it. */
static enum rc
check_limits(const struct stats *stats, const struct session *session)
{
	int64_t age = stats->oldest.age;
	enum rc rc = RC_OK;

	if (session->max_age >= 0 && age > session->max_age) {
		complain("the oldest undelivered event is %lld s old",
		    (long long)(age / 1000));
		rc = RC_QUEUE_FULL;
	}
	if (session->max_dead >= 0 && stats->dead > session->max_dead) {
		complain("%lld %s dead", (long long)stats->dead,
		    stats->dead == 1 ? "delivery is" : "deliveries are");
		rc = RC_QUEUE_FULL;
	}
	return rc;
}

/* All that is told. */
struct report {
	struct stats stats;
	struct stats_lanes lanes;
	struct stats_runners runners;
	struct journal_requests requests;
	struct pipeline_list pipelines; /* for Prometheus only */
};

static enum rc
print_json(const struct report *report)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };

	json_open(&json, NULL, '{');
	stats_print_json(&report->stats, &json);
	stats_lanes_json(&report->lanes, &json);
	stats_runners_json(&report->runners, &json);
	stats_requests_json(&report->requests, &json);
	json_close(&json, '}');
	return print_object(&text);
}

static enum rc
print_metrics(struct report *report, const struct conf *conf)
{
	enum rc rc = stats_print_metrics(&report->stats);

	if (rc == RC_OK)
		rc = stats_lanes_metrics(&report->lanes);
	if (rc == RC_OK)
		rc = stats_pipelines_metrics(&report->pipelines, conf);
	return rc == RC_OK ? stats_requests_metrics(&report->requests) : rc;
}

static enum rc
print_tables(struct report *report)
{
	enum rc rc = stats_print_table(&report->stats);

	if (rc == RC_OK)
		rc = stats_lanes_table(&report->lanes);
	if (rc == RC_OK)
		rc = stats_runners_table(&report->runners);
	return rc == RC_OK ? stats_requests_table(&report->requests) : rc;
}

static enum rc
print_report(struct report *report, const struct session *session)
{
	enum rc rc;

	if (session->json)
		return print_json(report);
	rc = stats_bound(&report->stats, session->conf,
	    session->prometheus ? NAMES_METRICS : NAMES_TABLE);
	if (rc != RC_OK)
		return rc;
	return session->prometheus ? print_metrics(report, session->conf) :
				     print_tables(report);
}

/* All of what is beyond a limit is said. */
static enum rc
check_all(const struct report *report, const struct session *session)
{
	enum rc rc = check_limits(&report->stats, session);
	enum rc other = stats_requests_check(&report->requests, session);

	return rc == RC_OK ? other : rc;
}

static enum rc
gather_all(struct report *report, const struct session *session,
    struct journal *journal)
{
	struct stats *stats = &report->stats;
	enum rc rc = gather(stats, session, journal);

	report->requests.now = stats->now;
	if (rc == RC_OK)
		rc = pass_damage(stats,
		    stats_lanes_gather(&report->lanes, session, journal));
	if (rc == RC_OK)
		rc = pass_damage(stats,
		    stats_runners_gather(&report->runners, journal));
	if (rc == RC_OK)
		rc = pass_damage(stats,
		    journal_requests_gather(&report->requests, session->conf,
			journal));
	if (rc == RC_OK && session->prometheus)
		rc = pass_damage(stats,
		    report_pipelines(session, journal, &report->pipelines));
	return rc;
}

static enum rc
report_stats(const struct session *session, struct journal *journal)
{
	struct report report = { 0 };
	enum rc rc = gather_all(&report, session, journal);

	if (rc == RC_OK)
		rc = print_report(&report, session);
	if (rc == RC_OK && journal != NULL)
		rc = pass_damage(&report.stats,
		    report_gone_hooks(session, journal));
	if (rc == RC_OK) {
		stats_requests_note(&report.requests, "pelihookctl: ");
		rc = check_all(&report, session);
	}
	if (report.requests.broken != NULL &&
	    (rc == RC_OK || rc == RC_QUEUE_FULL))
		rc = RC_CONFIG;
	if (report.stats.damaged && (rc == RC_OK || rc == RC_QUEUE_FULL))
		rc = report_damage(session);
	pool_free(&report.pipelines.pool);
	pool_free(&report.requests.pool);
	pool_free(&report.lanes.pool);
	pool_free(&report.runners.pool);
	pool_free(&report.stats.pool);
	return rc;
}

enum rc
subcommand_stats(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc;

	(void)operands;
	(void)n;
	if (session->json && session->prometheus) {
		complain("--json or --prometheus, not both");
		return RC_SYNTAX;
	}
	rc = session->prometheus ?
	    session_open_runs(session, JOURNAL_BRIEF, &journal) :
	    session_open_journal(session, JOURNAL_BRIEF, &journal);
	if (rc == RC_OK)
		rc = report_stats(session, journal);
	journal_close(journal);
	return rc;
}
