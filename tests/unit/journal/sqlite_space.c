/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static int64_t
size_of(const char *end)
{
	struct stat about;

	assert_int_equal(stat(end_path(end), &about), 0);
	return about.st_size;
}

/* Large events that are done, and one that waits behind them. */
static void
fill(struct journal *journal, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		append_large(journal, "h", i);
		expect(journal, &one, (int)i, JOURNAL_FINISH);
	}
	append_sample(journal, "h", n + 1, "");
}

/* As the first release made it. */
static struct journal *
open_earlier(void)
{
	journal_close(open_lane());
	execute("PRAGMA auto_vacuum=NONE; VACUUM");
	return open_lane();
}

static void
purge(struct journal *journal)
{
	static const struct journal_keep keep = { "h", 1, CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };

	purge_all(journal, &purge, now() + 60000);
}

static void
shrink_all(struct journal *journal)
{
	bool more = true;

	while (more)
		assert_int_equal(journal_shrink(journal, true, &more), RC_OK);
	assert_int_equal(journal_trim(journal, 0), RC_OK);
}

static void
a_purge_gives_room_back_but_for_a_reserve(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	fill(journal, 16);
	assert_in_range(journal_log_size(journal), 1, INT64_MAX);
	assert_int_equal(journal_log_size(journal), size_of("-wal"));
	purge(journal);
	assert_int_equal(size_of("-wal"), 0);
	assert_int_equal(journal_log_size(journal), 0);
	assert_in_range(size_of(""), LARGE, 3 * LARGE);
	expect(journal, &one, 17, JOURNAL_FINISH);
	journal_close(journal);
}

static void
what_is_compact_has_no_free_room(void **state)
{
	struct journal *journal = open_lane();
	int64_t size = 0;

	(void)state;
	fill(journal, 8);
	purge(journal);
	assert_int_equal(journal_rebuild(journal), RC_OK);
	shrink_all(journal);
	assert_int_equal(count_rows(journal, "PRAGMA freelist_count"), 0);
	assert_in_range(size_of(""), 1, LARGE);
	assert_int_equal(journal_size(journal, &size), RC_OK);
	assert_int_equal(size, size_of(""));
	expect(journal, &one, 9, JOURNAL_FINISH);
	journal_close(journal);
}

static void
an_earlier_journal_gives_room_back_once_it_is_rebuilt(void **state)
{
	struct journal *journal = open_earlier();

	(void)state;
	fill(journal, 8);
	purge(journal);
	shrink_all(journal);
	assert_in_range(size_of(""), 8 * LARGE, 16 * LARGE);
	assert_int_equal(journal_rebuild(journal), RC_OK);
	shrink_all(journal);
	assert_in_range(size_of(""), 1, LARGE);
	expect(journal, &one, 9, JOURNAL_FINISH);
	fill(journal, 8);
	purge(journal);
	assert_in_range(size_of(""), LARGE, 3 * LARGE);
	journal_close(journal);
}

static void
nothing_is_rebuilt_while_others_write(void **state)
{
	struct journal *journal = open_earlier();
	struct other other = lock_journal();

	(void)state;
	journal_set_busy_timeout(journal, 10);
	assert_int_equal(journal_rebuild(journal), RC_LOCKED);
	disconnect_other(&other);
	assert_int_equal(journal_rebuild(journal), RC_OK);
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	journal_close(journal);
}

static void
the_log_is_cut_off_when_nobody_reads_it_any_more(void **state)
{
	struct journal *journal = open_lane();
	struct other reader;

	(void)state;
	append_sample(journal, "h", 1, "");
	reader = read_journal();
	for (unsigned i = 2; i <= 9; i++)
		append_large(journal, "h", i);
	assert_in_range(size_of("-wal"), 8 * LARGE, 32 * LARGE);
	assert_int_equal(journal_trim(journal, JOURNAL_LOG_USUAL), RC_LOCKED);
	assert_int_equal(journal_trim(journal, 64 * LARGE), RC_OK);
	let_execute(&reader, "COMMIT");
	assert_int_equal(journal_trim(journal, JOURNAL_LOG_USUAL), RC_OK);
	assert_int_equal(size_of("-wal"), 0);
	disconnect_other(&reader);
	journal_close(journal);
}

/* Without journal_trim, too. */
static void
the_log_that_a_reader_let_grow_begins_anew_as_small_as_it_was(void **state)
{
	struct journal *journal = open_lane();
	struct other reader;

	(void)state;
	append_sample(journal, "h", 1, "");
	reader = read_journal();
	for (unsigned i = 2; i <= 9; i++)
		append_large(journal, "h", i);
	disconnect_other(&reader);
	for (unsigned i = 10; i < 13; i++)
		append_sample(journal, "h", i, "");
	assert_in_range(size_of("-wal"), 0, JOURNAL_LOG_USUAL);
	journal_close(journal);
}

static void
nothing_moves_into_a_log_that_somebody_reads(void **state)
{
	struct journal *journal = open_lane();
	struct other reader;
	bool more = true;
	int64_t size;

	(void)state;
	fill(journal, 4);
	reader = read_journal();
	for (unsigned i = 6; i < 30; i++)
		append_large(journal, "i", i);
	purge(journal);
	size = size_of("-wal");
	assert_int_equal(journal_shrink(journal, true, &more), RC_LOCKED);
	assert_int_equal(size_of("-wal"), size);
	disconnect_other(&reader);
	shrink_all(journal);
	assert_int_equal(count_rows(journal, "PRAGMA freelist_count"), 0);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_purge_gives_room_back_but_for_a_reserve),
		TEST(what_is_compact_has_no_free_room),
		TEST(an_earlier_journal_gives_room_back_once_it_is_rebuilt),
		TEST(nothing_is_rebuilt_while_others_write),
		TEST(nothing_moves_into_a_log_that_somebody_reads),
		TEST(the_log_is_cut_off_when_nobody_reads_it_any_more),
		TEST(
		    the_log_that_a_reader_let_grow_begins_anew_as_small_as_it_was),
	};

	return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
