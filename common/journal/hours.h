/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_HOURS_H
#define PELIHOOK_JOURNAL_HOURS_H

#include <stdint.h>

struct journal;

/* When the last verified event of a hook came to any of the machines that share
 * the journal, as they have noted; 0: that is not known.  Inside apply. */
int64_t journal_last_event_of(struct journal *journal, const char *hook);

#endif
