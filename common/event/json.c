/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include <json-c/json.h>

#include "event/json.h"

#include "base/json_string.h"
#include "event/payload.h"

enum {
	ESCAPE = 6,   /* bytes of \uXXXX */
	SEQUENCE = 3, /* most bytes put in its place */
};

/* Where the next piece of a text ends, and what goes before the following. */
struct cut {
	size_t end;
	size_t skip; /* bytes of the text that are left out */
	char instead[SEQUENCE];
	size_t instead_len;
};

/* What is left of a text, and whether that begins inside of a string. */
struct feed {
	struct bytes rest;
	bool string;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The UTF-16 code unit of \uXXXX. */
static unsigned
code_unit(const char *escape)
{
	unsigned unit = 0;

	for (unsigned i = 2; i < ESCAPE; i++)
		unit = unit << 4 |
		    (is_digit(escape[i]) ?
			    (unsigned)(escape[i] - '0') :
			    (unsigned)((escape[i] | 0x20) - 'a' + 10));
	return unit;
}

/* Whether \uXXXX, in a string that ends, is followed by \uDC00 to \uDFFF. */
static bool
is_low_next(struct bytes escape)
{
	struct bytes next = bytes_skip(escape, ESCAPE);

	return bytes_begin(next, "\\u") &&
	    (code_unit(next.data) & 0xfc00) == 0xdc00;
}

/*
 * The length of the escape at the start, two of which may be one character.
 * 0: json-c would lose it, and is given other bytes instead.
 */
static size_t
scan_escape(struct bytes text, struct cut *cut)
{
	unsigned unit;

	if (text.data[1] != 'u')
		return 2;
	unit = code_unit(text.data);
	if ((unit & 0xfc00) == 0xd800 && is_low_next(text))
		return 2 * ESCAPE;
	if (unit != 0 && (unit & 0xf800) != 0xd800)
		return ESCAPE;
	cut->skip = ESCAPE;
	cut->instead_len = 0;
	if (unit == 0) {
		cut->instead[cut->instead_len++] = (char)0xc0;
	} else {
		cut->instead[cut->instead_len++] = (char)0xed;
		cut->instead[cut->instead_len++] = (char)(0x80 |
		    (unit >> 6 & 0x3f));
	}
	cut->instead[cut->instead_len++] = (char)(0x80 | (unit & 0x3f));
	return 0;
}

/* Inside of a string, to its end, or to an escape that json-c would lose. */
static size_t
scan_string(struct feed *feed, size_t at, struct cut *cut)
{
	struct bytes text = feed->rest;
	size_t n = 1;

	for (; n > 0 && text.data[at] != '"'; at += n) {
		n = json_string_plain(bytes_skip(text, at));
		if (n == 0)
			n = text.data[at] != '\\' ?
			    1 :
			    scan_escape(bytes_skip(text, at), cut);
	}
	feed->string = n == 0;
	return feed->string ? at : at + 1;
}

/* Whether json-c keeps an integer as it is written: no -0, and 64 bits. */
static bool
is_kept(struct bytes integer)
{
	bool negative = bytes_begin(integer, "-");
	struct bytes limit = bytes_of(
	    negative ? "9223372036854775808" : "18446744073709551615");

	if (bytes_begin(integer, "-0"))
		return false;
	integer = bytes_skip(integer, negative);
	return integer.len < limit.len ||
	    (integer.len == limit.len &&
		memcmp(integer.data, limit.data, limit.len) <= 0);
}

/*
 * A number's end.  json-c keeps the text of what it takes for a fraction,
 * and a point at the end is enough for that.  As no number of JSON ends with
 * one, it is known again, and is taken off where the text is asked for.
 */
static size_t
scan_number(struct bytes text, size_t at, struct cut *cut)
{
	size_t from = at++;
	bool integer = true;

	for (; at < text.len &&
	     (is_digit(text.data[at]) ||
		 memchr("+-.eE", text.data[at], 5) != NULL);
	     at++)
		integer = integer && is_digit(text.data[at]);
	if (integer &&
	    !is_kept((struct bytes){ text.data + from, at - from })) {
		cut->instead[0] = '.';
		cut->instead_len = 1;
	}
	return at;
}

/*
 * The next piece of a text: json-c before 0.17 has no error for a lack of
 * memory, goes on without what it could not keep, and falls over a key that
 * it could not.  What is left of that is errno, until the next number.  So a
 * piece ends before each number and before what follows a key, and where
 * json-c has to be given something else.
 */
static void
next_cut(struct feed *feed, struct cut *cut)
{
	struct bytes text = feed->rest;
	size_t at = 0;
	char c;

	*cut = (struct cut){ 0 };
	if (feed->string)
		at = scan_string(feed, 0, cut);
	while (at < text.len && !feed->string && cut->instead_len == 0) {
		c = text.data[at];
		if (at > 0 && (c == ':' || c == '-' || is_digit(c)))
			break;
		if (c == '"')
			at = scan_string(feed, at + 1, cut);
		else if (c == '-' || is_digit(c))
			at = scan_number(text, at, cut);
		else
			at++;
	}
	cut->end = at;
}

static enum rc
parse_piece(struct json_tokener *parser, struct bytes piece,
    struct json_object **root)
{
	errno = 0;
	*root = json_tokener_parse_ex(parser, piece.data, (int)piece.len);
	return errno == ENOMEM ? RC_MEMORY : RC_OK;
}

static bool
goes_on(struct json_tokener *parser)
{
	return json_tokener_get_error(parser) == json_tokener_continue;
}

/*
 * One whole value.  The end of a number is only known by what follows it,
 * hence the NUL.
 */
static enum rc
parse_with(struct json_tokener *parser, struct bytes text,
    struct json_object **root)
{
	struct feed feed = { .rest = text };
	struct cut cut;
	enum rc rc;

