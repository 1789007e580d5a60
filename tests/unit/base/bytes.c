/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>

#include "../unit.h"

#include "base/buf.h"

/* The sanitizer's malloc has to fail as libc's does, not to abort. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
views_of_a_text_and_of_a_buf(void **state)
{
	struct buf buf = {0};

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
	    {"both empty, no data", {NULL, 0}, {NULL, 0}, true},
	    {"empty with and without data", {"", 0}, {NULL, 0}, true},
	    {"same", {"abc", 3}, {"abc", 3}, true},
	    {"prefix", {"ab", 2}, {"abc", 3}, false},
	    {"longer", {"abc", 3}, {"ab", 2}, false},
	    {"case", {"abc", 3}, {"abC", 3}, false},
	    {"NUL inside, same", {"a\0b", 3}, {"a\0b", 3}, true},
	    {"differ behind a NUL", {"a\0b", 3}, {"a\0c", 3}, false},
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
	assert_true(bytes_is((struct bytes){NULL, 0}, ""));
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
	assert_true(bytes_begin((struct bytes){NULL, 0}, ""));
	assert_false(bytes_begin(LIT("sha256"), "sha256="));
	assert_false(bytes_begin((struct bytes){NULL, 0}, "a"));
	assert_false(bytes_begin(LIT("Sha256=ab"), "sha256="));
}

static void
skipping_up_to_the_whole(void **state)
{
	(void)state;
	assert_true(bytes_is(bytes_skip(LIT("abc"), 0), "abc"));
	assert_true(bytes_is(bytes_skip(LIT("abc"), 1), "bc"));
	assert_true(bytes_is(bytes_skip(LIT("abc"), 3), ""));
	assert_int_equal(bytes_skip((struct bytes){NULL, 0}, 0).len, 0);
}

static void
trimming_takes_spaces_and_tabs_only(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
	    {"", ""},
	    {"a", "a"},
	    {" \ta b\t ", "a b"},
	    {"  ", ""},
	    {"\t", ""},
	    {"\na\r", "\na\r"},
	    {"\va\f", "\va\f"},
	    {" a", "a"},
	    {"a ", "a"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_bytes(cases[i].from,
		    bytes_trim(bytes_of(cases[i].from)),
		    bytes_of(cases[i].to));
	wrong += case_bytes("no data", bytes_trim((struct bytes){NULL, 0}),
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
	    {"", ",", {"", NULL}},
	    {"a", ",", {"a", NULL}},
	    {"a,b", ",", {"a", "b", NULL}},
	    {"a,b;c d", ",; ", {"a", "b", "c", "d", NULL}},
	    {"a,,b", ",", {"a", "", "b", NULL}},
	    {",a", ",", {"", "a", NULL}},
	    {"a,", ",", {"a", "", NULL}},
	    {"a b", ",", {"a b", NULL}},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes rest = bytes_of(cases[i].text), item;
		size_t n = 0;

		for (; n < 4 && bytes_split(&rest, cases[i].separators, &item);
		    n++)
			wrong += case_bytes(cases[i].text, item,
			    bytes_of(cases[i].items[n] != NULL
			    ? cases[i].items[n] : "nothing more"));
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
numbers_are_ascii_digits_in_range(void **state)
{
	static const struct {
		const char *text;
		unsigned long long max;
		enum rc rc;
		unsigned long long value;
	} cases[] = {
	    {"0", 0, RC_OK, 0},
	    {"0", 9, RC_OK, 0},
	    {"42", 42, RC_OK, 42},
	    {"43", 42, RC_RANGE, 0},
	    {"007", 9, RC_OK, 7},
	    {"18446744073709551615", ULLONG_MAX, RC_OK, ULLONG_MAX},
	    {"18446744073709551616", ULLONG_MAX, RC_RANGE, 0},
	    {"18446744073709551620", ULLONG_MAX, RC_RANGE, 0},
	    {"99999999999999999999999999", ULLONG_MAX, RC_RANGE, 0},
	    {"100000000000000000000", 10, RC_RANGE, 0},
	    {"", 9, RC_SYNTAX, 0},
	    {"+1", 9, RC_SYNTAX, 0},
	    {"-1", 9, RC_SYNTAX, 0},
	    {"-0", 9, RC_SYNTAX, 0},
	    {" 1", 9, RC_SYNTAX, 0},
	    {"1 ", 9, RC_SYNTAX, 0},
	    {"1\n", 9, RC_SYNTAX, 0},
	    {"0x1", 99, RC_SYNTAX, 0},
	    {"1e1", 99, RC_SYNTAX, 0},
	    {"1.0", 99, RC_SYNTAX, 0},
	    {"Infinity", 99, RC_SYNTAX, 0},
	    {"1a", 99, RC_SYNTAX, 0},
	    {"\xd9\xa1", 99, RC_SYNTAX, 0},	/* an Arabic one */
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned long long out = 12345;
		enum rc rc = bytes_number(bytes_of(cases[i].text),
		    cases[i].max, &out);

		wrong += case_rc(cases[i].text, rc, cases[i].rc);
		wrong += case_true(cases[i].text, "the value", out ==
		    (cases[i].rc == RC_OK ? cases[i].value : 12345));
	}
	assert_int_equal(wrong, 0);
}

static void
a_number_with_a_nul_is_none(void **state)
{
	unsigned long long out = 7;

	(void)state;
	assert_int_equal(bytes_number(LIT("1\0"), 99, &out), RC_SYNTAX);
	assert_int_equal(bytes_number((struct bytes){NULL, 0}, 99, &out),
	    RC_SYNTAX);
	assert_int_equal(out, 7);
}

