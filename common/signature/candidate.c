/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/candidate.h"

#include "base/codec.h"

bool
item_decode(struct item *item)
{
	struct bytes text = bytes_skip(item->text, item->prefix);
	size_t len = 0;
	enum rc rc;

	if (item->encoding == SCHEME_HEX)
		rc = decode_hex(text, item->mac, sizeof(item->mac), &len);
	else
		rc = decode_base64(text, item->mac, sizeof(item->mac), &len);
	return rc == RC_OK && len == sizeof(item->mac);
}

static bool
decode_either(struct item *item, size_t prefix)
{
	item->prefix = prefix;
	item->encoding = SCHEME_HEX;
	if (item_decode(item))
		return true;
	item->encoding = SCHEME_BASE64;
	return item_decode(item);
}

bool
item_recognise(struct item *item)
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
item_next(struct bytes *rest, struct item *item)
{
	while (bytes_item(rest, ",; \t", &item->text))
		if (item_recognise(item))
			return true;
	return false;
}

struct bytes
item_value(const char *value)
{
	return bytes_trim((struct bytes){ value,
	    strnlen(value, ITEM_HEADER) });
}
