/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_UNITS_H
#define PELIHOOK_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

/* 10s, 500ms, 1h: to milliseconds.  RC_SYNTAX, RC_RANGE. */
enum rc units_duration(const char *word, int64_t *out);
/* 1M, 64K, 300: to bytes.  RC_SYNTAX, RC_RANGE. */
enum rc units_size(const char *word, size_t *out);

#endif