	do {
		next_cut(&feed, &cut);
		rc = parse_piece(parser,
		    (struct bytes){ feed.rest.data, cut.end }, root);
		if (rc == RC_OK && cut.instead_len > 0)
			rc = parse_piece(parser,
			    (struct bytes){ cut.instead, cut.instead_len },
			    root);
		feed.rest = bytes_skip(feed.rest, cut.end + cut.skip);
	} while (rc == RC_OK && feed.rest.len > 0 && goes_on(parser));
	if (rc == RC_OK && goes_on(parser))
		rc = parse_piece(parser, (struct bytes){ "", 1 }, root);
	if (rc == RC_OK &&
	    json_tokener_get_error(parser) != json_tokener_success)
		rc = RC_JSON;
	if (rc == RC_OK)
		return RC_OK;
	json_object_put(*root);
	*root = NULL;
	return rc;
}

/*
 * json-c changes to a copy of the thread's locale in each call, which takes a
 * lock of all threads and memory; none of it where that is C itself.
 */
static enum rc
parse_in_c(struct json_tokener *parser, struct bytes text,
    struct json_object **root)
{
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t before = uselocale(plain);
	enum rc rc = parse_with(parser, text, root);

	uselocale(before);
	if (plain != (locale_t)0)
		freelocale(plain);
	return rc;
}

enum rc
event_json_parse(struct bytes body, struct json_object **root)
{
	struct bytes text = payload_text(body);
	struct json_tokener *parser;
	unsigned depth;
	enum rc rc;

	if (text.len > INT_MAX || payload_measure(body, &depth) != RC_OK)
		return RC_JSON;
	/* Values are one deeper than what they are in, and memory is taken for
	 * each level.  No flags: all that is to be refused was, and what is
	 * put instead is neither strict nor UTF-8. */
	parser = json_tokener_new_ex((int)depth + 1);
	if (parser == NULL)
		return RC_MEMORY;
	rc = parse_in_c(parser, text, root);
	json_tokener_free(parser);
	return rc;
}

bool
event_json_is_text(struct bytes string)
{
	for (size_t i = 0; i < string.len; i++)
		if ((uint8_t)string.data[i] == 0xc0 ||
		    ((uint8_t)string.data[i] == 0xed && i + 1 < string.len &&
			(uint8_t)string.data[i + 1] >= 0xa0))
			return false;
	return true;
}

static enum rc
add_string(struct json_object *value, struct buf *text)
{
	struct bytes string = { json_object_get_string(value),
		(size_t)json_object_get_string_len(value) };

	return event_json_is_text(string) ? buf_add(text, string) : RC_MISSING;
}

/* A number, true or false; json-c makes its text, if there is memory. */
static enum rc
add_scalar(struct json_object *value, struct buf *text)
{
	const char *scalar = json_object_get_string(value);
	size_t len;

	if (scalar == NULL)
		return RC_MEMORY;
	len = strlen(scalar);
	if (scalar[len - 1] == '.')
		len--;
	return buf_add(text, (struct bytes){ scalar, len });
}

enum rc
event_json_text(struct json_object *value, struct buf *text)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return buf_text(text, "null");
	case json_type_object:
	case json_type_array:
		return RC_MISSING;
	case json_type_string:
		return add_string(value, text);
	case json_type_int:
	case json_type_boolean:
	case json_type_double:
		return add_scalar(value, text);
	}
	return RC_MISSING;
}

