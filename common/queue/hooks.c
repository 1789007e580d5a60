/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/hooks.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "config/digest.h"
#include "queue/source.h"

enum {
	SETTLE_AGAIN = 10000, /* milliseconds */
	UNTAKEN_BATCH = 100,  /* of what no line takes any more */
};

/* A hook's lanes, and after them the one of what no line takes. */
static struct journal_lane *
name_lanes(const struct hook *hook, struct pool *pool)
{
	struct journal_lane *lanes = pool_alloc(pool, hook->lanes_len + 1,
	    sizeof(*lanes));

	if (lanes == NULL)
		return NULL;
	for (size_t i = 0; i < hook->lanes_len; i++)
		lanes[i].key = hook->lanes[i].key;
	lanes[hook->lanes_len].key = "";
	return lanes;
}

static enum rc
add_hook(struct queue_hooks *hooks, const struct hook *hook, int64_t time)
{
	char *digest = pool_alloc(&hooks->pool, CONF_DIGEST_SIZE, 1);
	struct journal_lane *lanes = name_lanes(hook, &hooks->pool);
	enum rc rc = digest == NULL || lanes == NULL ?
	    RC_MEMORY :
	    conf_digest(hook, digest);

	if (rc != RC_OK)
		return rc;
	hooks->of[hooks->limits.rules_len] = hook;
	hooks->rules[hooks->limits.rules_len++] = (struct journal_rules){
		.hook = hook->name,
		.digest = digest,
		.routing = hook->routing,
		.lanes = lanes,
		.lanes_len = hook->lanes_len + 1,
		.time = time,
		.keep = hook->keep,
		.keep_dead = hook->keep_dead,
		.file = hooks->file,
		.queues = hook->delivery == CONF_QUEUE,
	};
	return RC_OK;
}

static enum rc
name_file(const struct conf *conf, struct queue_hooks *hooks)
{
	char path[JOURNAL_FILE_SIZE];
	enum rc rc = queue_source_file(conf->file, path);

	if (rc != RC_OK)
		return rc;
	hooks->file = pool_text(&hooks->pool, path);
	return hooks->file == NULL ? RC_MEMORY : RC_OK;
}

static int
compare_names(const void *a, const void *b)
{
	const struct hook *const *left = a;
	const struct hook *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* As the journal wants them. */
static const struct hook **
sort(const struct conf *conf, struct pool *pool)
{
	const struct hook **sorted = pool_alloc(pool, conf->hooks_len + 1,
	    sizeof(*sorted));

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < conf->hooks_len; i++)
		sorted[i] = &conf->hooks[i];
	qsort(sorted, conf->hooks_len, sizeof(*sorted), compare_names);
	return sorted;
}

/* Of all hooks, with the ones of what no line takes; not 0. */
static size_t
count_lanes(const struct conf *conf)
{
	size_t n = 1;

	for (size_t i = 0; i < conf->hooks_len; i++)
		n += conf->hooks[i].lanes_len + 1;
	return n;
}

enum rc
queue_hooks_make(const struct conf *conf, struct queue_hooks *hooks)
{
	size_t size = conf->hooks_len + 1;
	struct pool *pool = &hooks->pool;
	enum rc rc = name_file(conf, hooks);

	hooks->of = sort(conf, pool);
	hooks->rules = pool_alloc(pool, size, sizeof(*hooks->rules));
	hooks->warned = pool_alloc(pool, size, sizeof(*hooks->warned));
	hooks->refused = pool_alloc(pool, size, sizeof(*hooks->refused));
	hooks->keeps = pool_alloc(pool, size, sizeof(*hooks->keeps));
	hooks->list = pool_alloc(pool, count_lanes(conf), sizeof(*hooks->list));
	hooks->idle = pool_alloc(pool, count_lanes(conf), sizeof(*hooks->idle));
	if (hooks->list == NULL || hooks->idle == NULL || hooks->of == NULL ||
	    hooks->rules == NULL || hooks->warned == NULL ||
	    hooks->refused == NULL || hooks->keeps == NULL)
		return RC_MEMORY;
	hooks->limits.list = hooks->list;
	hooks->limits.rules = hooks->rules;
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = hooks->of[i];

		if (hook->ready)
			rc = add_hook(hooks, hook, conf->time);
		else
			hooks->keeps[hooks->keeps_n++] = (struct journal_keep){
				hook->name, hook->keep, hook->keep_dead
			};
	}
	return rc;
}

static void
report_foreign(const struct journal_rules *rules, const struct buf *why)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR,
	    "a hook is another configuration's: its events are not run by "
	    "this process");
	log_text(&line, "hook", rules->hook);
	log_text(&line, "reason", why->data);
	log_end(&line);
}

/* Whether it is this file's after all, by the path that is then in path. */
static enum rc
settle(struct queue_hooks *hooks, size_t i, struct journal *journal)
{
	char path[JOURNAL_FILE_SIZE];
	struct buf why = { 0 };
	enum rc rc = queue_source_settle(journal, hooks->of[i], path, &why);

	if (rc == RC_OK) {
		hooks->rules[i].file = pool_text(&hooks->pool, path);
		if (hooks->rules[i].file == NULL)
			rc = RC_MEMORY;
	} else if (rc == RC_CONFIG && !hooks->refused[i]) {
		report_foreign(&hooks->rules[i], &why);
	}
	hooks->refused[i] = rc == RC_CONFIG;
	buf_free(&why);
	return rc == RC_CONFIG ? RC_OK : rc;
}

