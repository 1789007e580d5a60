/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_BUF_H
#define PELIHOOK_BASE_BUF_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/rc.h"

/*
 * Owned bytes with a ceiling.  data is NUL-terminated after len bytes once
 * anything was appended.  A buf of zeroes has no ceiling but SIZE_MAX.
 */
struct buf {
	char *data;
	size_t len;
	size_t capacity; /* of data, NUL included */
	size_t max;	 /* most bytes it may hold; 0: no ceiling */
	/*
	 * RC_OK, or the error of the first append that failed: where many
	 * are made, this is looked at once, after the last.
	 */
	enum rc rc;
};

struct bytes buf_view(const struct buf *buf);
/* All or nothing.  RC_RANGE: the ceiling; RC_MEMORY. */
enum rc buf_add(struct buf *buf, struct bytes bytes);
enum rc buf_text(struct buf *buf, const char *text);
enum rc buf_char(struct buf *buf, char c);
enum rc buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Takes memory for n more bytes, so that data + len can be written to.
 * RC_RANGE, RC_MEMORY; leaves rc alone.
 */
enum rc buf_reserve(struct buf *buf, size_t n);
void buf_free(struct buf *buf);
/* Wipes what it held, for secrets, then frees it. */
void buf_wipe(struct buf *buf);

#endif
