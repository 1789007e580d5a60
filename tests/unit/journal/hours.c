/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/stats.h"

enum { HOUR = 3600000, MINUTE = 60000 };

static const int64_t noon = INT64_C(1800000000000);
static const int64_t noon_hour = INT64_C(1800000000000) / HOUR;

static enum rc
add_hour(void *context, const struct journal_hour *hour)
{
	return buf_printf(context, "%s|%lld|%s|%lld\n",
	    hour->hook[0] == '\0' ? "-" : hour->hook,
	    (long long)(hour->hour - noon_hour), hour->what,
	    (long long)hour->count);
}

static void
expect_hours(struct journal *journal, int64_t since, const char *text)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_hours(journal, since, add_hour, &got), RC_OK);
	assert_string_equal(got.data == NULL ? "" : got.data, text);
	buf_free(&got);
}

static void
count_at(struct journal_stats *stats, const char *hook, int status,
    int64_t time)
{
	struct journal_stats_request request = {
		.hook = hook,
		.outcome = status == 202 ? OUTCOME_QUEUED : OUTCOME_REFUSED,
		.status = status,
		.time = time,
	};

	journal_stats_count(stats, &request);
}

static struct journal_stats *
open_stats(void)
{
	struct journal_stats *stats = NULL;

	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	return stats;
}

static void
hours_are_set_and_not_added(void **state)
{
	struct journal *journal = open_journal();
	struct journal_hour hours[] = {
		{ "h", noon_hour, "ignored", 5, 3 },
		{ "", noon_hour + 1, "refused 404", 5, 1 },
	};
	bool due = false;

	(void)state;
	assert_int_equal(journal_fold_due(journal, 5, noon, &due), RC_OK);
	assert_true(due);
	for (int i = 0; i < 2; i++)
		assert_int_equal(journal_fold_hours(journal, noon, hours, 2),
		    RC_OK);
	expect_hours(journal, 0, "h|0|ignored|3\n-|1|refused 404|1\n");
	hours[0].count = 7;
	assert_int_equal(journal_fold_hours(journal, noon, hours, 1), RC_OK);
	expect_hours(journal, noon_hour, "h|0|ignored|7\n-|1|refused 404|1\n");
	expect_hours(journal, noon_hour + 1, "-|1|refused 404|1\n");
	/* Of another source. */
	hours[0].source = 6;
	assert_int_equal(journal_fold_hours(journal, noon, hours, 1), RC_OK);
	expect_hours(journal, noon_hour,
	    "h|0|ignored|7\nh|0|ignored|7\n-|1|refused 404|1\n");
	assert_int_equal(journal_fold_due(journal, 5, noon + 1000, &due),
	    RC_OK);
	assert_false(due);
	assert_int_equal(journal_fold_due(journal, 5, noon + MINUTE, &due),
	    RC_OK);
	assert_true(due);
	/* The clock is set back. */
	assert_int_equal(journal_fold_due(journal, 5, noon - 1, &due), RC_OK);
	assert_true(due);
	journal_close(journal);
}

static void
counts_are_folded_once(void **state)
{
	static const char first[] = "h|-1|queued|1\nh|-1|received|1\n"
				    "-|0|received|1\n-|0|refused 404|1\n"
				    "h|0|queued|1\nh|0|received|3\n"
				    "h|0|refused 401|2\n";
	struct journal *journal = open_journal();
	struct journal_stats *stats = open_stats();

	(void)state;
	only_of_a_file();
	count_at(stats, "h", 202, noon - 1);
	count_at(stats, "h", 202, noon);
	count_at(stats, "h", 401, noon);
	count_at(stats, "h", 401, noon);
	count_at(stats, NULL, 404, noon);
	/* Longer ago than hours are kept. */
	count_at(stats, "h", 202, noon - 100 * (int64_t)HOUR);
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	expect_hours(journal, 0, first);
	/* Nothing came: nothing is written. */
	assert_int_equal(journal_fold(journal, noon + MINUTE), RC_OK);
	expect_hours(journal, 0, first);
	assert_int_equal(count_rows(journal,
			     "SELECT number FROM notes WHERE name = 'folded'"),
	    noon);
	count_at(stats, "h", 202, noon + 1);
	/* Not due yet, and then it is. */
	assert_int_equal(journal_fold(journal, noon + 1000), RC_OK);
	expect_hours(journal, 0, first);
	assert_int_equal(journal_fold(journal, noon + MINUTE), RC_OK);
	expect_hours(journal, noon_hour,
	    "-|0|received|1\n-|0|refused 404|1\nh|0|queued|2\n"
	    "h|0|received|4\nh|0|refused 401|2\n");
	journal_stats_close(stats);
	journal_close(journal);
}

static void
a_file_that_is_made_anew_adds_its_own(void **state)
{
	struct journal *journal = open_journal();
	struct journal_stats *stats = open_stats();

	(void)state;
	only_of_a_file();
	count_at(stats, "h", 202, noon);
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	journal_stats_close(stats);
	assert_int_equal(unlink(end_path("-stats")), 0);
	/* None at all is nothing to fold. */
	assert_int_equal(journal_fold(journal, noon + MINUTE), RC_OK);
	stats = open_stats();
	count_at(stats, "h", 202, noon);
	count_at(stats, "h", 202, noon);
	assert_int_equal(journal_fold(journal, noon + 2 * MINUTE), RC_OK);
	assert_int_equal(count_rows(journal,
			     "SELECT sum(count) FROM hours"
			     " WHERE what = 'queued'"),
	    3);
	journal_stats_close(stats);
	journal_close(journal);
}