static int
compare_lanes(const void *a, const void *b)
{
	const struct journal_limit *left = a;
	const struct journal_limit *right = b;

	return (left->lane > right->lane) - (left->lane < right->lane);
}

/* The limit of one of a hook's lanes; the last has nothing to run. */
static struct journal_limit
limit_of(const struct queue_hooks *hooks, size_t hook, size_t lane)
{
	const struct journal_rules *rules = &hooks->rules[hook];
	const struct hook *of = hooks->of[hook];
	struct journal_limit limit = { rules->lanes[lane].id, 1, UNTAKEN_BATCH,
		rules };

	if (lane < of->lanes_len) {
		limit.concurrency = of->lanes[lane].concurrency;
		limit.batch = of->lanes[lane].batch;
	}
	return limit;
}

/* What no line takes here may be what one takes by the hooks that another
 * machine already has, or still has. */
static bool
is_disputed(const struct queue_hooks *hooks, size_t hook, size_t lane)
{
	return hooks->rules[hook].disputed &&
	    lane == hooks->of[hook]->lanes_len;
}

/* Nothing is claimed of a hook whose rules do not count: its lanes have no
 * numbers. */
static void
list_lanes(struct queue_hooks *hooks)
{
	struct journal_limits *limits = &hooks->limits;

	limits->n = 0;
	hooks->lanes = 0;
	for (size_t i = 0; i < limits->rules_len; i++)
		for (size_t j = 0; j < hooks->rules[i].lanes_len; j++) {
			if (hooks->rules[i].lanes[j].id == 0 ||
			    is_disputed(hooks, i, j))
				continue;
			hooks->list[limits->n++] = limit_of(hooks, i, j);
			hooks->lanes += j < hooks->of[i]->lanes_len;
		}
	qsort(hooks->list, limits->n, sizeof(*hooks->list), compare_lanes);
}

static enum rc
note(struct queue_hooks *hooks, struct journal *journal, bool *foreign)
{
	size_t n = hooks->limits.rules_len;
	enum rc rc = journal_note_rules(journal, hooks->rules, n);

	*foreign = false;
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		*foreign = *foreign || hooks->rules[i].foreign;
	if (rc == RC_OK)
		list_lanes(hooks);
	return rc;
}

enum rc
queue_hooks_note(struct queue_hooks *hooks, struct journal *journal)
{
	bool foreign;
	enum rc rc = note(hooks, journal, &foreign);

	if (rc != RC_OK || !foreign || clock_steady() < hooks->settle_at)
		return rc;
	hooks->settle_at = clock_steady() + SETTLE_AGAIN;
	for (size_t i = 0; rc == RC_OK && i < hooks->limits.rules_len; i++)
		if (hooks->rules[i].foreign)
			rc = settle(hooks, i, journal);
	return rc == RC_OK ? note(hooks, journal, &foreign) : rc;
}

bool
queue_hooks_are_unsettled(const struct queue_hooks *hooks)
{
	for (size_t i = 0; i < hooks->limits.rules_len; i++)
		if (hooks->rules[i].older || hooks->rules[i].disputed)
			return true;
	return false;
}

enum rc
queue_hooks_tell(const struct conf *conf, struct journal *journal)
{
	struct queue_hooks hooks = { 0 };
	enum rc rc = queue_hooks_make(conf, &hooks);

	if (rc == RC_OK)
		rc = journal_tell_hooks(journal, hooks.rules,
		    hooks.limits.rules_len);
	queue_hooks_free(&hooks);
	return rc;
}

static void
report_older(const struct conf *conf, const struct journal_rules *rules)
{
	char noted[TIMESTAMP_SIZE];
	struct log_line line;

	timestamp_print(rules->noted / 1000000, noted);
	log_begin(&line, LOG_LEVEL_WARNING,
	    "the journal has seen newer "
	    "rules of a hook, so that its events are stored but not run by "
	    "this process: reload or restart it; touch its file first if "
	    "that has the rules that are to count");
	log_text(&line, "hook", rules->hook);
	log_text(&line, "file", conf->file);
	log_text(&line, "newer", noted);
	log_end(&line);
}

void
queue_hooks_report_older(struct queue_hooks *hooks, const struct conf *conf)
{
	for (size_t i = 0; i < hooks->limits.rules_len; i++) {
		if (hooks->rules[i].older && !hooks->warned[i])
			report_older(conf, &hooks->rules[i]);
		hooks->warned[i] = hooks->rules[i].older;
	}
}

struct journal_limits
queue_hooks_idle(struct queue_hooks *hooks,
    bool (*is_busy)(const void *context, int64_t lane), const void *context)
{
	struct journal_limits limits = hooks->limits;

	limits.list = hooks->idle;
	limits.n = 0;
	for (size_t i = 0; i < hooks->limits.n; i++)
		if (!is_busy(context, hooks->list[i].lane))
			hooks->idle[limits.n++] = hooks->list[i];
	return limits;
}

const struct hook *
queue_hooks_find(const struct queue_hooks *hooks,
    const struct journal_claim *claim, const struct lane **lane)
{
	const struct journal_limit key = { .lane = claim->lane };
	const struct journal_limit *limit = bsearch(&key, hooks->list,
	    hooks->limits.n, sizeof(key), compare_lanes);
	const struct hook *hook = hooks->of[limit->rules - hooks->rules];
	size_t i = 0;

	while (limit->rules->lanes[i].id != claim->lane)
		i++;
	*lane = i < hook->lanes_len ? &hook->lanes[i] : NULL;
	return hook;
}

void
queue_hooks_free(struct queue_hooks *hooks)
{
	pool_free(&hooks->pool);
}
