/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
damage_is_no_reason_to_keep_a_purge_from_the_rest(void **state)
{
	struct journal_keep keep = { "h", 1 };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	struct journal *journal = open_journal();
	bool due = false;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		append_sample(journal, "h", n, "");
		expect(journal, &one, (int)n, JOURNAL_FINISH);
	}
	execute("UPDATE events SET name = char(27) WHERE seq = 2;"
		"INSERT INTO notes VALUES('purged', 'never')");
	assert_int_equal(journal_purge_due(journal, now(), &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_step(journal, &purge, now() + 60000),
	    RC_OK);
	assert_int_equal(purge.removed, 2);
	assert_int_equal(purge.damaged, 1);
	journal_close(journal);
}

static void
what_is_kept_long_enough_is_purged(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 10000 } };
	struct journal *journal = open_journal();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };
	struct journal_claim claim;
	int64_t then = now();
	bool due = false;

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		append_sample(journal, "h", i, "");
		assert_int_equal(claim_number(journal, &one, &claim), (int)i);
		settle_at(journal, &claim,
		    i == 3 ? JOURNAL_MARK_DEAD : JOURNAL_FINISH, then);
	}
	append_sample(journal, "h", 500, "");
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then + 1000, &due), RC_OK);
	assert_false(due);
	assert_int_equal(journal_purge_due(journal, then + 3600000, &due),
	    RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_step(journal, &purge, then + 5000),
	    RC_OK);
	assert_int_equal(purge.removed, 0);
	do {
		assert_int_equal(journal_purge_step(journal, &purge,
				     then + 3600000),
		    RC_OK);
	} while (purge.from != 0);
	assert_int_equal(purge.removed, 129);
	expect_counts(journal, "h queued 1 h dead 1 ");
	assert_int_equal(list(journal, -1).n, 2);
	journal_close(journal);
}

static void
what_came_before_the_clock_was_set_back_holds_no_purge_up(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 10000 } };
	struct journal *journal = open_journal();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 0);
	sample.receipt.received += 365 * 24 * 3600000LL;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 0, JOURNAL_MARK_DEAD);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 2, JOURNAL_FINISH);
	do {
		assert_int_equal(journal_purge_step(journal, &purge,
				     now() + 60000),
		    RC_OK);
	} while (purge.from != 0);
	assert_int_equal(purge.removed, 2);
	expect_counts(journal, "h dead 1 ");
	journal_close(journal);
}

static void
a_hook_that_is_gone_keeps_for_thirty_days(void **state)
{
	struct journal *journal = open_journal();
	struct journal_purge purge = { 0 };
	int64_t day = 24 * 3600000LL;

	(void)state;
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_purge_step(journal, &purge, now() + 29 * day),
	    RC_OK);
	assert_int_equal(purge.removed, 0);
	assert_int_equal(journal_purge_step(journal, &purge, now() + 31 * day),
	    RC_OK);
	assert_int_equal(purge.removed, 1);
	expect_counts(journal, "");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(damage_is_no_reason_to_keep_a_purge_from_the_rest),
		TEST(what_is_kept_long_enough_is_purged),
		TEST(what_came_before_the_clock_was_set_back_holds_no_purge_up),
		TEST(a_hook_that_is_gone_keeps_for_thirty_days),
	};

	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
