/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "../printed.h"

#include "base/bytes.h"
#include "config/conf.h"

#include "../../../ctl/listing.h"
#include "../../../ctl/print.h"
#include "../../../ctl/report.h"
#include "../../../ctl/session.h"

/* A journal of numbers from 1 on, and what was asked of it. */
struct scene {
	struct conf conf;
	struct session session;
	struct listing listing;
	int last;
	int damaged; /* one that is; 0: none */
	int torn;    /* one of which something is */
	enum rc rc;  /* what it comes to after the first part */
	struct buf asked;
};

static const char *const heading[] = { "NUMBER", "ODD" };

static enum rc
read_numbers(const struct listing *listing, struct listing_part *part,
    const void *after, int64_t limit)
{
	struct scene *scene = listing->context;
	int number = after == NULL ? 1 : *(const int *)after + 1;
	enum rc rc = RC_OK;

	assert_int_equal(buf_printf(&scene->asked, "%d+%lld ", number,
			     (long long)limit),
	    RC_OK);
	if (number > 1 && scene->rc != RC_OK)
		return scene->rc;
	for (; limit > 0 && number <= scene->last; number++) {
		if (number == scene->damaged) {
			rc = RC_CORRUPT;
			continue;
		}
		assert_int_equal(listing_add(part, &number), RC_OK);
		limit--;
	}
	return rc;
}

static void
fill_cells(const struct listing *listing, struct pool *pool, const void *row,
    const char **cells)
{
	const int *number = row;

	(void)listing;
	cells[0] = pool_printf(pool, "%d", *number);
	cells[1] = *number % 2 == 0 ? "no" : "yes";
	if (*number < 0)
		cells[1] = NULL;
}

/* Where all are. */
static void
leave_out(const struct listing *listing, const void *rows, size_t n,
    bool *left_out)
{
	const int *numbers = rows;

	(void)listing;
	left_out[1] = true;
	for (size_t i = 0; i < n; i++)
		if (numbers[i] % 2 == 0)
			left_out[1] = false;
}

static enum rc
write_number(const struct listing *listing, const void *row)
{
	const struct scene *scene = listing->context;
	const int *number = row;

	print_line("%d", *number);
	return *number == scene->torn ? RC_CORRUPT : RC_OK;
}

static void
make_scene(struct scene *scene, int last)
{
	*scene = (struct scene){
		.conf = { .journal = "/journal" },
		.session = {
			.file = "file",
			.conf = &scene->conf,
			.filter = { .limit = INT64_MAX },
		},
		.last = last,
		.listing = {
			.session = &scene->session,
			.journal = (struct journal *)scene,
			.context = scene,
			.size = sizeof(int),
			.heading = heading,
			.columns = COUNT(heading),
			.choices = "--odd and --even",
			.read = read_numbers,
			.fill = fill_cells,
			.leave_out = leave_out,
			.object = write_number,
		},
	};
}

static void
expect_asked(struct scene *scene, const char *want)
{
	assert_string_equal(scene->asked.data == NULL ? "" : scene->asked.data,
	    want);
	buf_free(&scene->asked);
}

/* "1\n2\n" and so on, without one. */
static void
expect_numbers(int saved, int last, int without)
{
	struct buf want = { 0 };

	for (int i = 1; i <= last; i++)
		if (i != without)
			assert_int_equal(buf_printf(&want, "%d\n", i), RC_OK);
	expect_printed(saved, want.data == NULL ? "" : want.data);
	buf_free(&want);
}

/* For programs, with what is asked for. */
static void
expect_list(int last, int64_t limit, const char *asked)
{
	struct scene scene;
	int saved = print_to_file();

	make_scene(&scene, last);
	scene.session.json = true;
	scene.session.filter.limit = limit;
	assert_int_equal(listing_run(&scene.listing), RC_OK);
	expect_numbers(saved, limit < last ? (int)limit : last, 0);
	expect_asked(&scene, asked);
}

static void
a_part_begins_after_the_one_before(void **state)
{
	(void)state;
	expect_list(2500, INT64_MAX, "1+1000 1001+1000 2001+1000 ");
	expect_list(2000, INT64_MAX, "1+1000 1001+1000 2001+1000 ");
	expect_list(999, INT64_MAX, "1+1000 ");
	expect_list(0, INT64_MAX, "1+1000 ");
}

static void
no_more_are_read_than_the_limit(void **state)
{
	(void)state;
	expect_list(5000, 2001, "1+1000 1001+1000 2001+1 ");
	expect_list(5000, 1000, "1+1000 ");
	expect_list(5000, 3, "1+3 ");
	expect_list(1000, 1001, "1+1000 1001+1 ");
	expect_list(5, 0, "1+0 ");
}

