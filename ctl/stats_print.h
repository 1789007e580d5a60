/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_PRINT_H
#define PELIHOOK_CTL_STATS_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

enum { STATS_STATES = 5 }; /* those of enum journal_state */

/* Of some undelivered events, the one that came first. */
struct stats_oldest {
	int64_t received; /* or 0: there is none */
	int64_t age;	  /* since then, milliseconds, not negative */
};

/* The deliveries of one event name of a hook. */
struct stats_event {
	const char *event;
	bool stays; /* of stats_bound */
	int64_t counts[STATS_STATES];
	struct stats_oldest oldest;
};

struct stats_hook {
	const char *hook;
	bool configured;
	int64_t undelivered; /* events that are queued or running */
	int64_t dead;	     /* deliveries */
	struct stats_oldest oldest;
	struct stats_event *list;
	size_t n;
};

/* What is in the journal, by hook and event, both sorted. */
struct stats {
	int64_t now; /* when it was gathered */
	int64_t undelivered;
	int64_t dead;
	struct stats_oldest oldest;
	bool damaged; /* some rows are damaged and not counted */
	struct stats_hook *list;
	size_t n;
	struct pool pool; /* holds them */
};

/* For people, for programs, for Prometheus: on standard output. */
enum rc stats_print_table(struct stats *stats);
enum rc stats_print_json(const struct stats *stats);
enum rc stats_print_metrics(struct stats *stats);

#endif
