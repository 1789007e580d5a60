/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "base/json_string.h"

#include "base/utf8.h"

/*
 * The highest bit of a byte becomes set where it is not plain.  What that
 * borrows or carries reaches only what comes after it.
 */
static bool
are_eight_plain(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return ((word | (word - 0x20 * ones) | (word + ones) |
		    ((word ^ '"' * ones) - ones) |
		    ((word ^ '\\' * ones) - ones)) &
		   0x80 * ones) == 0;
}

static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

size_t
json_string_plain(struct bytes text)
{
	size_t n = 0;

	while (text.len - n >= 8 && are_eight_plain(text.data + n))
		n += 8;
	while (n < text.len && is_plain(text.data[n]))
		n++;
	return n;
}

/* A character that is not plain. */
static enum rc
add_escaped(char c, struct buf *into)
{
	static const char escaped[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = c == '\0' ? NULL : strchr(escaped, c);

	if (at != NULL)
		return buf_printf(into, "\\%c", letters[at - escaped]);
	return buf_printf(into, "\\u%04x", (unsigned)(uint8_t)c);
}

/* The character at the start, which is not plain; n: its bytes. */
static enum rc
add_character(struct bytes from, struct buf *into, size_t *n)
{
	size_t length = utf8_length(from);

	*n = length == 0 ? 1 : length;
	if (length == 0)
		return buf_text(into, "\xef\xbf\xbd");
	if (length == 1)
		return add_escaped(from.data[0], into);
	if (length == 2 && utf8_printable(from) == 0)
		return add_escaped(from.data[1], into);
	return buf_add(into, (struct bytes){ from.data, length });
}

enum rc
json_string_add(struct bytes from, struct buf *into)
{
	enum rc rc = RC_OK;
	size_t n;

	while (rc == RC_OK && from.len > 0) {
		n = json_string_plain(from);
		if (n > 0)
			rc = buf_add(into, (struct bytes){ from.data, n });
		else
			rc = add_character(from, into, &n);
		from = bytes_skip(from, n);
	}
	return rc;
}
