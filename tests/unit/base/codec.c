/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "base/codec.h"

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
		{ { "", 0 }, RC_OK, { "", 0 } },
		{ { "00ff", 4 }, RC_OK, { "\x00\xff", 2 } },
		{ { "AbCd", 4 }, RC_OK, { "\xab\xcd", 2 } },
		{ { "00112233", 8 }, RC_OK, { "\x00\x11\x22\x33", 4 } },
		{ { "0011223344", 10 }, RC_RANGE, { NULL, 0 } },
		{ { "0", 1 }, RC_SYNTAX, { NULL, 0 } },
		{ { "001", 3 }, RC_SYNTAX, { NULL, 0 } },
		{ { "0g", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { " 0", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "0 ", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "0x", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "+1", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "00\n", 3 }, RC_SYNTAX, { NULL, 0 } },
		{ { "0\0", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "00:11", 5 }, RC_SYNTAX, { NULL, 0 } },
		{ { "@@", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "GG", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "``", 2 }, RC_SYNTAX, { NULL, 0 } },
		{ { "//", 2 }, RC_SYNTAX, { NULL, 0 } },
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
			    (struct bytes){ (const char *)raw, len },
			    cases[i].raw);
		else
			wrong += case_number(cases[i].text.data, (long long)len,
			    99);
	}
	assert_int_equal(wrong, 0);
}

/* RFC 4648 section 10. */
static const struct {
	const char *raw, *text;
} base64_vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+" },
};

static void
base64_of_the_rfc_both_ways(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(base64_vectors); i++) {
		struct bytes raw = bytes_of(base64_vectors[i].raw);
		struct bytes text = bytes_of(base64_vectors[i].text);
		struct buf buf = { 0 };
		uint8_t back[8];
		size_t len = 99;

		wrong += case_rc(text.data, encode_base64(raw, &buf), RC_OK);
		wrong += case_bytes(text.data, buf_view(&buf), text);
		wrong += case_rc(text.data,
		    decode_base64(text, back, sizeof(back), &len), RC_OK);
		wrong += case_bytes(text.data,
		    (struct bytes){ (const char *)back, len }, raw);
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
		{ { "Zg", 2 }, RC_SYNTAX },
		{ { "Zg=", 3 }, RC_SYNTAX },
		{ { "Zg===", 5 }, RC_SYNTAX },
		{ { "Zm9v=", 5 }, RC_SYNTAX },
		{ { "Zm9v====", 8 }, RC_SYNTAX },
		{ { "Z===", 4 }, RC_SYNTAX },
		{ { "====", 4 }, RC_SYNTAX },
		{ { "=", 1 }, RC_SYNTAX },
		{ { "Zh==", 4 }, RC_SYNTAX }, /* unused bits that are set */
		{ { "Zm9=", 4 }, RC_SYNTAX },
		{ { "Z=g=", 4 }, RC_SYNTAX },
		{ { "Zg==Zg==", 8 }, RC_SYNTAX },
		{ { "-_-_", 4 }, RC_SYNTAX }, /* the alphabet of URLs */
		{ { "Zm9 ", 4 }, RC_SYNTAX },
		{ { " Zm9v", 5 }, RC_SYNTAX },
		{ { "Zm9v\n", 5 }, RC_SYNTAX },
		{ { "Zm\n9v", 5 }, RC_SYNTAX },
		{ { "Zm9v\0", 5 }, RC_SYNTAX },
		{ { "Zm9\0", 4 }, RC_SYNTAX },
		{ { "Zm9\xc3", 4 }, RC_SYNTAX },
		{ { "Zm9vYmFy", 8 }, RC_RANGE },
		{ { "Zm9vYmE=", 8 }, RC_RANGE },
		{ { "Zm9vYg==", 8 }, RC_OK },
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
padding_may_be_left_out_where_that_is_said(void **state)
{
	static const struct {
		struct bytes text;
		enum rc rc;
		size_t len;
	} cases[] = {
		{ { "", 0 }, RC_OK, 0 },
		{ { "Zg", 2 }, RC_OK, 1 },
		{ { "Zg==", 4 }, RC_OK, 1 },
		{ { "Zm8", 3 }, RC_OK, 2 },
		{ { "Zm8=", 4 }, RC_OK, 2 },
		{ { "Zm9v", 4 }, RC_OK, 3 },
		{ { "Zm9vYg", 6 }, RC_OK, 4 },
		{ { "Zm9vYmE", 7 }, RC_RANGE, 99 },
		{ { "Z", 1 }, RC_SYNTAX, 99 },
		{ { "Zm9vY", 5 }, RC_SYNTAX, 99 },
		{ { "Zg=", 3 }, RC_SYNTAX, 99 },
		{ { "Zg===", 5 }, RC_SYNTAX, 99 },
		{ { "Zh", 2 }, RC_SYNTAX, 99 }, /* unused bits */
		{ { "Zm9", 3 }, RC_SYNTAX, 99 },
		{ { "Z-", 2 }, RC_SYNTAX, 99 },
		{ { "Zg\n", 3 }, RC_SYNTAX, 99 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t raw[4];
		size_t len = 99;
		enum rc rc = decode_base64_bare(cases[i].text, raw, sizeof(raw),
		    &len);

		wrong += case_rc(cases[i].text.data, rc, cases[i].rc);
		wrong += case_number(cases[i].text.data, (long long)len,
		    (long long)cases[i].len);
	}
	assert_int_equal(wrong, 0);
}

static void
every_byte_goes_through_base64_and_back(void **state)
{
	uint8_t raw[256], back[256];
	struct buf buf = { 0 };
	size_t len;

	(void)state;
	for (size_t i = 0; i < 256; i++)
		raw[i] = (uint8_t)i;
	for (size_t n = 0; n <= 256; n++) {
		buf.len = 0;
		assert_int_equal(encode_base64((struct bytes){ (const char *)
								   raw,
						   n },
				     &buf),
		    RC_OK);
		assert_int_equal(decode_base64(buf_view(&buf), back,
				     sizeof(back), &len),
		    RC_OK);
		assert_int_equal(len, n);
		assert_memory_equal(raw, back, n);
	}
	buf_free(&buf);
}

static void
base64_keeps_to_the_ceiling(void **state)
{
	struct buf buf = { .max = 7 };

	(void)state;
	assert_int_equal(encode_base64(LIT("foob"), &buf), RC_RANGE);
	assert_int_equal(buf.len, 0);
	assert_int_equal(encode_base64(LIT("foo"), &buf), RC_OK);
	assert_true(bytes_is(buf_view(&buf), "Zm9v"));
	buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_is_written_in_lower_case),
		cmocka_unit_test(hex_is_read_strictly),
		cmocka_unit_test(base64_of_the_rfc_both_ways),
		cmocka_unit_test(base64_is_read_strictly),
		cmocka_unit_test(padding_may_be_left_out_where_that_is_said),
		cmocka_unit_test(every_byte_goes_through_base64_and_back),
		cmocka_unit_test(base64_keeps_to_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
