/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_LANES_H
#define PELIHOOK_CTL_STATS_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct journal;
struct json;
struct session;

/* What is undelivered in a lane. */
struct stats_lane {
	const char *hook;
	const char *key;  /* as the journal knows it */
	const char *name; /* for people (lane.h) */
	int64_t queued;
	int64_t running;
	int64_t oldest; /* received; 0: nothing is undelivered */
};

/* The lanes of the hooks that queue, and any other that has something. */
struct stats_lanes {
	int64_t now;
	struct stats_lane *list;
	size_t n;
	struct pool pool; /* holds them */
};

/* journal: NULL where there is none yet.  RC_MEMORY, and what
 * journal_lane_counts says. */
enum rc stats_lanes_gather(struct stats_lanes *lanes,
    const struct session *session, struct journal *journal);
/* For people, those that have something; into an object; for Prometheus.
 * RC_MEMORY. */
enum rc stats_lanes_table(struct stats_lanes *lanes);
void stats_lanes_json(const struct stats_lanes *lanes, struct json *json);
enum rc stats_lanes_metrics(struct stats_lanes *lanes);

#endif
