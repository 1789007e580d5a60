/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_LINKS_H
#define PELIHOOK_PAGE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page/html.h"

struct conf;
struct journal_mention;
struct pool;

/* Links from view to view. */

/* To an event, by a text, or by its ID where that is NULL; where it is not kept
 * there is no link.  Of none: nothing. */
void links_event(struct html *html, const struct journal_mention *event,
    const char *text);

/* A pipeline that is spoken of. */
struct links_pipeline {
	const char *hook;
	const char *id;
	const char *name;
	bool known; /* it is among journal_pipelines */
};

enum { LINKS_PIPELINE_PAIRS = 3 };

/* Where it is shown; of one that is not known, as it was forgotten or only
 * connections of it have come: its events. */
void links_pipeline_pairs(const struct links_pipeline *pipeline,
    struct html_pair pairs[LINKS_PIPELINE_PAIRS]);
/* A link to that, as the pipeline is shown; of none: a dash. */
void links_pipeline(struct html *html, const struct links_pipeline *pipeline);

/* The names of the hooks that there are, after "", which is any, and before
 * NULL, for parts_choice; asked: one that is asked for, and may not be among
 * them.  From the pool; NULL: no memory. */
const char *const *links_hooks(struct pool *pool, const struct conf *conf,
    const char *asked);

/* How many there are: "1 run", "12 runs". */
void links_count(struct html *html, int64_t count, const char *one,
    const char *several);

#endif
