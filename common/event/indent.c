/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "event/indent.h"

#include "event/payload.h"

/* What is left of a text that was checked, and how deep that begins. */
struct indent {
	struct bytes rest;
	size_t depth;
	struct buf *into;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks(struct indent *indent)
{
	while (indent->rest.len > 0 && is_blank(indent->rest.data[0]))
		indent->rest = bytes_skip(indent->rest, 1);
}

static void
begin_line(const struct indent *indent)
{
	buf_char(indent->into, '\n');
	for (size_t i = 0; i < indent->depth && indent->into->rc == RC_OK; i++)
		buf_text(indent->into, "  ");
}

/* A string to its end, or a number or a word to what comes after it. */
static size_t
length_of(struct bytes text)
{
	size_t n = 1;

	if (text.data[0] != '"') {
		while (n < text.len && !is_blank(text.data[n]) &&
		    strchr(",:]}", text.data[n]) == NULL)
			n++;
		return n;
	}
	while (n < text.len && text.data[n] != '"')
		n += text.data[n] == '\\' ? 2 : 1;
	return n < text.len ? n + 1 : text.len;
}

/* As much of it as there is room for. */
static void
put(struct indent *indent, size_t n)
{
	struct buf *into = indent->into;
	struct bytes piece = { indent->rest.data, n };

	if (into->max > 0 && n > into->max - into->len) {
		piece.len = into->max - into->len;
		/* No character is cut. */
		while (piece.len > 0 && (piece.data[piece.len] & 0xc0) == 0x80)
			piece.len--;
		buf_add(into, piece);
		into->rc = RC_RANGE;
	} else {
		buf_add(into, piece);
	}
	indent->rest = bytes_skip(indent->rest, n);
}

/* { or [, and at once its end where nothing is in it. */
static void
put_open(struct indent *indent)
{
	put(indent, 1);
	skip_blanks(indent);
	if (indent->rest.len > 0 && strchr("]}", indent->rest.data[0]) != NULL)
		put(indent, 1);
	else {
		indent->depth++;
		begin_line(indent);
	}
}

static void
put_next(struct indent *indent)
{
	switch (indent->rest.data[0]) {
	case '{':
	case '[':
		put_open(indent);
		break;
	case '}':
	case ']':
		indent->depth--;
		begin_line(indent);
		put(indent, 1);
		break;
	case ',':
		put(indent, 1);
		begin_line(indent);
		break;
	case ':':
		put(indent, 1);
		buf_char(indent->into, ' ');
		break;
	default:
		put(indent, length_of(indent->rest));
	}
}

enum rc
event_indent(struct bytes body, struct buf *into)
{
	struct indent indent = { .rest = payload_text(body), .into = into };
	size_t at;

	if (payload_check(body, &at) != RC_OK)
		return RC_JSON;
	for (skip_blanks(&indent); indent.rest.len > 0 && into->rc == RC_OK;
	     skip_blanks(&indent))
		put_next(&indent);
	return into->rc;
}
