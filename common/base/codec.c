/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static int
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

enum rc
decode_hex(struct bytes text, uint8_t *into, size_t room, size_t *len)
{
	int high, low;

	if (text.len % 2 != 0)
		return RC_SYNTAX;
	for (size_t i = 0; i < text.len; i++)
		if (hex_value(text.data[i]) < 0)
			return RC_SYNTAX;
	if (text.len / 2 > room)
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

/* How many digits stand before one or two = signs; -1 for other text. */
static int
base64_padding(struct bytes text)
{
	size_t digits = text.len;

	if (text.len % 4 != 0)
		return -1;
	while (digits > 0 && text.len - digits < 2 &&
	    text.data[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++)
		if (base64_value(text.data[i]) < 0)
			return -1;
	return (int)(text.len - digits);
}

enum rc
decode_base64(struct bytes text, uint8_t *into, size_t room, size_t *len)
{
	int padding = base64_padding(text);
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n, at = 0;

	if (padding < 0)
		return RC_SYNTAX;
	n = text.len / 4 * 3 - (size_t)padding;
	if (n > room)
		return RC_RANGE;
	for (size_t i = 0; i < text.len - (size_t)padding; i++) {
		bits = bits << 6 | (uint32_t)base64_value(text.data[i]);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		into[at++] = (uint8_t)(bits >> held);
		bits &= (1U << held) - 1;
	}
	if (bits != 0)
		return RC_SYNTAX;
	*len = n;
	return RC_OK;
}

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

static enum rc
json_char(char c, struct buf *into)
{
	static const char escaped[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = c == '\0' ? NULL : strchr(escaped, c);

	if (at != NULL)
		return buf_printf(into, "\\%c", letters[at - escaped]);
	if ((uint8_t)c < 0x20 || c == 0x7f)
		return buf_printf(into, "\\u%04x", (unsigned)(uint8_t)c);
	return buf_char(into, c);
}

/* U+0080 to U+009F: terminals obey them, so the log may not hold them. */
static bool
is_c1_control(const char *sequence)
{
	return (uint8_t)sequence[0] == 0xc2 && (uint8_t)sequence[1] < 0xa0;
}

enum rc
encode_json(struct bytes from, struct buf *into)
{
	enum rc rc = RC_OK;
	size_t n;

	while (rc == RC_OK && from.len > 0) {
		n = utf8_length(from);
		if (n == 0)
			rc = buf_text(into, "\xef\xbf\xbd");
		else if (n == 1)
			rc = json_char(from.data[0], into);
		else if (is_c1_control(from.data))
			rc = buf_printf(into, "\\u%04x",
			    (unsigned)(uint8_t)from.data[1]);
		else
			rc = buf_add(into, (struct bytes){ from.data, n });
		from = bytes_skip(from, n == 0 ? 1 : n);
	}
	return rc;
}

size_t
encode_character(struct bytes text)
{
	size_t n = utf8_length(text);

	if (n == 1 && ((uint8_t)text.data[0] < 0x20 || text.data[0] == 0x7f))
		return 0;
	return n == 2 && is_c1_control(text.data) ? 0 : n;
}

bool
encode_is_text(struct bytes text)
{
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = encode_character(text);
		if (n == 0)
			return false;
	}
	return true;
}

void
encode_uuid7(int64_t wall, const uint8_t random[10], char into[ENCODE_UUID])
{
	uint8_t raw[16];
	char hex[33];

	for (size_t i = 0; i < 6; i++)
		raw[i] = (uint8_t)((uint64_t)wall >> (40 - 8 * i));
	memcpy(raw + 6, random, 10);
	raw[6] = (uint8_t)(0x70 | (raw[6] & 0x0f));
	raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f));
	encode_hex(raw, sizeof(raw), hex);
	snprintf(into, ENCODE_UUID, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
}

void
encode_time(int64_t wall, char into[ENCODE_TIME])
{
	int thousandths = (int)((wall % 1000 + 1000) % 1000);
	time_t seconds = (time_t)((wall - thousandths) / 1000);
	struct tm tm = { 0 };
	char day[32];

	gmtime_r(&seconds, &tm);
	/* %Y has no leading zeroes in the first thousand years. */
	strftime(day, sizeof(day), "-%m-%dT%H:%M:%S", &tm);
	snprintf(into, ENCODE_TIME, "%04u%.15s.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000, day,
	    (unsigned)thousandths);
}

/* n digits at the start of *text, cut off; false where there are fewer. */
static bool
time_digits(struct bytes *text, size_t n, int *out)
{
	unsigned long long value;

	if (text->len < n ||
	    bytes_number((struct bytes){ text->data, n }, 9999, &value))
		return false;
	*text = bytes_skip(*text, n);
	*out = (int)value;
	return true;
}

static bool
time_char(struct bytes *text, const char *any)
{
	if (text->len == 0 || text->data[0] == '\0' ||
	    strchr(any, text->data[0]) == NULL)
		return false;
	*text = bytes_skip(*text, 1);
	return true;
}

static bool
time_day(struct bytes *text, struct tm *tm)
{
	return time_digits(text, 4, &tm->tm_year) && time_char(text, "-") &&
	    time_digits(text, 2, &tm->tm_mon) && time_char(text, "-") &&
	    time_digits(text, 2, &tm->tm_mday);
}

static bool
time_clock(struct bytes *text, struct tm *tm)
{
	return time_digits(text, 2, &tm->tm_hour) && time_char(text, ":") &&
	    time_digits(text, 2, &tm->tm_min) && time_char(text, ":") &&
	    time_digits(text, 2, &tm->tm_sec);
}

static bool
time_fraction(struct bytes *text, int *thousandths)
{
	int scale = 100;
	int digit;

	*thousandths = 0;
	if (!time_char(text, "."))
		return true;
	if (!time_digits(text, 1, &digit))
		return false;
	do {
		*thousandths += digit * scale;
		scale /= 10;
	} while (time_digits(text, 1, &digit));
	return true;
}

/* Minutes east of UTC. */
static bool
time_offset(struct bytes *text, int *minutes)
{
	bool west = text->len > 0 && text->data[0] == '-';
	int h, m;

	*minutes = 0;
	if (time_char(text, "Zz"))
		return true;
	if (!time_char(text, "+-") || !time_digits(text, 2, &h) ||
	    !time_char(text, ":") || !time_digits(text, 2, &m))
		return false;
	if (h > 23 || m > 59)
		return false;
	*minutes = west ? -(h * 60 + m) : h * 60 + m;
	return true;
}

/* timegm(3) carries a 31st of April over into May; a strict reader may not. */
static bool
time_exists(const struct tm *tm)
{
	struct tm copy = *tm;

	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	copy.tm_hour = copy.tm_min = copy.tm_sec = 0;
	if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1)
		return false;
	timegm(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

enum rc
decode_time(struct bytes text, int64_t *wall)
{
	struct tm tm = { 0 };
	int thousandths, minutes;

	if (!time_day(&text, &tm) || !time_char(&text, "Tt") ||
	    !time_clock(&text, &tm) || !time_fraction(&text, &thousandths) ||
	    !time_offset(&text, &minutes) || text.len != 0)
		return RC_SYNTAX;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!time_exists(&tm))
		return RC_SYNTAX;
	*wall = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * 1000 +
	    thousandths;
	return RC_OK;
}

static bool
is_token(char c)
{
	return isalnum((unsigned char)c) ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

enum rc
encode_variable(struct bytes header, char into[ENCODE_VARIABLE])
{
	char *at = into + 5;

	if (header.len == 0 || header.len > 250)
		return RC_SYNTAX;
	for (size_t i = 0; i < header.len; i++)
		if (!is_token(header.data[i]))
			return RC_SYNTAX;
	memcpy(into, "HTTP_", 5);
	for (size_t i = 0; i < header.len; i++)
		*at++ = header.data[i] == '-' ?
		    '_' : (char)toupper((unsigned char)header.data[i]);
	*at = '\0';
	return RC_OK;
}

void
decode_variable(const char *variable, char into[ENCODE_VARIABLE])
{
	bool first = true;
	size_t n = 0;
	char c;

	if (strncmp(variable, "HTTP_", 5) == 0)
		variable += 5;
	for (; (c = *variable) != '\0' && n < ENCODE_VARIABLE - 1; variable++) {
		if (c == '_')
			into[n++] = '-';
		else if (first)
			into[n++] = (char)toupper((unsigned char)c);
		else
			into[n++] = (char)tolower((unsigned char)c);
		first = c == '_';
	}
	into[n] = '\0';
}
