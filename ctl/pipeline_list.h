/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_PIPELINE_LIST_H
#define PELIHOOK_CTL_PIPELINE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "journal/journal.h"
#include "watch/judge.h"

struct session;

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
	int64_t muted; /* until when; 0: it is not */
	unsigned failures;
	const char *failure; /* the event of the last one */
	struct journal_outcomes outcomes;
};

/* Those that were seen, the worst first, then by name. */
struct pipeline_list {
	int64_t now; /* when they were gathered */
	struct pipeline_row *rows;
	size_t n;
	struct pool pool; /* holds them */
};

/* Of the hook that the session's filter names, or of all; outcomes since its
 * time.  What journal_pipelines comes to: with RC_CORRUPT there are those that
 * are not damaged. */
enum rc pipeline_list_gather(struct pipeline_list *list,
    const struct session *session, struct journal *journal);
/* How it is shown, with its identity where that is not enough.  From the pool;
 * NULL: no memory. */
const char *pipeline_list_name(struct pipeline_list *list,
    const struct pipeline_row *row);
/* When the newest run ended, or began where it is open. */
int64_t pipeline_list_last(const struct pipeline_row *row);

#endif
