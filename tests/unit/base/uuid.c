/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/uuid.h"

static void
uuid7_of_the_rfc(void **state)
{
	/* RFC 9562 appendix A.6. */
	static const uint8_t random[10] = { 0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c,
		0x0c, 0x07, 0x39, 0x8f };
	char text[UUID_SIZE];

	(void)state;
	uuid7(INT64_C(1645557742000), random, text);
	assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void
uuid7_holds_version_variant_and_order(void **state)
{
	uint8_t zeroes[10] = { 0 }, ones[10];
	char low[UUID_SIZE], high[UUID_SIZE], later[UUID_SIZE];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	uuid7(1, zeroes, low);
	uuid7(1, ones, high);
	uuid7(2, zeroes, later);
	assert_string_equal(low, "00000000-0001-7000-8000-000000000000");
	assert_string_equal(high, "00000000-0001-7fff-bfff-ffffffffffff");
	assert_true(strcmp(high, later) < 0);
}

static void
a_new_one_is_of_its_time_and_never_the_same(void **state)
{
	char first[UUID_SIZE], second[UUID_SIZE];

	(void)state;
	assert_int_equal(uuid_make(INT64_C(1645557742000), first), RC_OK);
	assert_int_equal(uuid_make(INT64_C(1645557742000), second), RC_OK);
	assert_memory_equal(first, "017f22e2-79b0-7", 15);
	assert_memory_equal(second, "017f22e2-79b0-7", 15);
	assert_int_equal(strlen(first), UUID_SIZE - 1);
	assert_string_not_equal(first, second);
}

static void
one_is_known_by_its_form(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", true },
		{ "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", true },
		{ "", false },
		{ "017f22e2", false },
		{ "017f22e2-79b0-7cc3-98c4-dc0c0c07398", false },
		{ "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", false },
		{ "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", false },
		{ "017f22e2079b0-7cc3-98c4-dc0c0c07398f", false },
		{ "017f22e-279b0-7cc3-98c4-dc0c0c07398f", false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_true(cases[i].text, "is one or none",
		    uuid_is(bytes_of(cases[i].text)) == cases[i].is);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid7_of_the_rfc),
		cmocka_unit_test(uuid7_holds_version_variant_and_order),
		cmocka_unit_test(one_is_known_by_its_form),
		cmocka_unit_test(a_new_one_is_of_its_time_and_never_the_same),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
