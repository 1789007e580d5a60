/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_ROUTE_H
#define PELIHOOK_QUEUE_ROUTE_H

#include <stddef.h>

#include "base/rc.h"
#include "journal/journal.h"

struct conf;
struct event;
struct hook;
struct pool;
struct rule;

/*
 * Where the deliveries of an event go: to the lane of an `on` line that takes
 * it, with a key by that lane's order.
 */

/* The route to a line that has a command; its lane is the hook's.
 * RC_SYSTEM, RC_MEMORY. */
enum rc route_to(const struct hook *hook, const struct rule *rule,
    const struct event *event, struct journal_route *route);
/* The lines of a hook that take an event. */
struct route_lines {
	const struct rule *first;     /* NULL: there is none */
	unsigned deliveries;	      /* how many of them have a command */
	struct journal_route *routes; /* to those */
};

/* The routes are from the pool; NULL: none are made.  RC_SYSTEM, RC_MEMORY. */
enum rc route_find(const struct hook *hook, const struct event *event,
    struct pool *pool, struct route_lines *lines);
/* The routes alone, as of watch_route (watch/watch.h). */
enum rc route_event(const struct hook *hook, const struct event *event,
    struct pool *pool, struct journal_entry *entry);
/*
 * Routes an event's deliveries, all of them by ordinal, anew: each goes to the
 * line of its lane that takes the event now; where there is none, to the line
 * whose command had that lane before it got another; where there is none, to
 * the first line that takes it and that no other delivery of the event has;
 * and where there is none, nowhere.  One of an earlier release, which knew no
 * lanes, goes to the line of its ordinal.  One that is over is routed to tell
 * which line it had, but keeps none from one that is open.  RC_JSON, RC_SYSTEM,
 * RC_MEMORY.
 */
enum rc route_again(const struct hook *hook, const struct journal_event *event,
    struct journal_moving *list, size_t n);
/* For journal_move. */
struct journal_router route_router(struct conf *conf);

#endif
