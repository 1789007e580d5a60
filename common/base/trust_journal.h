/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TRUST_JOURNAL_H
#define PELIHOOK_BASE_TRUST_JOURNAL_H

#include "base/buf.h"

/*
 * Whether the directory of a journal is private (TRUST_PRIVATE), each of its
 * files that exists is this user's own (trust_own), and none exists where the
 * database itself does not.  RC_CONFIG: error begins with "directory" or
 * "file" and its path.
 */
enum rc trust_journal(const char *path, struct buf *error);

#endif
