/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_ACTION_H
#define PELIHOOK_PAGE_ACTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "page/filter.h"
#include "page/html.h"

struct journal;
struct page;
struct pool;
struct query;

/* A mute or its end: for that the last runs have to be put together first, as a
 * pipeline is known by them. */
bool action_is_of_pipeline(const struct query *query);

enum { ACTION_TIME = 20000 }; /* that one may take, milliseconds */

/*
 * An event that an action names by a part of its ID is named by all of it from
 * then on, in what is kept, too.  Any other query stays as it is.  RC_MISSING,
 * RC_RANGE: as below; what else the journal says.
 */
enum rc action_name_event(struct journal *journal, struct pool *pool,
    struct query *query);

/*
 * Does what a form asks for (page->query, of its body), on a journal that can
 * write, logs it and has it kept.  What it has not come to within ACTION_TIME,
 * or once stop is set, is left, which is told with it.  seq: of the action, to
 * be told of.
 * RC_MISSING: there is no such event or pipeline; RC_RANGE: there are several
 * such events; RC_SYNTAX: no such action, or something of it is missing; what
 * else the journal says.
 */
enum rc action_do(const struct page *page, struct journal *journal,
    const atomic_bool *stop, int64_t *seq);

enum { ACTION_PAIRS = FILTER_PAIRS + 1 };
/*
 * The parameters of the page that shows what an action is about: of the event,
 * the events or the pipeline.  Times are exact in it.  RC_MEMORY.
 */
enum rc action_pairs(const struct page *page,
    struct html_pair pairs[ACTION_PAIRS], size_t *n);

#endif
