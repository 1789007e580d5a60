/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/suggest.h"

static const struct {
	const char *a;
	const char *b;
	size_t want;
} pairs[] = {
    {"", "", 0},
    {"", "abc", 3},
    {"retry", "retry", 0},
    {"retri", "retry", 1},
    {"rety", "retry", 1},
    {"rretry", "retry", 1},
    {"rtery", "retry", 2},
    {"kitten", "sitting", 3},
    {"Max_Body", "max-body", 0},
    {"abc", "xyz", 3},
    {"a234567890123456789012345678901234567890123456789012345678901234",
	"", 64},
    {"a2345678901234567890123456789012345678901234567890123456789012345",
	"", SIZE_MAX},
};

static void
distances_are_counted_both_ways(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		wrong += case_true(pairs[i].a, pairs[i].b,
		    edit_distance(pairs[i].a, pairs[i].b) ==
			pairs[i].want);
		wrong += case_true(pairs[i].b, pairs[i].a,
		    edit_distance(pairs[i].b, pairs[i].a) ==
			pairs[i].want);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_counted_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
