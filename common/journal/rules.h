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
/* Whether other rules of a hook are noted than these; NULL: any will do. */
bool journal_rules_changed(struct journal *journal, const char *hook,
    const char *digest);
/* How long a hook's events are kept by rules that are noted and newer than
 * that time; otherwise where there are none.  The least of all hooks. */
struct journal_keep journal_rules_keep(struct journal *journal,
    const char *hook, int64_t time, const struct journal_keep *otherwise);
struct journal_keep journal_rules_keep_least(struct journal *journal,
    const struct journal_keep *otherwise);

#endif
