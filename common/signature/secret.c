/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "signature/secret.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/trust.h"

enum { SECRET_FILE_MAX = 64 * 1024 }; /* most bytes of a secret file */

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
	text = without_line_end(text);
	*len = 0;
	if (is_blank_text(text))
		return "is empty or blank: put the sender's secret into it";
	if (memchr(text.data, '\0', text.len) != NULL)
		return "holds a NUL byte: put the secret into it as text, "
		       "or as hex or base64 and say so";
	if (decode(text, coding, into, len) != RC_OK)
		return coding_advice(coding);
	if (*len == 0)
		return "is empty once decoded: put the sender's secret "
		       "into it";
	return NULL;
}

static bool
has_blanks(struct bytes text)
{
	text = without_line_end(text);
	return is_space(text.data[0]) || is_space(text.data[text.len - 1]);
}

enum rc
secret_load(struct secret *secret, struct pool *pool, struct buf *error)
{
	struct buf file = { 0 };
	const char *wrong;
	uint8_t *key;
	size_t len;
	enum rc rc = RC_CONFIG;

	if (trust_read(secret->path, TRUST_SECRET, SECRET_FILE_MAX, &file,
		error) != RC_OK)
		goto done;
	key = pool_alloc(pool, 1, file.len + 1);
	if (key == NULL) {
		rc = RC_MEMORY;
		goto done;
	}
	wrong = secret_decode(buf_view(&file), secret->coding, key, &len);
	if (wrong == NULL) {
		secret->blanks = has_blanks(buf_view(&file));
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

void
secret_wipe(struct secret *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		crypto_wipe((void *)secrets[i].key.data, secrets[i].key.len);
		secrets[i].key = (struct bytes){ 0 };
	}
}
