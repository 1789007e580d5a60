/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_PAYLOAD_H
#define PELIHOOK_EVENT_PAYLOAD_H

#include <stdbool.h>

#include "base/bytes.h"

/* What a body is, before anything is made of it. */

enum { PAYLOAD_DEPTH = 64 }; /* most objects and arrays within another */

/* A body's text, without the byte order mark it may begin with. */
struct bytes payload_text(struct bytes body);
/*
 * Whether that is one value of JSON as RFC 8259 has it, in UTF-8 as RFC 3629
 * has it, with blanks round it or none.  Beyond the letter only NaN, Infinity
 * and -Infinity are taken, which Python writes.  Where it is not: RC_JSON,
 * and *at is the offset in the body of the first byte that does not fit, the
 * body's length where it ends too early.
 */
enum rc payload_check(struct bytes body, size_t *at);
/* The same, and how many objects and arrays are within another at most. */
enum rc payload_measure(struct bytes body, unsigned *depth);
/* The same to the letter: without those three, for readers that are strict. */
bool payload_is_strict(struct bytes body);
/* What a body that is not JSON looks like; NULL for nothing known. */
const char *payload_looks(struct bytes body);

#endif