/* The key that a pointer's token stands for (RFC 6901 section 4). */
static enum rc
decode_token(struct bytes token, struct buf *key)
{
	enum rc rc = buf_text(key, "");

	for (size_t i = 0; rc == RC_OK && i < token.len; i++) {
		if (token.data[i] != '~' || i + 1 == token.len)
			rc = buf_char(key, token.data[i]);
		else
			rc = buf_char(key, token.data[++i] == '1' ? '/' : '~');
	}
	return rc;
}

/* The member of an object that a token stands for, or RC_MISSING. */
static enum rc
find_member(struct json_object *from, struct bytes token,
    struct json_object **value)
{
	struct buf key = { 0 };
	enum rc rc = decode_token(token, &key);

	if (rc == RC_OK &&
	    (!event_json_is_text(buf_view(&key)) ||
		!json_object_object_get_ex(from, key.data, value)))
		rc = RC_MISSING;
	buf_free(&key);
	return rc;
}

/*
 * One step down, or RC_MISSING.  json-c's own pointers take an empty token
 * for the first element of an array and know no null at the top.
 */
static enum rc
descend(struct json_object *from, struct bytes token,
    struct json_object **value)
{
	unsigned long long index;

	if (json_object_is_type(from, json_type_object))
		return find_member(from, token, value);
	if (!json_object_is_type(from, json_type_array) ||
	    bytes_number(token, SIZE_MAX, &index) != RC_OK ||
	    (token.len > 1 && token.data[0] == '0') ||
	    index >= json_object_array_length(from))
		return RC_MISSING;
	*value = json_object_array_get_idx(from, (size_t)index);
	return RC_OK;
}

enum rc
event_json_find(struct json_object *root, const char *pointer,
    struct json_object **value)
{
	struct bytes rest = bytes_of(pointer);
	struct json_object *at = root;
	struct bytes token;
	enum rc rc = RC_OK;

	if (rest.len > 0) {
		rest = bytes_skip(rest, 1);
		while (rc == RC_OK && bytes_split(&rest, "/", &token))
			rc = descend(at, token, &at);
	}
	if (rc == RC_OK)
		*value = at;
	return rc;
}

bool
event_json_is_pointer(const char *word)
{
	if (*word != '\0' && *word != '/')
		return false;
	for (; *word != '\0'; word++)
		if (*word == '~' && word[1] != '0' && word[1] != '1')
			return false;
	return true;
}

void
event_json_each(struct json_object *value,
    void (*visit)(const struct event_json_member *, void *), void *context)
{
	struct event_json_member member = { 0 };

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, child)
		{
			member.key = key;
			member.value = child;
			visit(&member, context);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (; member.index < json_object_array_length(value);
		     member.index++) {
			member.value = json_object_array_get_idx(value,
			    member.index);
			visit(&member, context);
		}
	}
}

void
event_json_add_token(struct buf *pointer,
    const struct event_json_member *member)
{
	enum rc rc = buf_char(pointer, '/');

	if (member->key == NULL) {
		buf_printf(pointer, "%zu", member->index);
		return;
	}
	for (const char *at = member->key; rc == RC_OK && *at != '\0'; at++)
		if (*at == '~')
			rc = buf_text(pointer, "~0");
		else if (*at == '/')
			rc = buf_text(pointer, "~1");
		else
			rc = buf_char(pointer, *at);
}
