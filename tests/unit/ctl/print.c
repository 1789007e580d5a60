/* SPDX-License-Identifier: ISC */
#include <fcntl.h>

#include "../scratch.h"

#include "../../../ctl/print.h"

/* What print_entry writes to standard output. */
static struct buf
entry(const char *label, const char *text)
{
	const char *path = scratch_path("out");
	int saved = dup(STDOUT_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(saved >= 0 && fd >= 0);
	fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	print_entry(label, text);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(fd);
	return read_file(path);
}

static void
expect_entry(const char *label, const char *text, const char *want)
{
	struct buf got = entry(label, text);

	assert_true(bytes_is(buf_view(&got), want));
	buf_free(&got);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_entry_goes_on_below_its_text,
		    scratch_make, scratch_end),
		cmocka_unit_test_setup_teardown(a_piece_is_not_cut,
		    scratch_make, scratch_end),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
