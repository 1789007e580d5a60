/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_KEY_H
#define PELIHOOK_JOURNAL_KEY_H

#include "journal/journal.h"

/* The digest that a key is kept as, or no bytes for no key. */
enum rc journal_key_digest(struct bytes key, uint8_t into[JOURNAL_KEY],
    struct bytes *digest);
/* Such a digest as bytes. */
struct bytes journal_key_bytes(const uint8_t key[JOURNAL_KEY]);

#endif
