/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_KEY_H
#define PELIHOOK_JOURNAL_KEY_H

#include "journal/journal.h"

/* The bytes of a key, or none: NULL, or one that is none. */
struct bytes journal_key_view(const struct journal_key *key);
/* A digest as bytes. */
struct bytes journal_key_bytes(const uint8_t digest[JOURNAL_KEY]);

#endif
