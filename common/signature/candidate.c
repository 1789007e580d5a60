/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/candidate.h"

#include "base/codec.h"

bool
candidate_decode(struct mac_candidate *item)
{
	struct bytes text = bytes_skip(item->text, item->prefix);
	size_t len = 0;
	enum rc rc;

	if (item->encoding == RECIPE_HEX)
		rc = decode_hex(text, item->mac, sizeof(item->mac), &len);
	else
		rc = decode_base64(text, item->mac, sizeof(item->mac), &len);
	return rc == RC_OK && len == sizeof(item->mac);
}

static bool
decode_either(struct mac_candidate *item, size_t prefix)
{
	item->prefix = prefix;
	item->encoding = RECIPE_HEX;
	if (candidate_decode(item))
		return true;
	item->encoding = RECIPE_BASE64;
	return candidate_decode(item);
}

bool
candidate_recognise(struct mac_candidate *item)
{
	size_t n = 0;

	if (decode_either(item, 0))
		return true;
	while (n < item->text.len && item->text.data[n] != '=' &&
	    item->text.data[n] != ':')
		n++;
	return n < item->text.len && decode_either(item, n + 1);
}

bool
candidate_next(struct bytes *rest, struct mac_candidate *item)
{
	while (bytes_split(rest, ",; \t", &item->text))
		if (candidate_recognise(item))
			return true;
	return false;
}

struct bytes
candidate_value(const char *value)
{
	return bytes_trim(
	    (struct bytes){ value, strnlen(value, CANDIDATE_HEADER) });
}