static void
each_part_has_its_columns(void **state)
{
	struct scene scene;
	int saved = print_to_file();
	struct buf want = { 0 };

	(void)state;
	make_scene(&scene, LISTING_PART + 1);
	assert_int_equal(listing_run(&scene.listing), RC_OK);
	buf_text(&want, "NUMBER  ODD\n");
	for (int i = 1; i <= LISTING_PART; i++)
		buf_printf(&want, "%-6d  %s\n", i, i % 2 == 0 ? "no" : "yes");
	buf_text(&want, "NUMBER\n1001\n");
	assert_int_equal(want.rc, RC_OK);
	expect_printed(saved, want.data);
	buf_free(&want);
	buf_free(&scene.asked);
}

static void
what_is_damaged_is_told_at_the_end(void **state)
{
	struct scene scene;
	int saved = print_to_file();

	(void)state;
	/* One of the first part. */
	make_scene(&scene, LISTING_PART + 5);
	scene.session.json = true;
	scene.damaged = 2;
	assert_int_equal(listing_run(&scene.listing), RC_CORRUPT);
	expect_numbers(saved, LISTING_PART + 5, 2);
	expect_asked(&scene, "1+1000 1002+1000 ");
	/* Something of a row, after which there are others. */
	saved = print_to_file();
	make_scene(&scene, 8);
	scene.session.json = true;
	scene.torn = 7;
	assert_int_equal(listing_run(&scene.listing), RC_CORRUPT);
	expect_numbers(saved, 8, 0);
	buf_free(&scene.asked);
}

static void
an_error_ends_it(void **state)
{
	struct scene scene;
	int saved = print_to_file();
	const int bad = -1;
	struct pool pool = { 0 };

	(void)state;
	make_scene(&scene, 3000);
	scene.session.json = true;
	scene.rc = RC_LOCKED;
	assert_int_equal(listing_run(&scene.listing), RC_LOCKED);
	expect_numbers(saved, LISTING_PART, 0);
	expect_asked(&scene, "1+1000 1001+1000 ");
	/* A cell that there is no memory for. */
	saved = print_to_file();
	make_scene(&scene, 0);
	assert_int_equal(listing_print(&scene.listing, &pool, &bad, 1),
	    RC_MEMORY);
	expect_printed(saved, "");
	pool_free(&pool);
}

static void
a_reader_that_has_gone_away_ends_it(void **state)
{
	struct scene scene;
	int saved = print_to(open("/dev/full", O_WRONLY));
	enum rc rc;

	(void)state;
	make_scene(&scene, 3000);
	rc = listing_run(&scene.listing);
	clearerr(stdout);
	print_back(saved);
	assert_int_equal(rc, RC_SHORT);
	expect_asked(&scene, "1+1000 ");
}

static void
without_a_journal_nothing_is_read(void **state)
{
	struct scene scene;
	int saved = print_to_file();

	(void)state;
	make_scene(&scene, 5);
	scene.listing.journal = NULL;
	assert_int_equal(listing_run(&scene.listing), RC_OK);
	expect_printed(saved, "");
	expect_asked(&scene, "");
	/* A hook that does not exist is worth a word. */
	scene.session.filter.hook = "none";
	assert_int_equal(listing_run(&scene.listing), RC_NO_HOOK);
	assert_int_equal(listing_end(&scene.listing, true), RC_OK);
}

/* How many lines come to a terminal, which holds a few hundred bytes. */
static int
count_lines(struct scene *scene)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	char text[4096];
	int saved, lines = 0;
	ssize_t n;

	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	saved = print_to(open(ptsname(terminal), O_RDWR | O_NOCTTY));
	assert_int_equal(listing_run(&scene->listing), RC_OK);
	print_back(saved);
	while ((n = read(terminal, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	close(terminal);
	return lines;
}

static void
a_terminal_is_shown_the_first_ones(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene, REPORT_ON_A_TERMINAL + 9);
	assert_int_equal(count_lines(&scene), REPORT_ON_A_TERMINAL + 1);
	expect_asked(&scene, "1+51 ");
	make_scene(&scene, REPORT_ON_A_TERMINAL);
	assert_int_equal(count_lines(&scene), REPORT_ON_A_TERMINAL + 1);
	expect_asked(&scene, "1+51 ");
	/* But for those who say how many. */
	make_scene(&scene, REPORT_ON_A_TERMINAL + 9);
	scene.session.filter.limit = REPORT_ON_A_TERMINAL + 2;
	assert_int_equal(count_lines(&scene), REPORT_ON_A_TERMINAL + 3);
	expect_asked(&scene, "1+52 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(a_part_begins_after_the_one_before),
		SCRATCH_TEST(no_more_are_read_than_the_limit),
		SCRATCH_TEST(each_part_has_its_columns),
		SCRATCH_TEST(what_is_damaged_is_told_at_the_end),
		SCRATCH_TEST(an_error_ends_it),
		SCRATCH_TEST(a_reader_that_has_gone_away_ends_it),
		SCRATCH_TEST(without_a_journal_nothing_is_read),
		SCRATCH_TEST(a_terminal_is_shown_the_first_ones),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
