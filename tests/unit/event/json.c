/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "event/json.h"

static void
pointers_are_known(void **state)
{
	static const char *const good[] = {
		"", "/", "/a", "/a/b/0", "//", "/~0/~1", "/a b", "/~01"
	};
	static const char *const bad[] = {
		"a", "a/b", "#/a", "/~", "/~2", "/a~b", " /a"
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		wrong += case_true(good[i], "is a pointer",
		    event_json_is_pointer(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		wrong += case_true(bad[i], "is no pointer",
		    !event_json_is_pointer(bad[i]));
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
