/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTML_READER_H
#define PELIHOOK_HTML_READER_H

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/utf8.h"

/*
 * A reader of HTML that knows nothing of who writes it.  It is stricter than a
 * browser: whatever a browser could take for something else is bad.
 */

enum html_token {
	HTML_TOKEN_END, /* of the text */
	HTML_TOKEN_BAD,
	HTML_TOKEN_BEGIN,     /* <name */
	HTML_TOKEN_ATTRIBUTE, /* name="value" */
	HTML_TOKEN_CLOSE,     /* </name> */
	HTML_TOKEN_TEXT,      /* value */
};

/* Of zeroes but for rest. */
struct html_reader {
	struct bytes rest;
	bool in_tag;
	bool in_style;
	bool in_pre; /* a line feed that comes first is dropped */
	bool exact;  /* what turns text may be there, as a reference */
	struct bytes name;
	struct buf value; /* decoded; to be freed */
};

static inline bool
html_is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-';
}

/* What turns the text round it: the code points of Unicode's Bidi_Control but for
 * the marks U+061C, U+200E and U+200F. */
static inline bool
html_turns(struct bytes text)
{
	static const char *const turning[] = { "\u202a", "\u202b", "\u202c",
		"\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069" };

	for (size_t i = 0; i < sizeof(turning) / sizeof(turning[0]); i++)
		if (bytes_begin(text, turning[i]))
			return true;
	return false;
}

/* One that turns text, as a reference: &#x202E; */
static inline bool
html_skip_turning(struct html_reader *reader)
{
	static const struct {
		const char *reference;
		const char *text;
	} turning[] = { { "&#x202A;", "\u202a" }, { "&#x202B;", "\u202b" },
		{ "&#x202C;", "\u202c" }, { "&#x202D;", "\u202d" },
		{ "&#x202E;", "\u202e" }, { "&#x2066;", "\u2066" },
		{ "&#x2067;", "\u2067" }, { "&#x2068;", "\u2068" },
		{ "&#x2069;", "\u2069" } };

	for (size_t i = 0; i < sizeof(turning) / sizeof(turning[0]); i++)
		if (bytes_begin(reader->rest, turning[i].reference)) {
			reader->rest = bytes_skip(reader->rest,
			    strlen(turning[i].reference));
			return buf_text(&reader->value, turning[i].text) ==
			    RC_OK;
		}
	return false;
}

/* One character of a text or value: what it stands for; false: it is bad. */
static inline bool
html_decode_one(struct html_reader *reader)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&#34;", '"' }, { "&#39;", '\'' }, { "&#13;", '\r' } };
	struct bytes *rest = &reader->rest;
	unsigned char c = (unsigned char)rest->data[0];
	size_t n = utf8_length(*rest);

	if (reader->exact && html_skip_turning(reader))
		return true;
	for (size_t i = 0;
	     c == '&' && i < sizeof(entities) / sizeof(entities[0]); i++)
		if (bytes_begin(*rest, entities[i].name)) {
			*rest = bytes_skip(*rest, strlen(entities[i].name));
			return buf_char(&reader->value, entities[i].c) == RC_OK;
		}
	if (n == 0 || html_turns(*rest) || strchr("&<>\"'", c) != NULL ||
	    c == 0x7f || (c < 0x20 && c != '\t' && c != '\n') ||
	    (c == 0xc2 && (unsigned char)rest->data[1] < 0xa0))
		return false;
	buf_add(&reader->value, (struct bytes){ rest->data, n });
	*rest = bytes_skip(*rest, n);
	return true;
}

/* Up to one that is not part of it. */
static inline bool
html_decode(struct html_reader *reader, char end)
{
	reader->value.len = 0;
	buf_text(&reader->value, "");
	while (reader->rest.len > 0 && reader->rest.data[0] != end)
		if (!html_decode_one(reader))
			return false;
	return true;
}

static inline bool
html_read_name(struct html_reader *reader)
{
	size_t n = 0;

	while (n < reader->rest.len && html_is_name_char(reader->rest.data[n]))
		n++;
	reader->name = (struct bytes){ reader->rest.data, n };
	reader->rest = bytes_skip(reader->rest, n);
	return n > 0;
}

static inline bool
html_skip(struct html_reader *reader, const char *text)
{
	if (!bytes_begin(reader->rest, text))
		return false;
	reader->rest = bytes_skip(reader->rest, strlen(text));
	return true;
}

static inline enum html_token
html_read_attribute(struct html_reader *reader)
{
	bool good = html_skip(reader, " ") && html_read_name(reader) &&
	    html_skip(reader, "=\"");

	reader->exact = good && bytes_is(reader->name, "value");
	good = good && html_decode(reader, '"') && html_skip(reader, "\"");
	reader->exact = false;
	return good ? HTML_TOKEN_ATTRIBUTE : HTML_TOKEN_BAD;
}

