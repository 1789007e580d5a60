/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_REQUESTS_H
#define PELIHOOK_CTL_STATS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "journal/stats.h"

struct journal;
struct json;
struct session;

enum { STATS_UNPLACED = -1 };

/* The requests of a hook. */
struct stats_request {
	const char *hook; /* empty: whose hook is not known */
	bool configured;  /* the configuration has the hook */
	/* It found no place in the file, which has its numbers among those of
	 * the others; it has none here. */
	bool unplaced;
	int64_t last_event;		  /* that was verified; 0: none */
	int64_t day[JOURNAL_STATS_KINDS]; /* in the last 24 hours */
	/* What the file has; NULL: nothing. */
	const struct journal_stats_hook *counted;
	/* used is STATS_UNPLACED of one whose number is with the others'. */
	const struct journal_stats_secret *secrets;
	size_t secrets_n;
};

/* What became of requests; those of each hook of the configuration, and of
 * any other of which some were counted, sorted by name. */
struct stats_requests {
	int64_t now;
	int64_t since; /* the first of the last 24 hours, hours since 1970 */
	const char *broken; /* why the file cannot be used, or NULL */
	const char *path;   /* of the file */
	struct journal_stats_report report; /* zeroes: there is no file */
	struct stats_request *list;
	size_t n;
	struct pool pool; /* holds them */
};

/*
 * journal: NULL where there is none yet; of it come the hours that another
 * file counted.  RC_MEMORY, and what journal_hours says.
 */
enum rc stats_requests_gather(struct stats_requests *requests,
    const struct session *session, struct journal *journal);

/* Says, each as a note with that prefix, why nothing is counted, and what has
 * no place in the file. */
void stats_requests_note(const struct stats_requests *requests,
    const char *prefix);

/* For people; into an object; for Prometheus.  RC_MEMORY. */
enum rc stats_requests_table(struct stats_requests *requests);
void stats_requests_json(const struct stats_requests *requests,
    struct json *json);
enum rc stats_requests_metrics(struct stats_requests *requests);

/* Complains of what is beyond --max-silence and --max-refused: then
 * RC_QUEUE_FULL. */
enum rc stats_requests_check(const struct stats_requests *requests,
    const struct session *session);

#endif
