/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TOKENS_H
#define PELIHOOK_BASE_TOKENS_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/pool.h"

/*
 * The grammar of configuration lines: blanks separate words, `#` begins a
 * comment where a word would begin, "..." groups with the escapes \" and \\,
 * '...' groups with none, and a backslash that ends a line joins the next
 * one (not in a comment).
 */
enum { WORDS_LINE = 8192 };	/* most bytes of a line, joined ones too */

struct words {
	struct bytes rest;	/* of the file, not read yet */
	unsigned line;		/* where the line returned last begins */
	unsigned next;		/* where the next one begins */
};

void words_start(struct words *words, struct bytes text);
/*
 * The words of the next line that has any; NULL-terminated, from the pool.
 * RC_MISSING at the end; RC_SYNTAX with *why (a NUL, an unclosed quote, a
 * line that is too long), after which reading may go on; RC_MEMORY.
 */
enum rc words_next(struct words *words, struct pool *pool,
    const char *const **list, size_t *n, const char **why);

/* Appends a word as words_next reads it back: quoted where it must be. */
enum rc words_print(const char *word, struct buf *into);

/* 10s, 500ms, 1h: to milliseconds.  RC_SYNTAX, RC_RANGE. */
enum rc words_duration(const char *word, int64_t *out);
/* 1M, 64K, 300: to bytes.  RC_SYNTAX, RC_RANGE. */
enum rc words_size(const char *word, size_t *out);
/* Whether it is a JSON pointer of RFC 6901: empty, or /token/... */
bool words_is_pointer(const char *word);

#endif
