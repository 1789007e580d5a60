/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "event/indent.h"

struct indent_case {
	const char *name;
	struct bytes body;
	const char *want;
};

static const struct indent_case cases[] = {
	{ "an object", RAW("{\"a\":1,\"b\":[true,null]}"),
	    "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null\n  ]\n}" },
	{ "what is empty", RAW("{ \"a\" : { } , \"b\":[\n] }"),
	    "{\n  \"a\": {},\n  \"b\": []\n}" },
	{ "signs within a string", RAW("[\"{,:]\\\"[\\\\\",\"\"]"),
	    "[\n  \"{,:]\\\"[\\\\\",\n  \"\"\n]" },
	{ "a number as it is written",
	    RAW("[1.50e+3,-0, 12345678901234567890]"),
	    "[\n  1.50e+3,\n  -0,\n  12345678901234567890\n]" },
	{ "a value alone, after a byte order mark", RAW("\xef\xbb\xbf \"x\" "),
	    "\"x\"" },
	{ "a word that Python writes", RAW("[NaN,-Infinity]"),
	    "[\n  NaN,\n  -Infinity\n]" },
	{ "the same key twice", RAW("{\"a\":1,\"a\":2}"),
	    "{\n  \"a\": 1,\n  \"a\": 2\n}" },
};

static void
a_body_is_indented_and_its_values_are_as_they_were(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf got = { 0 };

		wrong += case_rc(cases[i].name,
		    event_indent(cases[i].body, &got), RC_OK);
		wrong += case_text(cases[i].name, got.data, cases[i].want);
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_no_json_is_not_indented(void **state)
{
	static const char *const bodies[] = { "", "{", "[1,]", "{\"a\" 1}",
		"a=1&b=2", "\"\x80\"", "{} {}" };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct buf got = { 0 };

		assert_int_equal(event_indent(bytes_of(bodies[i]), &got),
		    RC_JSON);
		assert_int_equal(got.len, 0);
		buf_free(&got);
	}
}

/* What is full ends there, and no character is cut. */
static void
a_full_buffer_ends_it(void **state)
{
	static const char whole[] = "[\n  \"\xc3\xa9\xe2\x82\xac\",\n  2\n]";
	const struct bytes body = LIT("[\"\xc3\xa9\xe2\x82\xac\",2]");

	(void)state;
	for (size_t max = 1; max < strlen(whole); max++) {
		struct buf got = { .max = max };

		assert_int_equal(event_indent(body, &got), RC_RANGE);
		assert_in_range(got.len, max > 2 ? max - 2 : 1, max);
		assert_memory_equal(got.data, whole, got.len);
		assert_true(((unsigned char)whole[got.len] & 0xc0) != 0x80);
		buf_free(&got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_body_is_indented_and_its_values_are_as_they_were),
		cmocka_unit_test(what_is_no_json_is_not_indented),
		cmocka_unit_test(a_full_buffer_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
