/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "signature/content.h"

void
content_fill(const char *over, const struct signed_fields *values,
    struct signed_content *content)
{
	const struct {
		const char *name;
		struct bytes value;
	} fields[] = {
		{ "{body}", values->body },
		{ "{timestamp}", values->timestamp },
		{ "{id}", values->id },
	};
	struct bytes rest = bytes_of(over);
	size_t field;

	content->n = 0;
	while (rest.len > 0 && content->n < RECIPE_OVER + 1) {
		field = 0;
		while (field < 3 && !bytes_begin(rest, fields[field].name))
			field++;
		content->parts[content->n++] = field < 3 ?
		    fields[field].value :
		    (struct bytes){ rest.data, 1 };
		rest = bytes_skip(rest,
		    field < 3 ? strlen(fields[field].name) : 1);
	}
}
