/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SET_ASIDE_H
#define PELIHOOK_JOURNAL_SET_ASIDE_H

#include <stdint.h>

struct journal;

/*
 * What cannot be right is set aside, so that it neither is lost nor holds up
 * the others: a delivery that is queued, or running for nobody, is dead,
 * with an attempt that says why.  What it held back goes on.  An empty hook:
 * it is not known.  Inside a change.
 */
void journal_set_aside(struct journal *journal, int64_t seq, const char *hook,
    int64_t now);
/* The same for one that was just found as queued, by an index: that may be
 * wrong too. */
void journal_set_queued_aside(struct journal *journal, int64_t seq,
    const char *hook, int64_t now);

#endif
