/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_JSON_STRING_H
#define PELIHOOK_BASE_JSON_STRING_H

#include "base/buf.h"

/*
 * The inside of a JSON string (RFC 8259 section 7), without the quotes.
 * Bytes that are not UTF-8 become U+FFFD, so the result is always JSON.
 */
enum rc json_string_add(struct bytes from, struct buf *into);

enum json_string_kind {
	JSON_STRING_READ,  /* by programs: as json_string_add does */
	JSON_STRING_SHOWN, /* on terminals: what is not printable is escaped */
};

enum rc json_string_add_as(struct bytes from, enum json_string_kind kind,
    struct buf *into);
/*
 * How many bytes at the start of a text are the same in a JSON string: printable
 * ASCII but quotes and backslashes.
 */
size_t json_string_plain(struct bytes text);

#endif
