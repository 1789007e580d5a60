/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_AGREEMENT_H
#define PELIHOOK_JOURNAL_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "journal/journal.h"

/* Whether the runners of a journal that machines share have the same hooks.
 * Inside apply, but for the first. */

/* Of all rules of a process.  RC_MEMORY, RC_SYSTEM. */
enum rc journal_hooks_digest(const struct journal_rules *list, size_t n,
    char into[JOURNAL_HOOKS_SIZE]);
/* Whether this process has a row that says that these are its hooks. */
bool journal_hooks_are_told(struct journal *journal, const char *hooks);
/* Inside a change: makes it so. */
void journal_hooks_tell(struct journal *journal, const char *hooks);
/* Whether another runner, which lives, has others. */
bool journal_hooks_differ(struct journal *journal, const char *hooks);
/*
 * When the journal saw these rules of a hook first, by its own clock,
 * nanoseconds since 1970; 0: never.  Machines have clocks and files of their
 * own, which tell nothing of who is newer.
 */
int64_t journal_rules_seen(struct journal *journal,
    const struct journal_rules *rules);
/* Inside a change: that it is now, but after that time. */
int64_t journal_rules_see(struct journal *journal,
    const struct journal_rules *rules, int64_t after);

#endif
