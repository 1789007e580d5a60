/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/tokens.h"

/* A line while it is cut into words. */
struct scan {
	char text[TOKENS_LINE + 2];	/* the words, a NUL behind each */
	size_t len;
	size_t n;		/* words begun */
	size_t seen;		/* bytes of the line so far */
	char quote;		/* the open one, or 0 */
	bool word;		/* inside a word */
	const char *why;	/* the first thing wrong */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
blame(struct scan *scan, const char *why)
{
	if (scan->why == NULL)
		scan->why = why;
}

/* The byte at the place i of what is not read yet, or LF behind its end. */
static char
peek(const struct tokens *words, size_t i)
{
	return i < words->rest.len ? words->rest.data[i] : '\n';
}

/* Bytes of the line's end that begins here (LF or CRLF), 0 where none does. */
static size_t
line_end(const struct tokens *words, size_t at)
{
	if (peek(words, at) == '\n')
		return 1;
	return peek(words, at) == '\r' && peek(words, at + 1) == '\n' ? 2 : 0;
}

static void
skip(struct tokens *words, size_t n)
{
	size_t left = words->rest.len;

	words->rest = bytes_skip(words->rest, n < left ? n : left);
}

static void
take_end(struct tokens *words)
{
	skip(words, line_end(words, 0));
	words->next++;
}

static char
take(struct tokens *words, struct scan *scan)
{
	char c = peek(words, 0);

	skip(words, 1);
	if (++scan->seen > TOKENS_LINE)
		blame(scan, "the line is longer than 8192 bytes: "
		    "put some of it into a command of its own");
	if (c == '\0')
		blame(scan, "the line holds a NUL byte: take it out");
	return c;
}

static void
begin_word(struct scan *scan)
{
	if (!scan->word)
		scan->n++;
	scan->word = true;
}

/* What is wrong is not stored, so the text never outgrows its room. */
static void
store(struct scan *scan, char c)
{
	begin_word(scan);
	if (scan->why == NULL)
		scan->text[scan->len++] = c;
}

static void
end_word(struct scan *scan)
{
	if (scan->word && scan->why == NULL)
		scan->text[scan->len++] = '\0';
	scan->word = false;
}

static void
scan_quoted(struct tokens *words, struct scan *scan, char c)
{
	char next = peek(words, 0);

	if (c == scan->quote)
		scan->quote = '\0';
	else if (scan->quote == '"' && c == '\\' &&
	    (next == '"' || next == '\\'))
		store(scan, take(words, scan));
	else
		store(scan, c);
}

static void
scan_comment(struct tokens *words, struct scan *scan)
{
	while (line_end(words, 0) == 0)
		take(words, scan);
}

static void
scan_plain(struct tokens *words, struct scan *scan, char c)
{
	if (is_blank(c)) {
		end_word(scan);
	} else if (c == '#' && !scan->word) {
		scan_comment(words, scan);
	} else if (c == '"' || c == '\'') {
		begin_word(scan);
		scan->quote = c;
	} else {
		store(scan, c);
	}
}

/* A backslash in double quotes before another one is an escape first. */
static bool
joins(const struct tokens *words)
{
	return peek(words, 0) == '\\' && line_end(words, 1) > 0;
}

static void
scan_line(struct tokens *words, struct scan *scan)
{
	while (line_end(words, 0) == 0) {
		char c = take(words, scan);

		if (scan->quote != '\0')
			scan_quoted(words, scan, c);
		else
			scan_plain(words, scan, c);
		while (joins(words)) {
			take(words, scan);
			take_end(words);
		}
	}
	if (scan->quote != '\0')
		blame(scan, scan->quote == '"' ?
		    "a quote is not closed: write \" where it ends" :
		    "a quote is not closed: write ' where it ends");
	end_word(scan);
	take_end(words);
}

static enum rc
hand_out(const struct scan *scan, struct pool *pool,
    const char *const **list, size_t *n)
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
tokens_start(struct tokens *words, struct bytes text)
{
	*words = (struct tokens){ .rest = text, .line = 0, .next = 1 };
}

enum rc
tokens_next(struct tokens *words, struct pool *pool,
    const char *const **list, size_t *n, const char **why)
{
	while (words->rest.len > 0) {
		struct scan scan;

		memset(&scan, 0, sizeof scan);
		words->line = words->next;
		while (joins(words)) {
			take(words, &scan);
			take_end(words);
		}
		scan_line(words, &scan);
		if (scan.why != NULL) {
			*why = scan.why;
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
