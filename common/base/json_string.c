/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "base/json_string.h"

#include "base/utf8.h"

static enum rc
json_char(char c, struct buf *into)
{
	static const char escaped[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = c == '\0' ? NULL : strchr(escaped, c);

	if (at != NULL)
		return buf_printf(into, "\\%c", letters[at - escaped]);
	if ((uint8_t)c < 0x20 || c == 0x7f)
		return buf_printf(into, "\\u%04x", (unsigned)(uint8_t)c);
	return buf_char(into, c);
}

enum rc
json_string_add(struct bytes from, struct buf *into)
{
	enum rc rc = RC_OK;
	size_t n;

	while (rc == RC_OK && from.len > 0) {
		n = utf8_length(from);
		if (n == 0)
			rc = buf_text(into, "\xef\xbf\xbd");
		else if (n == 1)
			rc = json_char(from.data[0], into);
		else if (n == 2 && utf8_printable(from) == 0)
			rc = buf_printf(into, "\\u%04x",
			    (unsigned)(uint8_t)from.data[1]);
		else
			rc = buf_add(into, (struct bytes){ from.data, n });
		from = bytes_skip(from, n == 0 ? 1 : n);
	}
	return rc;
}
