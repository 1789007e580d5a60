/* SPDX-License-Identifier: ISC */
#include "queue/wants.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "config/digest.h"

static enum rc
add_want(struct wants *wants, struct journal_want *want,
    const struct hook *hook, int64_t time)
{
	char *digest = pool_alloc(&wants->pool, CONF_DIGEST_SIZE, 1);
	enum rc rc = digest == NULL ? RC_MEMORY : conf_digest(hook, digest);

	if (rc != RC_OK)
		return rc;
	*want = (struct journal_want){
		.hook = hook->name,
		.concurrency = hook->concurrency,
		.batch = hook->batch,
		.digest = digest,
	};
	wants->rules[wants->hooks.n++] = (struct journal_rules){
		.hook = hook->name,
		.digest = digest,
		.time = time,
		.keep = hook->keep,
	};
	return RC_OK;
}

enum rc
wants_make(const struct conf *conf, struct wants *wants)
{
	size_t size = conf->hooks_len + 1;
	struct pool *pool = &wants->pool;
	struct journal_want *list = pool_alloc(pool, size, sizeof(*list));
	enum rc rc = RC_OK;

	wants->rules = pool_alloc(pool, size, sizeof(*wants->rules));
	wants->told = pool_alloc(pool, size, sizeof(*wants->told));
	wants->keeps = pool_alloc(pool, size, sizeof(*wants->keeps));
	if (list == NULL || wants->rules == NULL || wants->told == NULL ||
	    wants->keeps == NULL)
		return RC_MEMORY;
	wants->hooks.list = list;
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = &conf->hooks[i];

		if (hook->ready)
			rc = add_want(wants, &list[wants->hooks.n], hook,
			    conf->time);
		else
			wants->keeps[wants->keeps_n++] = (struct journal_keep){
				hook->name, hook->keep
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
wants_report_older(struct wants *wants, const struct conf *conf)
{
	for (size_t i = 0; i < wants->hooks.n; i++) {
		if (wants->rules[i].older && !wants->told[i])
			report_older(conf, &wants->rules[i]);
		wants->told[i] = wants->rules[i].older;
	}
}

void
wants_free(struct wants *wants)
{
	pool_free(&wants->pool);
}
