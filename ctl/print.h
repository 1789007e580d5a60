/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PRINT_H
#define PELIHOOK_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "pool.h"

struct conf_rule;

/* What words print for people, on standard output. */

/* A line "  label        text". */
void print_field(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Rows of cells, each column as wide as its widest; empty cells as "-". */
void print_table(const char *const *cells, size_t columns, size_t rows);
/* Bytes from outside as one line: what could move a terminal's cursor is
 * written \xNN. */
void print_safe(struct bytes bytes);
/* A text from outside so made safe, from the pool.  NULL: no memory. */
const char *print_clean(struct pool *pool, const char *text);

/* NULL-terminated words, blank-separated. */
enum rc print_words(const char *const *words, struct buf *into);
/* 90s, 1500ms, 1h, 30d: in the largest unit that is exact. */
enum rc print_duration(int64_t milliseconds, struct buf *into);
/* 300, 64K, 1M: in the largest unit that is exact. */
enum rc print_size(size_t bytes, struct buf *into);
/* An `on` line without its `on`. */
enum rc print_rule(const struct conf_rule *rule, struct buf *into);

#endif
