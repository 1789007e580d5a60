/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TOKENS_H
#define PELIHOOK_BASE_TOKENS_H

#include "base/buf.h"
#include "base/pool.h"

/*
 * The grammar of configuration lines: blanks separate tokens, `#` begins a
 * comment where a token would begin, "..." groups with the escapes \" and \\,
 * '...' groups with none, and a backslash that ends a line joins the next
 * one (not in a comment).
 */
enum { TOKENS_LINE = 8192 }; /* most bytes of a line, joined ones too */

struct tokens {
	struct bytes rest; /* of the file, not read yet */
	unsigned line;	   /* where the line returned last begins */
	unsigned next;	   /* where the next one begins */
};

void tokens_start(struct tokens *tokens, struct bytes text);
/*
 * The tokens of the next line that has any; NULL-terminated, from the pool.
 * RC_MISSING at the end; RC_SYNTAX with *error (a NUL, an unclosed quote, a
 * line that is too long), after which reading may go on; RC_MEMORY.
 */
enum rc tokens_next(struct tokens *tokens, struct pool *pool,
    const char *const **list, size_t *n, const char **error);

/*
 * Appends a token as tokens_next reads it back: quoted where it must be.
 * Returns into->rc.
 */
enum rc tokens_print(const char *token, struct buf *into);
/* The same of NULL-terminated tokens, with a blank between two. */
enum rc tokens_print_list(const char *const *tokens, struct buf *into);

#endif
