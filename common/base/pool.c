/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

enum { POOL_BLOCK = 4000 };

struct pool_block {
	struct pool_block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

static struct pool_block *
pool_block_new(struct pool *pool, size_t size)
{
	struct pool_block *block;

	if (size < POOL_BLOCK)
		size = POOL_BLOCK;
	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->next = pool->blocks;
	pool->blocks = block;
	return block;
}

void *
pool_alloc(struct pool *pool, size_t count, size_t size)
{
	size_t align = sizeof(max_align_t);
	struct pool_block *block = pool->blocks;
	size_t need;
	char *data;

	if (size != 0 && count > (SIZE_MAX - align) / size)
		return NULL;
	need = (count * size + align - 1) / align * align;
	if (block == NULL || need > block->size - block->used)
		block = pool_block_new(pool, need);
	if (block == NULL)
		return NULL;
	data = (char *)block->data + block->used;
	block->used += need;
	return data;
}

char *
pool_copy(struct pool *pool, struct bytes bytes)
{
	char *copy = pool_alloc(pool, 1, bytes.len + 1);

	if (copy != NULL && bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return copy;
}

char *
pool_text(struct pool *pool, const char *text)
{
	return pool_copy(pool, bytes_of(text));
}

char *
pool_printf(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	text = pool_alloc(pool, 1, (size_t)n + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

enum rc
pool_keep(struct pool *pool, const char **const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*texts[i] = pool_text(pool, *texts[i] == NULL ? "" : *texts[i]);
		if (*texts[i] == NULL)
			return RC_MEMORY;
	}
	return RC_OK;
}

void *
pool_grow(struct pool *pool, void *array, size_t n, size_t size)
{
	void *copy;

	if (n != 0 && (n & (n - 1)) != 0)
		return array;
	copy = pool_alloc(pool, n == 0 ? 1 : 2 * n, size);
	if (copy != NULL && n > 0)
		memcpy(copy, array, n * size);
	return copy;
}

void *
pool_room(struct pool *pool, void *array, size_t n, size_t size)
{
	void *items;

	/* It points to a pointer of whatever type. */
	memcpy(&items, array, sizeof(items));
	items = pool_grow(pool, items, n, size);
	if (items == NULL)
		return NULL;
	memcpy(array, &items, sizeof(items));
	return (char *)items + n * size;
}

void
pool_adopt(struct pool *pool, struct pool *other)
{
	struct pool_block **end = &other->blocks;

	while (*end != NULL)
		end = &(*end)->next;
	*end = pool->blocks;
	pool->blocks = other->blocks;
	other->blocks = NULL;
}

void
pool_free(struct pool *pool)
{
	struct pool_block *block = pool->blocks;
	struct pool_block *next;

	for (; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	pool->blocks = NULL;
}
