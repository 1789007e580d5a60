/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_RULES_H
#define PELIHOOK_JOURNAL_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"

/* What is noted of the rules of hooks.  Inside apply. */

enum journal_owner {
	JOURNAL_OWNER_NOBODY, /* it is not noted */
	JOURNAL_OWNER_SELF,
	JOURNAL_OWNER_OTHER,
};

/* Whose a hook is: this file's, or another one's.  NULL: any will do.  Both
 * texts have to live until the transaction is over. */
enum journal_owner journal_source_owner(struct journal *journal,
    const char *hook, const char *file);
/* Inside a change: notes it as the one of this file. */
void journal_source_note(struct journal *journal, const char *hook,
    const char *file);
/* Whether other rules of a hook are noted than these; without a digest any
 * will do. */
bool journal_rules_changed(struct journal *journal,
    const struct journal_rules *rules);
/* Whether something of any hook may have to be moved, as it was when the
 * transaction first asked: mostly there is nothing. */
bool journal_rules_may_move(struct journal *journal);
/* Whether nothing of their hook may be claimed by them: that, or something has
 * to be moved first.  As it was when the transaction first asked. */
bool journal_rules_hold_up(struct journal *journal,
    const struct journal_rules *rules);
/* Whether this is the routing that is noted of a hook; NULL is not.  As
 * journal_source_owner for the rest. */
bool journal_routing_is_noted(struct journal *journal, const char *hook,
    const char *routing);
/* How long a hook's events are kept by rules that are noted and newer than
 * that time; otherwise where there are none.  The least of all hooks. */
struct journal_keep journal_rules_keep(struct journal *journal,
    const char *hook, int64_t time, const struct journal_keep *otherwise);
struct journal_keep journal_rules_keep_least(struct journal *journal,
    const struct journal_keep *otherwise);

#endif
