/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

struct bytes
bytes_of(const char *text)
{
	return (struct bytes){ text, strlen(text) };
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
}

bool
bytes_is(struct bytes a, const char *text)
{
	return bytes_equal(a, bytes_of(text));
}

bool
bytes_begin(struct bytes a, const char *prefix)
{
	size_t n = strlen(prefix);

	if (a.len < n)
		return false;
	return n == 0 || memcmp(a.data, prefix, n) == 0;
}

struct bytes
bytes_skip(struct bytes a, size_t n)
{
	if (n == 0)
		return a;
	return (struct bytes){ a.data + n, a.len - n };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct bytes
bytes_trim(struct bytes a)
{
	while (a.len > 0 && is_blank(a.data[0]))
		a = bytes_skip(a, 1);
	while (a.len > 0 && is_blank(a.data[a.len - 1]))
		a.len--;
	return a;
}

bool
bytes_split(struct bytes *rest, const char *separators, struct bytes *item)
{
	uint64_t cuts[4] = { 0 }; /* a bit for each byte that is one */
	size_t n = 0;
	uint8_t c;

	if (rest->data == NULL)
		return false;
	for (; *separators != '\0'; separators++) {
		c = (uint8_t)*separators;
		cuts[c / 64] |= UINT64_C(1) << c % 64;
	}
	for (; n < rest->len; n++) {
		c = (uint8_t)rest->data[n];
		if ((cuts[c / 64] >> c % 64 & 1) != 0)
			break;
	}
	*item = (struct bytes){ rest->data, n };
	if (n == rest->len)
		*rest = (struct bytes){ NULL, 0 };
	else
		*rest = bytes_skip(*rest, n + 1);
	return true;
}

void
bytes_copy(struct bytes from, char *into, size_t size)
{
	size_t n = from.len < size ? from.len : size - 1;

	if (n > 0)
		memcpy(into, from.data, n);
	into[n] = '\0';
}

char *
bytes_decimal(unsigned long long value, char into[BYTES_DECIMAL])
{
	char *first = into + BYTES_DECIMAL - 1;

	*first = '\0';
	do
		*--first = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	return first;
}

enum rc
bytes_number(struct bytes text, unsigned long long max, unsigned long long *out)
{
	unsigned long long n = 0;
	unsigned digit;

	if (text.len == 0)
		return RC_SYNTAX;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return RC_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		digit = (unsigned)(text.data[i] - '0');
		if (digit > max || n > (max - digit) / 10)
			return RC_RANGE;
		n = n * 10 + digit;
	}
	*out = n;
	return RC_OK;
}
