/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_ORDER_H
#define PELIHOOK_JOURNAL_ORDER_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * The order of deliveries with one key: of those that are queued at most one
 * is not held, the first, and none while one is running.  Inside a change;
 * key is its digest as bytes (key.h).
 */
struct journal;

/* Whether one is queued or running: the next one has to be held. */
bool journal_order_is_taken(struct journal *journal, struct bytes key);
/* Lets the first queued one go, unless one is running. */
void journal_order_advance(struct journal *journal, struct bytes key);
/* The same although one is running: for a claim that takes several. */
void journal_order_unblock_next(struct journal *journal, struct bytes key);
/* Holds the one that is not held. */
void journal_order_block(struct journal *journal, struct bytes key);
/* Lets those of a hook go that nothing of their key is before any more. */
void journal_order_mend(struct journal *journal, const char *hook);

#endif
