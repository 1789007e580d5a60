/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page/action.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "page/access.h"
#include "page/filter.h"
#include "page/view.h"

struct acting {
	const struct page *page;
	struct journal *journal;
	const atomic_bool *stop;
	struct journal_action action;
	struct journal_acted acted;
};

bool
action_is_of_pipeline(const struct query *query)
{
	return strcmp(query->action, "mute") == 0 ||
	    strcmp(query->action, "unmute") == 0;
}

/* What was meant stays that, while an age would go on. */
static const char *
exact(const struct page *page, const char *given, int64_t time)
{
	char text[TIMESTAMP_SIZE];

	if (given[0] == '\0')
		return given;
	timestamp_print(time, text);
	return pool_text(page->pool, text);
}

enum rc
action_pairs(const struct page *page, struct html_pair pairs[ACTION_PAIRS],
    size_t *n)
{
	struct query query = *page->query;
	struct html_pair *at = pairs;

	if (action_is_of_pipeline(&query) || query.id[0] != '\0') {
		*at++ = (struct html_pair){ "view",
			action_is_of_pipeline(&query) ? "pipeline" : "event" };
		*at++ = (struct html_pair){ "hook",
			action_is_of_pipeline(&query) ? query.hook : "" };
		*at++ = (struct html_pair){ "id", query.id };
		*n = (size_t)(at - pairs);
		return RC_OK;
	}
	query.since = exact(page, query.since, query.since_time);
	query.until = exact(page, query.until, query.until_time);
	if (query.since == NULL || query.until == NULL)
		return RC_MEMORY;
	filter_pairs(&query, "", pairs);
	pairs[FILTER_PAIRS] = (struct html_pair){ "before", query.before };
	*n = FILTER_PAIRS + 1;
	return RC_OK;
}

static enum rc
print_target(const struct page *page, struct buf *into)
{
	struct html_pair pairs[ACTION_PAIRS];
	size_t n;
	enum rc rc = action_pairs(page, pairs, &n);

	if (rc != RC_OK)
		return rc;
	html_print_query(into, pairs, n);
	if (into->len >= JOURNAL_TARGET_SIZE)
		return RC_SYNTAX;
	return into->rc;
}

enum rc
action_name_event(struct journal *journal, struct pool *pool,
    struct query *query)
{
	struct journal_matches matches;
	enum rc rc;

	if (query->action[0] == '\0' || action_is_of_pipeline(query) ||
	    query->id[0] == '\0')
		return RC_OK;
	rc = journal_match(journal, query->id, &matches);
	if (rc != RC_OK)
		return rc;
	query->id = pool_text(pool, matches.ids[0]);
	return query->id == NULL ? RC_MEMORY : RC_OK;
}

static void
log_action(const struct acting *acting)
{
	const struct journal_action *action = &acting->action;
	const struct journal_acted *acted = &acting->acted;
	char until[TIMESTAMP_SIZE];
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "done on the page");
	log_text(&line, "who", action->who);
	log_text(&line, "action", action->action);
	log_text(&line, "target", action->target);
	if (action->until != 0) {
		timestamp_print(action->until, until);
		log_text(&line, "until", until);
	}
	log_number(&line, "matched", acted->matched);
	log_number(&line, "done", acted->done);
	log_end(&line);
}

/* In steps, between which others write.  What some of it came to is told, also
 * where the rest cannot be done now. */
static enum rc
act(struct acting *acting, const struct journal_act *wanted)
{
	int64_t until = clock_steady() + ACTION_TIME;
	struct journal_acted *acted = &acting->acted;
	enum rc rc;

	do
		rc = journal_act(acting->journal, wanted,
		    journal_now(acting->journal), acted);
	while (rc == RC_OK && acted->more && clock_left(until) != 0 &&
	    !atomic_load(acting->stop));
	if (acted->seq == 0)
		return rc;
	if (rc != RC_OK || acted->more)
		(void)journal_act_leave(acting->journal, acted);
	return RC_OK;
}

/* What is done to all that matches was shown before, with how many. */
static enum rc
do_deliveries(struct acting *acting)
{
	const struct query *query = acting->page->query;
	struct journal_act wanted = { .action = &acting->action };
	struct journal_search search;

	if (query->id[0] != '\0') {
		wanted.id = query->id;
		return act(acting, &wanted);
	}
	if (query->seen == 0 || query->shown == 0 || query->counted == 0 ||
	    query->counted > JOURNAL_COUNTED)
		return RC_SYNTAX;
	filter_search(query, &search);
	search.shown = (struct journal_shown){
		.seen = query->seen,
		.time = query->shown,
		.count = query->counted,
		.matched = query->matched,
	};
	snprintf(search.shown.last, UUID_SIZE, "%s", query->last);
	wanted.search = &search;
	return act(acting, &wanted);
}

static enum rc
do_mute(struct acting *acting)
{
	const struct query *query = acting->page->query;
	struct journal_mute mute = {
		.hook = query->hook,
		.pipeline = query->id,
	};

	if (query->hook[0] == '\0')
		return RC_SYNTAX;
	if (strcmp(query->action, "mute") == 0) {
		if (query->length_time == 0)
			return RC_SYNTAX;
		acting->action.until = acting->action.time + query->length_time;
	}
	mute.until = acting->action.until;
	return journal_act_mute(acting->journal, &acting->action, &mute,
	    &acting->acted);
}

enum rc
action_do(const struct page *page, struct journal *journal,
    const atomic_bool *stop, int64_t *seq)
{
	const struct query *query = page->query;
	struct buf target = { 0 };
	struct acting acting = {
		.page = page,
		.journal = journal,
		.stop = stop,
		.action = { .time = page->now,
		    .who = page->access->user,
		    .action = query->action },
	};
	enum rc rc = RC_SYNTAX;

	if (query->action[0] != '\0')
		rc = print_target(page, &target);
	if (rc == RC_OK) {
		acting.action.target = target.data;
		rc = action_is_of_pipeline(query) ? do_mute(&acting) :
						    do_deliveries(&acting);
	}
	if (rc == RC_OK) {
		log_action(&acting);
		*seq = acting.acted.seq;
	}
	buf_free(&target);
	return rc;
}
