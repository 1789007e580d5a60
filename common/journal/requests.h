/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_REQUESTS_H
#define PELIHOOK_JOURNAL_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "journal/stats.h"

struct conf;
struct journal;

/*
 * What became of requests, for all that tells it: what the file beside the
 * journal has counted (stats.h), what other files had before it or have on other
 * machines, and hours that it keeps no more, which are in the journal.
 */

enum {
	JOURNAL_REQUESTS_DAY = 24, /* hours */
	JOURNAL_REQUESTS_UNPLACED = -1,
};

/* The requests of a hook. */
struct journal_requests_hook {
	const char *hook; /* empty: whose hook is not known */
	bool configured;  /* the configuration has the hook */
	/* It found no place in the file, which has its numbers among those of
	 * the others; it has none here. */
	bool unplaced;
	int64_t last_event;		  /* that was verified; 0: none */
	int64_t day[JOURNAL_STATS_KINDS]; /* in the last 24 hours */
	/* What the file has; NULL: nothing. */
	const struct journal_stats_hook *counted;
	/* used is JOURNAL_REQUESTS_UNPLACED of one whose number is with the
	 * others'. */
	const struct journal_stats_secret *secrets;
	size_t secrets_n;
};

/* Those of each hook of the configuration, and of any other of which some were
 * counted, sorted by name. */
struct journal_requests {
	int64_t now;
	size_t hours;	    /* that are wanted by the hour, with this one */
	int64_t since;	    /* the first of the last 24 hours, since 1970 */
	bool shared;	    /* other machines count, too */
	const char *broken; /* why the file cannot be used, or NULL */
	const char *path;   /* of the file */
	struct journal_stats_report report; /* zeroes: there is no file */
	struct journal_requests_hook *list;
	size_t n;
	int64_t first; /* the first of the hours, since 1970 */
	/* Of all hooks together, by the hour. */
	int64_t (*by_hour)[JOURNAL_STATS_KINDS];
	struct pool pool; /* holds them */
};

/*
 * From zeroes but for the time and how many hours are wanted.  journal: NULL
 * where there is none yet.  RC_MEMORY, and what journal_hours says.
 */
enum rc journal_requests_gather(struct journal_requests *requests,
    const struct conf *conf, struct journal *journal);

/* Of a hook in a day: all of them, and those that were refused. */
struct journal_requests_sums {
	int64_t received;
	int64_t refused;
};

struct journal_requests_sums journal_requests_sum(
    const struct journal_requests_hook *hook);

#endif
