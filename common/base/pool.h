/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_POOL_H
#define PELIHOOK_BASE_POOL_H

#include <stddef.h>

#include "base/bytes.h"

/*
 * Memory that is freed all at once.  A pool of zeroes is empty; what it
 * gives is zeroed, aligned for anything and lives until pool_free.  NULL
 * where memory is short.
 */
struct pool {
	struct pool_block *blocks;
};

void *pool_alloc(struct pool *pool, size_t count, size_t size);
/* A NUL-terminated copy. */
char *pool_copy(struct pool *pool, struct bytes bytes);
char *pool_text(struct pool *pool, const char *text);
char *pool_printf(struct pool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * An array of n items of size bytes that can take one more: the array
 * itself, or a copy twice as large when n is zero or a power of two.
 */
void *pool_grow(struct pool *pool, void *array, size_t n, size_t size);
void pool_free(struct pool *pool);

#endif
