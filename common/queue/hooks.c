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

enum { SETTLE_AGAIN = 10000 }; /* milliseconds */

static enum rc
add_hook(struct queue_hooks *hooks, struct journal_hook_limit *limit,
    const struct hook *hook, int64_t time)
{
	char *digest = pool_alloc(&hooks->pool, CONF_DIGEST_SIZE, 1);
	enum rc rc = digest == NULL ? RC_MEMORY : conf_digest(hook, digest);

	if (rc != RC_OK)
		return rc;
	*limit = (struct journal_hook_limit){
		.hook = hook->name,
		.concurrency = hook->concurrency,
		.batch = hook->batch,
		.digest = digest,
	};
	hooks->of[hooks->limits.n] = hook;
	hooks->rules[hooks->limits.n++] = (struct journal_rules){
		.hook = hook->name,
		.digest = digest,
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

enum rc
queue_hooks_make(const struct conf *conf, struct queue_hooks *hooks)
{
	size_t size = conf->hooks_len + 1;
	struct pool *pool = &hooks->pool;
	struct journal_hook_limit *list = pool_alloc(pool, size, sizeof(*list));
	enum rc rc = name_file(conf, hooks);

	hooks->of = sort(conf, pool);
	hooks->rules = pool_alloc(pool, size, sizeof(*hooks->rules));
	hooks->warned = pool_alloc(pool, size, sizeof(*hooks->warned));
	hooks->refused = pool_alloc(pool, size, sizeof(*hooks->refused));
	hooks->keeps = pool_alloc(pool, size, sizeof(*hooks->keeps));
	if (list == NULL || hooks->of == NULL || hooks->rules == NULL ||
	    hooks->warned == NULL || hooks->refused == NULL ||
	    hooks->keeps == NULL)
		return RC_MEMORY;
	hooks->limits.list = hooks->list = list;
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = hooks->of[i];

		if (hook->ready)
			rc = add_hook(hooks, &list[hooks->limits.n], hook,
			    conf->time);
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

/* Of a hook of another file nothing is claimed. */
static enum rc
note(struct queue_hooks *hooks, struct journal *journal, bool *foreign)
{
	enum rc rc = journal_note_rules(journal, hooks->rules, hooks->limits.n);

	*foreign = false;
	for (size_t i = 0; rc == RC_OK && i < hooks->limits.n; i++) {
		bool is_foreign = hooks->rules[i].foreign;

		*foreign = *foreign || is_foreign;
		hooks->list[i].concurrency = is_foreign ?
		    0 :
		    hooks->of[i]->concurrency;
	}
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
	for (size_t i = 0; rc == RC_OK && i < hooks->limits.n; i++)
		if (hooks->rules[i].foreign)
			rc = settle(hooks, i, journal);
	return rc == RC_OK ? note(hooks, journal, &foreign) : rc;
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
	for (size_t i = 0; i < hooks->limits.n; i++) {
		if (hooks->rules[i].older && !hooks->warned[i])
			report_older(conf, &hooks->rules[i]);
		hooks->warned[i] = hooks->rules[i].older;
	}
}

void
queue_hooks_free(struct queue_hooks *hooks)
{
	pool_free(&hooks->pool);
}
