/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "base/units.h"

static const struct {
	const char *word;
	enum rc rc;
	int64_t want;
} durations[] = {
	{ "0ms", RC_OK, 0 },
	{ "500ms", RC_OK, 500 },
	{ "10s", RC_OK, 10000 },
	{ "1m", RC_OK, 60000 },
	{ "2h", RC_OK, 7200000 },
	{ "1d", RC_OK, 86400000 },
	{ "007s", RC_OK, 7000 },
	{ "9223372036854775807ms", RC_OK, INT64_MAX },
	{ "9223372036854775808ms", RC_RANGE, 0 },
	{ "99999999999999999999d", RC_RANGE, 0 },
	{ "", RC_SYNTAX, 0 },
	{ "10", RC_SYNTAX, 0 },
	{ "s", RC_SYNTAX, 0 },
	{ "10 s", RC_SYNTAX, 0 },
	{ "+1s", RC_SYNTAX, 0 },
	{ "-1s", RC_SYNTAX, 0 },
	{ "1.5s", RC_SYNTAX, 0 },
	{ "1S", RC_SYNTAX, 0 },
	{ "1sec", RC_SYNTAX, 0 },
	{ "1w", RC_SYNTAX, 0 },
	{ "0x1s", RC_SYNTAX, 0 },
};

static void
durations_become_milliseconds(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		int64_t got = -7;
		enum rc rc = units_duration(durations[i].word, &got);

		wrong += case_rc(durations[i].word, rc, durations[i].rc);
		wrong += case_number(durations[i].word, got,
		    rc == RC_OK ? durations[i].want : -7);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *word;
	enum rc rc;
	size_t want;
} sizes[] = {
	{ "0", RC_OK, 0 },
	{ "300", RC_OK, 300 },
	{ "64K", RC_OK, 65536 },
	{ "1M", RC_OK, 1048576 },
	{ "2G", RC_OK, 2147483648 },
	{ "18446744073709551615", RC_OK, SIZE_MAX },
	{ "18446744073709551616", RC_RANGE, 0 },
	{ "18446744073709551615K", RC_RANGE, 0 },
	{ "", RC_SYNTAX, 0 },
	{ "K", RC_SYNTAX, 0 },
	{ "1k", RC_SYNTAX, 0 },
	{ "1KB", RC_SYNTAX, 0 },
	{ "-1", RC_SYNTAX, 0 },
	{ "1.5M", RC_SYNTAX, 0 },
};

static void
sizes_become_bytes(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t got = 7;
		enum rc rc = units_size(sizes[i].word, &got);

		wrong += case_rc(sizes[i].word, rc, sizes[i].rc);
		wrong += case_true(sizes[i].word, "the size",
		    got == (rc == RC_OK ? sizes[i].want : 7));
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	int64_t milliseconds;
	const char *want;
} written[] = {
	{ 0, "0ms" },
	{ 1, "1ms" },
	{ 1500, "1500ms" },
	{ 60000, "1m" },
	{ 90000, "90s" },
	{ 3600000, "1h" },
	{ 129600000, "36h" },
	{ 172800000, "2d" },
	{ INT64_MAX, "9223372036854775807ms" },
};

static void
durations_are_written_in_the_largest_unit(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(written); i++) {
		struct buf got = { 0 };
		int64_t again = -1;

		assert_int_equal(units_print_duration(written[i].milliseconds,
				     &got),
		    RC_OK);
		wrong += case_text(written[i].want, got.data, written[i].want);
		assert_int_equal(units_duration(got.data, &again), RC_OK);
		wrong += case_number(written[i].want, again,
		    written[i].milliseconds);
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	size_t bytes;
	const char *want;
} written_sizes[] = {
	{ 0, "0" },
	{ 300, "300" },
	{ 1024, "1K" },
	{ 65536, "64K" },
	{ 1048577, "1048577" },
	{ 1048576, "1M" },
	{ 3221225472, "3G" },
	{ SIZE_MAX, "18446744073709551615" },
};

static void
sizes_are_written_in_the_largest_unit(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(written_sizes); i++) {
		struct buf got = { 0 };

		assert_int_equal(units_print_size(written_sizes[i].bytes, &got),
		    RC_OK);
		wrong += case_text(written_sizes[i].want, got.data,
		    written_sizes[i].want);
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

static void
ages_have_weeks_as_well(void **state)
{
	static const struct {
		const char *word;
		enum rc rc;
		int64_t want;
	} cases[] = {
		{ "1w", RC_OK, 604800000 },
		{ "52w", RC_OK, 31449600000 },
		{ "90m", RC_OK, 5400000 },
		{ "2d", RC_OK, 172800000 },
		{ "0w", RC_OK, 0 },
		{ "9223372036854775807w", RC_RANGE, 0 },
		{ "99999999999999999999d", RC_RANGE, 0 },
		{ "w", RC_SYNTAX, 0 },
		{ "-1w", RC_SYNTAX, 0 },
		{ "1W", RC_SYNTAX, 0 },
		{ "1w1d", RC_SYNTAX, 0 },
		{ "", RC_SYNTAX, 0 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t got = -7;
		enum rc rc = units_age(cases[i].word, &got);

		wrong += case_rc(cases[i].word, rc, cases[i].rc);
		wrong += case_number(cases[i].word, got,
		    rc == RC_OK ? cases[i].want : -7);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_have_weeks_as_well),
		cmocka_unit_test(durations_become_milliseconds),
		cmocka_unit_test(sizes_become_bytes),
		cmocka_unit_test(durations_are_written_in_the_largest_unit),
		cmocka_unit_test(sizes_are_written_in_the_largest_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
