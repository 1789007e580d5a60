/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_DEDUPE_H
#define PELIHOOK_RECEIVE_DEDUPE_H

#include <stdbool.h>

#include "base/outcome.h"

struct job;
struct journal;
struct sink;

/*
 * Hooks that wait and deduplicate: a key is claimed before the command and
 * known, or free, after it.  A key whose end could not be saved then is
 * remembered, and saved with the next event.  Safe for threads.
 */
struct dedupe;

/* A job whose key is to be claimed, and where it goes then. */
struct dedupe_job {
	const struct job *job;
	const struct sink *sink;
};

/* brief: as JOURNAL_BRIEF.  RC_MEMORY. */
enum rc dedupe_open(bool brief, struct dedupe **out);
/* Saves what is remembered, where the journal is not NULL.  NULL is fine. */
void dedupe_close(struct dedupe *dedupe, struct journal *journal);
/*
 * Puts a job into the sink unless its key is taken: OUTCOME_DUPLICATE,
 * OUTCOME_REFUSED for RC_PENDING or the journal's errors, or what the sink
 * says.
 */
enum outcome dedupe_put(struct dedupe *dedupe, struct journal *journal,
    const struct dedupe_job *what, enum rc *reason);

#endif
