/* SPDX-License-Identifier: ISC */
#include "../printed.h"

#include "../../../ctl/print.h"

static void
expect_entry(const char *label, const char *text, const char *want)
{
	int saved = print_to_file();

	print_entry(label, text);
	expect_printed(saved, want);
}

#define FORTY "forty characters that are no blank at it"

static void
an_entry_goes_on_below_its_text(void **state)
{
	(void)state;
	expect_entry("-n", "only say", "  -n              only say\n");
	expect_entry("", "more", "                  more\n");
	expect_entry("--label-of-20-bytes", "its text",
	    "  --label-of-20-bytes\n                  its text\n");
	expect_entry("-n", FORTY " " FORTY,
	    "  -n              " FORTY " forty characters\n"
	    "                  that are no blank at it\n");
	expect_entry("-n", "a\033b", "  -n              a\\x1bb\n");
}

static void
a_piece_is_not_cut(void **state)
{
	FILE *file = fopen(scratch_path("pieces"), "w");
	struct print_wrap wrap = { .to = file, .indent = 4 };
	struct buf got;

	(void)state;
	assert_non_null(file);
	print_piece(&wrap, LIT(FORTY));
	print_piece(&wrap, LIT("[--and --twenty --more of -it]"));
	print_piece(&wrap, LIT("[--next N]"));
	/* One that is too long for any line stands alone. */
	print_piece(&wrap, LIT(FORTY FORTY));
	print_wrap_end(&wrap);
	print_piece(&wrap, LIT("anew"));
	print_wrap_end(&wrap);
	assert_int_equal(fclose(file), 0);
	got = read_file(scratch_path("pieces"));
	assert_true(bytes_is(buf_view(&got),
	    FORTY " [--and --twenty --more of -it]\n"
		  "    [--next N]\n    " FORTY FORTY "\nanew\n"));
	buf_free(&got);
}

static void
a_table_may_leave_columns_out(void **state)
{
	static const char *const table[] = { "A", "B", "C", "1", "", "333",
		"four", "5", "6" };
	static const bool none[3], second[3] = { false, true, false },
				   ends[3] = { true, false, true };
	const char *cells[9];
	int saved;

	(void)state;
	memcpy(cells, table, sizeof(table));
	saved = print_to_file();
	print_columns(cells, 3, 3, none);
	expect_printed(saved, "A     B  C\n1     -  333\nfour  5  6\n");
	memcpy(cells, table, sizeof(table));
	saved = print_to_file();
	print_columns(cells, 3, 3, second);
	expect_printed(saved, "A     C\n1     333\nfour  6\n");
	memcpy(cells, table, sizeof(table));
	saved = print_to_file();
	print_columns(cells, 3, 3, ends);
	expect_printed(saved, "B\n-\n5\n");
}

static void
times_and_ages_are_short(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	assert_string_equal(print_moment(&pool, 0), "");
	assert_string_equal(print_moment(&pool, INT64_C(1767323045678)),
	    "2026-01-02T03:04:05Z");
	assert_string_equal(print_age(&pool, 999), "0s");
	assert_string_equal(print_age(&pool, 192500), "3m12s");
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_entry_goes_on_below_its_text,
		    scratch_make, scratch_end),
		cmocka_unit_test_setup_teardown(a_piece_is_not_cut,
		    scratch_make, scratch_end),
		cmocka_unit_test_setup_teardown(a_table_may_leave_columns_out,
		    scratch_make, scratch_end),
		cmocka_unit_test(times_and_ages_are_short),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
