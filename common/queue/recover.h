/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_RECOVER_H
#define PELIHOOK_QUEUE_RECOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct conf;
struct journal;
struct recovery_case;

/*
 * Takes back the claims of runners that are gone.  What is left of their
 * commands is ended first (SIGTERM, kill-after, SIGKILL) and must be gone.
 * What cannot be looked at counts as running until its timeout and
 * kill-after are over.  A recovery of zeroes is ready.
 */
struct recovery {
	struct recovery_case *cases;
	bool foreign;	  /* claims are held that may come free */
	size_t waiting;	  /* commands that are being ended */
	size_t recovered; /* claims given back, so far */
};

/* One look, which never waits: again in RECOVER_PAUSE while any wait. */
enum { RECOVER_PAUSE = 100 }; /* milliseconds */

/* What journal_find_orphans and journal_reclaim say. */
enum rc recover(struct recovery *recovery, struct journal *journal,
    const struct conf *conf);
void recovery_free(struct recovery *recovery);

#endif
