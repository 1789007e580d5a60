/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "signature/secret.h"

#include "base/codec.h"
#include "base/crypto.h"

enum {
	SECRET_FILE_MAX = 64 * 1024, /* most bytes of a secret file */
	SECRET_NAME_MIN = 3,	     /* of a name before a secret */
};

/* One final LF or CRLF is the editor's, not the secret's. */
static struct bytes
without_line_end(struct bytes text)
{
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		return text;
	text.len--;
	if (text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	return text;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_blank_text(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_space(text.data[i]))
			return false;
	return true;
}

static bool
begins_with_mark(struct bytes text)
{
	return bytes_begin(text, "\xef\xbb\xbf");
}

static bool
is_utf16(struct bytes text)
{
	return bytes_begin(text, "\xff\xfe") || bytes_begin(text, "\xfe\xff");
}

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define SMALLS "abcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"

/* A name is written in one case, or with a capital first: what is made at
 * random seldom is. */
static size_t
name_length(struct bytes text)
{
	static const struct {
		const char *first;
		const char *others;
	} ways[] = {
		{ CAPITALS, CAPITALS DIGITS },
		{ CAPITALS SMALLS, SMALLS DIGITS },
	};
	size_t longest = 0;

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		const char *may = ways[i].first;
		size_t n = 0;

		while (n < text.len && text.data[n] != '\0' &&
		    strchr(may, text.data[n]) != NULL) {
			may = ways[i].others;
			n++;
		}
		if (n > longest)
			longest = n;
	}
	return longest;
}

/*
 * As in a shell's, an .env or an .ini file (NAME=, NAME =), or in YAML
 * (name: ).  What only ends in = signs is base64.
 */
static bool
has_name(struct bytes text)
{
	size_t n;

	if (bytes_begin(text, "export "))
		text = bytes_skip(text, strlen("export "));
	n = name_length(text);
	if (n < SECRET_NAME_MIN)
		return false;
	text = bytes_trim(bytes_skip(text, n));
	return bytes_begin(text, ": ") ||
	    (bytes_begin(text, "=") && text.len > 1 && text.data[1] != '=');
}

static bool
is_between(struct bytes text, const char *first, const char *last)
{
	size_t n = strlen(last);

	return text.len >= strlen(first) + n && bytes_begin(text, first) &&
	    memcmp(text.data + text.len - n, last, n) == 0;
}

static bool
is_quoted(struct bytes text)
{
	return is_between(text, "\"", "\"") || is_between(text, "'", "'") ||
	    is_between(text, "`", "`") ||
	    is_between(text, "\xe2\x80\x9c", "\xe2\x80\x9d") ||
	    is_between(text, "\xe2\x80\x98", "\xe2\x80\x99");
}

static bool
has_lines(struct bytes text)
{
	return memchr(text.data, '\n', text.len) != NULL ||
	    memchr(text.data, '\r', text.len) != NULL;
}

static bool
has_blanks(struct bytes text)
{
	return is_space(text.data[0]) || is_space(text.data[text.len - 1]);
}

/* Spaces that do not break, or have no width: they come with what is copied
 * from a page, and nobody sees them. */
static bool
has_unseen(struct bytes text)
{
	static const char *const unseen[] = { "\xc2\xa0", "\xe2\x80\x8b",
		"\xe2\x80\x8e", "\xe2\x81\xa0", "\xef\xbb\xbf" };

	for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
		if (memmem(text.data, text.len, unseen[i], strlen(unseen[i])) !=
		    NULL)
			return true;
	return false;
}

/* How a secret's file is often made wrong, the first that is true.  Each may
 * be meant, where the secret is a text. */
static const struct {
	bool (*is)(struct bytes text);
	const char *what;
} oddities[] = {
	{ begins_with_mark,
	    "begins with a byte order mark: save it as UTF-8 without one" },
	{ is_utf16,
	    "is UTF-16, as PowerShell writes it: save it as ASCII or UTF-8" },
	{ has_name,
	    "has a name before it, as in NAME=secret: leave only the secret" },
	{ is_quoted, "has quotes round it: take them out" },
	{ has_lines,
	    "has more than one line: only one line end, the last, is taken "
	    "off" },
	{ has_blanks, "begins or ends with a blank, which counts" },
	{ has_unseen,
	    "has an unseen character in it, as those that are copied from a "
	    "page: type it anew, or copy it as plain text" },
};

/* Of a text that is not blank: NULL where nothing is odd. */
static const char *
oddity_of(struct bytes text)
{
	for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++)
		if (oddities[i].is(text))
			return oddities[i].what;
	return NULL;
}

