/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "event/payload.h"

/* What is taken to the letter of RFC 8259, section by section. */
static const struct bytes taken[] = {
	/* 2: one value, blanks round every token. */
	RAW("{}"),
	RAW("[]"),
	RAW("\"\""),
	RAW("0"),
	RAW("true"),
	RAW("false"),
	RAW("null"),
	RAW(" \t\r\n{ \t\r\n} \t\r\n"),
	RAW("\n1\n"),
	RAW("[ 1 , 2 ]"),
	RAW("{ \"a\" : 1 , \"b\" : 2 }"),
	RAW("[ ]"),
	RAW("[[],{},[{}],{\"a\":[]}]"),
	RAW(" null "),
	RAW("\xef\xbb\xbf\n[]"),
	/* 4: names need not differ, nor be there. */
	RAW("{\"a\":1,\"a\":2}"),
	RAW("{\"\":0}"),
	RAW("{\"\\u0000\":0}"),
	RAW("{\"a\":{\"b\":{\"c\":[1,\"2\",null,true,{}]}}}"),
	/* 6: numbers. */
	RAW("-0"),
	RAW("0.0"),
	RAW("-0.0"),
	RAW("10"),
	RAW("1.50"),
	RAW("1e5"),
	RAW("1E5"),
	RAW("1e+5"),
	RAW("1E-5"),
	RAW("0e0"),
	RAW("0.1e00"),
	RAW("-1.5e+003"),
	RAW("1e400"),
	RAW("-1e-400"),
	RAW("123456789012345678901234567890"),
	RAW("[-0,0]"),
	/* 7: strings. */
	RAW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	RAW("\"\\u0041\\uabCD\\uFFFF\""),
	RAW("\"/ ' \x7f\""),
	RAW("\"\\u0000\""),
	RAW("\"\\ud83d\\ude00\""),
	RAW("\"\\ud800\""),
	RAW("\"\\udc00\\ud800\""),
	RAW("\"\\ud800\\n\""),
	/* 8.1 and RFC 3629: the ends of every length. */
	RAW("\"\xc2\x80\xdf\xbf\""),
	RAW("\"\xe0\xa0\x80\xef\xbf\xbf\""),
	RAW("\"\xed\x9f\xbf\xee\x80\x80\""),
	RAW("\"\xf0\x90\x80\x80\""),
	RAW("\"\xf4\x8f\xbf\xbf\""),
	RAW("{\"\xc3\xa9\":1}"),
	RAW("\"\xef\xbb\xbf\""),
	RAW("\"\xe2\x80\xa8\""),
	RAW("\"\xc3\xa9\xf0\x9f\x90\x9d \xc3\xa9\""),
	RAW("\"\xc3\xa9"
	    "a\""),
};

/* What is taken beyond that. */
static const struct bytes beyond[] = {
	RAW("NaN"),
	RAW("Infinity"),
	RAW("-Infinity"),
	RAW("[NaN,-Infinity , Infinity]"),
	RAW("{\"a\":NaN}"),
};

static unsigned
check_taken(struct bytes text, bool strict)
{
	size_t at = 4711;
	unsigned wrong = case_rc(text.data, payload_check(text, &at), RC_OK);

	wrong += case_number(text.data, (long long)at, 4711);
	return wrong + case_number(text.data, payload_is_strict(text), strict);
}

static void
one_value_of_rfc_8259_is_taken(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++)
		wrong += check_taken(taken[i], true);
	assert_int_equal(wrong, 0);
}

static void
three_words_of_pythons_are_taken_and_known(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(beyond); i++)
		wrong += check_taken(beyond[i], false);
	assert_int_equal(wrong, 0);
	assert_false(payload_is_strict(LIT("[1")));
	assert_false(payload_is_strict(LIT("Na")));
}

