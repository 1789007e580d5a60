/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/codec.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
encode_hex(const uint8_t *from, size_t n, char *into)
{
	for (size_t i = 0; i < n; i++) {
		*into++ = hex_digits[from[i] >> 4];
		*into++ = hex_digits[from[i] & 15];
	}
	*into = '\0';
}

int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_is_digit(char c)
{
	return hex_value(c) >= 0;
}

enum rc
decode_hex(struct bytes text, uint8_t *into, size_t size, size_t *len)
{
	int high, low;

	if (text.len % 2 != 0)
		return RC_SYNTAX;
	for (size_t i = 0; i < text.len; i++)
		if (!hex_is_digit(text.data[i]))
			return RC_SYNTAX;
	if (text.len / 2 > size)
		return RC_RANGE;
	for (size_t i = 0; i < text.len; i += 2) {
		high = hex_value(text.data[i]);
		low = hex_value(text.data[i + 1]);
		into[i / 2] = (uint8_t)(high * 16 + low);
	}
	*len = text.len / 2;
	return RC_OK;
}

enum rc
encode_base64(struct bytes from, struct buf *into)
{
	enum rc rc = buf_reserve(into, (from.len + 2) / 3 * 4);
	uint32_t group;
	char four[4];

	for (size_t i = 0; rc == RC_OK && i < from.len; i += 3) {
		group = 0;
		for (size_t k = 0; k < 3; k++)
			group = group << 8 |
			    (i + k < from.len ? (uint8_t)from.data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			four[k] = base64_digits[group >> (18 - 6 * k) & 63];
		if (i + 1 >= from.len)
			four[2] = '=';
		if (i + 2 >= from.len)
			four[3] = '=';
		rc = buf_add(into, (struct bytes){ four, 4 });
	}
	return rc;
}

static int
base64_value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(base64_digits, c);

	return at == NULL ? -1 : (int)(at - base64_digits);
}

/* How many = signs, at most two, end a text. */
static size_t
base64_padding(struct bytes text)
{
	size_t n = 0;

	while (n < 2 && n < text.len && text.data[text.len - 1 - n] == '=')
		n++;
	return n;
}

/* The text without its padding, of which there was enough. */
static enum rc
decode_base64_digits(struct bytes digits, uint8_t *into, size_t size,
    size_t *len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t at = 0;

	for (size_t i = 0; i < digits.len; i++)
		if (base64_value(digits.data[i]) < 0)
			return RC_SYNTAX;
	if (digits.len % 4 == 1)
		return RC_SYNTAX;
	if (digits.len * 3 / 4 > size)
		return RC_RANGE;
	for (size_t i = 0; i < digits.len; i++) {
		bits = bits << 6 | (uint32_t)base64_value(digits.data[i]);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		into[at++] = (uint8_t)(bits >> held);
		bits &= (1U << held) - 1;
	}
	if (bits != 0)
		return RC_SYNTAX;
	*len = at;
	return RC_OK;
}

enum rc
decode_base64(struct bytes text, uint8_t *into, size_t size, size_t *len)
{
	if (text.len % 4 != 0)
		return RC_SYNTAX;
	text.len -= base64_padding(text);
	return decode_base64_digits(text, into, size, len);
}

enum rc
decode_base64_bare(struct bytes text, uint8_t *into, size_t size, size_t *len)
{
	if (text.len % 4 == 0)
		return decode_base64(text, into, size, len);
	return decode_base64_digits(text, into, size, len);
}
