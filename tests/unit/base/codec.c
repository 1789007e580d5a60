/* SPDX-License-Identifier: ISC */
#include <json-c/json.h>

#include "../unit.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/json_string.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "http/header_name.h"

static void
hex_is_written_in_lower_case(void **state)
{
	char text[9] = "????????";

	(void)state;
	encode_hex((const uint8_t *)"\x00\x9f\xab\xff", 4, text);
	assert_string_equal(text, "009fabff");
	encode_hex(NULL, 0, text);
	assert_string_equal(text, "");
}

static void
hex_is_read_strictly(void **state)
{
	static const struct {
		struct bytes text;
		enum rc rc;
		struct bytes raw;
	} cases[] = {
	    {{"", 0}, RC_OK, {"", 0}},
	    {{"00ff", 4}, RC_OK, {"\x00\xff", 2}},
	    {{"AbCd", 4}, RC_OK, {"\xab\xcd", 2}},
	    {{"00112233", 8}, RC_OK, {"\x00\x11\x22\x33", 4}},
	    {{"0011223344", 10}, RC_RANGE, {NULL, 0}},
	    {{"0", 1}, RC_SYNTAX, {NULL, 0}},
	    {{"001", 3}, RC_SYNTAX, {NULL, 0}},
	    {{"0g", 2}, RC_SYNTAX, {NULL, 0}},
	    {{" 0", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"0 ", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"0x", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"+1", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"00\n", 3}, RC_SYNTAX, {NULL, 0}},
	    {{"0\0", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"00:11", 5}, RC_SYNTAX, {NULL, 0}},
	    {{"@@", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"GG", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"``", 2}, RC_SYNTAX, {NULL, 0}},
	    {{"//", 2}, RC_SYNTAX, {NULL, 0}},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t raw[4];
		size_t len = 99;
		enum rc rc = decode_hex(cases[i].text, raw, sizeof(raw), &len);

		wrong += case_rc(cases[i].text.data, rc, cases[i].rc);
		if (rc == RC_OK)
			wrong += case_bytes(cases[i].text.data,
			    (struct bytes){(const char *)raw, len},
			    cases[i].raw);
		else
			wrong += case_number(cases[i].text.data,
			    (long long)len, 99);
	}
	assert_int_equal(wrong, 0);
}

/* RFC 4648 section 10. */
static const struct {
	const char *raw, *text;
} base64_vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static void
base64_of_the_rfc_both_ways(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(base64_vectors); i++) {
		struct bytes raw = bytes_of(base64_vectors[i].raw);
		struct bytes text = bytes_of(base64_vectors[i].text);
		struct buf buf = {0};
		uint8_t back[8];
		size_t len = 99;

		wrong += case_rc(text.data, encode_base64(raw, &buf), RC_OK);
		wrong += case_bytes(text.data, buf_view(&buf), text);
		wrong += case_rc(text.data,
		    decode_base64(text, back, sizeof(back), &len), RC_OK);
		wrong += case_bytes(text.data,
		    (struct bytes){(const char *)back, len}, raw);
		buf_free(&buf);
	}
	assert_int_equal(wrong, 0);
}

static void
base64_is_read_strictly(void **state)
{
	static const struct {
		struct bytes text;
		enum rc rc;
	} cases[] = {
	    {{"Zg", 2}, RC_SYNTAX},
	    {{"Zg=", 3}, RC_SYNTAX},
	    {{"Zg===", 5}, RC_SYNTAX},
	    {{"Zm9v=", 5}, RC_SYNTAX},
	    {{"Zm9v====", 8}, RC_SYNTAX},
	    {{"Z===", 4}, RC_SYNTAX},
	    {{"====", 4}, RC_SYNTAX},
	    {{"=", 1}, RC_SYNTAX},
	    {{"Zh==", 4}, RC_SYNTAX},	/* unused bits that are set */
	    {{"Zm9=", 4}, RC_SYNTAX},
	    {{"Z=g=", 4}, RC_SYNTAX},
	    {{"Zg==Zg==", 8}, RC_SYNTAX},
	    {{"-_-_", 4}, RC_SYNTAX},	/* the alphabet of URLs */
	    {{"Zm9 ", 4}, RC_SYNTAX},
	    {{" Zm9v", 5}, RC_SYNTAX},
	    {{"Zm9v\n", 5}, RC_SYNTAX},
	    {{"Zm\n9v", 5}, RC_SYNTAX},
	    {{"Zm9v\0", 5}, RC_SYNTAX},
	    {{"Zm9\0", 4}, RC_SYNTAX},
	    {{"Zm9\xc3", 4}, RC_SYNTAX},
	    {{"Zm9vYmFy", 8}, RC_RANGE},
	    {{"Zm9vYmE=", 8}, RC_RANGE},
	    {{"Zm9vYg==", 8}, RC_OK},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t raw[4];
		size_t len = 99;
		enum rc rc = decode_base64(cases[i].text, raw, sizeof(raw),
		    &len);

		wrong += case_rc(cases[i].text.data, rc, cases[i].rc);
		wrong += case_number(cases[i].text.data, (long long)len,
		    rc == RC_OK ? 4 : 99);
	}
	assert_int_equal(wrong, 0);
}

