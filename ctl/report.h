/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_REPORT_H
#define PELIHOOK_CTL_REPORT_H

#include <getopt.h>
#include <stdbool.h>

#include "session.h"
#include "journal/journal.h"

enum { QUEUE_OUTCOME = 96 }; /* an outcome for people and its NUL */

/* What the words that work on the journal share. */

extern const struct option queue_list_options[];
extern const struct option queue_show_options[];
extern const struct option queue_retry_options[];
extern const struct option queue_stats_options[];
/* Takes any of them.  RC_SYNTAX, complained of. */
enum rc queue_option(struct ctl *ctl, int letter, const char *value);

/*
 * Opens the configuration and its journal, as the user who may; flags as in
 * journal_open.  *out is NULL where no event has come yet.  RC_CONFIG: also
 * where the configuration has no journal.  The caller closes it.
 */
enum rc queue_open(struct ctl *ctl, unsigned flags, struct journal **out);
/* Only the journal, of a configuration that was opened. */
enum rc queue_open_journal(
    const struct ctl *ctl, unsigned flags, struct journal **out);

/* Whether the configuration has the hook. */
bool queue_has(const struct ctl *ctl, const char *hook);
/* Says on standard error which hooks have events left in the queue and are
 * not in the configuration any more. */
enum rc queue_tell_gone(const struct ctl *ctl, struct journal *journal);
/*
 * What comes of having found nothing: RC_OK, or RC_NO_HOOK, complained of,
 * where the hook that was asked for does not exist.
 */
enum rc queue_nothing(const struct ctl *ctl);
/* Says that the journal holds damaged rows, which were left out: RC_CORRUPT. */
enum rc queue_damaged(const struct ctl *ctl);
/* What the journal says about an ID, complained of; returns rc. */
enum rc queue_complain(const char *id, enum rc rc);
/* An attempt's outcome: "exit 1", "signal 9 (Killed)". */
void queue_outcome(const char *outcome, int code, char into[QUEUE_OUTCOME]);

#endif
