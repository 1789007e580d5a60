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
int64_t journal_room(const struct journal *journal);
/* Whether this much more may be stored: in the write-ahead log and then in
 * the file. */
bool journal_has_room(const struct journal *journal, int64_t bytes);
/*
 * Outside a transaction, with the connection held: where room is short the
 * write-ahead log is put into the file and cut off, as far as readers let
 * it.  A failure is none of the caller's.
 */
void journal_make_room(struct journal *journal);

#endif
