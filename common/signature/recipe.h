/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_RECIPE_H
#define PELIHOOK_SIGNATURE_RECIPE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/pool.h"

/* How requests are signed: a `signature` line, read. */
enum scheme_kind {
	SCHEME_AUTO,		/* HMAC over the body, in any header */
	SCHEME_NONE,		/* not signed */
	SCHEME_HEADER		/* exactly as the fields below say */
};

enum scheme_encoding {
	SCHEME_HEX,
	SCHEME_BASE64
};

enum scheme_stamp {
	SCHEME_UNSTAMPED,
	SCHEME_STAMP_HEADER,	/* the value of a header */
	SCHEME_STAMP_ITEM	/* an item of the signature's header */
};

enum scheme_unit {
	SCHEME_SECONDS,
	SCHEME_MILLISECONDS,
	SCHEME_RFC3339
};

enum {
	SCHEME_OVER = 256,		/* most bytes of a template */
	SCHEME_TOLERANCE = 5 * 60 * 1000	/* unless one is said */
};

/* A header's name as it was written and as the variable it arrives in. */
struct header_name {
	const char *name;
	const char *variable;
};

/* Texts are never NULL under SCHEME_HEADER, but may be empty. */
struct scheme {
	enum scheme_kind kind;
	struct header_name header;
	const char *split;	/* empty: the header is one item */
	const char *prefix;
	enum scheme_encoding encoding;
	enum scheme_stamp stamp;
	struct header_name stamp_header;
	const char *stamp_item;	/* what the item begins with */
	enum scheme_unit unit;
	struct header_name id;	/* name NULL where there is none */
	const char *over;	/* holds {body} once; hardly any two touch */
	int64_t tolerance;	/* milliseconds, both ways */
};

/*
 * Reads the words behind `signature`: auto, none, a preset or
 * `header NAME ...`.  Texts come from the pool.  RC_SYNTAX: *why says what
 * is wrong and what to write instead; RC_MEMORY.
 */
enum rc scheme_parse(const char *const *words, size_t n, struct pool *pool,
    struct scheme *out, const char **why);
/* Fills both spellings of a header's name.  RC_SYNTAX, RC_MEMORY. */
enum rc scheme_header(const char *name, struct pool *pool,
    struct header_name *out);
/* Appends the words of a `signature` line that scheme_parse reads back. */
enum rc scheme_print(const struct scheme *scheme, struct buf *into);

#endif
