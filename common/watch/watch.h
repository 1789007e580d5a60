/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WATCH_WATCH_H
#define PELIHOOK_WATCH_WATCH_H

#include "journal/journal.h"

struct conf;
struct event;
struct hook;

/* Where an event goes: one route for each delivery, from the pool. */
typedef enum rc watch_route(const struct hook *hook, const struct event *event,
    struct pool *pool, struct journal_entry *entry);

/* One step of journal_assemble, which finds what the events of an earlier
 * release speak of by their hooks' configuration or, where they have none such,
 * where it is found otherwise. */
enum rc watch_assemble(struct journal *journal, struct conf *conf,
    struct journal_assembly *assembly);

/* Who watches what, and when. */
struct watching {
	struct conf *conf;
	/* As noted: a hook without them is not watched, nor one that is
	 * another file's. */
	const struct journal_rules *rules;
	size_t rules_len;
	watch_route *route;
	int64_t now; /* clock_wall */
};

/*
 * One step of watching (journal_watch_step) for each hook of a configuration
 * that is watched; of those that are not any more nothing is known from then on
 * (journal_watch_end).  next: when there will be something to do again; now or
 * earlier: there may be another step.
 */
enum rc watch_step(struct journal *journal, const struct watching *watching,
    int64_t *next);

#endif
