/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_POOL_H
#define PELIHOOK_BASE_POOL_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/rc.h"

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
/* Puts a copy in the place of each text; of one that is NULL an empty one.
 * RC_MEMORY. */
enum rc pool_keep(struct pool *pool, const char **const *texts, size_t n);
/*
 * An array of n items of size bytes that can take one more: the array
 * itself, or a copy twice as large when n is zero or a power of two.
 */
void *pool_grow(struct pool *pool, void *array, size_t n, size_t size);
/*
 * The next item of such an array, array[n], given the address of the pointer
 * to it, which goes along: `item = pool_next(pool, &list, n)'.  What it holds
 * is not to be relied on.
 */
#define pool_next(pool, array, n)                                              \
	pool_room((pool), (array), (n), sizeof(**(array)))
void *pool_room(struct pool *pool, void *array, size_t n, size_t size);
/* What another pool holds becomes this one's: that is empty then, and what it
 * gave lives until this one is freed. */
void pool_adopt(struct pool *pool, struct pool *other);
void pool_free(struct pool *pool);

#endif
