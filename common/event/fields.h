/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_FIELDS_H
#define PELIHOOK_EVENT_FIELDS_H

#include "base/pool.h"
#include "base/rc.h"

struct event;

/*
 * The environment of the hook's `env` lines: PELIHOOK_NAME=text, NULL-
 * terminated, from the pool.  What has no text, holds a NUL or is over
 * 4 KiB is left out with a warning in the log.  RC_MEMORY.
 */
enum rc event_fields(const struct event *event, struct pool *pool,
    const char *const **out);

#endif