/* What begins as JSON is refused where it ends too early. */
static void
no_beginning_of_an_object_is_taken(void **state)
{
	static const struct bytes whole = RAW(
	    " {\"a\\u00e9\xc3\xa9\": [-1.5e+3, true,false ,"
	    "null,NaN,-Infinity,\"\\n\",{\"b\":[[]]}]}");
	unsigned wrong = 0;
	size_t at;

	(void)state;
	assert_int_equal(payload_check(whole, &at), RC_OK);
	for (size_t n = 0; n < whole.len; n++) {
		struct bytes cut = { whole.data, n };

		wrong += case_rc("cut", payload_check(cut, &at), RC_JSON);
		/* A character of several bytes is refused as a whole. */
		wrong += case_number("cut at", (long long)at,
		    (long long)(n == 11 ? 10 : n));
	}
	assert_int_equal(wrong, 0);
}

/* What is refused, and from which byte on it does not fit. */
static const struct {
	struct bytes text;
	size_t at;
} refused[] = {
	/* 2: what is no value, or more than one. */
	{ RAW(""), 0 },
	{ RAW(" \n"), 2 },
	{ RAW("x"), 0 },
	{ RAW("{}{}"), 2 },
	{ RAW("{} {}"), 3 },
	{ RAW("1 2"), 2 },
	{ RAW("1,"), 1 },
	{ RAW("{}x"), 2 },
	{ RAW("]"), 0 },
	{ RAW("[}"), 1 },
	{ RAW("{]"), 1 },
	{ RAW("[1}"), 2 },
	{ RAW("{\"a\":1]"), 6 },
	{ RAW("[]]"), 2 },
	{ RAW("[[]"), 3 },
	{ RAW("\f[]"), 0 },
	{ RAW("\v[]"), 0 },
	{ RAW("[\xc2\xa0]"), 1 },
	{ RAW("\xe2\x80\x8b[]"), 0 },
	{ RAW("\xef\xbb\xbf\xef\xbb\xbf[]"), 3 },
	{ RAW("[]\xef\xbb\xbf"), 2 },
	{ RAW(" \xef\xbb\xbf[]"), 1 },
	{ RAW("\xef\xbb\xbf"), 3 },
	{ RAW("\xef\xbb\xbf{\"a\":1"), 9 },
	{ RAW("{}\0"), 2 },
	{ RAW("1\0"), 1 },
	{ RAW("true\0"), 4 },
	{ RAW("\0"), 0 },
	{ RAW("[1,\0002]"), 3 },
	{ RAW("/**/1"), 0 },
	{ RAW("[1//\n]"), 2 },
	{ RAW("[1#\n]"), 2 },
	{ RAW("[1]\x1a"), 3 },
	/* 3: words, of that case only. */
	{ RAW("True"), 0 },
	{ RAW("tRue"), 1 },
	{ RAW("nul"), 3 },
	{ RAW("nulll"), 4 },
	{ RAW("truefalse"), 4 },
	{ RAW("nan"), 1 },
	{ RAW("NAN"), 1 },
	{ RAW("-NaN"), 1 },
	{ RAW("+Infinity"), 0 },
	{ RAW("infinity"), 0 },
	{ RAW("-infinity"), 1 },
	{ RAW("Inf"), 3 },
	{ RAW("-Inf"), 4 },
	{ RAW("Infinityy"), 8 },
	{ RAW("undefined"), 0 },
	/* 4 and 5: commas, colons, keys. */
	{ RAW("[,]"), 1 },
	{ RAW("[1,]"), 3 },
	{ RAW("[,1]"), 1 },
	{ RAW("[1,,2]"), 3 },
	{ RAW("[1 2]"), 3 },
	{ RAW("[1;2]"), 2 },
	{ RAW("[1:2]"), 2 },
	{ RAW("{,}"), 1 },
	{ RAW("{\"a\":1,}"), 7 },
	{ RAW("{\"a\":1,,\"b\":2}"), 7 },
	{ RAW("{\"a\"}"), 4 },
	{ RAW("{\"a\",1}"), 4 },
	{ RAW("{\"a\"=1}"), 4 },
	{ RAW("{\"a\"::1}"), 5 },
	{ RAW("{\"a\":}"), 5 },
	{ RAW("{:1}"), 1 },
	{ RAW("{a:1}"), 1 },
	{ RAW("{'a':1}"), 1 },
	{ RAW("{1:1}"), 1 },
	{ RAW("{null:1}"), 1 },
	{ RAW("{\"a\" \"b\":1}"), 5 },
	{ RAW("{\"a\":1 \"b\":2}"), 7 },
	{ RAW("{[]:1}"), 1 },
	/* 6: numbers. */
	{ RAW("-"), 1 },
	{ RAW("+1"), 0 },
	{ RAW("--1"), 1 },
	{ RAW("01"), 1 },
	{ RAW("-01"), 2 },
	{ RAW("00"), 1 },
	{ RAW("-00"), 2 },
	{ RAW(".5"), 0 },
	{ RAW("-.5"), 1 },
	{ RAW("1."), 2 },
	{ RAW("[1.]"), 3 },
	{ RAW("1.e5"), 2 },
	{ RAW("1.5."), 3 },
	{ RAW("1e"), 2 },
	{ RAW("1e+"), 3 },
	{ RAW("1e+-1"), 3 },
	{ RAW("1e1.5"), 3 },
	{ RAW("1ee1"), 2 },
	{ RAW("0x1"), 1 },
	{ RAW("1_0"), 1 },
	{ RAW("1f"), 1 },
	{ RAW("- 1"), 1 },
	{ RAW("1 .5"), 2 },
	{ RAW("-I"), 2 },
	{ RAW("\xef\xbc\x91"), 0 },
	{ RAW("1\xd9\xa1"), 1 },
	/* 7: strings. */
	{ RAW("'a'"), 0 },
	{ RAW("\"a"), 2 },
	{ RAW("\"a\"b\""), 3 },
	{ RAW("\"\\\""), 3 },
	{ RAW("\"\\"), 2 },
	{ RAW("\"\\x41\""), 2 },
	{ RAW("\"\\a\""), 2 },
	{ RAW("\"\\'\""), 2 },
	{ RAW("\"\\0\""), 2 },
	{ RAW("\"\\U0041\""), 2 },
	{ RAW("\"\\\0\""), 2 },
	{ RAW("\"\\\n\""), 2 },
	{ RAW("\"\\u\""), 3 },
	{ RAW("\"\\u004\""), 6 },
	{ RAW("\"\\u004g\""), 6 },
	{ RAW("\"\\u 041\""), 3 },
	{ RAW("\"\\u+041\""), 3 },
	{ RAW("\"\\u{41}\""), 3 },
	{ RAW("\"\\ud83d\\u\""), 9 },
	{ RAW("\"a\nb\""), 2 },
	{ RAW("\"\t\""), 1 },
	{ RAW("\"\x1f\""), 1 },
	{ RAW("\"\0\""), 1 },
	{ RAW("{\"a\r\":1}"), 3 },
	{ RAW("\"\x01\""), 1 },
	/* RFC 3629. */
	{ RAW("\"\x80\""), 1 },
	{ RAW("\"\xbf\""), 1 },
	{ RAW("\"\xc0\x80\""), 1 },
	{ RAW("\"\xc1\xbf\""), 1 },
	{ RAW("\"\xc2\""), 1 },
	{ RAW("\"\xc3\x28\""), 1 },
	{ RAW("\"\xe0\x80\x80\""), 1 },
	{ RAW("\"\xe0\x9f\xbf\""), 1 },
	{ RAW("\"\xe2\x82\""), 1 },
	{ RAW("\"\xed\xa0\x80\""), 1 },
	{ RAW("\"\xed\xbf\xbf\""), 1 },
	{ RAW("\"\xed\xa0\xbd\xed\xb8\x80\""), 1 },
	{ RAW("\"\xf0\x80\x80\x80\""), 1 },
	{ RAW("\"\xf0\x8f\xbf\xbf\""), 1 },
	{ RAW("\"\xf0\x9f\x98\""), 1 },
	{ RAW("\"\xf4\x90\x80\x80\""), 1 },
	{ RAW("\"\xf5\x80\x80\x80\""), 1 },
	{ RAW("\"\xf8\x88\x80\x80\x80\""), 1 },
	{ RAW("\"\xfe\""), 1 },
	{ RAW("\"\xff\""), 1 },
	{ RAW("{\"\xff\":1}"), 2 },
	{ RAW("\"a\xe9\""), 2 },
	{ RAW("\xc3\xa9"), 0 },
	{ RAW("\"\xc3"), 1 },
	{ RAW("\"\xc3\xa9\n\""), 3 },
	{ RAW("\"\xf0\x9f\x90\x9d\xff\""), 5 },
};

