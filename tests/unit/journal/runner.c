/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
one_process_has_the_drains_lock(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();

	(void)state;
	assert_int_equal(journal_drain_lock(journal), RC_OK);
	assert_int_equal(journal_drain_lock(other), RC_PENDING);
	journal_drain_unlock(journal);
	assert_int_equal(journal_drain_lock(other), RC_OK);
	journal_close(other);
	assert_int_equal(journal_drain_lock(journal), RC_OK);
	journal_close(journal);
}

static void
the_claim_of_a_live_runner_stands(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct journal_orphans orphans;
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(journal_find_orphans(other, &orphans), RC_OK);
	assert_int_equal(orphans.n, 0);
	assert_true(orphans.foreign);
	pool_free(&orphans.pool);
	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 0);
	assert_false(orphans.foreign);
	pool_free(&orphans.pool);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_process_has_the_drains_lock),
		TEST(the_claim_of_a_live_runner_stands),
	};

	return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
