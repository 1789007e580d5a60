/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

#include "watch/watch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/outcome.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/receipt.h"
#include "event/subject.h"
#include "journal/stats.h"
#include "watch/judge.h"
#include "watch/tell.h"

#define AHEAD INT64_C(60000) /* of a clock that was not set meanwhile */

/* A hook as it is watched. */
struct watched {
	const struct watching *watching;
	const struct hook *hook;
};

/* ---- What an earlier release stored ------------------------------------- */

static enum rc
tell_of(void *context, const struct journal_event *stored, struct pool *pool,
    struct journal_subject *subject, bool *any)
{
	static const struct hook unknown = { 0 };
	const struct hook *hook = conf_find(context, bytes_of(stored->hook));
	struct event_subject found;
	struct event event;
	enum rc rc;

	if (hook == NULL)
		hook = &unknown;
	*any = false;
	rc = event_reparse(&hook->reading, stored->body, stored->name, &event);
	if (rc != RC_OK)
		return rc == RC_JSON ? RC_OK : rc;
	rc = event_subject_find(&event, &found);
	event_free(&event);
	*subject = (struct journal_subject){ found.pipeline, found.name,
		found.run };
	if (rc == RC_OK)
		rc = journal_subject_keep(pool, subject);
	*any = rc == RC_OK;
	return rc;
}

enum rc
watch_assemble(struct journal *journal, struct conf *conf,
    struct journal_assembly *assembly)
{
	const struct journal_teller teller = { tell_of, conf };

	return journal_assemble(journal, &teller, assembly);
}

/* ---- Judging ------------------------------------------------------------ */

static void
judge(void *context, const struct journal_pipeline *pipeline, int64_t now,
    struct journal_judgement *judgement)
{
	const struct watched *watched = context;

	watch_judge(conf_watch_of(watched->hook, pipeline->id, pipeline->name),
	    pipeline, now, judgement);
}

static void
judge_hook(void *context, int64_t event, int64_t anew, int64_t now,
    struct journal_judgement *judgement)
{
	const struct watched *watched = context;
	const struct watch_hook facts = { event, anew };

	watch_judge_hook(&watched->hook->watch, &facts, now, judgement);
}

/* Of a hook that found no place in it nothing is known. */
static void
find_counted(const struct watched *watched,
    const struct journal_stats_report *report, struct journal_counted *counted)
{
	int64_t now = watched->watching->now;

	counted->known = !report->overflowed;
	/* As the clock was ahead: then other limits begin anew. */
	counted->since = report->made <= now + AHEAD ? report->made : 0;
	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->list[i].name, watched->hook->name) == 0) {
			counted->known = true;
			counted->event = report->list[i].last_event;
		}
}

/* A file that is gone is made anew, so that it is known since when there is
 * none.  Why it cannot be read, who counts has said. */
static void
count_events(void *context, struct journal_counted *counted)
{
	const struct watched *watched = context;
	const struct conf *conf = watched->watching->conf;
	const char *journal = conf->journal;
	struct journal_stats_report report = { 0 };
	struct pool pool = { 0 };
	struct buf error = { 0 };
	enum rc rc;

	rc = journal_stats_read(journal, &pool, &report, &error);
	if (rc == RC_MISSING) {
		journal_stats_begin(journal);
		rc = journal_stats_read(journal, &pool, &report, &error);
	}
	if (rc == RC_OK)
		find_counted(watched, &report, counted);
	pool_free(&pool);
	buf_free(&error);
}

static int64_t
remind(void *context, const struct journal_pipeline *pipeline)
{
	const struct watched *watched = context;

	return pipeline == NULL ?
	    watched->hook->watch.remind :
	    conf_watch_of(watched->hook, pipeline->id, pipeline->name)->remind;
}

/* ---- Telling ------------------------------------------------------------ */