static enum rc
decode(struct bytes text, enum secret_coding coding, uint8_t *into, size_t *len)
{
	switch (coding) {
	case SECRET_RAW:
		memcpy(into, text.data, text.len);
		*len = text.len;
		return RC_OK;
	case SECRET_HEX:
		return decode_hex(text, into, text.len, len);
	case SECRET_BASE64:
		return decode_base64(text, into, text.len, len);
	case SECRET_WHSEC:
		if (bytes_begin(text, "whsec_"))
			text = bytes_skip(text, strlen("whsec_"));
		return decode_base64_bare(text, into, text.len, len);
	}
	return RC_SYNTAX;
}

/* Nothing is odd about it but that it is no such coding. */
static const char *
coding_advice(enum secret_coding coding)
{
	switch (coding) {
	case SECRET_RAW:
		break;
	case SECRET_HEX:
		return "does not hold hexadecimal digits, two a byte: "
		       "write `raw' if the secret is used as text";
	case SECRET_BASE64:
		return "does not hold base64 with its padding: "
		       "write `raw' if the secret is used as text";
	case SECRET_WHSEC:
		return "does not hold base64, with or without whsec_ before "
		       "it: write `raw' if the secret is used as text";
	}
	return "cannot be used";
}

const char *
secret_decode(struct bytes text, enum secret_coding coding, uint8_t *into,
    size_t *len)
{
	const char *odd;

	text = without_line_end(text);
	*len = 0;
	if (is_blank_text(text))
		return "is empty or blank: put the sender's secret into it";
	odd = oddity_of(text);
	if (memchr(text.data, '\0', text.len) != NULL)
		return is_utf16(text) ?
		    odd :
		    "holds a NUL byte: put the secret into it as text, "
		    "or as hex or base64 and say so";
	if (decode(text, coding, into, len) != RC_OK)
		return odd != NULL ? odd : coding_advice(coding);
	if (*len == 0)
		return "is empty once decoded: put the sender's secret "
		       "into it";
	return NULL;
}

enum trust_kind
secret_trust(const struct secret *secret)
{
	return secret->world_readable ? TRUST_FILE : TRUST_SECRET;
}

enum rc
secret_load(struct secret *secret, struct pool *pool, struct buf *error)
{
	struct buf file = { 0 };
	const char *wrong;
	uint8_t *key;
	size_t len;
	enum rc rc = RC_CONFIG;

	if (trust_read(secret->path, secret_trust(secret), SECRET_FILE_MAX,
		&file, error) != RC_OK)
		goto done;
	key = pool_alloc(pool, 1, file.len + 1);
	if (key == NULL) {
		rc = RC_MEMORY;
		goto done;
	}
	wrong = secret_decode(buf_view(&file), secret->coding, key, &len);
	if (wrong == NULL) {
		secret->odd = oddity_of(without_line_end(buf_view(&file)));
		secret->key = (struct bytes){ (const char *)key, len };
		rc = RC_OK;
	} else {
		crypto_wipe(key, file.len + 1);
		(void)buf_text(error, wrong);
	}
done:
	buf_wipe(&file);
	return rc;
}

/* NULL, or what is wrong with it and what to do. */
static const char *
why_no_text(struct bytes text, size_t max)
{
	if (text.len == 0)
		return "is empty: put the value into it";
	if (memchr(text.data, '\0', text.len) != NULL)
		return "holds a NUL byte: put the value into it as text";
	if (text.len > max)
		return "is too long for a variable: let the command read the "
		       "file itself";
	return NULL;
}

enum rc
secret_load_text(struct secret *secret, size_t max, struct pool *pool,
    struct buf *error)
{
	struct buf file = { 0 };
	struct bytes text;
	const char *wrong;
	enum rc rc = RC_CONFIG;

	if (trust_read(secret->path, secret_trust(secret), max + strlen("\r\n"),
		&file, error) != RC_OK)
		goto done;
	text = without_line_end(buf_view(&file));
	wrong = why_no_text(text, max);
	if (wrong != NULL) {
		(void)buf_text(error, wrong);
		goto done;
	}
	secret->key = (struct bytes){ pool_copy(pool, text), text.len };
	rc = secret->key.data != NULL ? RC_OK : RC_MEMORY;
done:
	if (rc == RC_MEMORY)
		secret->key = (struct bytes){ 0 };
	buf_wipe(&file);
	return rc;
}

void
secret_wipe(struct secret *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		crypto_wipe((void *)secrets[i].key.data, secrets[i].key.len);
		secrets[i].key = (struct bytes){ 0 };
	}
}
