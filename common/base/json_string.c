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

/* Of two or three bytes. */
static enum rc
add_code_point(struct bytes character, struct buf *into)
{
	const uint8_t *at = (const uint8_t *)character.data;
	unsigned code = at[0] & (character.len == 2 ? 0x1f : 0x0f);

	for (size_t i = 1; i < character.len; i++)
		code = code << 6 | (at[i] & 0x3f);
	return buf_printf(into, "\\u%04x", code);
}

/* Whether a character of several bytes is not to be there as it is. */
static bool
is_hidden(struct bytes character, enum json_string_kind kind)
{
	return kind == JSON_STRING_SHOWN ? utf8_printable(character) == 0 :
					   !utf8_is_text(character);
}

/* The character at the start, which is not plain; n: its bytes. */
static enum rc
add_character(struct bytes from, enum json_string_kind kind, struct buf *into,
    size_t *n)
{
	size_t length = utf8_length(from);
	struct bytes character = { from.data, length };

	*n = length == 0 ? 1 : length;
	if (length == 0)
		return buf_text(into, "\xef\xbf\xbd");
	if (length == 1)
		return add_escaped(from.data[0], into);
	if (is_hidden(character, kind))
		return add_code_point(character, into);
	return buf_add(into, character);
}

enum rc
json_string_add(struct bytes from, struct buf *into)
{
	return json_string_add_as(from, JSON_STRING_READ, into);
}

enum rc
json_string_add_as(struct bytes from, enum json_string_kind kind,
    struct buf *into)
{
	enum rc rc = RC_OK;
	size_t n;

	while (rc == RC_OK && from.len > 0) {
		n = json_string_plain(from);
		if (n > 0)
			rc = buf_add(into, (struct bytes){ from.data, n });
		else
			rc = add_character(from, kind, into, &n);
		from = bytes_skip(from, n);
	}
	return rc;
}
