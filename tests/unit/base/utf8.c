/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/bytes.h"
#include "base/utf8.h"

static void
text_is_utf8_without_controls(void **state)
{
	static const char *const good[] = { "", "a", " ", "Push Hook",
		"caf\xc3\xa9", "\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf", "\xef\xbf\xbd" };
	static const char *const bad[] = { "\n", "a\tb", "\x1b[2J", "\x7f",
		"\x01", "\xc2\x80", "a\xc2\x9f", "\x80", "\xc3", "\xc0\x80",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "caf\xe9",
		"\xff" };
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
text_is_utf8_without_control_characters(void **state)
{
	static const char *const texts[] = { "", "a b", "\xc3\xa4",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0" };
	static const char *const others[] = { "\n", "a\tb", "\x1b[2J", "\x7f",
		"\xc2\x9b", "\xc3", "\xff", "a\xe2\x82", "\xed\xa0\x80",
		"\xc0\x80" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_true(utf8_is_text(bytes_of(texts[i])));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(utf8_is_text(bytes_of(others[i])));
	assert_false(utf8_is_text((struct bytes){ "a\0b", 3 }));
	assert_int_equal(utf8_printable(bytes_of("\xe2\x82\xac"
						 "1")),
	    3);
	assert_int_equal(utf8_printable(bytes_of("\xc2\x9b"
						 "1")),
	    0);
}

/* It is text, of names too; a terminal is not to obey it. */
static void
what_reorders_or_breaks_a_line_is_not_printable(void **state)
{
	static const char *const formats[] = { "\xd8\x9c", "\xe2\x80\x8b",
		"\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa0",
		"\xe2\x81\xa9", "\xef\xbb\xbf" };
	static const char *const beside[] = { "\xd8\x9d", "\xe2\x80\x8a",
		"\xe2\x80\x90", "\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\x9f",
		"\xe2\x81\xaa", "\xef\xbb\xbe", "\xe2\x82\x8b" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		wrong += case_true(formats[i], "not printable",
		    utf8_printable(bytes_of(formats[i])) == 0);
		wrong += case_true(formats[i], "text",
		    utf8_is_text(bytes_of(formats[i])));
	}
	for (size_t i = 0; i < COUNT(beside); i++)
		wrong += case_true(beside[i], "printable",
		    utf8_printable(bytes_of(beside[i])) == strlen(beside[i]));
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_utf8_without_controls),
		cmocka_unit_test(text_is_utf8_without_control_characters),
		cmocka_unit_test(
		    what_reorders_or_breaks_a_line_is_not_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
