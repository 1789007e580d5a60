/* SPDX-License-Identifier: ISC */
#include "../told.h"

#include "base/moment.h"

/* 2026-11-30T16:24:05Z */
#define NOW INT64_C(1796055845000)
#define MINUTE INT64_C(60000)
#define DAY (24 * 60 * MINUTE)

static void
a_moment_is_as_people_and_browsers_give_it(void **state)
{
	static const struct {
		const char *text;
		int64_t wall;
	} cases[] = {
		{ "2026-11-30T16:24:05Z", NOW },
		{ "2026-11-30T17:24:05+01:00", NOW },
		{ "2026-11-30T16:24:05.250Z", NOW + 250 },
		{ "2026-11-30T16:24:05", NOW },
		{ "2026-11-30T16:24", NOW - 5000 },
		{ "2026-11-30", NOW / DAY * DAY },
		{ "0s", NOW },
		{ "15m", NOW - 15 * MINUTE },
		{ "2w", NOW - 14 * DAY },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t wall = -1;

		wrong += case_rc(cases[i].text,
		    moment_parse(cases[i].text, NOW, &wall), RC_OK);
		wrong += case_number(cases[i].text, wall, cases[i].wall);
	}
	assert_int_equal(wrong, 0);
}

static void
anything_else_is_none(void **state)
{
	static const char *const texts[] = { "", "now", "2026", "2026-11",
		"2026-11-31", "2026-11-30T", "2026-11-30T16",
		"2026-11-30T24:61", "2026-11-30T16:2Z", "2026-11-30T16:24:0",
		"2026-11-30T16:24:05.", "2026-11-30 16", "d", "1x", "-1d",
		"1796055845" };
	int64_t wall = 0;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		wrong += case_rc(texts[i], moment_parse(texts[i], NOW, &wall),
		    RC_SYNTAX);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_is_as_people_and_browsers_give_it),
		cmocka_unit_test(anything_else_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
