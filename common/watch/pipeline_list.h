/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WATCH_PIPELINE_LIST_H
#define PELIHOOK_WATCH_PIPELINE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "journal/journal.h"
#include "watch/judge.h"

struct conf;

/* A pipeline, as it is told.  Times are 0 where they are not known. */
struct pipeline_row {
	const char *hook;
	const char *id;
	const char *name;
	bool alike; /* another one of its hook is shown so */
	/* Of a hook that is not configured it is unwatched. */
	enum watch_state state;
	int64_t since;
	/* The newest run; outcome: "open", or "" where there is none. */
	struct journal_run last;
	int64_t success;  /* the last one */
	int64_t duration; /* what is usual, milliseconds, or 0 */
	int64_t gap;
	int64_t muted;	    /* until when; 0: it is not */
	int64_t hook_muted; /* the same, of all that its hook has */
	unsigned failures;
	const char *failure; /* the event of the last one */
	struct journal_outcomes outcomes;
};

/* Those that were seen, the worst first, then by name. */
struct pipeline_list {
	int64_t now; /* how they are then */
	struct pipeline_row *rows;
	size_t n;
	struct pool pool; /* holds them */
};

struct pipeline_filter {
	const char *hook; /* NULL: of all */
	const char *id;	  /* the one of this identity and hook; NULL: any */
	int64_t since;	  /* outcomes since then; 0: none are counted */
	int64_t now;	  /* clock_wall */
	/* For who shows few of many: outcomes and the usual duration are left
	 * to pipeline_list_complete. */
	bool brief;
};

/* Into a list of zeroes; journal: NULL where there is none yet.  What
 * journal_pipelines comes to: with RC_CORRUPT there are those that are not
 * damaged. */
enum rc pipeline_list_gather(struct pipeline_list *list,
    const struct pipeline_filter *filter, const struct conf *conf,
    struct journal *journal);
/* What brief left out, of so many rows of a list; the rest of the filter is that
 * of the list.  As above for the rest. */
enum rc pipeline_list_complete(struct pipeline_row *rows, size_t n,
    const struct pipeline_filter *filter, struct journal *journal);
/* How it is shown, with its identity where that is not enough.  From the pool;
 * NULL: no memory. */
const char *pipeline_list_name(struct pipeline_list *list,
    const struct pipeline_row *row);
/* When the newest run ended, or began where it is open. */
int64_t pipeline_list_last(const struct pipeline_row *row);

/* The words for how runs ended, or that they are open, in their order; how
 * many of a pipeline did. */
enum { PIPELINE_OUTCOMES = 6 };
extern const char *const pipeline_outcomes[PIPELINE_OUTCOMES];
void pipeline_list_outcomes(const struct pipeline_row *row,
    int64_t counts[PIPELINE_OUTCOMES]);

#endif
