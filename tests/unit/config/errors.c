/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/buf.h"
#include "config/errors.h"

static void
lines_have_file_and_number(void **state)
{
	struct buf into = { 0 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	conf_error(&list, 3, "`%s' is %d", "x", 7);
	conf_error(&list, 0, "all of it");
	assert_int_equal(conf_errors_end(&list), RC_CONFIG);
	assert_string_equal(into.data, "f:3: `x' is 7\nf: all of it\n");
	buf_free(&into);
}

static void
no_complaint_is_fine(void **state)
{
	struct buf into = { 0 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	assert_int_equal(conf_errors_end(&list), RC_OK);
	assert_int_equal(into.len, 0);
}

static void
a_repeated_one_counts_but_is_told_once(void **state)
{
	struct buf into = { 0 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	conf_error(&list, 3, "twice");
	conf_error(&list, 3, "twice");
	assert_int_equal(list.n, 2);
	assert_int_equal(list.lost, 0);
	assert_string_equal(into.data, "f:3: twice\n");
	buf_free(&into);
}

static void
control_characters_are_not_passed_on(void **state)
{
	struct buf into = { 0 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	conf_error(&list, 1, "a\nb\033\177\303\244");
	assert_string_equal(into.data, "f:1: a?b??\303\244\n");
	buf_free(&into);
}

static void
a_long_one_is_cut(void **state)
{
	struct buf into = { 0 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	conf_error(&list, 1, "%5000d", 1);
	assert_int_equal(into.len, strlen("f:1: ") + 1023 + 1);
	assert_int_equal(into.data[into.len - 1], '\n');
	buf_free(&into);
}

/* Room is kept for the count, so that the last line always fits. */
static void
lost_ones_are_counted(void **state)
{
	struct buf into = { .max = 100 };
	struct conf_errors list = { .into = &into, .file = "f" };

	(void)state;
	conf_error(&list, 1, "%30d", 1);
	conf_error(&list, 2, "%30d", 2);
	conf_error(&list, 3, "%30d", 3);
	assert_int_equal(list.lost, 2);
	assert_int_equal(conf_errors_end(&list), RC_CONFIG);
	assert_non_null(strstr(into.data, "f:1: "));
	assert_non_null(strstr(into.data, "\n2 more did not fit here\n"));
	buf_free(&into);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_file_and_number),
		cmocka_unit_test(no_complaint_is_fine),
		cmocka_unit_test(a_repeated_one_counts_but_is_told_once),
		cmocka_unit_test(control_characters_are_not_passed_on),
		cmocka_unit_test(a_long_one_is_cut),
		cmocka_unit_test(lost_ones_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
