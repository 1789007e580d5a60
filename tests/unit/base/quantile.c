/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/quantile.h"

static void
of_an_even_number_the_median_is_the_mean_of_the_two_in_the_middle(void **state)
{
	static const struct {
		const char *label;
		size_t n;
		int64_t list[5];
		int64_t want;
	} cases[] = {
		{ "none", 0, { 0 }, -1 },
		{ "one", 1, { 7 }, 7 },
		{ "two", 2, { 30, 10 }, 20 },
		{ "three", 3, { 9, 1, 2 }, 2 },
		{ "four", 4, { 100, 1, 3, 2 }, 2 },
		{ "the largest", 2, { INT64_MAX, INT64_MAX - 2 },
		    INT64_MAX - 1 },
		{ "five", 5, { 5, 4, 3, 2, 1 }, 3 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t list[5];

		memcpy(list, cases[i].list, sizeof(list));
		quantile_sort(list, cases[i].n);
		wrong += case_number(cases[i].label,
		    quantile_median(list, cases[i].n), cases[i].want);
	}
	assert_int_equal(wrong, 0);
}

static void
a_percentile_is_the_one_at_the_nearest_rank(void **state)
{
	static const struct {
		const char *label;
		size_t n;
		unsigned percent;
		int64_t want;
	} cases[] = {
		{ "none", 0, 90, -1 },
		{ "one", 1, 90, 1 },
		{ "nine", 9, 90, 9 },
		{ "ten", 10, 90, 9 },
		{ "eleven", 11, 90, 10 },
		{ "all", 10, 100, 10 },
		{ "the first", 10, 1, 1 },
	};
	static const int64_t list[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].label,
		    quantile_percentile(list, cases[i].n, cases[i].percent),
		    cases[i].want);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    of_an_even_number_the_median_is_the_mean_of_the_two_in_the_middle),
		cmocka_unit_test(a_percentile_is_the_one_at_the_nearest_rank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
