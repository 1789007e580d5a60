/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/candidate.h"

#include "base/codec.h"

/* Strictly so many bytes. */
static bool
decode(struct bytes text, enum recipe_encoding encoding, uint8_t *into,
    size_t size)
{
	size_t len = 0;
	enum rc rc;

	if (text.len !=
	    (encoding == RECIPE_HEX ? 2 * size : (size + 2) / 3 * 4))
		return false;
	if (encoding == RECIPE_HEX)
		rc = decode_hex(text, into, size, &len);
	else
		rc = decode_base64(text, into, size, &len);
	return rc == RC_OK && len == size;
}

bool
candidate_decode(struct mac_candidate *candidate)
{
	return decode(bytes_skip(candidate->text, candidate->prefix),
	    candidate->encoding, candidate->mac, sizeof(candidate->mac));
}

/* How much of an item is up to its first = or : sign; all of it, where there is
 * none. */
static size_t
behind_sign(struct bytes text)
{
	size_t n = 0;

	while (n < text.len && text.data[n] != '=' && text.data[n] != ':')
		n++;
	return n < text.len ? n + 1 : n;
}

static bool
decode_either(struct mac_candidate *candidate, size_t prefix)
{
	candidate->prefix = prefix;
	candidate->encoding = RECIPE_HEX;
	if (candidate_decode(candidate))
		return true;
	candidate->encoding = RECIPE_BASE64;
	return candidate_decode(candidate);
}

bool
candidate_recognise(struct mac_candidate *candidate)
{
	return decode_either(candidate, 0) ||
	    decode_either(candidate, behind_sign(candidate->text));
}

static bool
is_of_size(struct bytes text, size_t size)
{
	uint8_t mac[CANDIDATE_SHA512];

	return size <= sizeof(mac) &&
	    (decode(text, RECIPE_HEX, mac, size) ||
		decode(text, RECIPE_BASE64, mac, size));
}

bool
candidate_of_size(struct bytes value, size_t size)
{
	struct bytes item;

	while (bytes_split(&value, ",; \t", &item))
		if (is_of_size(item, size) ||
		    is_of_size(bytes_skip(item, behind_sign(item)), size))
			return true;
	return false;
}

bool
candidate_next(struct bytes *rest, struct mac_candidate *candidate)
{
	while (bytes_split(rest, ",; \t", &candidate->text))
		if (candidate_recognise(candidate))
			return true;
	return false;
}

bool
candidate_split(struct bytes *rest, const char *split, struct bytes *item)
{
	size_t n = strlen(split);
	const char *at = NULL;

	if (rest->data == NULL)
		return false;
	if (n > 0 && rest->len > 0)
		at = memmem(rest->data, rest->len, split, n);
	item->data = rest->data;
	item->len = at == NULL ? rest->len : (size_t)(at - rest->data);
	if (at == NULL)
		*rest = (struct bytes){ NULL, 0 };
	else
		*rest = bytes_skip(*rest, item->len + n);
	*item = bytes_trim(*item);
	return true;
}

struct bytes
candidate_value(const char *value)
{
	return bytes_trim(
	    (struct bytes){ value, strnlen(value, CANDIDATE_HEADER) });
}
