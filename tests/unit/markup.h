/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_MARKUP_TEST_H
#define PELIHOOK_MARKUP_TEST_H

#include "unit.h"

#include "../html_reader.h"

/* All of what was written is HTML. */
static inline void
assert_is_html(const struct buf *text)
{
	const char *wrong;
	size_t at;

	assert_int_equal(text->rc, RC_OK);
	wrong = html_wrong(buf_view(text), &at);
	if (wrong != NULL)
		fail_msg("%s: %.60s", wrong, text->data + at);
}

#endif
