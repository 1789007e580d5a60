/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_DEDUPE_H
#define PELIHOOK_RECEIVE_DEDUPE_H

#include "base/rc.h"
#include "journal/journal.h"

/*
 * The ends of keys that could not be written down: a hook that waits claims a
 * key before its command, and after it the key is known, or free.  What the
 * journal does not take then is remembered and written later.  Safe for
 * threads.
 */
struct dedupe;

/* RC_MEMORY. */
enum rc dedupe_open(struct dedupe **out);
/* Tries once more, where the journal is not NULL; what is left is told in the
 * log.  NULL is fine. */
void dedupe_close(struct dedupe *dedupe, struct journal *journal);
/* Remembers one, as far as memory goes.  expires: 0 where the key is free. */
void dedupe_keep(struct dedupe *dedupe, const struct journal_key *key,
    int64_t expires);
/* In how many milliseconds it is time for dedupe_save; -1: nothing is
 * remembered. */
int dedupe_left(struct dedupe *dedupe);
/* Asks for all that are remembered to be written, before what is asked for
 * next. */
void dedupe_save(struct dedupe *dedupe, struct journal *journal);

#endif
