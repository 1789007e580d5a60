/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/candidate.h"

#include "base/codec.h"

enum {
	HEX_LEN = 2 * CRYPTO_DIGEST,
	BASE64_LEN = (CRYPTO_DIGEST + 2) / 3 * 4,
};

bool
candidate_decode(struct mac_candidate *candidate)
{
	struct bytes text = bytes_skip(candidate->text, candidate->prefix);
	size_t len = 0;
	enum rc rc;

	if (text.len !=
	    (candidate->encoding == RECIPE_HEX ? HEX_LEN : BASE64_LEN))
		return false;
	if (candidate->encoding == RECIPE_HEX)
		rc = decode_hex(text, candidate->mac, sizeof(candidate->mac),
		    &len);
	else
		rc = decode_base64(text, candidate->mac, sizeof(candidate->mac),
		    &len);
	return rc == RC_OK && len == sizeof(candidate->mac);
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
	size_t n = 0;

	if (decode_either(candidate, 0))
		return true;
	while (n < candidate->text.len && candidate->text.data[n] != '=' &&
	    candidate->text.data[n] != ':')
		n++;
	return n < candidate->text.len && decode_either(candidate, n + 1);
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
