/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_OPERATE_H
#define PELIHOOK_JOURNAL_OPERATE_H

#include "journal/journal.h"
#include "journal/lookup.h"

/* What is done by hand to deliveries.  Inside a change. */

/* Of an event; struct journal_naming is the arguments. */
struct journal_naming {
	const char *id;
	int64_t now;
	struct journal_states done; /* as of journal_retry and journal_drop */
	struct journal_states left; /* nothing was done of these */
};

enum rc journal_retry_event(struct journal *journal, void *arguments);
enum rc journal_drop_event(struct journal *journal, void *arguments);

/* It is dead or dropped, or waits for a retry. */
bool journal_is_failed(const struct journal_found *found);
/* Whether what a search is made for is done to it. */
bool journal_takes(const struct journal_search *search,
    const struct journal_found *found);
/* Puts it back into the queue, whatever its state but running. */
void journal_revive(struct journal *journal, const struct journal_found *found,
    int64_t now);
bool journal_is_droppable(const struct journal_found *found);
void journal_give_up(struct journal *journal, const struct journal_found *found,
    int64_t now);

#endif
