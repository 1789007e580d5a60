/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "config/conf.h"
#include "journal/requests.h"

enum { HOUR = 3600000, WEEK_HOURS = 7 * 24 };

/* In the middle of this hour: the file is made by the clock. */
static int64_t noon, noon_hour;

/* The hook h, and none else. */
static struct hook hook_h = { .name = "h" };
static struct conf conf = { .hooks = &hook_h, .hooks_len = 1 };

static struct journal_requests
gather(struct journal *journal, size_t hours)
{
	struct journal_requests requests = { .now = noon, .hours = hours };

	conf.journal = journal_path;
	assert_int_equal(journal_requests_gather(&requests, &conf, journal),
	    RC_OK);
	return requests;
}

static void
count_at(enum outcome outcome, int status, int64_t time)
{
	struct journal_stats *stats = NULL;
	const struct journal_stats_request request = {
		.hook = "h",
		.outcome = outcome,
		.status = status,
		.reason = status == 401 ? "bad-signature" : NULL,
		.time = time,
		.event = status == 202 ? time : 0,
	};

	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	journal_stats_count(stats, &request);
	journal_stats_close(stats);
}

static void
fold(struct journal *journal, const char *what, int64_t hour, int64_t count)
{
	const struct journal_hour row = { "h", hour, what, 5, count };

	assert_int_equal(journal_fold_hours(journal, noon, &row, 1), RC_OK);
}

/* Of the hook h in the last 24 hours. */
static void
expect_day(const struct journal_requests *requests, int64_t received,
    int64_t refused)
{
	struct journal_requests_sums sums;

	assert_int_equal(requests->n, 1);
	assert_string_equal(requests->list[0].hook, "h");
	sums = journal_requests_sum(&requests->list[0]);
	assert_int_equal(sums.received, received);
	assert_int_equal(sums.refused, refused);
}

static void
a_hook_of_which_nothing_is_known_is_there_too(void **state)
{
	struct journal_requests requests = gather(NULL, 24);

	(void)state;
	expect_day(&requests, 0, 0);
	assert_true(requests.list[0].configured);
	assert_null(requests.list[0].counted);
	assert_null(requests.broken);
	assert_int_equal(requests.report.made, 0);
	pool_free(&requests.pool);
}

static void
what_the_file_has_is_not_counted_again_from_the_journal(void **state)
{
	struct journal *journal = open_journal();
	struct journal_requests requests;

	(void)state;
	only_of_a_file();
	count_at(OUTCOME_QUEUED, 202, noon - 30 * HOUR);
	count_at(OUTCOME_QUEUED, 202, noon - HOUR);
	count_at(OUTCOME_REFUSED, 401, noon - HOUR);
	count_at(OUTCOME_QUEUED, 202, noon);
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	count_at(OUTCOME_IGNORED, 200, noon);
	requests = gather(journal, 36);
	expect_day(&requests, 4, 1);
	assert_int_equal(requests.first, noon_hour - 35);
	assert_int_equal(requests.by_hour[35][JOURNAL_STATS_QUEUED], 1);
	assert_int_equal(requests.by_hour[35][JOURNAL_STATS_IGNORED], 1);
	assert_int_equal(requests.by_hour[34][JOURNAL_STATS_QUEUED], 1);
	assert_int_equal(requests.by_hour[34][JOURNAL_STATS_REFUSED + 0] +
		requests.by_hour[34][JOURNAL_STATS_REFUSED + 1],
	    1);
	assert_int_equal(requests.by_hour[5][JOURNAL_STATS_QUEUED], 1);
	assert_int_equal(requests.by_hour[4][JOURNAL_STATS_QUEUED], 0);
	assert_int_equal(requests.list[0].last_event, noon);
	assert_string_equal(requests.list[0].counted->reason, "bad-signature");
	pool_free(&requests.pool);
	journal_close(journal);
}

