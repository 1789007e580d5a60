/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/bytes.h"
#include "base/timestamp.h"

static const struct {
	int64_t wall;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1, "1970-01-01T00:00:00.001Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ -1000, "1969-12-31T23:59:59.000Z" },
	{ INT64_C(951827696789), "2000-02-29T12:34:56.789Z" },
	{ INT64_C(1767323045678), "2026-01-02T03:04:05.678Z" },
	{ INT64_C(4107542400000), "2100-03-01T00:00:00.000Z" },
	{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	{ INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z" },
	{ INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z" },
};

static void
times_are_written_and_read_back(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		char text[TIMESTAMP_SIZE];
		int64_t back = 12345;

		timestamp_print(times[i].wall, text);
		wrong += case_text(times[i].text, text, times[i].text);
		wrong += case_rc(times[i].text,
		    timestamp_parse(bytes_of(times[i].text), &back), RC_OK);
		wrong += case_number(times[i].text, back, times[i].wall);
	}
	assert_int_equal(wrong, 0);
}

static void
times_of_rfc3339_in_all_its_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t wall;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00+00:00", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T02:00:00+02:00", 0 },
		{ "1969-12-31T19:30:00-04:30", 0 },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.05Z", 50 },
		{ "1970-01-01T00:00:00.123999999999999999999999Z", 123 },
		{ "1969-12-31T23:59:59.5Z", -500 },
		{ "2020-01-01T00:00:00-07:00", INT64_C(1577862000000) },
		{ "2024-02-29T23:59:59Z", INT64_C(1709251199000) },
		{ "1970-01-01T23:59:00+23:59", 0 },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000) },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t wall = 12345;

		wrong += case_rc(cases[i].text,
		    timestamp_parse(bytes_of(cases[i].text), &wall), RC_OK);
		wrong += case_number(cases[i].text, wall, cases[i].wall);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"Z",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01 00:00:00Z",
		"1970-01-01T00:00Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00+0000",
		"1970-01-01T00:00:00+00",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+00:60",
		"1970-01-01T00:00:00 Z",
		" 1970-01-01T00:00:00Z",
		"1970-01-01T00:00:00Z ",
		"1970-01-01T00:00:00Z\n",
		"1970-01-01T00:00:00ZZ",
		"1970-13-01T00:00:00Z",
		"1970-00-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"2021-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"70-01-01T00:00:00Z",
		"19700-01-01T00:00:00Z",
		"1970-1-01T00:00:00Z",
		"+970-01-01T00:00:00Z",
		"-970-01-01T00:00:00Z",
		"1970-01-01T0:00:00Z",
		"1970-01-01T00:00:0xZ",
		"1970-01-01T00:00:00--7:00",
		"1970-01-01T00:00:00+ 1:00",
		"1970/01/01T00:00:00Z",
		"0",
		"1577862000",
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t wall = 12345;

		wrong += case_rc(cases[i],
		    timestamp_parse(bytes_of(cases[i]), &wall), RC_SYNTAX);
		wrong += case_number(cases[i], wall, 12345);
	}
	assert_int_equal(wrong, 0);
}

static void
a_time_with_a_nul_is_none(void **state)
{
	int64_t wall = 1;

	(void)state;
	assert_int_equal(timestamp_parse(LIT("1970-01-01T00:00:00Z\0"), &wall),
	    RC_SYNTAX);
	assert_int_equal(timestamp_parse(LIT("1970-01-01\0"
					     "00:00:00Z"),
			     &wall),
	    RC_SYNTAX);
	assert_int_equal(timestamp_parse((struct bytes){ NULL, 0 }, &wall),
	    RC_SYNTAX);
	assert_int_equal(wall, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_and_read_back),
		cmocka_unit_test(times_of_rfc3339_in_all_its_forms),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_time_with_a_nul_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
