/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "base/utf8.h"

size_t
utf8_length(struct bytes text)
{
	const uint8_t *at = (const uint8_t *)text.data;
	uint8_t low = 0x80, high = 0xbf;
	size_t n = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (n == 1)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4 || text.len < n)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	if (at[0] == 0xed)
		high = 0x9f;
	if (at[0] == 0xf0)
		low = 0x90;
	if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return n;
}

/* U+0080 to U+009F: terminals obey them, so the log may not hold them. */
static bool
is_c1_control(const char *sequence)
{
	return (uint8_t)sequence[0] == 0xc2 && (uint8_t)sequence[1] < 0xa0;
}

static size_t
without_controls(struct bytes text)
{
	size_t n = utf8_length(text);

	if (n == 1 && ((uint8_t)text.data[0] < 0x20 || text.data[0] == 0x7f))
		return 0;
	return n == 2 && is_c1_control(text.data) ? 0 : n;
}

/*
 * What shows nothing, but breaks a line or turns round what stands beside it:
 * U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+2069, U+FEFF.
 */
static bool
is_format(const char *sequence, size_t n)
{
	const uint8_t *at = (const uint8_t *)sequence;

	if (n == 2)
		return at[0] == 0xd8 && at[1] == 0x9c;
	if (n != 3)
		return false;
	if (at[0] == 0xef)
		return at[1] == 0xbb && at[2] == 0xbf;
	if (at[0] != 0xe2)
		return false;
	return at[1] == 0x80 ? (at[2] >= 0x8b && at[2] <= 0x8f) ||
		(at[2] >= 0xa8 && at[2] <= 0xae) :
			       at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xa9;
}

size_t
utf8_printable(struct bytes text)
{
	size_t n = without_controls(text);

	return is_format(text.data, n) ? 0 : n;
}

bool
utf8_is_text(struct bytes text)
{
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = without_controls(text);
		if (n == 0)
			return false;
	}
	return true;
}
