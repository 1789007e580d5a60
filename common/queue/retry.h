/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_RETRY_H
#define PELIHOOK_QUEUE_RETRY_H

#include <stdint.h>

#include "base/outcome.h"
#include "journal/journal.h"

struct lane;

/*
 * Whether and when a delivery is tried again: by its lane, its step (how
 * many pauses of `retry` it has had), and the outcome of its command.
 */

/* JOURNAL_DELAY as long as there is a pause for the step. */
enum journal_verdict retry_verdict(const struct lane *lane, unsigned step,
    enum outcome outcome);
/* From -0.1 to 0.1. */
double retry_jitter(void);
/* The pause of a step in milliseconds, longer or shorter by that share. */
int64_t retry_pause(const struct lane *lane, unsigned step, double jitter);

#endif
