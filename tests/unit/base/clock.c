/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <time.h>

#include "../unit.h"

#include "base/clock.h"

static void
the_wall_clock_is_the_systems(void **state)
{
	int64_t before = (int64_t)time(NULL) * 1000, wall = clock_wall();

	(void)state;
	/* time(2) may lag behind by a tick of the kernel. */
	assert_true(wall >= before - 1000);
	assert_true(wall <= ((int64_t)time(NULL) + 2) * 1000);
}

static void
the_wall_clock_counts_milliseconds(void **state)
{
	int64_t start = clock_wall(), now = start;

	(void)state;
	for (long spins = 0; now == start && spins < 100000000; spins++)
		now = clock_wall();
	assert_true(now - start < 1000);
	assert_int_not_equal(now, start);
}

static void
the_steady_clock_never_goes_back(void **state)
{
	int64_t last = clock_steady();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t now = clock_steady();

		assert_true(now >= last);
		last = now;
	}
}

static void
what_is_left_is_what_poll_takes(void **state)
{
	int64_t now = clock_steady();

	(void)state;
	assert_int_equal(clock_left(CLOCK_NEVER), -1);
	assert_int_equal(clock_left(now - 1), 0);
	assert_int_equal(clock_left(now), 0);
	assert_int_equal(clock_left(0), 0);
	assert_int_equal(clock_left(INT64_MIN), 0);
	assert_int_equal(clock_left(now + INT64_C(4000000000)), INT_MAX);
	assert_int_equal(clock_left(INT64_MAX - 1), INT_MAX);
	assert_in_range(clock_left(clock_steady() + 60000), 1, 60000);
}

static void
never_is_longer_than_any_wait(void **state)
{
	(void)state;
	assert_int_equal(clock_shorter(5, 7), 5);
	assert_int_equal(clock_shorter(7, 5), 5);
	assert_int_equal(clock_shorter(-1, 7), 7);
	assert_int_equal(clock_shorter(7, -1), 7);
	assert_int_equal(clock_shorter(-1, -1), -1);
	assert_int_equal(clock_earlier(7, CLOCK_NEVER), 7);
	assert_int_equal(clock_earlier(CLOCK_NEVER, 7), 7);
	assert_int_equal(clock_earlier(-7, 7), -7);
}

static void
what_is_not_over_has_no_age(void **state)
{
	(void)state;
	assert_int_equal(clock_age(1000, 1700), 700);
	assert_int_equal(clock_age(1000, 1000), 0);
	assert_int_equal(clock_age(1001, 1000), 0);
	assert_int_equal(clock_age(0, 1000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wall_clock_is_the_systems),
		cmocka_unit_test(the_wall_clock_counts_milliseconds),
		cmocka_unit_test(the_steady_clock_never_goes_back),
		cmocka_unit_test(what_is_left_is_what_poll_takes),
		cmocka_unit_test(never_is_longer_than_any_wait),
		cmocka_unit_test(what_is_not_over_has_no_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
