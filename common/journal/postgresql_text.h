/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_POSTGRESQL_TEXT_H
#define PELIHOOK_JOURNAL_POSTGRESQL_TEXT_H

#include "base/buf.h"
#include "base/pool.h"

/*
 * Texts as PostgreSQL takes them.
 */

/*
 * A statement of the journal in PostgreSQL's words: ?1 becomes $1, and the
 * few words of sql.h that differ are replaced.  What is between quotes stays
 * as it is.  A statement has no comments.  RC_MEMORY.
 */
enum rc postgresql_translate(const char *text, struct buf *out);

/*
 * The text itself, or, where it is not UTF-8 (RFC 3629), a copy in the pool
 * with U+FFFD in the place of each byte that is not.  NULL: there is no
 * memory.
 */
const char *postgresql_utf8(struct pool *pool, const char *text);

#endif