static inline enum html_token
html_read_markup(struct html_reader *reader)
{
	if (html_skip(reader, "</"))
		return html_read_name(reader) && html_skip(reader, ">") ?
		    HTML_TOKEN_CLOSE :
		    HTML_TOKEN_BAD;
	html_skip(reader, "<");
	if (!html_read_name(reader))
		return HTML_TOKEN_BAD;
	reader->in_tag = true;
	reader->in_style = bytes_is(reader->name, "style");
	reader->in_pre = bytes_is(reader->name, "pre") ||
	    bytes_is(reader->name, "textarea");
	return HTML_TOKEN_BEGIN;
}

/* A style is text that nothing is decoded of. */
static inline enum html_token
html_read_style(struct html_reader *reader)
{
	const char *end = memmem(reader->rest.data, reader->rest.len, "</", 2);

	if (end == NULL)
		return HTML_TOKEN_BAD;
	reader->value.len = 0;
	buf_add(&reader->value,
	    (struct bytes){ reader->rest.data,
		(size_t)(end - reader->rest.data) });
	reader->rest = bytes_skip(reader->rest,
	    (size_t)(end - reader->rest.data));
	reader->in_style = false;
	return HTML_TOKEN_TEXT;
}

static inline enum html_token
html_read(struct html_reader *reader)
{
	if (reader->in_tag && !html_skip(reader, ">"))
		return html_read_attribute(reader);
	if (reader->in_tag && reader->in_pre)
		html_skip(reader, "\n");
	reader->in_tag = false;
	if (reader->in_style)
		return html_read_style(reader);
	if (reader->rest.len == 0)
		return HTML_TOKEN_END;
	if (reader->rest.data[0] == '<')
		return html_read_markup(reader);
	return html_decode(reader, '<') ? HTML_TOKEN_TEXT : HTML_TOKEN_BAD;
}

enum { HTML_READ_DEPTH = 64, HTML_READ_ATTRIBUTES = 32 };

/* What is open, and what the last element has. */
struct html_check {
	struct html_reader reader;
	struct bytes open[HTML_READ_DEPTH];
	size_t depth;
	struct bytes attributes[HTML_READ_ATTRIBUTES];
	size_t attributes_n;
};

static inline bool
html_has_no_end(struct bytes name)
{
	static const char *const names[] = { "area", "br", "col", "hr", "img",
		"input", "meta", "wbr" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bytes_is(name, names[i]))
			return true;
	return false;
}

static inline bool
html_is_repeated(struct bytes *list, size_t *n, struct bytes item)
{
	for (size_t i = 0; i < *n; i++)
		if (bytes_equal(list[i], item))
			return true;
	if (*n < HTML_READ_ATTRIBUTES)
		list[(*n)++] = item;
	return false;
}

/* A link leads to this page, or to something in it. */
static inline const char *
html_check_attribute(struct html_check *check)
{
	struct bytes name = check->reader.name;
	struct bytes value = buf_view(&check->reader.value);
	bool link = bytes_is(name, "href") || bytes_is(name, "action");

	if (html_is_repeated(check->attributes, &check->attributes_n, name))
		return "an attribute is there twice";
	if (bytes_begin(name, "on") || bytes_is(name, "style") ||
	    bytes_is(name, "src"))
		return "an attribute that is a script or a style";
	if (link && !bytes_begin(value, "?") && !bytes_begin(value, "#"))
		return "a link leads elsewhere";
	return NULL;
}

static inline const char *
html_check_token(struct html_check *check, enum html_token token)
{
	struct bytes name = check->reader.name;

	switch (token) {
	case HTML_TOKEN_BEGIN:
		check->attributes_n = 0;
		if (bytes_is(name, "script") || check->depth == HTML_READ_DEPTH)
			return "an element that may not be there";
		if (!html_has_no_end(name))
			check->open[check->depth++] = name;
		return NULL;
	case HTML_TOKEN_ATTRIBUTE:
		return html_check_attribute(check);
	case HTML_TOKEN_CLOSE:
		if (check->depth == 0 ||
		    !bytes_equal(check->open[--check->depth], name))
			return "an element ends that is not the last";
		return NULL;
	case HTML_TOKEN_BAD:
		return "this is no HTML";
	case HTML_TOKEN_END:
		return check->depth > 0 ? "an element has no end" : NULL;
	case HTML_TOKEN_TEXT:
		break;
	}
	return NULL;
}

/* What is wrong with a piece of HTML, or a document; NULL: nothing is.  *at: in
 * front of which of its bytes. */
static inline const char *
html_wrong(struct bytes text, size_t *at)
{
	struct html_check check = { .reader.rest = text };
	enum html_token token = HTML_TOKEN_TEXT;
	const char *wrong = NULL;

	html_skip(&check.reader, "<!doctype html>\n");
	while (wrong == NULL && token != HTML_TOKEN_END) {
		token = html_read(&check.reader);
		wrong = html_check_token(&check, token);
	}
	*at = text.len - check.reader.rest.len;
	buf_free(&check.reader.value);
	return wrong;
}

#endif