static void
what_rfc_8259_refuses_is_refused(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *name = refused[i].text.data;
		size_t at = 4711;

		wrong += case_rc(name, payload_check(refused[i].text, &at),
		    RC_JSON);
		wrong += case_number(name, (long long)at,
		    (long long)refused[i].at);
	}
	assert_int_equal(wrong, 0);
}

static enum rc
check_depth(size_t depth, const char *open, const char *end)
{
	struct buf text = { 0 };
	size_t at;
	enum rc rc;

	for (size_t i = 0; i < depth; i++)
		assert_int_equal(buf_text(&text, open), RC_OK);
	assert_int_equal(buf_text(&text, "1"), RC_OK);
	for (size_t i = 0; i < depth; i++)
		assert_int_equal(buf_text(&text, end), RC_OK);
	rc = payload_check(buf_view(&text), &at);
	buf_free(&text);
	return rc;
}

static void
depth_is_64_at_most(void **state)
{
	(void)state;
	assert_int_equal(check_depth(64, "[", "]"), RC_OK);
	assert_int_equal(check_depth(65, "[", "]"), RC_JSON);
	assert_int_equal(check_depth(64, "{\"a\":", "}"), RC_OK);
	assert_int_equal(check_depth(65, "{\"a\":", "}"), RC_JSON);
	assert_int_equal(check_depth(32, "[{\"a\":", "}]"), RC_OK);
	assert_int_equal(check_depth(32, "[{\"a\":", "]}"), RC_JSON);
	assert_int_equal(check_depth(33, "[{\"a\":", "}]"), RC_JSON);
	assert_int_equal(check_depth(63, "[[],{},", "]"), RC_OK);
	assert_int_equal(check_depth(64, "[[],{},", "]"), RC_JSON);
	assert_int_equal(check_depth(100000, "[", "]"), RC_JSON);
	assert_int_equal(check_depth(100000, "[],", ""), RC_JSON);
}

