/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_TURN_H
#define PELIHOOK_JOURNAL_TURN_H

/*
 * The turn to write: processes get it in the order in which they asked, and
 * it ends with its process.  The store's own lock still decides who writes,
 * but is only waited for where somebody does not go by turns.
 */
struct journal;

enum {
	JOURNAL_TURN_TIMEOUT = 20000, /* milliseconds, unless it is set */
};

/*
 * Waits for the turn; the locks have to be open.  A turn that does not come
 * in time is kept as an error of the transaction; where there was one
 * before, nothing is waited for.
 */
void journal_turn_take(struct journal *journal);
/* Fine without it, too. */
void journal_turn_leave(struct journal *journal);

#endif
