/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_PRINT_H
#define PELIHOOK_CTL_STATS_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct json;

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

/* For people, into an object, for Prometheus: on standard output. */
enum rc stats_print_table(struct stats *stats);
void stats_print_json(const struct stats *stats, struct json *json);
enum rc stats_print_metrics(struct stats *stats);

/*
 * A label's value, with what the format wants escaped.  The format takes text
 * as it is.  Two names must not become one: that is what it does not take.
 * NULL: no memory.
 */
const char *stats_print_label(struct pool *pool, const char *text);
/* The head of a family of metrics; type is gauge or counter. */
void stats_print_family(const char *name, const char *type, const char *help);

#endif
