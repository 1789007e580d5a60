/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/buf.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/json.h"
#include "http/header_name.h"
#include "http/request.h"

/* What is JSON and what is not. */
static const struct {
	const char *name;
	struct bytes body;
	enum rc rc;
} texts[] = {
	{ "object", RAW("{}"), RC_OK },
	{ "array", RAW("[]"), RC_OK },
	{ "string", RAW("\"\""), RC_OK },
	{ "number", RAW("0"), RC_OK },
	{ "negative number", RAW("-1.5e+3"), RC_OK },
	{ "true", RAW("true"), RC_OK },
	{ "false", RAW("false"), RC_OK },
	{ "null", RAW("null"), RC_OK },
	{ "blanks round it", RAW(" \t\r\n{} \t\r\n"), RC_OK },
	{ "blanks round a number", RAW(" 1 \n"), RC_OK },
	{ "BOM", RAW("\xef\xbb\xbf{}"), RC_OK },
	{ "BOM and blanks", RAW("\xef\xbb\xbf\n{}"), RC_OK },
	{ "UTF-8", RAW("{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}"), RC_OK },
	{ "a pair of surrogates", RAW("\"\\ud83d\\ude00\""), RC_OK },
	{ "an escaped NUL", RAW("\"\\u0000\""), RC_OK },
	{ "repeated keys", RAW("{\"a\":1,\"a\":2}"), RC_OK },
	{ "a long integer", RAW("[-123456789012345678901234567890]"), RC_OK },
	{ "minus zero", RAW("-0"), RC_OK },
	{ "an unpaired surrogate", RAW("{\"\\ud800\":\"\\udc00\"}"), RC_OK },
	{ "a NUL in a key", RAW("{\"\\u0000\":{}}"), RC_OK },
	{ "words of Python", RAW("[NaN,Infinity,-Infinity]"), RC_OK },
	{ "control characters in a string", RAW("\"a\nb\tc\""), RC_JSON },
	{ "single quotes", RAW("{'v':1}"), RC_JSON },
	{ "a quote alone", RAW("\"a\"b\""), RC_JSON },
	{ "a point at the end", RAW("[1.]"), RC_JSON },
	{ "minus and a leading zero", RAW("[-01]"), RC_JSON },
	{ "an overlong NUL", RAW("{\"\xc0\x80\":1}"), RC_JSON },
	{ "a surrogate in UTF-8", RAW("{\"\xed\xa0\x80\":1}"), RC_JSON },
	{ "past U+10FFFF", RAW("\"\xf4\x90\x80\x80\""), RC_JSON },
	{ "empty", RAW(""), RC_JSON },
	{ "blank", RAW(" \n"), RC_JSON },
	{ "BOM alone", RAW("\xef\xbb\xbf"), RC_JSON },
	{ "two BOMs", RAW("\xef\xbb\xbf\xef\xbb\xbf{}"), RC_JSON },
	{ "BOM behind", RAW("{}\xef\xbb\xbf"), RC_JSON },
	{ "half a BOM", RAW("\xef\xbb{}"), RC_JSON },
	{ "two values", RAW("{}{}"), RC_JSON },
	{ "two values, a blank between", RAW("{} {}"), RC_JSON },
	{ "two numbers", RAW("1 2"), RC_JSON },
	{ "trailing comma behind", RAW("{},"), RC_JSON },
	{ "trailing garbage", RAW("{}x"), RC_JSON },
	{ "trailing NUL", RAW("{}\0"), RC_JSON },
	{ "trailing NUL and garbage", RAW("{}\0x"), RC_JSON },
	{ "number and NUL", RAW("1\0"), RC_JSON },
	{ "number, NUL and number",
	    RAW("1\0"
		"2"),
	    RC_JSON },
	{ "word and NUL", RAW("true\0"), RC_JSON },
	{ "string and NUL", RAW("\"a\"\0"), RC_JSON },
	{ "NUL in a string", RAW("\"a\0b\""), RC_JSON },
	{ "NUL between", RAW("{\"a\":1\0}"), RC_JSON },
	{ "NUL for a blank",
	    RAW("[1,\0"
		"2]"),
	    RC_JSON },
	{ "NUL first", RAW("\0{}"), RC_JSON },
	{ "NUL only", RAW("\0"), RC_JSON },
	{ "unfinished object", RAW("{\"a\":1"), RC_JSON },
	{ "unfinished array", RAW("[1,2"), RC_JSON },
	{ "unfinished string", RAW("\"abc"), RC_JSON },
	{ "unfinished word", RAW("tru"), RC_JSON },
	{ "unfinished escape", RAW("\"\\u00\""), RC_JSON },
	{ "minus alone", RAW("-"), RC_JSON },
	{ "unfinished exponent", RAW("1e"), RC_JSON },
	{ "comma at the end", RAW("{\"a\":1,}"), RC_JSON },
	{ "comma at the end of a list", RAW("[1,]"), RC_JSON },
	{ "a bare key", RAW("{a:1}"), RC_JSON },
	{ "a comment", RAW("{/* x */}"), RC_JSON },
	{ "a word of another case", RAW("TRUE"), RC_JSON },
	{ "leading zero", RAW("[01]"), RC_JSON },
	{ "plus", RAW("[+1]"), RC_JSON },
	{ "an unknown escape", RAW("\"\\x\""), RC_JSON },
	{ "form fields", RAW("event=connection_added"), RC_JSON },
	{ "XML", RAW("<event/>"), RC_JSON },
	{ "not UTF-8", RAW("\"\xff\""), RC_JSON },
	{ "not UTF-8 in a key", RAW("{\"\xff\":1}"), RC_JSON },
	{ "cut UTF-8", RAW("\"\xc3\""), RC_JSON },
	{ "Latin-1", RAW("\"caf\xe9\""), RC_JSON },
	{ "UTF-16", RAW("{\0}\0"), RC_JSON },
};

