/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WATCH_TELL_H
#define PELIHOOK_WATCH_TELL_H

#include "base/buf.h"
#include "journal/journal.h"

/* The name of the event that tells these changes, at least one and all of one
 * kind. */
const char *watch_event_name(const struct journal_change_told *list, size_t n);
/*
 * Its payload: a JSON object, whose keys pelihook.conf(5) explains.  Times are
 * RFC 3339, durations seconds.  RC_MEMORY.
 */
enum rc watch_payload(const struct journal_change_told *list, size_t n,
    struct buf *into);

#endif
