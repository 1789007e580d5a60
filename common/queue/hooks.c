/* SPDX-License-Identifier: ISC */
#include "queue/hooks.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "config/digest.h"

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
	hooks->rules[hooks->limits.n++] = (struct journal_rules){
		.hook = hook->name,
		.digest = digest,
		.time = time,
		.keep = hook->keep,
		.keep_dead = hook->keep_dead,
	};
	return RC_OK;
}

enum rc
queue_hooks_make(const struct conf *conf, struct queue_hooks *hooks)
{
	size_t size = conf->hooks_len + 1;
	struct pool *pool = &hooks->pool;
	struct journal_hook_limit *list = pool_alloc(pool, size, sizeof(*list));
	enum rc rc = RC_OK;

	hooks->rules = pool_alloc(pool, size, sizeof(*hooks->rules));
	hooks->warned = pool_alloc(pool, size, sizeof(*hooks->warned));
	hooks->keeps = pool_alloc(pool, size, sizeof(*hooks->keeps));
	if (list == NULL || hooks->rules == NULL || hooks->warned == NULL ||
	    hooks->keeps == NULL)
		return RC_MEMORY;
	hooks->limits.list = list;
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = &conf->hooks[i];

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
