/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_DEDUPE_H
#define PELIHOOK_JOURNAL_DEDUPE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/*
 * The keys by which events are known again.  Inside a change; key is
 * its digest as bytes (key.h).
 */
struct journal;

/* Whether a key may be taken: RC_OK, RC_DUPLICATE or RC_PENDING, as
 * journal_append says. */
enum rc journal_dedupe_state(struct journal *journal, struct bytes key,
    int64_t now);
/* Takes it until then, for an event that is stored. */
void journal_dedupe_take(struct journal *journal, struct bytes key, int64_t now,
    int64_t expires);

#endif
