/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "event/payload.h"

#include "base/codec.h"
#include "base/json_string.h"
#include "base/utf8.h"

/* What may come next. */
enum state {
	VALUE,
	FIRST_VALUE, /* or the end of its array */
	KEY,
	FIRST_KEY, /* or the end of its object */
	BEHIND,	   /* a value: a comma, or an end */
	BAD,
};

struct scan {
	struct bytes rest; /* what was not looked at */
	unsigned depth;
	unsigned deepest;
	uint64_t objects; /* a bit for each level: not an array */
	bool beyond;	  /* a word that RFC 8259 has not was met */
};

_Static_assert(PAYLOAD_DEPTH <= 64, "a level has a bit");

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* How a text of another kind begins. */
static const struct {
	struct bytes begin;
	const char *kind;
} kinds[] = {
	{ { "\x1f\x8b", 2 }, "gzip" },
	{ { "\x28\xb5\x2f\xfd", 4 }, "zstd" },
	{ { "x\x01", 2 }, "zlib" },
	{ { "x\x5e", 2 }, "zlib" },
	{ { "x\x9c", 2 }, "zlib" },
	{ { "x\xda", 2 }, "zlib" },
	{ { "PK\x03\x04", 4 }, "zip" },
	{ { "\xff\xfe", 2 }, "UTF-16" },
	{ { "\xfe\xff", 2 }, "UTF-16" },
	{ { "{\0", 2 }, "UTF-16" },
	{ { "\0{", 2 }, "UTF-16" },
	{ { "[\0", 2 }, "UTF-16" },
	{ { "\0[", 2 }, "UTF-16" },
	{ { "<!DOCTYPE html", 14 }, "HTML" },
	{ { "<!doctype html", 14 }, "HTML" },
	{ { "<html", 5 }, "HTML" },
	{ { "<", 1 }, "XML" },
	{ { "--", 2 }, "multipart" },
};

struct bytes
payload_text(struct bytes body)
{
	return bytes_begin(body, byte_order_mark) ?
	    bytes_skip(body, strlen(byte_order_mark)) :
	    body;
}

static void
skip(struct scan *scan, size_t n)
{
	scan->rest = bytes_skip(scan->rest, n);
}

static bool
is_next(const struct scan *scan, char c)
{
	return scan->rest.len > 0 && scan->rest.data[0] == c;
}

static bool
take(struct scan *scan, char c)
{
	bool taken = is_next(scan, c);

	if (taken)
		skip(scan, 1);
	return taken;
}

static void
skip_blanks(struct scan *scan)
{
	while (is_next(scan, ' ') || is_next(scan, '\n') ||
	    is_next(scan, '\t') || is_next(scan, '\r'))
		skip(scan, 1);
}

static enum state
scan_word(struct scan *scan, const char *word)
{
	for (; *word != '\0'; word++)
		if (!take(scan, *word))
			return BAD;
	return BEHIND;
}

static enum state
scan_beyond(struct scan *scan, const char *word)
{
	scan->beyond = true;
	return scan_word(scan, word);
}

static bool
scan_digits(struct scan *scan)
{
	size_t n = 0;

	while (n < scan->rest.len && scan->rest.data[n] >= '0' &&
	    scan->rest.data[n] <= '9')
		n++;
	skip(scan, n);
	return n > 0;
}

static enum state
scan_number(struct scan *scan)
{
	if (take(scan, '-') && is_next(scan, 'I'))
		return scan_beyond(scan, "Infinity");
	if (!take(scan, '0') && !scan_digits(scan))
		return BAD;
	if (take(scan, '.') && !scan_digits(scan))
		return BAD;
	if (!take(scan, 'e') && !take(scan, 'E'))
		return BEHIND;
	if (!take(scan, '+'))
		take(scan, '-');
	return scan_digits(scan) ? BEHIND : BAD;
}

/* What follows a backslash. */
static bool
scan_escape(struct scan *scan)
{
	if (scan->rest.len == 0 || scan->rest.data[0] == '\0' ||
	    !strchr("\"\\/bfnrtu", scan->rest.data[0]))
		return false;
	if (!take(scan, 'u')) {
		skip(scan, 1);
		return true;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (scan->rest.len == 0 || !hex_is_digit(scan->rest.data[0]))
			return false;
		skip(scan, 1);
	}
	return true;
}

