/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "journal/postgresql_text.h"

#include "base/utf8.h"
#include "journal/sql.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Those that differ, and what PostgreSQL has instead. */
static const struct {
	const char *ours;
	const char *theirs;
} words[] = {
	{ SQL_THEN_JOIN, " JOIN " },
	{ SQL_DIFFERS, " IS DISTINCT FROM " },
	{ "x''", "''::bytea" },
	{ "'integer' = typeof(", "'bigint'::regtype = pg_typeof(" },
	{ "'text' = typeof(", "'text'::regtype = pg_typeof(" },
};

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The bytes of our word at a place of the text; 0: there is none. */
static size_t
word_at(const char *text, const char *at, const char **theirs)
{
	bool inside = at > text &&
	    (isalnum((unsigned char)at[-1]) || at[-1] == '_');

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].ours);

		if (!begins(at, words[i].ours) || (inside && at[0] == 'x'))
			continue;
		/* IS NOT NULL is the same in both. */
		if (strcmp(words[i].ours, SQL_DIFFERS) == 0 &&
		    (begins(at + len, "NULL") || begins(at + len, "DISTINCT")))
			continue;
		*theirs = words[i].theirs;
		return len;
	}
	return 0;
}

/* The bytes of a quoted text, with its quotes; one that is doubled begins
 * another, which does as well. */
static size_t
quoted_at(const char *at)
{
	const char *end = strchr(at + 1, at[0]);

	return end == NULL ? strlen(at) : (size_t)(end - at) + 1;
}

enum rc
postgresql_translate(const char *text, struct buf *out)
{
	const char *theirs = NULL;

	for (const char *at = text; *at != '\0';) {
		size_t len = word_at(text, at, &theirs);

		if (len > 0) {
			buf_text(out, theirs);
		} else if (at[0] == '\'' || at[0] == '"') {
			len = quoted_at(at);
			buf_add(out, (struct bytes){ at, len });
		} else {
			len = 1;
			buf_char(out, at[0] == '?' ? '$' : at[0]);
		}
		at += len;
	}
	return out->rc;
}

static size_t
bad_bytes(struct bytes text)
{
	size_t bad = 0;

	while (text.len > 0) {
		size_t n = utf8_length(text);

		bad += n == 0;
		text = bytes_skip(text, n == 0 ? 1 : n);
	}
	return bad;
}

const char *
postgresql_utf8(struct pool *pool, const char *text)
{
	struct bytes rest = bytes_of(text);
	size_t bad = bad_bytes(rest);
	char *copy;
	char *at;

	if (bad == 0)
		return text;
	copy = pool_alloc(pool, rest.len + bad * (sizeof(REPLACEMENT) - 2) + 1,
	    1);
	for (at = copy; copy != NULL && rest.len > 0;) {
		size_t n = utf8_length(rest);
		size_t written = n == 0 ? sizeof(REPLACEMENT) - 1 : n;

		memcpy(at, n == 0 ? REPLACEMENT : rest.data, written);
		at += written;
		rest = bytes_skip(rest, n == 0 ? 1 : n);
	}
	return copy;
}
