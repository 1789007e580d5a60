/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "page/reading.h"

/* A log as large as that, while somebody reads what was there before. */
static struct journal *
open_grown(struct other *reader)
{
	struct journal *journal = open_lane();

	append_sample(journal, "h", 1, "");
	*reader = read_journal();
	for (unsigned i = 2; journal_log_size(journal) <= READING_LOG; i++)
		append_large(journal, "h", i);
	return journal;
}

static void
a_log_that_grew_is_waited_for_for_a_moment(void **state)
{
	struct other reader;
	struct journal *journal = open_grown(&reader);
	int64_t began = clock_steady();
	int64_t log = 0;

	(void)state;
	assert_true(reading_begin(journal, &log));
	assert_true(clock_steady() >= began + READING_PAUSE);
	assert_int_equal(log, journal_log_size(journal));
	reading_end();
	/* It did not grow since. */
	assert_false(reading_begin(journal, &log));
	reading_end();
	disconnect_other(&reader);
	journal_close(journal);
}

static void
views_that_do_not_end_are_not_waited_for_for_long(void **state)
{
	struct other reader;
	struct journal *journal = open_grown(&reader);
	int64_t logs[] = { journal_log_size(journal), 0 };

	(void)state;
	assert_false(reading_begin(journal, &logs[0]));
	assert_true(reading_begin(journal, &logs[1]));
	reading_end();
	reading_end();
	disconnect_other(&reader);
	journal_close(journal);
}

static void
a_log_of_the_usual_size_holds_nobody_up(void **state)
{
	struct journal *journal = open_lane();
	int64_t logs[2] = { 0 };

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_false(reading_begin(journal, &logs[0]));
	append_sample(journal, "h", 2, "");
	assert_false(reading_begin(journal, &logs[1]));
	reading_end();
	reading_end();
	assert_true(logs[0] > 0);
	assert_true(logs[1] > logs[0]);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_that_grew_is_waited_for_for_a_moment),
		TEST(views_that_do_not_end_are_not_waited_for_for_long),
		TEST(a_log_of_the_usual_size_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
