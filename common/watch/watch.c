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
#include "watch/subject.h"
#include "watch/tell.h"

/* A hook as it is watched. */
struct watched {
	const struct watching *watching;
	const struct hook *hook;
};

/* ---- What an earlier release stored ------------------------------------- */

/* The texts of a subject that outlive what they were found in. */
static enum rc
keep_subject(struct pool *pool, const struct event_subject *found,
    struct journal_subject *subject)
{
	subject->pipeline = pool_text(pool, found->pipeline);
	subject->name = pool_text(pool, found->name);
	subject->run = pool_text(pool, found->run);
	return subject->pipeline == NULL || subject->name == NULL ||
		subject->run == NULL ?
	    RC_MEMORY :
	    RC_OK;
}

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
	*subject = watch_subject(hook, &event, &found);
	event_free(&event);
	if (rc == RC_OK)
		rc = keep_subject(pool, &found, subject);
	*any = rc == RC_OK;
	return rc;
}

struct journal_teller
watch_teller(struct conf *conf)
{
	return (struct journal_teller){ tell_of, conf };
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

/* A file that cannot be read counts nothing: who counts has said it. */
static int64_t
last_event(void *context)
{
	const struct watched *watched = context;
	struct journal_stats_report report = { 0 };
	struct pool pool = { 0 };
	struct buf error = { 0 };
	int64_t last = 0;

	if (journal_stats_read(watched->watching->conf->journal, &pool, &report,
		&error) == RC_OK)
		for (size_t i = 0; i < report.n; i++)
			if (strcmp(report.list[i].name, watched->hook->name) ==
			    0)
				last = report.list[i].last_event;
	pool_free(&pool);
	buf_free(&error);
	return last;
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
		.event = last_event,
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

enum rc
watch_step(struct journal *journal, const struct watching *watching,
    int64_t *next)
{
	int64_t first = CLOCK_NEVER;
	enum rc rc = RC_OK;

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
