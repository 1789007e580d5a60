/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_UNITS_H
#define PELIHOOK_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rc.h"

/* 10s, 500ms, 1h: to milliseconds.  RC_SYNTAX, RC_RANGE. */
enum rc units_duration(const char *word, int64_t *out);
/* The same, and weeks: 2w. */
enum rc units_age(const char *word, int64_t *out);
/* 1M, 64K, 300: to bytes.  RC_SYNTAX, RC_RANGE. */
enum rc units_size(const char *word, size_t *out);
/* The same written, in the largest unit that is exact.  Errors of buf_add. */
enum rc units_print_duration(int64_t milliseconds, struct buf *into);
/* For people, to the unit below the largest: 5s, 3m20s, 2h5m, 4d1h. */
enum rc units_print_age(int64_t milliseconds, struct buf *into);
enum rc units_print_size(size_t bytes, struct buf *into);

#endif