/* Characters that stand for themselves. */
static bool
scan_plain(struct scan *scan)
{
	struct bytes rest = scan->rest;
	size_t n = 0, length = 1;

	while (length > 0 && n < rest.len && rest.data[n] != '"' &&
	    rest.data[n] != '\\' && (uint8_t)rest.data[n] >= 0x20) {
		length = json_string_plain(bytes_skip(rest, n));
		if (length == 0)
			length = utf8_length(bytes_skip(rest, n));
		n += length;
	}
	skip(scan, n);
	return length > 0;
}

static bool
scan_string(struct scan *scan)
{
	if (!take(scan, '"'))
		return false;
	while (scan_plain(scan) && take(scan, '\\'))
		if (!scan_escape(scan))
			return false;
	return take(scan, '"');
}

static enum state
open_level(struct scan *scan, bool object)
{
	if (scan->depth == PAYLOAD_DEPTH)
		return BAD;
	skip(scan, 1);
	scan->depth++;
	if (scan->deepest < scan->depth)
		scan->deepest = scan->depth;
	scan->objects = scan->objects << 1 | object;
	return object ? FIRST_KEY : FIRST_VALUE;
}

static enum state
close_level(struct scan *scan)
{
	skip(scan, 1);
	scan->depth--;
	scan->objects >>= 1;
	return BEHIND;
}

static enum state
scan_value(struct scan *scan)
{
	switch (scan->rest.data[0]) {
	case '{':
		return open_level(scan, true);
	case '[':
		return open_level(scan, false);
	case '"':
		return scan_string(scan) ? BEHIND : BAD;
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case 'N':
		return scan_beyond(scan, "NaN");
	case 'I':
		return scan_beyond(scan, "Infinity");
	}
	return scan_number(scan);
}

static enum state
scan_key(struct scan *scan)
{
	if (!scan_string(scan))
		return BAD;
	skip_blanks(scan);
	return take(scan, ':') ? VALUE : BAD;
}

static enum state
scan_behind(struct scan *scan)
{
	bool object = scan->objects & 1;

	if (scan->depth == 0)
		return BAD;
	if (is_next(scan, object ? '}' : ']'))
		return close_level(scan);
	if (!take(scan, ','))
		return BAD;
	return object ? KEY : VALUE;
}

/* There is a byte, and it is no blank. */
static enum state
scan_next(struct scan *scan, enum state state)
{
	switch (state) {
	case FIRST_VALUE:
		if (is_next(scan, ']'))
			return close_level(scan);
		return scan_value(scan);
	case VALUE:
		return scan_value(scan);
	case FIRST_KEY:
		if (is_next(scan, '}'))
			return close_level(scan);
		return scan_key(scan);
	case KEY:
		return scan_key(scan);
	case BEHIND:
		return scan_behind(scan);
	case BAD:
		break;
	}
	return BAD;
}

/* Whether the rest is one value. */
static bool
scan_text(struct scan *scan)
{
	enum state state = VALUE;

	skip_blanks(scan);
	while (scan->rest.len > 0 && state != BAD) {
		state = scan_next(scan, state);
		if (state != BAD)
			skip_blanks(scan);
	}
	return state == BEHIND && scan->depth == 0;
}

enum rc
payload_check(struct bytes body, size_t *at)
{
	struct scan scan = { .rest = payload_text(body) };

	if (scan_text(&scan))
		return RC_OK;
	*at = body.len - scan.rest.len;
	return RC_JSON;
}

enum rc
payload_measure(struct bytes body, unsigned *depth)
{
	struct scan scan = { .rest = payload_text(body) };

	if (!scan_text(&scan))
		return RC_JSON;
	*depth = scan.deepest;
	return RC_OK;
}

bool
payload_is_strict(struct bytes body)
{
	struct scan scan = { .rest = payload_text(body) };

	return scan_text(&scan) && !scan.beyond;
}

/* NAME=VALUE, where a name is what forms write for one. */
static bool
is_form(struct bytes text)
{
	static const char name[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789*-._+%[]";
	size_t n = 0;

	while (
	    n < text.len && text.data[n] != '\0' && strchr(name, text.data[n]))
		n++;
	return n > 0 && n < text.len && text.data[n] == '=';
}

const char *
payload_looks(struct bytes body)
{
	struct scan scan = { .rest = payload_text(body) };
	struct bytes begin;

	skip_blanks(&scan);
	if (scan.rest.len == 0)
		return "nothing";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		begin = (struct bytes){ scan.rest.data, kinds[i].begin.len };
		if (scan.rest.len >= begin.len &&
		    bytes_equal(begin, kinds[i].begin))
			return kinds[i].kind;
	}
	return is_form(scan.rest) ? "form" : NULL;
}
