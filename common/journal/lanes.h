/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_LANES_H
#define PELIHOOK_JOURNAL_LANES_H

#include <stdint.h>

/* The lanes of hooks by their numbers, which they keep for ever. */
struct journal;

/* 0: there is none yet.  Inside apply. */
int64_t journal_lane_find(struct journal *journal, const char *hook,
    const char *key);
/* Makes it where there is none; 0 on error.  Inside a change. */
int64_t journal_lane_make(struct journal *journal, const char *hook,
    const char *key);

#endif
