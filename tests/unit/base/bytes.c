/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "../unit.h"

#include "base/buf.h"

static void
views_of_a_text_and_of_a_buf(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	assert_int_equal(bytes_of("").len, 0);
	assert_int_equal(bytes_of("abc").len, 3);
	assert_int_equal(buf_view(&buf).len, 0);
	assert_int_equal(buf_text(&buf, "abc"), RC_OK);
	assert_true(bytes_is(buf_view(&buf), "abc"));
	buf_free(&buf);
}

static void
equality_is_of_length_and_of_every_byte(void **state)
{
	static const struct {
		const char *name;
		struct bytes a, b;
		bool equal;
	} cases[] = {
		{ "both empty, no data", { NULL, 0 }, { NULL, 0 }, true },
		{ "empty with and without data", { "", 0 }, { NULL, 0 }, true },
		{ "same", { "abc", 3 }, { "abc", 3 }, true },
		{ "prefix", { "ab", 2 }, { "abc", 3 }, false },
		{ "longer", { "abc", 3 }, { "ab", 2 }, false },
		{ "case", { "abc", 3 }, { "abC", 3 }, false },
		{ "NUL inside, same", { "a\0b", 3 }, { "a\0b", 3 }, true },
		{ "differ behind a NUL", { "a\0b", 3 }, { "a\0c", 3 }, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].name,
		    bytes_equal(cases[i].a, cases[i].b), cases[i].equal);
	assert_int_equal(wrong, 0);
}

static void
comparison_with_a_text(void **state)
{
	(void)state;
	assert_true(bytes_is(LIT("abc"), "abc"));
	assert_true(bytes_is((struct bytes){ NULL, 0 }, ""));
	assert_false(bytes_is(LIT("abc"), "ab"));
	assert_false(bytes_is(LIT("ab"), "abc"));
	assert_false(bytes_is(LIT("abc\0"), "abc"));
	assert_false(bytes_is(LIT("Abc"), "abc"));
}

static void
beginning_with_a_prefix(void **state)
{
	(void)state;
	assert_true(bytes_begin(LIT("sha256=ab"), "sha256="));
	assert_true(bytes_begin(LIT("sha256="), "sha256="));
	assert_true(bytes_begin(LIT("x"), ""));
	assert_true(bytes_begin((struct bytes){ NULL, 0 }, ""));
	assert_false(bytes_begin(LIT("sha256"), "sha256="));
	assert_false(bytes_begin((struct bytes){ NULL, 0 }, "a"));
	assert_false(bytes_begin(LIT("Sha256=ab"), "sha256="));
}

static void
skipping_up_to_the_whole(void **state)
{
	(void)state;
	assert_true(bytes_is(bytes_skip(LIT("abc"), 0), "abc"));
	assert_true(bytes_is(bytes_skip(LIT("abc"), 1), "bc"));
	assert_true(bytes_is(bytes_skip(LIT("abc"), 3), ""));
	assert_int_equal(bytes_skip((struct bytes){ NULL, 0 }, 0).len, 0);
}

static void
trimming_takes_spaces_and_tabs_only(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "", "" },
		{ "a", "a" },
		{ " \ta b\t ", "a b" },
		{ "  ", "" },
		{ "\t", "" },
		{ "\na\r", "\na\r" },
		{ "\va\f", "\va\f" },
		{ " a", "a" },
		{ "a ", "a" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_bytes(cases[i].from,
		    bytes_trim(bytes_of(cases[i].from)), bytes_of(cases[i].to));
	wrong += case_bytes("no data", bytes_trim((struct bytes){ NULL, 0 }),
	    LIT(""));
	wrong += case_bytes("NUL stays", bytes_trim(LIT(" \0 ")), LIT("\0"));
	assert_int_equal(wrong, 0);
}

