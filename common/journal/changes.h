/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_CHANGES_H
#define PELIHOOK_JOURNAL_CHANGES_H

#include <semaphore.h>
#include <stdbool.h>

#include "base/rc.h"

struct journal;
struct journal_waiter;

/*
 * The changes that wait for a commit, in the order in which they came.  One
 * thread leads: it writes what all of them want, and passes the lead on.
 *
 * Chores are apart from the others, so that one that fails fails none of them;
 * where both wait they take turns.
 *
 * A change is on the stack of the thread that waits for it, or in memory of
 * its waiter (pending) where no thread does.
 */
struct journal_change {
	enum rc (*apply)(struct journal *journal, void *arguments);
	void *arguments;
	bool chore;   /* no delivery depends on it */
	bool relaxed; /* need not survive the machine; of a chore */
	enum rc rc;   /* what apply returned, or why nothing was changed */
	struct journal_waiter *waiter; /* NULL: a thread waits */
	bool over;		       /* for that thread: it has its rc */
	sem_t awake;		       /* over, or it has to lead */
	struct journal_change *next;
};

/* None waits yet. */
void journal_changes_init(struct journal *journal);
/*
 * Puts a change at the end.  True: nobody leads, so this thread has to; where
 * none waits for the change and there is a helper, that one is called instead.
 */
bool journal_changes_add(struct journal *journal,
    struct journal_change *change);
/* Starts to lead, where nobody does and there is something to write. */
bool journal_changes_lead(struct journal *journal);
/* For who leads, before each transaction: whether it is the turn of chores. */
bool journal_changes_choose(struct journal *journal);
/* For who leads.  Takes all chores, or all the others.  NULL: none. */
struct journal_change *journal_changes_take(struct journal *journal,
    bool chores);
/* Whether none of them has to survive the machine. */
bool journal_changes_are_relaxed(const struct journal_change *list);
/*
 * Tells what became of those that were taken; an error is that of all of them.
 * No lock may be held.
 */
void journal_changes_end(struct journal_change *list, enum rc rc);
/*
 * Gives the lead to a thread that waits, or up.  True: it has to be kept, for
 * changes that no thread waits for; one that does not stay calls the helper
 * instead, where there is one.
 */
bool journal_changes_hand_on(struct journal *journal, bool stays);

#endif