static void
every_byte_goes_through_base64_and_back(void **state)
{
	uint8_t raw[256], back[256];
	struct buf buf = {0};
	size_t len;

	(void)state;
	for (size_t i = 0; i < 256; i++)
		raw[i] = (uint8_t)i;
	for (size_t n = 0; n <= 256; n++) {
		buf.len = 0;
		assert_int_equal(encode_base64((struct bytes){
		    (const char *)raw, n}, &buf), RC_OK);
		assert_int_equal(decode_base64(buf_view(&buf), back,
		    sizeof(back), &len), RC_OK);
		assert_int_equal(len, n);
		assert_memory_equal(raw, back, n);
	}
	buf_free(&buf);
}

static void
base64_keeps_to_the_ceiling(void **state)
{
	struct buf buf = {.max = 7};

	(void)state;
	assert_int_equal(encode_base64(LIT("foob"), &buf), RC_RANGE);
	assert_int_equal(buf.len, 0);
	assert_int_equal(encode_base64(LIT("foo"), &buf), RC_OK);
	assert_true(bytes_is(buf_view(&buf), "Zm9v"));
	buf_free(&buf);
}

/* What json-c, strict, reads out of a string with this inside. */
static struct json_object *
read_string(struct bytes inside)
{
	struct json_tokener *tokener = json_tokener_new();
	struct buf text = {0};
	struct json_object *object;

	assert_int_equal(buf_printf(&text, "\"%.*s\"", (int)inside.len,
	    inside.len > 0 ? inside.data : ""), RC_OK);
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
	struct buf text = {0};
	struct json_object *object;
	unsigned wrong = case_rc(name, json_string_add(from, &text), RC_OK);

	for (size_t i = 0; i < text.len; i++)
		wrong += case_true(name, "no control character",
		    (unsigned char)text.data[i] >= 0x20 &&
		    text.data[i] != 0x7f);
	object = read_string(buf_view(&text));
	wrong += case_bytes(name, (struct bytes){
	    json_object_get_string(object),
	    (size_t)json_object_get_string_len(object)}, want);
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
	    RAW("\xc0\xaf"),		/* overlong */
	    RAW("\xe0\x80\xaf"),
	    RAW("\xf0\x80\x80\xaf"),
	    RAW("\xed\xa0\x80"),	/* a surrogate */
	    RAW("\xf4\x90\x80\x80"),	/* beyond U+10FFFF */
	    RAW("\xf8\x88\x80\x80\x80"),
	    RAW("\xe2\x82"),
	    RAW("\xf0\x9f\x98"),
	    RAW("\xe2\x28\xa1"),
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
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

static void
text_round_what_is_not_utf8_stays(void **state)
{
	(void)state;
	assert_int_equal(check_json("middle", LIT("a\xff" "b"),
	    LIT("a\xef\xbf\xbd" "b")), 0);
}

static void
json_keeps_to_the_ceiling(void **state)
{
	struct buf buf = {.max = 3};

	(void)state;
	assert_int_equal(json_string_add(LIT("\x01"), &buf), RC_RANGE);
	assert_int_equal(json_string_add(LIT("abc"), &buf), RC_OK);
	buf_free(&buf);
}

static void
text_is_utf8_without_controls(void **state)
{
	static const char *const good[] = {"", "a", " ", "Push Hook",
	    "caf\xc3\xa9", "\xc2\xa0", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbd"};
	static const char *const bad[] = {"\n", "a\tb", "\x1b[2J", "\x7f",
	    "\x01", "\xc2\x80", "a\xc2\x9f", "\x80", "\xc3", "\xc0\x80",
	    "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	    "caf\xe9", "\xff"};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		wrong += case_true(good[i], "text",
		    utf8_is_text(bytes_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		wrong += case_true(bad[i], "no text",
		    !utf8_is_text(bytes_of(bad[i])));
	wrong += case_true("NUL", "no text", !utf8_is_text(LIT("a\0b")));
	assert_int_equal(wrong, 0);
}

static void
uuid7_of_the_rfc(void **state)
{
	/* RFC 9562 appendix A.6. */
	static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c,
	    0x0c, 0x07, 0x39, 0x8f};
	char text[UUID_SIZE];

	(void)state;
	timestamp_uuid7(INT64_C(1645557742000), random, text);
	assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void
uuid7_holds_version_variant_and_order(void **state)
{
	uint8_t zeroes[10] = {0}, ones[10];
	char low[UUID_SIZE], high[UUID_SIZE], later[UUID_SIZE];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	timestamp_uuid7(1, zeroes, low);
	timestamp_uuid7(1, ones, high);
	timestamp_uuid7(2, zeroes, later);
	assert_string_equal(low, "00000000-0001-7000-8000-000000000000");
	assert_string_equal(high, "00000000-0001-7fff-bfff-ffffffffffff");
	assert_true(strcmp(high, later) < 0);
}

static const struct {
	int64_t wall;
	const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {-1000, "1969-12-31T23:59:59.000Z"},
    {INT64_C(951827696789), "2000-02-29T12:34:56.789Z"},
    {INT64_C(1767323045678), "2026-01-02T03:04:05.678Z"},
    {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
    {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
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
	    {"1970-01-01T00:00:00Z", 0},
	    {"1970-01-01T00:00:00+00:00", 0},
	    {"1970-01-01T00:00:00-00:00", 0},
	    {"1970-01-01T02:00:00+02:00", 0},
	    {"1969-12-31T19:30:00-04:30", 0},
	    {"1970-01-01T00:00:00.5Z", 500},
	    {"1970-01-01T00:00:00.05Z", 50},
	    {"1970-01-01T00:00:00.123999999999999999999999Z", 123},
	    {"1969-12-31T23:59:59.5Z", -500},
	    {"2020-01-01T00:00:00-07:00", INT64_C(1577862000000)},
	    {"2024-02-29T23:59:59Z", INT64_C(1709251199000)},
	    {"1970-01-01T23:59:00+23:59", 0},
	    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
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
	    "", "Z", "1970", "1970-01-01", "1970-01-01T00:00:00",
	    "1970-01-01 00:00:00Z", "1970-01-01T00:00Z",
	    "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z",
	    "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00+00",
	    "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+00:60",
	    "1970-01-01T00:00:00 Z", " 1970-01-01T00:00:00Z",
	    "1970-01-01T00:00:00Z ", "1970-01-01T00:00:00Z\n",
	    "1970-01-01T00:00:00ZZ", "1970-13-01T00:00:00Z",
	    "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z",
	    "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z",
	    "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	    "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
	    "1970-01-01T00:00:61Z", "70-01-01T00:00:00Z",
	    "19700-01-01T00:00:00Z", "1970-1-01T00:00:00Z",
	    "+970-01-01T00:00:00Z", "-970-01-01T00:00:00Z",
	    "1970-01-01T0:00:00Z", "1970-01-01T00:00:0xZ",
	    "1970-01-01T00:00:00--7:00", "1970-01-01T00:00:00+ 1:00",
	    "1970/01/01T00:00:00Z", "0", "1577862000",
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
	assert_int_equal(timestamp_parse(LIT("1970-01-01\0" "00:00:00Z"), &wall),
	    RC_SYNTAX);
	assert_int_equal(timestamp_parse((struct bytes){NULL, 0}, &wall),
	    RC_SYNTAX);
	assert_int_equal(wall, 1);
}

static void
headers_and_their_variables(void **state)
{
	static const struct {
		const char *header, *variable, *back;
	} cases[] = {
	    {"X-Signature", "HTTP_X_SIGNATURE", "X-Signature"},
	    {"x-hub-signature-256", "HTTP_X_HUB_SIGNATURE_256",
	    "X-Hub-Signature-256"},
	    {"Authorization", "HTTP_AUTHORIZATION", "Authorization"},
	    {"webhook-id", "HTTP_WEBHOOK_ID", "Webhook-Id"},
	    {"X_Signature", "HTTP_X_SIGNATURE", "X-Signature"},
	    {"A", "HTTP_A", "A"},
	    {"X.Y", "HTTP_X.Y", NULL},
	    {"!#$%&'*+.^`|~", "HTTP_!#$%&'*+.^`|~", NULL},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char into[HEADER_VARIABLE_SIZE] = "";

		wrong += case_rc(cases[i].header, header_name_variable(
		    bytes_of(cases[i].header), into), RC_OK);
		wrong += case_text(cases[i].header, into, cases[i].variable);
		if (cases[i].back == NULL)
			continue;
		header_name_print(cases[i].variable, into);
		wrong += case_text(cases[i].header, into, cases[i].back);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_no_header_name_has_no_variable(void **state)
{
	static const struct bytes cases[] = {
	    {"", 0}, {NULL, 0}, {"X Signature", 11}, {"X-Signature:", 12},
	    {"X=Y", 3}, {"X\0Y", 3}, {"X\n", 2}, {"\xc3\xa9", 2}, {"(x)", 3},
	    {"X/Y", 3}, {"\"X\"", 3}, {"X,Y", 3}, {"X@Y", 3}, {"\x7f", 1},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char into[HEADER_VARIABLE_SIZE] = "as it was";

		wrong += case_rc(cases[i].data != NULL ? cases[i].data : "",
		    header_name_variable(cases[i], into), RC_SYNTAX);
		wrong += case_text("left alone", into, "as it was");
	}
	assert_int_equal(wrong, 0);
}

static void
the_longest_header_name(void **state)
{
	char name[252], into[HEADER_VARIABLE_SIZE], back[HEADER_VARIABLE_SIZE];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(header_name_variable((struct bytes){name, 250}, into),
	    RC_OK);
	assert_int_equal(strlen(into), 255);
	header_name_print(into, back);
	assert_int_equal(strlen(back), 250);
	assert_int_equal(header_name_variable((struct bytes){name, 251}, into),
	    RC_SYNTAX);
}

static void
a_variable_of_any_length_fits_when_decoded(void **state)
{
	char variable[1000], into[HEADER_VARIABLE_SIZE];

	(void)state;
	memset(variable, 'X', sizeof(variable) - 1);
	variable[sizeof(variable) - 1] = '\0';
	memcpy(variable, "HTTP_", 5);
	header_name_print(variable, into);
	assert_true(strlen(into) < sizeof(into));
}

static void
text_is_utf8_without_control_characters(void **state)
{
	static const char *const texts[] = {"", "a b", "\xc3\xa4",
	    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0"};
	static const char *const others[] = {"\n", "a\tb", "\x1b[2J", "\x7f",
	    "\xc2\x9b", "\xc3", "\xff", "a\xe2\x82", "\xed\xa0\x80",
	    "\xc0\x80"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_true(utf8_is_text(bytes_of(texts[i])));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(utf8_is_text(bytes_of(others[i])));
	assert_false(utf8_is_text((struct bytes){"a\0b", 3}));
	assert_int_equal(utf8_printable(bytes_of("\xe2\x82\xac" "1")), 3);
	assert_int_equal(utf8_printable(bytes_of("\xc2\x9b" "1")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_is_written_in_lower_case),
	    cmocka_unit_test(hex_is_read_strictly),
	    cmocka_unit_test(base64_of_the_rfc_both_ways),
	    cmocka_unit_test(base64_is_read_strictly),
	    cmocka_unit_test(every_byte_goes_through_base64_and_back),
	    cmocka_unit_test(base64_keeps_to_the_ceiling),
	    cmocka_unit_test(json_strings_come_back_as_they_were),
	    cmocka_unit_test(what_is_not_utf8_is_replaced_in_json),
	    cmocka_unit_test(text_round_what_is_not_utf8_stays),
	    cmocka_unit_test(json_keeps_to_the_ceiling),
	    cmocka_unit_test(text_is_utf8_without_controls),
	    cmocka_unit_test(uuid7_of_the_rfc),
	    cmocka_unit_test(uuid7_holds_version_variant_and_order),
	    cmocka_unit_test(times_are_written_and_read_back),
	    cmocka_unit_test(times_of_rfc3339_in_all_its_forms),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(a_time_with_a_nul_is_none),
	    cmocka_unit_test(headers_and_their_variables),
	    cmocka_unit_test(what_is_no_header_name_has_no_variable),
	    cmocka_unit_test(the_longest_header_name),
	    cmocka_unit_test(a_variable_of_any_length_fits_when_decoded),
	    cmocka_unit_test(text_is_utf8_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
