/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TRUST_JOURNAL_H
#define PELIHOOK_BASE_TRUST_JOURNAL_H

#include "base/buf.h"

/*
 * Whether the directory of a journal is private, and each of its files that
 * is there its own; and that no other file is there where the journal itself
 * is not.  RC_CONFIG: why begins with "directory" or "file" and its path.
 */
enum rc trust_journal(const char *path, struct buf *why);

#endif
