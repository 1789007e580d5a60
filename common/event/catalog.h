/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_CATALOG_H
#define PELIHOOK_EVENT_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The events Peliqan is known to send: one row each, texts never NULL. */
struct catalog_row {
	const char *name;
	const char *kind; /* connection, pipeline, watch or unknown */
	const char *run_status;
	const char *outcome;
	const char *cause;
	const char *retrigger;	 /* safe, or empty */
	const char *description; /* a sentence for people */
	const char *told; /* what its connection or pipeline did, in a sentence
			   * that begins with that; or empty */
};

/* The kind of pelihook's own events. */
#define CATALOG_WATCH "watch"

/* The rows in the order of the documentation. */
const struct catalog_row *catalog_rows(size_t *n);
/* The row of this very name, or NULL. */
const struct catalog_row *catalog_find(struct bytes name);
/* Those of pelihook's own events, whose names begin with pelihook. and which
 * nobody sends; and the row of such a name, or NULL. */
const struct catalog_row *catalog_watch_rows(size_t *n);
const struct catalog_row *catalog_find_watch(struct bytes name);
/* Whether a name is one of pelihook's own, or would be. */
bool catalog_is_own(struct bytes name);
/* Whether a row is that of one of them. */
bool catalog_is_watch(const struct catalog_row *row);
/*
 * The row for a name that is not in the table: everything empty, and the
 * kind pipeline for pipeline_run_ names, watch for those of pelihook's own,
 * else unknown.  Never NULL.
 */
const struct catalog_row *catalog_unknown(struct bytes name);

/*
 * Whether it is taken for the name of an event that is not in the table,
 * unless `event-name` says where names are: [A-Za-z0-9_.:-], at most 64.
 */
bool catalog_is_name(struct bytes name);

/* The names of the groups, @failure and so on, blank-separated. */
enum rc catalog_groups(struct buf *into);
/* What to say of a group that there is not: which was probably meant, and
 * which there are; without a period. */
enum rc catalog_no_group(const char *group, struct buf *into);
/* Whether it is one of them. */
bool catalog_is_group(struct bytes group);
/*
 * Whether an event of this row belongs to the group.  known: the name is in
 * the table.
 */
bool catalog_in_group(const struct catalog_row *row, bool known,
    struct bytes group);

/* What an event does to the run that it speaks of. */
enum catalog_step {
	CATALOG_NO_STEP,
	CATALOG_STARTS,
	CATALOG_ENDS,
	CATALOG_REMOVES, /* the pipeline is no more */
};

enum catalog_step catalog_step(const struct catalog_row *row);
/* Whether a run that an event of this row ends was a success. */
bool catalog_is_success(const struct catalog_row *row);

#endif
