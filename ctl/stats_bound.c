/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "stats_bound.h"

#include "base/bytes.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/rule.h"
#include "stats_print.h"

static bool
is_in_rules(const struct hook *hook, const char *name)
{
	for (size_t i = 0; hook != NULL && i < hook->rules_len; i++)
		for (size_t k = 0; k < hook->rules[i].events_len; k++)
			if (strcmp(hook->rules[i].events[k], name) == 0)
				return true;
	return false;
}

/* Two series of one name would be none that is read. */
static bool
is_rest(const struct stats_event *event)
{
	return strcmp(event->event, STATS_REST) == 0;
}

static bool
is_known(const struct hook *hook, const struct stats_event *event)
{
	return !is_rest(event) &&
	    (catalog_find(bytes_of(event->event)) != NULL ||
		is_in_rules(hook, event->event));
}

static int64_t
deliveries(const struct stats_event *event)
{
	int64_t sum = 0;

	for (size_t i = 0; i < STATS_STATES; i++)
		sum += event->counts[i];
	return sum;
}

/* The one with the most deliveries first. */
static int
compare(const void *a, const void *b)
{
	const struct stats_event *one = *(struct stats_event *const *)a;
	const struct stats_event *other = *(struct stats_event *const *)b;
	int64_t ones = deliveries(one);
	int64_t others = deliveries(other);

	if (ones != others)
		return ones > others ? -1 : 1;
	return strcmp(one->event, other->event);
}

static void
add(struct stats_event *rest, const struct stats_event *event)
{
	for (size_t i = 0; i < STATS_STATES; i++)
		rest->counts[i] += event->counts[i];
	if (event->oldest.received != 0 &&
	    (rest->oldest.received == 0 ||
		event->oldest.received < rest->oldest.received))
		rest->oldest = event->oldest;
}

/* Those that are marked stay, in their order; others become the last one. */
static void
sum_up(struct stats_hook *hook)
{
	struct stats_event rest = { .event = STATS_REST };
	size_t n = 0;

	for (size_t i = 0; i < hook->n; i++)
		if (hook->list[i].stays)
			hook->list[n++] = hook->list[i];
		else
			add(&rest, &hook->list[i]);
	hook->list[n++] = rest;
	hook->n = n;
}

static enum rc
bound_hook(struct pool *pool, struct stats_hook *hook, const struct hook *conf,
    size_t most)
{
	struct stats_event **others = pool_alloc(pool, hook->n,
	    sizeof(*others));
	size_t room = most - 1;
	size_t n = 0;

	if (others == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < hook->n; i++) {
		struct stats_event *event = &hook->list[i];

		event->stays = is_known(conf, event);
		if (event->stays)
			room -= room > 0;
		else if (!is_rest(event))
			others[n++] = event;
	}
	qsort(others, n, sizeof(*others), compare);
	for (size_t i = 0; i < n && i < room; i++)
		others[i]->stays = true;
	sum_up(hook);
	return RC_OK;
}

static bool
has_rest(const struct stats_hook *hook, const struct hook *conf)
{
	for (size_t i = 0; i < hook->n; i++)
		if (!is_known(conf, &hook->list[i]))
			return true;
	return false;
}

enum rc
stats_bound(struct stats *stats, const struct conf *conf, size_t most)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < stats->n; i++) {
		struct stats_hook *hook = &stats->list[i];
		const struct hook *known = conf_find(conf,
		    bytes_of(hook->hook));

		if (hook->n > most && has_rest(hook, known))
			rc = bound_hook(&stats->pool, hook, known, most);
	}
	return rc;
}