static void
a_buf_grows_and_stays_terminated(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(buf_char(&buf, (char)('a' + i % 26)), RC_OK);
		assert_int_equal(buf.data[buf.len], '\0');
	}
	assert_int_equal(buf.len, 10000);
	assert_int_equal(buf.data[9999], 'a' + 9999 % 26);
	assert_int_equal(buf_add(&buf, LIT("a\0b")), RC_OK);
	assert_int_equal(buf.len, 10003);
	assert_memory_equal(buf.data + 10000, "a\0b", 4);
	buf_free(&buf);
}

static void
adding_nothing_is_fine(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_add(&buf, (struct bytes){NULL, 0}), RC_OK);
	assert_int_equal(buf_text(&buf, ""), RC_OK);
	assert_int_equal(buf_printf(&buf, "%s", ""), RC_OK);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void
printf_appends_texts_of_any_length(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_text(&buf, "x"), RC_OK);
	assert_int_equal(buf_printf(&buf, "%d-%s", 42, "y"), RC_OK);
	assert_string_equal(buf.data, "x42-y");
	assert_int_equal(buf_printf(&buf, "%5000d", 7), RC_OK);
	assert_int_equal(buf.len, 5005);
	assert_int_equal(buf.data[5004], '7');
	assert_int_equal(buf.data[5005], '\0');
	buf_free(&buf);
}

static void
the_ceiling_is_reached_but_not_passed(void **state)
{
	struct buf buf = {.max = 4};

	(void)state;
	assert_int_equal(buf_text(&buf, "abc"), RC_OK);
	assert_int_equal(buf_text(&buf, "de"), RC_RANGE);
	assert_int_equal(buf_printf(&buf, "%s", "de"), RC_RANGE);
	assert_string_equal(buf.data, "abc");
	assert_int_equal(buf_reserve(&buf, 2), RC_RANGE);
	assert_int_equal(buf_reserve(&buf, 1), RC_OK);
	assert_int_equal(buf_char(&buf, 'd'), RC_OK);
	assert_int_equal(buf_char(&buf, 'e'), RC_RANGE);
	assert_string_equal(buf.data, "abcd");
	assert_int_equal(buf.len, 4);
	assert_int_equal(buf_add(&buf, (struct bytes){NULL, 0}), RC_OK);
	buf_free(&buf);
}

static void
printf_reaches_the_ceiling_exactly(void **state)
{
	struct buf buf = {.max = 5};

	(void)state;
	assert_int_equal(buf_printf(&buf, "%s", "abcde"), RC_OK);
	assert_string_equal(buf.data, "abcde");
	buf_free(&buf);
}

static void
reserved_room_can_be_written_to(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_text(&buf, "a"), RC_OK);
	assert_int_equal(buf_reserve(&buf, 100000), RC_OK);
	assert_int_equal(buf.len, 1);
	memset(buf.data + buf.len, 'z', 100000);
	buf.len += 100000;
	assert_int_equal(buf_char(&buf, '!'), RC_OK);
	assert_int_equal(buf.data[0], 'a');
	assert_int_equal(buf.data[100000], 'z');
	assert_int_equal(buf.data[100001], '!');
	buf_free(&buf);
}

static void
sizes_that_overflow_are_out_of_range(void **state)
{
	struct buf buf = {0}, low = {.max = 10};

	(void)state;
	assert_int_equal(buf_text(&buf, "abc"), RC_OK);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), RC_RANGE);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX - 2), RC_RANGE);
	assert_int_equal(buf_text(&low, "abc"), RC_OK);
	assert_int_equal(buf_reserve(&low, SIZE_MAX), RC_RANGE);
	assert_string_equal(buf.data, "abc");
	buf_free(&buf);
	buf_free(&low);
}

static void
memory_that_is_not_there_is_told(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(buf_text(&buf, "abc"), RC_OK);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX / 4), RC_MEMORY);
	assert_string_equal(buf.data, "abc");
	assert_int_equal(buf.len, 3);
	buf_free(&buf);
}

static void
a_freed_buf_is_empty(void **state)
{
	struct buf buf = {0}, secret = {0};

	(void)state;
	buf_free(&buf);
	buf_wipe(&secret);
	assert_int_equal(buf_text(&buf, "abc"), RC_OK);
	assert_int_equal(buf_text(&secret, "abc"), RC_OK);
	buf_free(&buf);
	buf_wipe(&secret);
	assert_int_equal(buf_view(&buf).len, 0);
	assert_int_equal(buf_view(&secret).len, 0);
	buf_free(&buf);
	buf_wipe(&secret);
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
	    cmocka_unit_test(numbers_are_ascii_digits_in_range),
	    cmocka_unit_test(a_number_with_a_nul_is_none),
	    cmocka_unit_test(a_buf_grows_and_stays_terminated),
	    cmocka_unit_test(adding_nothing_is_fine),
	    cmocka_unit_test(printf_appends_texts_of_any_length),
	    cmocka_unit_test(the_ceiling_is_reached_but_not_passed),
	    cmocka_unit_test(printf_reaches_the_ceiling_exactly),
	    cmocka_unit_test(reserved_room_can_be_written_to),
	    cmocka_unit_test(sizes_that_overflow_are_out_of_range),
	    cmocka_unit_test(memory_that_is_not_there_is_told),
	    cmocka_unit_test(a_freed_buf_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
