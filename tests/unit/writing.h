/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WRITING_TEST_H
#define PELIHOOK_WRITING_TEST_H

#include "markup.h"

#include "page/html.h"

/* What the tests of writers of HTML share: what they write into, anew for each
 * test. */

/* 2026-11-30 16:24:19.500 UTC */
#define NOW INT64_C(1796055859500)

static struct buf out;
static struct html html;

static inline int
begin(void **state)
{
	(void)state;
	out = (struct buf){ 0 };
	html = (struct html){ .into = &out, .now = NOW };
	return 0;
}

static inline int
end(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* What was written since the last call, which is HTML; until the next one. */
static inline const char *
written(void)
{
	static char text[64 * 1024];

	assert_is_html(&out);
	assert_true(out.len < sizeof(text));
	bytes_copy(buf_view(&out), text, sizeof(text));
	out.len = 0;
	return text;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
