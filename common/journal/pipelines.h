/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_PIPELINES_H
#define PELIHOOK_JOURNAL_PIPELINES_H

#include <stdint.h>

struct journal;
struct journal_mute;

/* What journal_set_mute does, inside a change; how many there were.  Where
 * there were none nothing was written. */
int64_t journal_mute_here(struct journal *journal,
    const struct journal_mute *mute);

#endif