static void
what_another_file_counted_is_added(void **state)
{
	struct journal *journal = open_journal();
	struct journal_requests requests;

	(void)state;
	only_of_a_file();
	count_at(OUTCOME_QUEUED, 202, noon);
	fold(journal, "queued", noon_hour, 4);
	fold(journal, "refused 401", noon_hour, 2);
	fold(journal, "received", noon_hour, 6);
	fold(journal, "queued", noon_hour - 24, 8);
	/* What the clock counted ahead is not of these hours. */
	fold(journal, "queued", noon_hour + 1, 16);
	requests = gather(journal, 24);
	expect_day(&requests, 7 + 16, 2);
	assert_int_equal(requests.by_hour[23][JOURNAL_STATS_QUEUED], 5);
	pool_free(&requests.pool);
	requests = gather(journal, 25);
	assert_int_equal(requests.by_hour[0][JOURNAL_STATS_QUEUED], 8);
	assert_int_equal(requests.by_hour[24][JOURNAL_STATS_QUEUED], 5);
	pool_free(&requests.pool);
	journal_close(journal);
}

/* The file keeps two days, the journal what was folded of it before. */
static void
what_is_too_old_for_the_file_comes_from_the_journal(void **state)
{
	struct journal *journal = open_journal();
	struct journal_requests requests;

	(void)state;
	only_of_a_file();
	count_at(OUTCOME_QUEUED, 202, noon - 100 * HOUR);
	assert_int_equal(journal_fold(journal, noon - 100 * HOUR), RC_OK);
	count_at(OUTCOME_QUEUED, 202, noon);
	requests = gather(journal, WEEK_HOURS);
	expect_day(&requests, 1, 0);
	assert_int_equal(requests
			     .by_hour[WEEK_HOURS - 101][JOURNAL_STATS_QUEUED],
	    1);
	assert_int_equal(requests.by_hour[WEEK_HOURS - 1][JOURNAL_STATS_QUEUED],
	    1);
	pool_free(&requests.pool);
	journal_close(journal);
}

static void
a_file_that_cannot_be_used_is_told_of(void **state)
{
	char path[PATH_MAX + 32];
	struct journal_requests requests;

	(void)state;
	only_of_a_file();
	snprintf(path, sizeof(path), "%s-stats", journal_path);
	assert_int_equal(symlink("nothing", path), 0);
	requests = gather(NULL, 24);
	assert_non_null(requests.broken);
	assert_string_equal(requests.path, path);
	expect_day(&requests, 0, 0);
	pool_free(&requests.pool);
}

static void
that_hours_are_damaged_comes_with_the_others(void **state)
{
	struct journal *journal = open_journal();
	struct journal_requests requests = { .now = noon, .hours = 24 };

	(void)state;
	only_of_a_file();
	fold(journal, "queued", noon_hour, 4);
	fold(journal, "ignored", noon_hour, 4);
	execute("UPDATE hours SET count = 'x' WHERE what = 'ignored'");
	conf.journal = journal_path;
	assert_int_equal(journal_requests_gather(&requests, &conf, journal),
	    RC_CORRUPT);
	expect_day(&requests, 4, 0);
	pool_free(&requests.pool);
	journal_close(journal);
}

static void
all_machines_count(void **state)
{
	struct journal_requests requests;
	struct journal_last_event last = { "h", noon - 5 };
	struct journal *journal;

	(void)state;
	if (journal_server() == NULL)
		skip();
	journal = open_journal();
	count_at(OUTCOME_QUEUED, 202, noon - 10);
	/* Of this one both: its file counts. */
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	fold(journal, "queued", noon_hour, 3);
	fold(journal, "refused 401", noon_hour, 1);
	assert_int_equal(journal_note_last_events(journal, &last, 1), RC_OK);
	requests = gather(journal, 24);
	expect_day(&requests, 5, 1);
	assert_int_equal(requests.list[0].last_event, noon - 5);
	pool_free(&requests.pool);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_machines_count),
		TEST(a_hook_of_which_nothing_is_known_is_there_too),
		TEST(what_the_file_has_is_not_counted_again_from_the_journal),
		TEST(what_another_file_counted_is_added),
		TEST(what_is_too_old_for_the_file_comes_from_the_journal),
		TEST(a_file_that_cannot_be_used_is_told_of),
		TEST(that_hours_are_damaged_comes_with_the_others),
	};

	noon_hour = clock_wall() / HOUR;
	noon = noon_hour * HOUR + HOUR / 2;
	return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
