/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SHARED_H
#define PELIHOOK_JOURNAL_SHARED_H

#include <stdbool.h>

#include "base/rc.h"

struct journal;

/*
 * The one journal of a process and all its threads, opened when it is first
 * needed, and tried again the next time where that failed.
 */
struct shared_journal;

/*
 * path: NULL where none is configured; it has to stay valid.  flags: as
 * journal_open, JOURNAL_CREATE always among them.  RC_MEMORY.
 */
enum rc shared_journal_open(const char *path, unsigned flags,
    struct shared_journal **out);
/* As journal_set_helper, for when it is opened: before others have it. */
void shared_journal_set_helper(struct shared_journal *shared,
    bool (*call)(void *context), void *context);
/* Closes the journal too.  NULL is fine. */
void shared_journal_close(struct shared_journal *shared);
/* The journal, which stays the shared one's.  RC_MISSING where none is
 * configured, and what journal_open says. */
enum rc shared_journal_get(struct shared_journal *shared, struct journal **out);
/* The same for who must not wait for long: where it is opened now, that is
 * with JOURNAL_HASTY. */
enum rc shared_journal_get_hasty(struct shared_journal *shared,
    struct journal **out);
/* The same, for a start: only the opening does not wait for long. */
enum rc shared_journal_try(struct shared_journal *shared, struct journal **out);
/* NULL where it was not opened yet. */
struct journal *shared_journal_opened(struct shared_journal *shared);
/* Whether it has JOURNAL_BRIEF. */
bool shared_journal_is_brief(const struct shared_journal *shared);

#endif
