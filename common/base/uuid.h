/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_UUID_H
#define PELIHOOK_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* The text of a UUID and its NUL. */
enum { UUID_SIZE = 37 };

/* Whether a text is one, in letters of either case. */
bool uuid_is(struct bytes text);
/* RFC 9562 section 5.7 from milliseconds since 1970 and ten random bytes. */
void uuid7(int64_t wall, const uint8_t random[10], char into[UUID_SIZE]);
/* A new one of that time.  RC_SYSTEM. */
enum rc uuid_make(int64_t wall, char into[UUID_SIZE]);

#endif
