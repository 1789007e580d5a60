/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_RECIPE_H
#define PELIHOOK_SIGNATURE_RECIPE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/pool.h"
#include "http/header_name.h"

/* How requests are signed: a `signature` line, read. */
enum recipe_kind {
	RECIPE_AUTO,   /* HMAC over the body, in any header */
	RECIPE_NONE,   /* not signed */
	RECIPE_HEADER, /* exactly as the fields below say */
};

enum recipe_encoding {
	RECIPE_HEX,
	RECIPE_BASE64,
};

enum recipe_timestamp {
	RECIPE_TIMESTAMP_NONE,
	RECIPE_TIMESTAMP_HEADER, /* the value of a header */
	RECIPE_TIMESTAMP_ITEM,	 /* an item of the signature's header */
};

enum recipe_unit {
	RECIPE_SECONDS,
	RECIPE_MILLISECONDS,
	RECIPE_RFC3339,
};

enum {
	RECIPE_OVER = 256,		  /* most bytes of a template */
	RECIPE_TOLERANCE = 5 * 60 * 1000, /* where none is given */
};

/* Texts are never NULL under RECIPE_HEADER, but may be empty. */
struct recipe {
	enum recipe_kind kind;
	struct header_name header;
	const char *split; /* empty: the header is one item */
	const char *prefix;
	enum recipe_encoding encoding;
	enum recipe_timestamp timestamp;
	struct header_name timestamp_header;
	const char *timestamp_item; /* what the item begins with */
	enum recipe_unit unit;
	struct header_name id; /* name NULL where there is none */
	const char *over;      /* holds {body} once; fields have separators */
	int64_t tolerance;     /* milliseconds, both ways */
};

/*
 * Reads the words after `signature`: auto, none, a preset or
 * `header NAME ...`.  Texts come from the pool.  RC_SYNTAX: *error says what
 * is wrong and what to write instead; RC_MEMORY.
 */
enum rc recipe_parse(const char *const *words, size_t n, struct pool *pool,
    struct recipe *out, const char **error);
/* The name of the i-th preset, NULL after the last. */
const char *recipe_preset(size_t i);
/* Appends the words of a `signature` line that recipe_parse reads back.  Errors
 * of buf_add. */
enum rc recipe_print(const struct recipe *recipe, struct buf *into);

#endif