static void
items_are_cut_at_any_separator(void **state)
{
	static const struct {
		const char *text, *separators;
		const char *items[5];
	} cases[] = {
		{ "", ",", { "", NULL } },
		{ "a", ",", { "a", NULL } },
		{ "a,b", ",", { "a", "b", NULL } },
		{ "a,b;c d", ",; ", { "a", "b", "c", "d", NULL } },
		{ "a,,b", ",", { "a", "", "b", NULL } },
		{ ",a", ",", { "", "a", NULL } },
		{ "a,", ",", { "a", "", NULL } },
		{ "a b", ",", { "a b", NULL } },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes rest = bytes_of(cases[i].text), item;
		size_t n = 0;

		for (; n < 4 && bytes_split(&rest, cases[i].separators, &item);
		     n++)
			wrong += case_bytes(cases[i].text, item,
			    bytes_of(cases[i].items[n] != NULL ?
				    cases[i].items[n] :
				    "nothing more"));
		wrong += case_true(cases[i].text, "the number of items",
		    cases[i].items[n] == NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
an_item_may_hold_a_nul(void **state)
{
	struct bytes rest = LIT("a\0b,c"), item;

	(void)state;
	assert_true(bytes_split(&rest, ",", &item));
	assert_true(bytes_equal(item, LIT("a\0b")));
	assert_true(bytes_is(rest, "c"));
}

static void
a_number_is_printed_in_full(void **state)
{
	char into[BYTES_DECIMAL];

	(void)state;
	assert_string_equal(bytes_decimal(0, into), "0");
	assert_string_equal(bytes_decimal(1090, into), "1090");
	assert_string_equal(bytes_decimal(UINT64_MAX, into),
	    "18446744073709551615");
	/* A sign goes before the longest, too. */
	assert_true(bytes_decimal(UINT64_MAX, into) > into);
}

static void
numbers_are_ascii_digits_in_range(void **state)
{
	static const struct {
		const char *text;
		unsigned long long max;
		enum rc rc;
		unsigned long long value;
	} cases[] = {
		{ "0", 0, RC_OK, 0 }, { "0", 9, RC_OK, 0 },
		{ "42", 42, RC_OK, 42 }, { "43", 42, RC_RANGE, 0 },
		{ "007", 9, RC_OK, 7 },
		{ "18446744073709551615", ULLONG_MAX, RC_OK, ULLONG_MAX },
		{ "18446744073709551616", ULLONG_MAX, RC_RANGE, 0 },
		{ "18446744073709551620", ULLONG_MAX, RC_RANGE, 0 },
		{ "99999999999999999999999999", ULLONG_MAX, RC_RANGE, 0 },
		{ "100000000000000000000", 10, RC_RANGE, 0 },
		{ "", 9, RC_SYNTAX, 0 }, { "+1", 9, RC_SYNTAX, 0 },
		{ "-1", 9, RC_SYNTAX, 0 }, { "-0", 9, RC_SYNTAX, 0 },
		{ " 1", 9, RC_SYNTAX, 0 }, { "1 ", 9, RC_SYNTAX, 0 },
		{ "1\n", 9, RC_SYNTAX, 0 }, { "0x1", 99, RC_SYNTAX, 0 },
		{ "1e1", 99, RC_SYNTAX, 0 }, { "1.0", 99, RC_SYNTAX, 0 },
		{ "Infinity", 99, RC_SYNTAX, 0 }, { "1a", 99, RC_SYNTAX, 0 },
		{ "\xd9\xa1", 99, RC_SYNTAX, 0 }, /* an Arabic one */
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned long long out = 12345;
		enum rc rc = bytes_number(bytes_of(cases[i].text), cases[i].max,
		    &out);

		wrong += case_rc(cases[i].text, rc, cases[i].rc);
		wrong += case_true(cases[i].text, "the value",
		    out == (cases[i].rc == RC_OK ? cases[i].value : 12345));
	}
	assert_int_equal(wrong, 0);
}

static void
a_number_with_a_nul_is_none(void **state)
{
	unsigned long long out = 7;

	(void)state;
	assert_int_equal(bytes_number(LIT("1\0"), 99, &out), RC_SYNTAX);
	assert_int_equal(bytes_number((struct bytes){ NULL, 0 }, 99, &out),
	    RC_SYNTAX);
	assert_int_equal(out, 7);
}

static void
a_copy_holds_what_fits_and_a_nul(void **state)
{
	char into[5] = "xxxx";

	(void)state;
	bytes_copy(LIT("abc"), into, sizeof(into));
	assert_memory_equal(into, "abc", 4);
	bytes_copy(LIT("abcd"), into, sizeof(into));
	assert_memory_equal(into, "abcd", 5);
	bytes_copy(LIT("efghi"), into, sizeof(into));
	assert_memory_equal(into, "efgh", 5);
	bytes_copy((struct bytes){ NULL, 0 }, into, sizeof(into));
	assert_string_equal(into, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_of_a_text_and_of_a_buf),
		cmocka_unit_test(equality_is_of_length_and_of_every_byte),
		cmocka_unit_test(comparison_with_a_text),
		cmocka_unit_test(beginning_with_a_prefix),
		cmocka_unit_test(skipping_up_to_the_whole),
		cmocka_unit_test(trimming_takes_spaces_and_tabs_only),
		cmocka_unit_test(items_are_cut_at_any_separator),
		cmocka_unit_test(an_item_may_hold_a_nul),
		cmocka_unit_test(a_copy_holds_what_fits_and_a_nul),
		cmocka_unit_test(a_number_is_printed_in_full),
		cmocka_unit_test(numbers_are_ascii_digits_in_range),
		cmocka_unit_test(a_number_with_a_nul_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
