/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_LINKS_H
#define PELIHOOK_PAGE_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "page/html.h"

struct conf;
struct pool;

/* Links from view to view. */

/* To an event: its ID, as a text that may be broken; a dash for none. */
void links_event(struct html *html, const char *id);

/* To a pipeline, as it is shown; of none that is known: a dash. */
struct links_pipeline {
	const char *hook;
	const char *id;
	const char *name;
};

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
