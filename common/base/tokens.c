/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

#include "base/tokens.h"

/* A line while it is cut into words. */
struct scan {
	char text[WORDS_LINE + 2];	/* the words, a NUL behind each */
	size_t len;
	size_t n;		/* words begun */
	size_t seen;		/* bytes of the line so far */
	char quote;		/* the open one, or 0 */
	bool word;		/* inside a word */
	const char *why;	/* the first thing wrong */
};

struct unit {
	const char *name;
	unsigned long long factor;
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
	{ NULL, 0 },
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
peek(const struct words *words, size_t i)
{
	return i < words->rest.len ? words->rest.data[i] : '\n';
}

/* Bytes of the line's end that begins here (LF or CRLF), 0 where none does. */
static size_t
line_end(const struct words *words, size_t at)
{
	if (peek(words, at) == '\n')
		return 1;
	return peek(words, at) == '\r' && peek(words, at + 1) == '\n' ? 2 : 0;
}

static void
skip(struct words *words, size_t n)
{
	size_t left = words->rest.len;

	words->rest = bytes_skip(words->rest, n < left ? n : left);
}

static void
take_end(struct words *words)
{
	skip(words, line_end(words, 0));
	words->next++;
}

static char
take(struct words *words, struct scan *scan)
{
	char c = peek(words, 0);

	skip(words, 1);
	if (++scan->seen > WORDS_LINE)
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
scan_quoted(struct words *words, struct scan *scan, char c)
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
scan_comment(struct words *words, struct scan *scan)
{
	while (line_end(words, 0) == 0)
		take(words, scan);
}

static void
scan_plain(struct words *words, struct scan *scan, char c)
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
joins(const struct words *words)
{
	return peek(words, 0) == '\\' && line_end(words, 1) > 0;
}

static void
scan_line(struct words *words, struct scan *scan)
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
words_start(struct words *words, struct bytes text)
{
	*words = (struct words){ .rest = text, .line = 0, .next = 1 };
}

enum rc
words_next(struct words *words, struct pool *pool,
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

/* Digits and one of the units: their product. */
static enum rc
measure(const char *word, const struct unit *units, unsigned long long max,
    unsigned long long *out)
{
	size_t digits = strspn(word, "0123456789");
	unsigned long long number = 0;
	enum rc rc;

	while (units->name != NULL && strcmp(units->name, word + digits) != 0)
		units++;
	if (units->name == NULL)
		return RC_SYNTAX;
	rc = bytes_number((struct bytes){ word, digits },
	    max / units->factor, &number);
	if (rc == RC_OK)
		*out = number * units->factor;
	return rc;
}

static bool
needs_quotes(const char *word)
{
	return word[0] == '\0' || word[0] == '#' ||
	    strpbrk(word, " \t\r\n\v\f\"'\\") != NULL;
}

enum rc
words_print(const char *word, struct buf *into)
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
words_duration(const char *word, int64_t *out)
{
	unsigned long long value = 0;
	enum rc rc = measure(word, durations, INT64_MAX, &value);

	if (rc == RC_OK)
		*out = (int64_t)value;
	return rc;
}

enum rc
words_size(const char *word, size_t *out)
{
	unsigned long long value = 0;
	enum rc rc = measure(word, sizes, SIZE_MAX, &value);

	if (rc == RC_OK)
		*out = (size_t)value;
	return rc;
}

bool
words_is_pointer(const char *word)
{
	if (*word != '\0' && *word != '/')
		return false;
	for (; *word != '\0'; word++)
		if (*word == '~' && word[1] != '0' && word[1] != '1')
			return false;
	return true;
}