static void
many_hooks_are_folded_in_steps(void **state)
{
	struct journal *journal = open_journal();
	struct journal_stats *stats = open_stats();
	char name[32];

	(void)state;
	only_of_a_file();
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "hook-%d", i);
		for (int64_t hour = 0; hour < 5; hour++)
			count_at(stats, name, 202, noon + hour * HOUR);
	}
	assert_int_equal(journal_fold(journal, noon + 5 * (int64_t)HOUR),
	    RC_OK);
	assert_int_equal(count_rows(journal,
			     "SELECT sum(count) FROM hours"
			     " WHERE what = 'queued'"),
	    3000);
	assert_int_equal(count_rows(journal,
			     "SELECT count(DISTINCT hook) FROM hours"),
	    511);
	journal_stats_close(stats);
	journal_close(journal);
}

/* Whatever the file says, only what is a name goes into the journal. */
static void
a_damaged_name_is_not_folded(void **state)
{
	struct journal *journal = open_journal();
	struct journal_stats *stats = open_stats();

	(void)state;
	only_of_a_file();
	count_at(stats, "no name", 202, noon);
	count_at(stats, "h", 202, noon);
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	expect_hours(journal, 0, "h|0|queued|1\nh|0|received|1\n");
	journal_stats_close(stats);
	journal_close(journal);
}

static void
old_hours_are_purged(void **state)
{
	struct journal *journal = open_journal();
	struct journal_purge purge = { 0 };
	struct journal_hour hour = { "h", noon_hour - JOURNAL_HOURS_KEPT,
		"ignored", 5, 3 };

	(void)state;
	assert_int_equal(journal_fold_hours(journal, noon, &hour, 1), RC_OK);
	for (int i = 1; i <= 120; i++) {
		hour.hour = noon_hour - JOURNAL_HOURS_KEPT - i;
		assert_int_equal(journal_fold_hours(journal, noon, &hour, 1),
		    RC_OK);
	}
	purge_all(journal, &purge, noon);
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM hours"), 1);
	assert_int_equal(count_rows(journal, "SELECT hour FROM hours"),
	    noon_hour - JOURNAL_HOURS_KEPT);
	journal_close(journal);
}

static void
damaged_hours_are_passed_over(void **state)
{
	struct journal *journal = open_journal();
	struct journal_stats *stats = open_stats();
	struct buf got = { 0 };

	(void)state;
	only_of_a_file();
	count_at(stats, "h", 202, noon);
	assert_int_equal(journal_fold(journal, noon), RC_OK);
	execute("UPDATE hours SET count = 'many' WHERE what = 'queued'");
	assert_int_equal(journal_hours(journal, 0, add_hour, &got), RC_CORRUPT);
	assert_string_equal(got.data, "h|0|received|1\n");
	buf_free(&got);
	/* And are put right by the next that is folded. */
	assert_int_equal(journal_fold(journal, noon + MINUTE), RC_OK);
	expect_hours(journal, 0, "h|0|queued|1\nh|0|received|1\n");
	journal_stats_close(stats);
	journal_close(journal);
}

/* Each has a file of its own, and so a source. */
static void
become_another_machine(void)
{
	struct buf path = { 0 };

	assert_int_equal(journal_stats_path(journal_path, &path), RC_OK);
	assert_int_equal(unlink(path.data), 0);
	buf_free(&path);
}

static void
count_event(int64_t time)
{
	struct journal_stats *stats = open_stats();
	const struct journal_stats_request request = {
		.hook = "h",
		.outcome = OUTCOME_QUEUED,
		.status = 202,
		.time = time,
		.event = time,
	};

	journal_stats_count(stats, &request);
	journal_stats_close(stats);
}

static int64_t
last_event(struct journal *journal, int64_t known)
{
	struct journal_last_event last = { "h", known };

	assert_int_equal(journal_last_events(journal, &last, 1), RC_OK);
	return last.time;
}

static void
each_machine_folds_its_own(void **state)
{
	struct journal *journal;

	(void)state;
	if (journal_server() == NULL)
		skip();
	journal = open_journal();
	count_event(noon + 5);
	assert_int_equal(journal_fold(journal, noon + 10), RC_OK);
	assert_int_equal(last_event(journal, 0), noon + 5);
	become_another_machine();
	count_event(noon + 3);
	/* That another machine has folded just now is no reason to wait. */
	assert_int_equal(journal_fold(journal, noon + 20), RC_OK);
	expect_hours(journal, 0,
	    "h|0|queued|1\nh|0|queued|1\nh|0|received|1\nh|0|received|1\n");
	assert_int_equal(last_event(journal, 0), noon + 5);
	count_event(noon + 30);
	assert_int_equal(journal_fold(journal, noon + 40), RC_OK);
	assert_int_equal(last_event(journal, 0), noon + 5);
	assert_int_equal(journal_fold(journal, noon + MINUTE), RC_OK);
	assert_int_equal(last_event(journal, 0), noon + 30);
	assert_int_equal(last_event(journal, noon + 31), noon + 31);
	journal_close(journal);
}

static void
a_file_is_one_machines(void **state)
{
	struct journal_last_event last = { "h", noon };
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	assert_false(journal_is_shared(journal));
	assert_int_equal(journal_note_last_events(journal, &last, 1), RC_OK);
	assert_int_equal(last_event(journal, 0), 0);
	assert_int_equal(query("SELECT count(*) FROM notes"), 0);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hours_are_set_and_not_added),
		TEST(each_machine_folds_its_own),
		TEST(a_file_is_one_machines),
		TEST(counts_are_folded_once),
		TEST(a_file_that_is_made_anew_adds_its_own),
		TEST(many_hooks_are_folded_in_steps),
		TEST(a_damaged_name_is_not_folded),
		TEST(old_hours_are_purged),
		TEST(damaged_hours_are_passed_over),
	};

	return cmocka_run_group_tests_name("hours", tests, NULL, NULL);
}
