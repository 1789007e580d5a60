/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ROUTE_H
#define PELIHOOK_ROUTE_H

#include <stddef.h>

#include "bytes.h"

struct hook;
struct event;

/*
 * Looks for the next `on` line, from the index *at on, that takes the event;
 * *at becomes the index behind it.  RC_MISSING where none does; RC_MEMORY.
 * A line with `also` lets the caller go on; any other is the last.
 */
enum rc route(const struct hook *hook, const struct event *event,
    struct bytes body, size_t *at);

#endif
