/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_RULE_H
#define PELIHOOK_EVENT_RULE_H

#include <stddef.h>

#include "base/rc.h"

struct conf_rule;
struct hook;
struct event;

/*
 * Looks for the next `on` line, from the index *at on, that takes the event;
 * *at becomes the index behind it.  RC_MISSING where none does; RC_MEMORY.
 * A line with `also` lets the caller go on; any other is the last.
 */
enum rc route(const struct hook *hook, const struct event *event, size_t *at);

/* One of the deliveries of an event, and its line. */
struct route_delivery {
	unsigned ordinal;		/* of the lines that run it, from 0 */
	const struct conf_rule *rule;	/* NULL where none takes it now */
};

/*
 * Finds the line of a delivery, which may have been stored under another
 * configuration; what is ignored now has none.  RC_MEMORY.
 */
enum rc route_delivery(const struct hook *hook, const struct event *event,
    struct route_delivery *delivery);

#endif
