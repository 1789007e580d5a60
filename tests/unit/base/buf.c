/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"

static void
a_buf_grows_and_stays_terminated(void **state)
{
	struct buf buf = { 0 };

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
	struct buf buf = { 0 };

	(void)state;
	assert_int_equal(buf_add(&buf, (struct bytes){ NULL, 0 }), RC_OK);
	assert_int_equal(buf_text(&buf, ""), RC_OK);
	assert_int_equal(buf_printf(&buf, "%s", ""), RC_OK);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void
printf_appends_texts_of_any_length(void **state)
{
	struct buf buf = { 0 };

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
	struct buf buf = { .max = 4 };

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
	assert_int_equal(buf_add(&buf, (struct bytes){ NULL, 0 }), RC_OK);
	buf_free(&buf);
}

static void
printf_reaches_the_ceiling_exactly(void **state)
{
	struct buf buf = { .max = 5 };

	(void)state;
	assert_int_equal(buf_printf(&buf, "%s", "abcde"), RC_OK);
	assert_string_equal(buf.data, "abcde");
	buf_free(&buf);
}

static void
reserved_room_can_be_written_to(void **state)
{
	struct buf buf = { 0 };

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
	struct buf buf = { 0 }, low = { .max = 10 };

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
	struct buf buf = { 0 };

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
	struct buf buf = { 0 }, secret = { 0 };

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
