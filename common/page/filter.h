/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_FILTER_H
#define PELIHOOK_PAGE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/journal.h"
#include "page/html.h"
#include "page/query.h"

/*
 * The part of a query that says which events are meant: of the list of them,
 * and of an action on all that it matches.
 */

/* What the journal is asked; texts are borrowed from the query.  Limit, looks
 * and what was shown are the caller's. */
void filter_search(const struct query *query, struct journal_search *search);
/* Whether it says anything: else all events are meant. */
bool filter_is_set(const struct query *query);

enum { FILTER_PAIRS = 9 };
/* The parameters of a link to a view, or to an action, by that filter; action:
 * of view=confirm, else "".  Where the list goes on is not in it. */
void filter_pairs(const struct query *query, const char *action,
    struct html_pair pairs[FILTER_PAIRS]);
/* In words: "state dead, hook shop"; where it says nothing, "all of them". */
void filter_words(struct html *html, const struct query *query);

#endif
