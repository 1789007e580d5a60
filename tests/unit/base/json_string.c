/* SPDX-License-Identifier: ISC */
#include <json-c/json.h>

#include "../unit.h"

#include "base/buf.h"
#include "base/json_string.h"

/* What json-c, strict, reads out of a string with this inside. */
static struct json_object *
read_string(struct bytes inside)
{
	struct json_tokener *tokener = json_tokener_new();
	struct buf text = { 0 };
	struct json_object *object;

	assert_int_equal(buf_printf(&text, "\"%.*s\"", (int)inside.len,
			     inside.len > 0 ? inside.data : ""),
	    RC_OK);
	json_tokener_set_flags(tokener,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.data, (int)text.len);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != text.len) {
		print_error("no string: <%s>\n", text.data);
		fail();
	}
	json_tokener_free(tokener);
	buf_free(&text);
	return object;
}

/* JSON inside a string that decodes to want and holds no control. */
static unsigned
check_json(const char *name, struct bytes from, struct bytes want)
{
	struct buf text = { 0 };
	struct json_object *object;
	unsigned wrong = case_rc(name, json_string_add(from, &text), RC_OK);

	for (size_t i = 0; i < text.len; i++)
		wrong += case_true(name, "no control character",
		    (unsigned char)text.data[i] >= 0x20 &&
			text.data[i] != 0x7f);
	object = read_string(buf_view(&text));
	wrong += case_bytes(name,
	    (struct bytes){ json_object_get_string(object),
		(size_t)json_object_get_string_len(object) },
	    want);
	json_object_put(object);
	buf_free(&text);
	return wrong;
}

static void
json_strings_come_back_as_they_were(void **state)
{
	static const struct bytes cases[] = {
		RAW(""),
		RAW("plain"),
		RAW("quote \" and \\ back"),
		RAW("\b\f\n\r\t"),
		RAW("\x01\x1f\x7f"),
		RAW("a\0b"),
		RAW("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		RAW("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
		RAW("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf"),
		RAW("</script>"),
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_json(cases[i].data, cases[i], cases[i]);
	assert_int_equal(wrong, 0);
}

static void
what_is_not_utf8_is_replaced_in_json(void **state)
{
	static const struct bytes cases[] = {
		RAW("\xff"),
		RAW("a\x80"),
		RAW("\xc3"),
		RAW("\xc3("),
		RAW("\xc0\xaf"), /* overlong */
		RAW("\xe0\x80\xaf"),
		RAW("\xf0\x80\x80\xaf"),
		RAW("\xed\xa0\x80"),	 /* a surrogate */
		RAW("\xf4\x90\x80\x80"), /* beyond U+10FFFF */
		RAW("\xf8\x88\x80\x80\x80"),
		RAW("\xe2\x82"),
		RAW("\xf0\x9f\x98"),
		RAW("\xe2\x28\xa1"),
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = { 0 };
		struct json_object *object;

		wrong += case_rc("encode", json_string_add(cases[i], &text),
		    RC_OK);
		object = read_string(buf_view(&text));
		wrong += case_true(cases[i].data, "U+FFFD in it",
		    strstr(json_object_get_string(object), "\xef\xbf\xbd"));
		json_object_put(object);
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

/* Whatever byte it is that is not plain, and wherever it is. */
static void
plain_bytes_are_those_that_stay_as_they_are(void **state)
{
	unsigned wrong = 0;
	char text[24];

	(void)state;
	for (size_t at = 0; at <= sizeof(text); at++)
		for (unsigned c = 0; c < 256; c++) {
			bool plain = c >= ' ' && c < 0x7f && c != '"' &&
			    c != '\\';

			memset(text, c % 2 == 0 ? '!' : '~', sizeof(text));
			if (at < sizeof(text))
				text[at] = (char)c;
			wrong += json_string_plain(
				     (struct bytes){ text, sizeof(text) }) !=
			    (plain ? sizeof(text) : at);
		}
	assert_int_equal(wrong, 0);
}

static void
text_round_what_is_not_utf8_stays(void **state)
{
	(void)state;
	assert_int_equal(check_json("middle",
			     LIT("a\xff"
				 "b"),
			     LIT("a\xef\xbf\xbd"
				 "b")),
	    0);
}

/* The same for who parses it; a terminal obeys neither. */
static void
what_is_shown_holds_nothing_that_reorders(void **state)
{
	struct buf shown = { 0 };
	struct buf read = { 0 };

	(void)state;
	assert_int_equal(
	    json_string_add_as(
		LIT("a\xe2\x80\xae\xef\xbb\xbf\xd8\x9c\xc2\x9b\xc3\xa4"),
		JSON_STRING_SHOWN, &shown),
	    RC_OK);
	assert_string_equal(shown.data,
	    "a\\u202e\\ufeff\\u061c\\u009b\xc3\xa4");
	assert_int_equal(json_string_add(LIT("\xe2\x80\xae\xc2\x9b"), &read),
	    RC_OK);
	assert_string_equal(read.data, "\xe2\x80\xae\\u009b");
	buf_free(&shown);
	buf_free(&read);
}

static void
json_keeps_to_the_ceiling(void **state)
{
	struct buf buf = { .max = 3 };

	(void)state;
	assert_int_equal(json_string_add(LIT("\x01"), &buf), RC_RANGE);
	assert_int_equal(json_string_add(LIT("abc"), &buf), RC_OK);
	buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_strings_come_back_as_they_were),
		cmocka_unit_test(what_is_not_utf8_is_replaced_in_json),
		cmocka_unit_test(plain_bytes_are_those_that_stay_as_they_are),
		cmocka_unit_test(text_round_what_is_not_utf8_stays),
		cmocka_unit_test(what_is_shown_holds_nothing_that_reorders),
		cmocka_unit_test(json_keeps_to_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
