/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_DEDUPE_H
#define PELIHOOK_RECEIVE_DEDUPE_H

#include <stdbool.h>

#include "base/rc.h"

struct job;
struct journal;
struct sink;

/*
 * Hooks that wait and deduplicate: a key is claimed before the command and
 * known, or free, after it.  A key whose end could not be saved then is
 * remembered, and saved with the next event.  Safe for threads.
 */
struct dedupe;

/* brief: as JOURNAL_BRIEF.  RC_MEMORY. */
enum rc dedupe_open(bool brief, struct dedupe **out);
/* Saves what is remembered, where the journal is not NULL.  NULL is fine. */
void dedupe_close(struct dedupe *dedupe, struct journal *journal);
/*
 * Puts a job into the sink unless its key is taken.  RC_DUPLICATE,
 * RC_PENDING, the journal's errors, or what the sink says.
 */
enum rc dedupe_put(struct dedupe *dedupe, struct journal *journal,
    const struct job *job, const struct sink *sink);

#endif
