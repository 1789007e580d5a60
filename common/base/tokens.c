/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "base/tokens.h"

/* A line while it is cut into tokens. */
struct scan {
	struct tokens *from;
	char text[TOKENS_LINE + 2]; /* the tokens, a NUL after each */
	size_t len;
	size_t n;	   /* tokens begun */
	size_t read;	   /* bytes of the line so far */
	const char *error; /* the first one */
};

/* The byte at an offset of what was not read yet, or LF after its end. */
static char
peek(const struct scan *scan, size_t at)
{
	const struct bytes *rest = &scan->from->rest;

	return at < rest->len ? rest->data[at] : '\n';
}

/* The length of the line end (LF, CRLF) at an offset, 0 where none is. */
static size_t
line_end(const struct scan *scan, size_t at)
{
	if (peek(scan, at) == '\n')
		return 1;
	return peek(scan, at) == '\r' && peek(scan, at + 1) == '\n' ? 2 : 0;
}

static void
end_line(struct scan *scan)
{
	struct bytes *rest = &scan->from->rest;
	size_t n = line_end(scan, 0);

	*rest = bytes_skip(*rest, n < rest->len ? n : rest->len);
	scan->from->next++;
}

/* The next byte of the line, which has one. */
static char
read_byte(struct scan *scan)
{
	char c = peek(scan, 0);

	scan->from->rest = bytes_skip(scan->from->rest, 1);
	if (scan->error != NULL)
		return c;
	if (++scan->read > TOKENS_LINE)
		scan->error = "the line is longer than 8192 bytes: "
			      "put some of it into a command of its own";
	else if (c == '\0')
		scan->error = "the line holds a NUL byte: take it out";
	return c;
}

/* The same of a line and those it joins; false at their end. */
static bool
next_char(struct scan *scan, bool comment, char *c)
{
	while (!comment && peek(scan, 0) == '\\' && line_end(scan, 1) > 0) {
		read_byte(scan);
		end_line(scan);
	}
	if (line_end(scan, 0) > 0) {
		end_line(scan);
		return false;
	}
	*c = read_byte(scan);
	return true;
}

/* A line with an error has no text, so that it never outgrows its array. */
static void
add_char(struct scan *scan, char c)
{
	if (scan->error == NULL)
		scan->text[scan->len++] = c;
}

static void
scan_line(struct scan *scan)
{
	bool comment = false;
	bool token = false;
	char quote = '\0';
	char c;

	while (next_char(scan, comment, &c)) {
		if (comment)
			continue;
		if (quote == '\0' && c == '#' && !token) {
			comment = true;
			continue;
		}
		if (quote == '\0' && (c == ' ' || c == '\t')) {
			if (token)
				add_char(scan, '\0');
			token = false;
			continue;
		}
		if (!token)
			scan->n++;
		token = true;
		if (c == quote) {
			quote = '\0';
		} else if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
		} else {
			if (quote == '"' && c == '\\' &&
			    (peek(scan, 0) == '"' || peek(scan, 0) == '\\'))
				c = read_byte(scan);
			add_char(scan, c);
		}
	}
	if (quote != '\0' && scan->error == NULL)
		scan->error = quote == '"' ?
		    "a quote is not closed: write \" where it ends" :
		    "a quote is not closed: write ' where it ends";
	if (token)
		add_char(scan, '\0');
}

static enum rc
copy_tokens(const struct scan *scan, struct pool *pool,
    const char *const **list, size_t *n)
{
	const char **tokens = pool_alloc(pool, scan->n + 1, sizeof *tokens);
	const char *text = pool_copy(pool,
	    (struct bytes){ scan->text, scan->len });

	if (tokens == NULL || text == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < scan->n; i++) {
		tokens[i] = text;
		text += strlen(text) + 1;
	}
	*list = tokens;
	*n = scan->n;
	return RC_OK;
}

void
tokens_start(struct tokens *tokens, struct bytes text)
{
	*tokens = (struct tokens){ .rest = text, .line = 0, .next = 1 };
}

enum rc
tokens_next(struct tokens *tokens, struct pool *pool, const char *const **list,
    size_t *n, const char **error)
{
	struct scan scan;

	while (tokens->rest.len > 0) {
		memset(&scan, 0, sizeof scan);
		scan.from = tokens;
		tokens->line = tokens->next;
		scan_line(&scan);
		if (scan.error != NULL) {
			*error = scan.error;
			return RC_SYNTAX;
		}
		if (scan.n > 0)
			return copy_tokens(&scan, pool, list, n);
	}
	return RC_MISSING;
}

static bool
needs_quotes(const char *token)
{
	return token[0] == '\0' || token[0] == '#' ||
	    strpbrk(token, " \t\r\n\v\f\"'\\") != NULL;
}

enum rc
tokens_print(const char *token, struct buf *into)
{
	if (!needs_quotes(token))
		return buf_text(into, token);
	buf_char(into, '"');
	for (; *token != '\0'; token++) {
		if (*token == '"' || *token == '\\')
			buf_char(into, '\\');
		buf_char(into, *token);
	}
	buf_char(into, '"');
	return into->rc;
}

enum rc
tokens_print_list(const char *const *tokens, struct buf *into)
{
	for (size_t i = 0; tokens[i] != NULL; i++) {
		if (i > 0)
			buf_char(into, ' ');
		tokens_print(tokens[i], into);
	}
	return into->rc;
}