/* The event of a payload, with all of its deliveries. */
static enum rc
make_entry(const struct watched *watched, const char *name, struct bytes body,
    struct journal_telling *telling)
{
	const struct hook *hook = watched->hook;
	struct journal_entry *entry = &telling->entry;
	struct event event;
	enum rc rc = event_reparse(&hook->reading, body, name, &event);

	if (rc != RC_OK)
		return rc;
	*entry = (struct journal_entry){
		.receipt = &telling->receipt,
		.hook = hook->name,
		.event = name,
		.subject = &telling->subject,
		.body = body,
		.max_queue = UINT_MAX,
		.routing = hook->routing,
	};
	rc = watched->watching->route(hook, &event, telling->pool, entry);
	event_free(&event);
	if (rc == RC_OK)
		rc = receipt_make_own(body, telling->now, &telling->receipt);
	return rc;
}

static void
log_ignored(const struct journal_change_told *change, const char *event)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, outcome_word(OUTCOME_IGNORED));
	log_text(&line, "hook", change->hook);
	log_text(&line, "event", event);
	if (change->name[0] != '\0')
		log_text(&line, "pipeline", change->name);
	log_text(&line, "reason", "no-rule");
	log_end(&line);
}

static enum rc
tell(void *context, const struct journal_change_told *list, size_t n,
    struct journal_telling *telling)
{
	const struct watched *watched = context;
	struct buf text = { 0 };
	const char *body;
	enum rc rc = watch_payload(list, n, &text);

	body = rc == RC_OK ? pool_copy(telling->pool, buf_view(&text)) : NULL;
	buf_free(&text);
	if (body == NULL)
		return RC_MEMORY;
	telling->subject = (struct journal_subject){
		.pipeline = n == 1 ? list->id : "",
		.name = n == 1 ? list->name : "",
		.run = n == 1 ? list->run : "",
	};
	rc = make_entry(watched, watch_event_name(list, n), bytes_of(body),
	    telling);
	/* Where many are taken by no line each is tried by itself. */
	if (rc == RC_OK && telling->entry.routes_len == 0 && n == 1)
		log_ignored(list, telling->entry.event);
	return rc;
}

/* ---- A step ------------------------------------------------------------- */

static enum rc
step_hook(struct journal *journal, const struct watched *watched,
    const struct journal_rules *rules, int64_t *next)
{
	const struct journal_watcher watcher = {
		.judge = judge,
		.event = count_events,
		.judge_hook = judge_hook,
		.remind = remind,
		.tell = tell,
		.context = (void *)watched,
	};
	char settings[CONF_DIGEST_SIZE];
	const struct journal_watch watch = {
		.hook = watched->hook->name,
		.settings = settings,
		.rules = rules,
		.watcher = &watcher,
	};
	enum rc rc = conf_watch_digest(watched->hook, settings);

	return rc != RC_OK ?
	    rc :
	    journal_watch_step(journal, &watch, watched->watching->now, next);
}

static bool
watches(void *context, const char *name)
{
	const struct hook *hook = conf_find(context, bytes_of(name));

	return hook == NULL || conf_watches(hook);
}

enum rc
watch_step(struct journal *journal, const struct watching *watching,
    int64_t *next)
{
	const struct journal_watched all = {
		.rules = watching->rules,
		.n = watching->rules_len,
		.watches = watches,
		.context = watching->conf,
	};
	int64_t first = CLOCK_NEVER;
	enum rc rc = journal_watch_end(journal, &all);

	for (size_t i = 0; rc == RC_OK && i < watching->rules_len; i++) {
		const struct watched watched = {
			.watching = watching,
			.hook = conf_find(watching->conf,
			    bytes_of(watching->rules[i].hook)),
		};
		int64_t due = CLOCK_NEVER;

		if (watched.hook == NULL || !conf_watches(watched.hook) ||
		    watching->rules[i].foreign)
			continue;
		rc = step_hook(journal, &watched, &watching->rules[i], &due);
		if (due < first)
			first = due;
	}
	if (rc == RC_OK)
		*next = first;
	return rc;
}
