/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
a_counter_that_is_none_is_made_anew(void **state)
{
	static const char *const values[] = { "'x'", "-5", "x'00'", "1.5",
		"9223372036854775807" };
	struct journal *journal = open_lane();
	char statement[128];
	char text[32];

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 0, "");
	for (unsigned i = 0; i < COUNT(values); i++) {
		snprintf(statement, sizeof(statement),
		    "UPDATE opens SET events = %s", values[i]);
		execute(statement);
		append_sample(journal, "h", i + 1, "");
		snprintf(text, sizeof(text), "h %u ", i + 2);
		expect_backlog(journal, text);
	}
	journal_close(journal);
}

static void
the_queue_of_a_hook_is_bounded(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fill_sample(&sample, "h", i);
		sample.entry.max_queue = 2;
		sample.entry.routes_len = 2;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    i < 2 ? RC_OK : RC_QUEUE_FULL);
	}
	append_sample(journal, "other", 9, "");
	expect(journal, &one, 0, JOURNAL_FINISH);
	assert_int_equal(append_and_wait(journal, &sample.entry),
	    RC_QUEUE_FULL);
	/* An event is delivered when all its deliveries are over. */
	expect(journal, &one, 0, JOURNAL_MARK_DEAD);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	expect_backlog(journal, "h 2 other 1 ");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_counter_that_is_none_is_made_anew),
		TEST(the_queue_of_a_hook_is_bounded),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}
