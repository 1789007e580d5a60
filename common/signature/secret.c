/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/secret.h"

#include "base/codec.h"
#include "base/crypto.h"

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

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
	return c == ' ' || c == '\t' || is_line_end(c);
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
decode(struct bytes text, enum secret_coding coding, uint8_t *into,
    size_t *len)
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
		return decode_base64(text, into, text.len, len);
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

bool
secret_has_blanks(struct bytes text)
{
	text = without_line_end(text);
	return is_space(text.data[0]) || is_space(text.data[text.len - 1]);
}

void
secret_wipe(struct secret *secret)
{
	crypto_wipe((void *)secret->key.data, secret->key.len);
	secret->key = (struct bytes){0};
}
