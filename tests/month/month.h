/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_MONTH_H
#define PELIHOOK_MONTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/pool.h"
#include "command/run.h"

/* A month as people have it, made up: what comes, and how commands end. */

enum {
	MONTH_SECOND = 1000,
	MONTH_MINUTE = 60 * MONTH_SECOND,
	MONTH_HOUR = 60 * MONTH_MINUTE,
	MONTH_DAY = 24 * MONTH_HOUR,
	MONTH_DAYS = 30,
};

/* Everything is drawn from it, so that one seed is one month. */
uint64_t month_random(void);
void month_seed(uint64_t seed);
/* From 0 to n - 1. */
int64_t month_draw(int64_t n);

/* What comes at a moment. */
struct happening {
	int64_t time;
	size_t place; /* among those of the same moment */
	const char *hook;
	const char *event; /* NULL: a request that is refused */
	int status;	   /* of that */
	const char *id;	   /* of a pipeline; NULL: the event speaks of none */
	const char *name;
	const char *run;
	const char *detail; /* or NULL */
	int64_t took;	    /* of a run that ended; else 0 */
};

struct month {
	struct pool pool; /* holds all of it */
	struct happening *list;
	size_t n;
	int64_t now; /* its end */
	size_t pipelines;
	size_t events; /* at least so many, beside what is refused */
};

/* Draws it: pipelines, events and now are given, the rest is of zeroes. */
void month_make(struct month *month);

/* How a command ends. */
struct month_end {
	enum run_end end;
	int code;
	enum outcome outcome;
	int64_t took;
	char tail[512];
};

/* A try of a delivery. */
struct month_try {
	const char *hook;
	const char *event;
	unsigned number; /* from 1 */
};

void month_run(const struct month *month, const struct month_try *try,
    struct month_end *end);

/* What somebody did by hand on the page. */
struct month_deed {
	int ago; /* minutes before the end */
	const char *who;
	const char *action;
	const char *hook;
	const char *id;	    /* of a mute: the pipeline's */
	const char *target; /* the query of the page that shows it */
};

/* The first first. */
const struct month_deed *month_deeds(size_t *n);

#endif
