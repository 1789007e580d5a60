/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_UTF8_H
#define PELIHOOK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/*
 * The length of the UTF-8 sequence (RFC 3629) at the start of a text, which
 * is not empty; 0 where there is none.
 */
size_t utf8_length(struct bytes text);
/* The bytes of the character of UTF-8 at the start of a text that is not
 * empty; 0: there is none, or a control character (C0, DEL, C1), or one that
 * shows nothing and would break or reorder its line on a terminal. */
size_t utf8_printable(struct bytes text);
/* Whether it is UTF-8 (RFC 3629) without any control character; those that
 * reorder are text. */
bool utf8_is_text(struct bytes text);

#endif
