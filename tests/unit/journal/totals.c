/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
all_are_counted_by_state(void **state)
{
	struct journal *journal = open_lane();
	struct journal_totals totals = { .oldest = 5 };
	struct journal_claim claim;
	struct ids ids;

	(void)state;
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.oldest, 0);
	assert_string_equal(totals.oldest_id, "");
	for (unsigned i = 1; i <= 6; i++)
		append_sample(journal, "h", i, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 2, JOURNAL_MARK_DEAD);
	expect(journal, &one, 3, JOURNAL_MARK_DEAD);
	ids = list(journal, JOURNAL_QUEUED);
	assert_int_equal(journal_drop(journal, ids.list[0], now(), NULL),
	    RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 4);
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.count[JOURNAL_QUEUED], 1);
	assert_int_equal(totals.count[JOURNAL_RUNNING], 1);
	assert_int_equal(totals.count[JOURNAL_DONE], 1);
	assert_int_equal(totals.count[JOURNAL_DEAD], 2);
	assert_int_equal(totals.count[JOURNAL_DROPPED], 1);
	assert_string_equal(totals.oldest_id,
	    claim.deliveries[0].event.receipt.id);
	assert_int_equal(totals.oldest,
	    claim.deliveries[0].event.receipt.received);
	for (int i = 0; i <= JOURNAL_DROPPED; i++)
		assert_false(totals.more[i]);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static void
counting_ends_where_it_says(void **state)
{
	struct journal *journal = open_lane();
	struct journal_totals totals;

	(void)state;
	append_sample(journal, "h", 1, "");
	execute("WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1"
		" FROM n WHERE i < 10000) INSERT INTO deliveries"
		" SELECT i, event, hook, ordinal, 3, held, key, since, due,"
		" step, attempts, runner, claim, started, pid, start, 1, lost,"
		" slot, lane, line, revived FROM n, deliveries WHERE seq = 1");
	execute("UPDATE deliveries SET state = 3");
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.count[JOURNAL_DEAD], JOURNAL_COUNTED);
	assert_false(totals.more[JOURNAL_DEAD]);
	execute("INSERT INTO deliveries SELECT 10001, event, hook, ordinal, 3,"
		" held, key, since, due, step, attempts, runner, claim,"
		" started, pid, start, 1, lost, slot, lane, line, revived"
		" FROM deliveries WHERE seq = 1");
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.count[JOURNAL_DEAD], JOURNAL_COUNTED);
	assert_true(totals.more[JOURNAL_DEAD]);
	assert_false(totals.more[JOURNAL_QUEUED]);
	journal_close(journal);
}

static void
what_is_damaged_is_not_counted(void **state)
{
	struct journal *journal = open_lane();
	struct journal_totals totals;
	char second[UUID_SIZE];

	(void)state;
	only_of_a_file();
	for (unsigned i = 1; i <= 3; i++)
		append_sample(journal, "h", i, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	snprintf(second, sizeof(second), "%s",
	    list(journal, JOURNAL_QUEUED).list[0]);
	execute("UPDATE events SET received = 'x' WHERE seq = 2;"
		"UPDATE tallies SET deliveries = -1");
	assert_int_equal(journal_totals(journal, &totals), RC_CORRUPT);
	assert_int_equal(totals.count[JOURNAL_DONE], 0);
	assert_int_equal(totals.count[JOURNAL_QUEUED], 2);
	assert_string_equal(totals.oldest_id, second);
	journal_close(journal);
}

static void
what_was_put_back_by_hand_waits_since_then(void **state)
{
	struct journal *journal = open_lane();
	struct journal_totals totals;

	(void)state;
	for (unsigned i = 1; i <= 3; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE events SET received = 1000 * seq;"
		"UPDATE deliveries SET revived = 6000 WHERE seq = 1;"
		"UPDATE deliveries SET revived = 5000 WHERE seq = 2");
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.oldest, 3000);
	assert_string_equal(totals.oldest_id,
	    list(journal, JOURNAL_QUEUED).list[0]);
	execute("UPDATE deliveries SET state = 2 WHERE seq = 3");
	assert_int_equal(journal_totals(journal, &totals), RC_OK);
	assert_int_equal(totals.oldest, 5000);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_back_by_hand_waits_since_then),
		TEST(all_are_counted_by_state),
		TEST(counting_ends_where_it_says),
		TEST(what_is_damaged_is_not_counted),
	};

	return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
