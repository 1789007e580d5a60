/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TIMESTAMP_H
#define PELIHOOK_BASE_TIMESTAMP_H

#include <stdint.h>

#include "base/bytes.h"

/* 2026-01-02T03:04:05.678Z and its NUL */
enum { TIMESTAMP_SIZE = 25 };

/* RFC 3339 in UTC with milliseconds.  Years 0 to 9999. */
void timestamp_print(int64_t wall, char into[TIMESTAMP_SIZE]);
/*
 * Strict RFC 3339 date-time, fraction and offset included, to milliseconds
 * since 1970 (digits beyond are cut off).  RC_SYNTAX.
 */
enum rc timestamp_parse(struct bytes text, int64_t *wall);

#endif