static void
only_one_byte_order_mark_is_passed_over(void **state)
{
	static const struct {
		struct bytes body, text;
	} cases[] = {
		{ RAW("\xef\xbb\xbf{}"), RAW("{}") },
		{ RAW("\xef\xbb\xbf\xef\xbb\xbf{}"), RAW("\xef\xbb\xbf{}") },
		{ RAW("\xef\xbb\xbf"), RAW("") },
		{ RAW("\xef\xbb{}"), RAW("\xef\xbb{}") },
		{ RAW(" \xef\xbb\xbf{}"), RAW(" \xef\xbb\xbf{}") },
		{ RAW("{}"), RAW("{}") },
		{ RAW(""), RAW("") },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_bytes(cases[i].body.data,
		    payload_text(cases[i].body), cases[i].text);
	assert_int_equal(wrong, 0);
}

static void
what_is_not_json_is_known_by_its_looks(void **state)
{
	static const struct {
		struct bytes body;
		const char *looks;
	} cases[] = {
		{ RAW(""), "nothing" },
		{ RAW(" \r\n\t"), "nothing" },
		{ RAW("\xef\xbb\xbf"), "nothing" },
		{ RAW("event=connection_added"), "form" },
		{ RAW("payload=%7B%22event%22%3A1%7D&x=1"), "form" },
		{ RAW("payload={\"event\":1}"), "form" },
		{ RAW("run[id]=7&a.b-c_d%20e+f=1"), "form" },
		{ RAW("a="), "form" },
		{ RAW("--xyz\r\nContent-Disposition: form-data"), "multipart" },
		{ RAW("<event/>"), "XML" },
		{ RAW(" <?xml version=\"1.0\"?>"), "XML" },
		{ RAW("\xef\xbb\xbf<a/>"), "XML" },
		{ RAW("<!DOCTYPE html><html>"), "HTML" },
		{ RAW("<html lang=\"en\">"), "HTML" },
		{ RAW("\x1f\x8b\x08\0\0"), "gzip" },
		{ RAW("x\x9c\xab\x56"), "zlib" },
		{ RAW("x\xda\xab\x56"), "zlib" },
		{ RAW("\x28\xb5\x2f\xfd\x04"), "zstd" },
		{ RAW("PK\x03\x04\x14"), "zip" },
		{ RAW("{\0\"\0a\0"), "UTF-16" },
		{ RAW("\0{\0\""), "UTF-16" },
		{ RAW("\xff\xfe{\0"), "UTF-16" },
		{ RAW("\xfe\xff\0{"), "UTF-16" },
		{ RAW("[\0"), "UTF-16" },
		{ RAW("\0["), "UTF-16" },
		{ RAW("{a:1}"), NULL },
		{ RAW("{\"a\":1"), NULL },
		{ RAW("x"), NULL },
		{ RAW("="), NULL },
		{ RAW("=1"), NULL },
		{ RAW("a b=1"), NULL },
		{ RAW("hello"), NULL },
		{ RAW("\0"), NULL },
		{ RAW("a\0=1"), NULL },
		{ RAW("\x1f"), NULL },
		{ RAW("\xff"), NULL },
		{ RAW("PK"), NULL },
		{ RAW("-"), NULL },
		{ RAW("{} {}"), NULL },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *looks = payload_looks(cases[i].body);

		wrong += case_text(cases[i].body.data,
		    looks != NULL ? looks : "unknown",
		    cases[i].looks != NULL ? cases[i].looks : "unknown");
	}
	assert_int_equal(wrong, 0);
}

static void
the_deepest_level_is_counted(void **state)
{
	static const struct {
		struct bytes body;
		unsigned depth;
	} cases[] = {
		{ RAW("1"), 0 },
		{ RAW("\xef\xbb\xbf\"[[\""), 0 },
		{ RAW("{}"), 1 },
		{ RAW("[[],[[]],{}]"), 3 },
		{ RAW("{\"a\":{\"b\":[1]},\"c\":[]}"), 3 },
	};
	unsigned wrong = 0;
	unsigned depth;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		depth = 99;
		wrong += case_rc(cases[i].body.data,
		    payload_measure(cases[i].body, &depth), RC_OK);
		wrong += case_number(cases[i].body.data, depth, cases[i].depth);
	}
	assert_int_equal(payload_measure(LIT("[[[}"), &depth), RC_JSON);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_value_of_rfc_8259_is_taken),
		cmocka_unit_test(three_words_of_pythons_are_taken_and_known),
		cmocka_unit_test(no_beginning_of_an_object_is_taken),
		cmocka_unit_test(what_rfc_8259_refuses_is_refused),
		cmocka_unit_test(depth_is_64_at_most),
		cmocka_unit_test(the_deepest_level_is_counted),
		cmocka_unit_test(only_one_byte_order_mark_is_passed_over),
		cmocka_unit_test(what_is_not_json_is_known_by_its_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
