/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_BYTES_H
#define PELIHOOK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

/* Borrowed bytes, not NUL-terminated; data may be NULL where len is 0. */
struct bytes {
	const char *data;
	size_t len;
};

struct bytes bytes_of(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_is(struct bytes a, const char *text);
bool bytes_begin(struct bytes a, const char *prefix);
/* The bytes after the first n; n is at most a.len. */
struct bytes bytes_skip(struct bytes a, size_t n);
/* Without the spaces and tabs at both ends. */
struct bytes bytes_trim(struct bytes a);
/*
 * Cuts the next item off *rest at the first byte that is in separators and
 * returns it; *rest becomes what follows that byte, or no data where there
 * was none.  Returns false when there is no data left.  Empty items are
 * returned, the one after a last separator as well.
 */
bool bytes_split(struct bytes *rest, const char *separators,
    struct bytes *item);
/* Writes what fits into size bytes, of which the last is a NUL. */
void bytes_copy(struct bytes from, char *into, size_t size);
enum { BYTES_DECIMAL = 22 };
/*
 * Writes a number's digits and a NUL to the end of a text, and returns where
 * they begin: behind room for a sign.
 */
char *bytes_decimal(unsigned long long value, char into[BYTES_DECIMAL]);
/* A number: ASCII digits only, at least one, at most max.  RC_SYNTAX,
 * RC_RANGE. */
enum rc bytes_number(struct bytes text, unsigned long long max,
    unsigned long long *out);

#endif