static void
one_value_of_strict_json_is_taken(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct trial trial;

		trial_start(&trial, texts[i].body);
		wrong += case_rc(texts[i].name, trial_parse(&trial),
		    texts[i].rc);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static enum rc
parse_depth(size_t depth, bool objects)
{
	struct trial trial;
	enum rc rc;

	trial_start(&trial, LIT(""));
	for (size_t i = 0; i < depth; i++)
		buf_text(&trial.request.body, objects ? "{\"a\":" : "[");
	if (objects)
		buf_text(&trial.request.body, "1");
	for (size_t i = 0; i < depth; i++)
		buf_text(&trial.request.body, objects ? "}" : "]");
	rc = trial_parse(&trial);
	trial_end(&trial);
	return rc;
}

static void
depth_is_64_at_most(void **state)
{
	(void)state;
	assert_int_equal(parse_depth(63, false), RC_OK);
	assert_int_equal(parse_depth(64, false), RC_OK);
	assert_int_equal(parse_depth(65, false), RC_JSON);
	assert_int_equal(parse_depth(64, true), RC_OK);
	assert_int_equal(parse_depth(65, true), RC_JSON);
	assert_int_equal(parse_depth(100000, false), RC_JSON);
}

static const struct {
	const char *pointer;
	const char *text; /* NULL: it has none */
} pointers[] = {
	{ "/string", "text" },
	{ "/empty", "" },
	{ "/quoted", "a\"b\\c\n\xc3\xa9" },
	{ "/true", "true" },
	{ "/false", "false" },
	{ "/null", "null" },
	{ "/zero", "0" },
	{ "/minus", "-7" },
	{ "/int", "1234567890123456789" },
	{ "/max", "9223372036854775807" },
	{ "/min", "-9223372036854775808" },
	{ "/unsigned", "9223372036854775808" },
	{ "/last", "18446744073709551615" },
	{ "/float", "1.50" },
	{ "/exp", "1E5" },
	{ "/small", "1e-7" },
	{ "/long", "0.1234567890123456789012345678901234567890" },
	{ "/object/", "key of nothing" },
	{ "/object/a~1b", "slash" },
	{ "/object/m~0n", "tilde" },
	{ "/object/~01", "tilde one" },
	{ "/object/ ", "blank" },
	{ "/object/deep/er", "down" },
	{ "/object/0", "zero" },
	{ "/list/0", "first" },
	{ "/list/1/0", "inner" },
	{ "/list/2/k", "v" },
	{ "/list/3", "4" },
	{ "/twice", "2" },
	{ "/", "top" },
	{ "", NULL },
	{ "/nul", NULL },
	{ "/object", NULL },
	{ "/list", NULL },
	{ "/list/1", NULL },
	{ "/list/4", NULL },
	{ "/list/-", NULL },
	{ "/list/00", NULL },
	{ "/list/01", NULL },
	{ "/list/+1", NULL },
	{ "/list/-1", NULL },
	{ "/list/ 0", NULL },
	{ "/list/0x0", NULL },
	{ "/list/", NULL },
	{ "/list/18446744073709551616", NULL },
	{ "/missing", NULL },
	{ "/String", NULL },
	{ "/string/0", NULL },
	{ "/string/", NULL },
	{ "/null/a", NULL },
	{ "/object/a", NULL },
	{ "/object/a/b", NULL },
	{ "/object/deep/er/x", NULL },
};

static void
the_text_at_a_pointer(void **state)
{
	struct trial trial;
	unsigned wrong = 0;

	(void)state;
	trial_start(&trial, LIT(document));
	assert_int_equal(trial_parse(&trial), RC_OK);
	for (size_t i = 0; i < COUNT(pointers); i++) {
		struct buf text = { 0 };
		enum rc rc;

		assert_int_equal(buf_text(&text, ">"), RC_OK);
		rc = event_text(&trial.event, pointers[i].pointer, &text);
		wrong += case_rc(pointers[i].pointer, rc,
		    pointers[i].text != NULL ? RC_OK : RC_MISSING);
		wrong += case_text(pointers[i].pointer, text.data + 1,
		    pointers[i].text != NULL ? pointers[i].text : "");
		buf_free(&text);
	}
	trial_end(&trial);
	assert_int_equal(wrong, 0);
}

/* A body of JSON, and the text at a pointer; NULL: it has none. */
static unsigned
check_text(const char *name, struct bytes body, const char *pointer,
    const char *want)
{
	struct buf text = { 0 };
	struct trial trial;
	unsigned wrong = 0;

	trial_start(&trial, body);
	wrong += case_rc(name, trial_parse(&trial), RC_OK);
	wrong += case_rc(name, event_text(&trial.event, pointer, &text),
	    want != NULL ? RC_OK : RC_MISSING);
	wrong += case_bytes(name, buf_view(&text),
	    bytes_of(want != NULL ? want : ""));
	buf_free(&text);
	trial_end(&trial);
	return wrong;
}

static void
the_text_of_a_whole_value(void **state)
{
	static const struct {
		const char *body, *text;
	} cases[] = {
		{ "\"a\"", "a" },
		{ "1.0", "1.0" },
		{ "true", "true" },
		{ "null", "null" },
		{ " 42 ", "42" },
		{ "\"\"", "" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_text(cases[i].body, bytes_of(cases[i].body), "",
		    cases[i].text);
	assert_int_equal(wrong, 0);
}

/* The text of each number is what the body has for it. */
static void
a_number_is_as_it_is_written(void **state)
{
	static const char *const numbers[] = { "0", "-0", "-1", "0.0", "-0.0",
		"1.10", "1E5", "1e+05", "-1.50E-003", "1e400", "-1e400",
		"1e-400", "0e0", "-0e-0", "999999999999999999",
		"-999999999999999999", "9223372036854775807",
		"9223372036854775808", "-9223372036854775807",
		"-9223372036854775808", "-9223372036854775809",
		"18446744073709551614", "18446744073709551615",
		"18446744073709551616", "-18446744073709551615",
		"-18446744073709551616", "28446744073709551615",
		"118446744073709551615", "184467440737095516150",
		"-92233720368547758080", "99999999999999999999999999",
		"-99999999999999999999999999", "18446744073709551616.0",
		"184467440737095516160e0",
		"0.1234567890123456789012345678901234567890", "NaN", "Infinity",
		"-Infinity" };
	static const struct {
		const char *before, *behind, *pointer;
	} places[] = {
		{ "", "", "" },
		{ " ", "\n", "" },
		{ "[", "]", "/0" },
		{ "[ 7,", " ,-0]", "/1" },
		{ "{\"n\":", "}", "/n" },
		{ "{\"n\" : ", "\t}", "/n" },
		{ "[{\"n\":[", "]},9]", "/0/n/0" },
		{ "{\"-0\":-0,\"n\":", ",\"m\":\"1\"}", "/n" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers) * COUNT(places); i++) {
		const char *number = numbers[i / COUNT(places)];
		size_t at = i % COUNT(places);
		char body[80];

		snprintf(body, sizeof(body), "%s%s%s", places[at].before,
		    number, places[at].behind);
		wrong += check_text(body, bytes_of(body), places[at].pointer,
		    number);
	}
	assert_int_equal(wrong, 0);
}

/* What no pointer can hold is neither cut nor taken for something else. */
static void
a_key_is_all_of_its_characters(void **state)
{
	static const struct {
		const char *body, *pointer, *text;
	} cases[] = {
		{ "{\"a\\u0000b\":1}", "/a", NULL },
		{ "{\"a\\u0000b\":1}", "/ab", NULL },
		{ "{\"a\\u0000b\":1}",
		    "/a\xc0\x80"
		    "b",
		    NULL },
		{ "{\"a\\u0000b\":1}", "/a\\u0000b", NULL },
		{ "{\"a\":1,\"a\\u0000\":2}", "/a", "1" },
		{ "{\"a\\u0000\":2,\"a\":1}", "/a", "1" },
		{ "{\"a\\u0000\":2,\"a\\u0000b\":3}", "/a", NULL },
		{ "{\"\\u0000\":1}", "/", NULL },
		{ "{\"\\u0000\":1,\"\":2}", "/", "2" },
		{ "{\"a\":1,\"a\\u0000\":{\"b\":2}}", "/a/b", NULL },
		{ "{\"\\ud800\":1}", "/\xef\xbf\xbd", NULL },
		{ "{\"\\ud800\":1}", "/\xed\xa0\x80", NULL },
		{ "{\"\xef\xbf\xbd\":1,\"\\ud800\":2}", "/\xef\xbf\xbd", "1" },
		{ "{\"\\udfff\":2,\"\\ufffd\":1}", "/\xef\xbf\xbd", "1" },
		{ "{\"\\ud83d\\ude00\":1,\"\\ud83d\":2,\"\\ude00\":3}",
		    "/\xf0\x9f\x98\x80", "1" },
		{ "{\"a\\u0000\":1,\"b\\ud800\\n\":2,\"c\":3}", "/c", "3" },
		{ "{\"event\":{\"a\\u0000\":1,\"\\u0061\":2}}", "/event/a",
		    "2" },
		{ "{\"a\":1,\"\\u0061\":2}", "/a", "2" },
		{ "{\"a~b\":1,\"a/b\":2,\"a\\u007e1b\":3}", "/a~01b", "3" },
		{ "{\"\xed\x9f\xbf\":1}", "/\xed\x9f\xbf", "1" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_text(cases[i].body, bytes_of(cases[i].body),
		    cases[i].pointer, cases[i].text);
	assert_int_equal(wrong, 0);
}

static void
a_string_that_is_no_text_has_none(void **state)
{
	static const struct {
		const char *string, *text;
	} cases[] = {
		{ "\\u0000", NULL },
		{ "a\\u0000b", NULL },
		{ "\\u0000\\u0000", NULL },
		{ "\\ud800", NULL },
		{ "\\uDFFF", NULL },
		{ "a\\udbffb", NULL },
		{ "\\ud800\\ud800\\udc00", NULL },
		{ "\\udc00\\ud800", NULL },
		{ "\\ud800\\u0041", NULL },
		{ "\\ud800\\\\udc00", NULL },
		{ "\\ud83d\\ude00\\ude00", NULL },
		{ "\\ud800\\udbff", NULL },
		{ "\\u0001", "\x01" },
		{ "\\u0080\\u07ff", "\xc2\x80\xdf\xbf" },
		{ "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80" },
		{ "\\ufffd", "\xef\xbf\xbd" },
		{ "\\uD83D\\uDe00",
		    "\xf0\x9f\x98"
		    "\x80" },
		{ "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
		{ "\\\\u0000", "\\u0000" },
		{ "\\\\\\u0041", "\\A" },
		{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[80];

		snprintf(body, sizeof(body), "{\"x\":-0,\"s\":\"%s\"}",
		    cases[i].string);
		wrong += check_text(cases[i].string, bytes_of(body), "/s",
		    cases[i].text);
	}
	assert_int_equal(wrong, 0);
}

static void
text_behind_a_byte_order_mark(void **state)
{
	struct bytes body = LIT("\xef\xbb\xbf{\"n\":1.10,\"event\":\"x\"}");
	struct buf text = { 0 };
	struct trial trial;

	(void)state;
	trial_start(&trial, body);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_string_equal(trial.event.name, "x");
	assert_int_equal(event_text(&trial.event, "/n", &text), RC_OK);
	assert_string_equal(text.data, "1.10");
	buf_free(&text);
	trial_end(&trial);
}

static void
a_text_keeps_to_the_ceiling(void **state)
{
	struct buf text = { .max = 3 };
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(document));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_text(&trial.event, "/string", &text), RC_RANGE);
	assert_int_equal(text.len, 0);
	buf_free(&text);
	trial_end(&trial);
}

static void
pointers_are_known(void **state)
{
	static const char *const good[] = { "", "/", "/a", "/a/b/0", "//",
		"/~0/~1", "/a b", "/~01" };
	static const char *const bad[] = { "a", "a/b", "#/a", "/~", "/~2",
		"/a~b", " /a" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		wrong += case_true(good[i], "is a pointer",
		    event_json_is_pointer(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		wrong += case_true(bad[i], "is no pointer",
		    !event_json_is_pointer(bad[i]));
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_value_of_strict_json_is_taken),
		cmocka_unit_test(depth_is_64_at_most),
		cmocka_unit_test(the_text_at_a_pointer),
		cmocka_unit_test(the_text_of_a_whole_value),
		cmocka_unit_test(a_number_is_as_it_is_written),
		cmocka_unit_test(a_key_is_all_of_its_characters),
		cmocka_unit_test(a_string_that_is_no_text_has_none),
		cmocka_unit_test(text_behind_a_byte_order_mark),
		cmocka_unit_test(a_text_keeps_to_the_ceiling),
		cmocka_unit_test(pointers_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
