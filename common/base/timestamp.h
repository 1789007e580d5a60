/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TIMESTAMP_H
#define PELIHOOK_BASE_TIMESTAMP_H

#include <stdint.h>

#include "base/bytes.h"

enum {
	UUID_SIZE = 37,	     /* a UUID's text and its NUL */
	TIMESTAMP_SIZE = 25, /* 2026-01-02T03:04:05.678Z and its NUL */
};

/* RFC 9562 section 5.7 from milliseconds since 1970 and ten random bytes. */
void timestamp_uuid7(int64_t wall, const uint8_t random[10],
    char into[UUID_SIZE]);

/* RFC 3339 in UTC with milliseconds.  Years 0 to 9999. */
void timestamp_print(int64_t wall, char into[TIMESTAMP_SIZE]);
/*
 * Strict RFC 3339 date-time, fraction and offset included, to milliseconds
 * since 1970 (digits beyond are cut off).  RC_SYNTAX.
 */
enum rc timestamp_parse(struct bytes text, int64_t *wall);

#endif
