/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_SOURCE_H
#define PELIHOOK_QUEUE_SOURCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/rc.h"
#include "journal/journal.h"

struct conf;
struct hook;

/*
 * Whose the events of a hook are.  Two configurations that both have a hook
 * of one name would run each other's events, so the journal notes the file
 * that a hook is in; the hook of another file is refused for as long as the
 * first one is there and still has it, with this journal and with other
 * rules.
 */

/* The path of a configuration as it is noted: absolute, but otherwise as it
 * was named, so that what a link on the way leads to may change.  RC_RANGE,
 * RC_SYSTEM. */
enum rc queue_source_file(const char *file, char path[JOURNAL_FILE_SIZE]);
/*
 * For a hook that may be noted as another file's: takes it over where it is
 * not that one's any more.  RC_OK: path is how it is noted as this
 * configuration's.  RC_CONFIG: it is the other one's, as why tells.
 */
enum rc queue_source_settle(struct journal *journal, const struct hook *hook,
    char path[JOURNAL_FILE_SIZE], struct buf *why);
/* Adds a line to errors for each hook that queues and is another file's,
 * and changes nothing.  RC_CONFIG where there is one. */
enum rc queue_source_check(struct journal *journal, const struct conf *conf,
    struct buf *errors);
/* Of events of a hook that the configuration does not have: whether the file
 * that the journal notes for the hook is another one that has it. */
bool queue_source_is_other(const struct journal *journal,
    const struct conf *conf, const char *hook, const char *noted);

#endif
