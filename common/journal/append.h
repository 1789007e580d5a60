/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_APPEND_H
#define PELIHOOK_JOURNAL_APPEND_H

#include "base/rc.h"

struct journal;
struct journal_entry;

/* Inside a change: as journal_append.  Where it is not RC_OK nothing of it was
 * written. */
enum rc journal_append_here(struct journal *journal,
    const struct journal_entry *entry);

#endif
