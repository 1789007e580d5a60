/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_BOUND_H
#define PELIHOOK_CTL_STATS_BOUND_H

#include <stddef.h>

#include "base/rc.h"

struct conf;
struct stats;

/* In place of the names that are summed up. */
#define STATS_REST "(other)"

/*
 * Of each hook with more event names than this, STATS_REST included, the rest
 * becomes one event of that name, the last one: a sender may make names up
 * without end.  What is in the catalog or stands in an `on' line is never of
 * the rest, even where that makes them more; of the others those with the
 * most deliveries stay.  RC_MEMORY.
 */
enum rc stats_bound(struct stats *stats, const struct conf *conf, size_t most);

#endif
