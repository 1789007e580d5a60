/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ROUTE_H
#define PELIHOOK_ROUTE_H

#include <stddef.h>

#include "bytes.h"

struct hook;
struct event;
struct conf_rule;

/*
 * The next `on` line, from the index *at on, that takes the event; *at
 * becomes the index behind it.  NULL where none does.  A line with `also`
 * lets the caller go on; any other is the last.
 */
const struct conf_rule *route(const struct hook *hook,
    const struct event *event, struct bytes body, size_t *at);

#endif
