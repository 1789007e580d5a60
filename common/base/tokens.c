/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "base/tokens.h"

/* A line while it is cut into words. */
struct scan {
	char text[TOKENS_LINE + 2]; /* the words, a NUL after each */
	size_t len;
	size_t n;	   /* words begun */
	size_t seen;	   /* bytes of the line so far */
	const char *error; /* the first one */
};

/* The byte at the place i of what is not read yet, or LF after its end. */
static char
peek(const struct tokens *tokens, size_t i)
{
	return i < tokens->rest.len ? tokens->rest.data[i] : '\n';
}

/* Bytes of the line's end that begins here (LF or CRLF), 0 where none does. */
static size_t
line_end(const struct tokens *tokens, size_t at)
{
	if (peek(tokens, at) == '\n')
		return 1;
	return peek(tokens, at) == '\r' && peek(tokens, at + 1) == '\n' ? 2 : 0;
}

static void
skip(struct tokens *tokens, size_t n)
{
	size_t left = tokens->rest.len;

	tokens->rest = bytes_skip(tokens->rest, n < left ? n : left);
}

static void
take_end(struct tokens *tokens)
{
	skip(tokens, line_end(tokens, 0));
	tokens->next++;
}

static char
take(struct tokens *tokens, struct scan *scan)
{
	char c = peek(tokens, 0);

	skip(tokens, 1);
	if (scan->error != NULL)
		return c;
	if (++scan->seen > TOKENS_LINE)
		scan->error = "the line is longer than 8192 bytes: "
			      "put some of it into a command of its own";
	else if (c == '\0')
		scan->error = "the line holds a NUL byte: take it out";
	return c;
}

/* A line with an error has no text, so that it never outgrows its array. */
static void
add(struct scan *scan, char c)
{
	if (scan->error == NULL)
		scan->text[scan->len++] = c;
}

/* The next byte of a line and of those it joins; false at their end. */
static bool
next(struct tokens *tokens, struct scan *scan, bool comment, char *c)
{
	while (!comment && peek(tokens, 0) == '\\' && line_end(tokens, 1) > 0) {
		take(tokens, scan);
		take_end(tokens);
	}
	if (line_end(tokens, 0) > 0) {
		take_end(tokens);
		return false;
	}
	*c = take(tokens, scan);
	return true;
}

static void
scan_line(struct tokens *tokens, struct scan *scan)
{
	bool comment = false;
	bool word = false;
	char quote = '\0';
	char c;

	while (next(tokens, scan, comment, &c)) {
		if (comment)
			continue;
		if (quote == '\0' && c == '#' && !word) {
			comment = true;
			continue;
		}
		if (quote == '\0' && (c == ' ' || c == '\t')) {
			if (word)
				add(scan, '\0');
			word = false;
			continue;
		}
		if (!word)
			scan->n++;
		word = true;
		if (c == quote) {
			quote = '\0';
		} else if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
		} else {
			if (quote == '"' && c == '\\' &&
			    (peek(tokens, 0) == '"' || peek(tokens, 0) == '\\'))
				c = take(tokens, scan);
			add(scan, c);
		}
	}
	if (quote != '\0' && scan->error == NULL)
		scan->error = quote == '"' ?
		    "a quote is not closed: write \" where it ends" :
		    "a quote is not closed: write ' where it ends";
	if (word)
		add(scan, '\0');
}

static enum rc
hand_out(const struct scan *scan, struct pool *pool, const char *const **list,
    size_t *n)
{
	const char **words = pool_alloc(pool, scan->n + 1, sizeof *words);
	const char *text = pool_copy(pool,
	    (struct bytes){ scan->text, scan->len });

	if (words == NULL || text == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < scan->n; i++) {
		words[i] = text;
		text += strlen(text) + 1;
	}
	*list = words;
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
	while (tokens->rest.len > 0) {
		struct scan scan;

		memset(&scan, 0, sizeof scan);
		tokens->line = tokens->next;
		scan_line(tokens, &scan);
		if (scan.error != NULL) {
			*error = scan.error;
			return RC_SYNTAX;
		}
		if (scan.n > 0)
			return hand_out(&scan, pool, list, n);
	}
	return RC_MISSING;
}

static bool
needs_quotes(const char *word)
{
	return word[0] == '\0' || word[0] == '#' ||
	    strpbrk(word, " \t\r\n\v\f\"'\\") != NULL;
}

enum rc
tokens_print(const char *word, struct buf *into)
{
	enum rc rc;

	if (!needs_quotes(word))
		return buf_text(into, word);
	rc = buf_char(into, '"');
	for (; rc == RC_OK && *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			rc = buf_char(into, '\\');
		if (rc == RC_OK)
			rc = buf_char(into, *word);
	}
	return rc == RC_OK ? buf_char(into, '"') : rc;
}

enum rc
tokens_print_list(const char *const *words, struct buf *into)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && words[i] != NULL; i++) {
		if (i > 0)
			rc = buf_char(into, ' ');
		if (rc == RC_OK)
			rc = tokens_print(words[i], into);
	}
	return rc;
}
