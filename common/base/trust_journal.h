/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TRUST_JOURNAL_H
#define PELIHOOK_BASE_TRUST_JOURNAL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Whether the directory of a journal is private (TRUST_PRIVATE), each of its
 * files that exists is this user's own (trust_own), and none is left of one
 * whose database itself is gone or was emptied.  RC_CONFIG: error begins with
 * "directory" or "file" and its path.
 */
enum rc trust_journal(const char *path, struct buf *error);
/* Whether -runners says that the database has had all of its tables: it is
 * empty until then. */
bool trust_journal_is_made(const char *path);
/* How many of the files that an opening makes are not there. */
size_t trust_journal_missing(const char *path);
/*
 * Whether this process can make files in the directory of a journal that is
 * trusted, and write to those that exist.  RC_CONFIG with error as above.
 * What is wrong with the file of counts (journal/stats.h) is none of it.
 */
enum rc trust_journal_access(const char *path, struct buf *error);

#endif
