/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_ROOM_H
#define PELIHOOK_JOURNAL_ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct journal;

/*
 * What is free on the journal's disk is not all for events: what was answered
 * 202 has to be claimed, its result written, and what is over taken out, or
 * a journal that filled its disk would never come out of that.
 */

/* Bytes that are free to this user; INT64_MAX where that is not known. */
int64_t journal_free_room(const struct journal *journal);
/*
 * Looks, before a transaction and with the connection held, how much it may
 * store.  Where room is short the write-ahead log is put into the file and
 * cut off, as far as readers let it; a failure is none of the caller's.
 */
void journal_room_begin(struct journal *journal);
/* Whether this transaction may store this much more. */
bool journal_room_take(struct journal *journal, int64_t bytes);

#endif
