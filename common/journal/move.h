/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_MOVE_H
#define PELIHOOK_JOURNAL_MOVE_H

#include <stdbool.h>

struct journal;
struct journal_limits;

/* Whether something of these hooks has to be moved, by these rules, before
 * more of them is claimed.  Inside apply. */
bool journal_is_unmoved(struct journal *journal,
    const struct journal_limits *limits);

#endif
