/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
a_key_runs_in_order_and_never_at_once(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim first;
	struct journal_claim other;

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	append_sample(journal, "h", 3, "other");
	append_sample(journal, "h", 4, "k");
	assert_int_equal(claim_number(journal, &many, &first), 1);
	assert_int_equal(claim_number(journal, &many, &other), 3);
	expect_nothing(journal, &many);
	/* A failing one holds back its own key, and only that. */
	settle(journal, &first, JOURNAL_DELAY);
	expect_nothing(journal, &many);
	settle(journal, &other, JOURNAL_FINISH);
	assert_int_equal(journal_claim_due(journal, &many, now() + 61000,
			     &first),
	    RC_OK);
	expect_nothing(journal, &many);
	settle(journal, &first, JOURNAL_MARK_DEAD);
	/* A dead one lets its key go. */
	expect(journal, &many, 2, JOURNAL_GIVE_BACK);
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect(journal, &many, 4, JOURNAL_FINISH);
	journal_close(journal);
}

static void
an_operators_retry_keeps_its_place_in_the_order(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	append_sample(journal, "h", 3, "k");
	assert_int_equal(claim_number(journal, &many, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	/* While another one runs, and while none does. */
	assert_int_equal(claim_number(journal, &many, &claim), 2);
	assert_int_equal(journal_retry(journal, id, now(), NULL), RC_OK);
	route_again(journal, "k");
	expect_nothing(journal, &many);
	settle(journal, &claim, JOURNAL_FINISH);
	expect(journal, &many, 1, JOURNAL_MARK_DEAD);
	assert_int_equal(journal_retry(journal, id, now(), NULL), RC_OK);
	route_again(journal, "k");
	expect(journal, &many, 1, JOURNAL_FINISH);
	expect(journal, &many, 3, JOURNAL_FINISH);
	expect_nothing(journal, &many);
	journal_close(journal);
}

static void
a_dropped_one_lets_its_key_go(void **state)
{
	struct journal *journal = open_lane();
	struct ids ids;

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	ids = list(journal, -1);
	assert_int_equal(ids.n, 2);
	for (size_t i = 0; i < 2; i++) {
		struct journal_event_report report;
		struct pool pool = { 0 };

		assert_int_equal(journal_show(journal, ids.list[i], &pool,
				     &report),
		    RC_OK);
		if (bytes_is(report.event.body, "{\"n\":1}")) {
			assert_false(report.deliveries[0].held);
			assert_int_equal(journal_drop(journal, ids.list[i],
					     now(), NULL),
			    RC_OK);
		} else {
			assert_true(report.deliveries[0].held || i == 1);
		}
		pool_free(&pool);
	}
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 h dropped 1 ");
	journal_close(journal);
}

static void
keys_of_two_hooks_are_two(void **state)
{
	static const struct journal_rules rules[] = { { .hook = "a" },
		{ .hook = "b" } };
	static const struct journal_limit two[] = { { 2, 9, 1, &rules[0] },
		{ 3, 9, 1, &rules[1] } };
	static const struct journal_limits both = { two, 2, rules, 2 };
	struct journal *journal = open_lane();
	struct journal_claim claims[2];

	(void)state;
	note_hook(journal, "a");
	note_hook(journal, "b");
	append_sample(journal, "a", 1, "k");
	append_sample(journal, "b", 2, "k");
	assert_true(claim_number(journal, &both, &claims[0]) > 0);
	assert_true(claim_number(journal, &both, &claims[1]) > 0);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_batch_takes_a_key_in_its_order(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct journal_claim more;

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		append_sample(journal, "h", i, i % 3 == 0 ? "" : "k");
	assert_int_equal(claim_number(journal, &batch, &claim), 0);
	assert_int_equal(claim.n, 10);
	for (size_t i = 1; i < claim.n; i++)
		assert_true(
		    claim.deliveries[i].seq > claim.deliveries[i - 1].seq);
	/* What is left of the key stays behind. */
	expect_nothing(journal, &batch);
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &batch, &more), 10);
	assert_int_equal(more.n, 2);
	settle(journal, &more, JOURNAL_FINISH);
	expect_counts(journal, "h done 12 ");
	journal_close(journal);
}

/* What it takes to run the first of so many of a key, and to store another. */
static int64_t
work_before(struct journal *journal, unsigned many_of_it, const char *key)
{
	char id[UUID_SIZE];
	struct journal_claim claim;
	int64_t work;

	for (unsigned i = 0; i < many_of_it; i++)
		append_sample(journal, "h", 1, key);
	work_done(journal);
	assert_int_equal(claim_number(journal, &many, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	append_sample(journal, "h", 2, key);
	assert_int_equal(journal_drop(journal, id, now(), NULL), RC_OK);
	work = work_done(journal);
	/* The rest has no part in what comes next. */
	execute("UPDATE deliveries SET state = 3 WHERE state < 2");
	return work;
}

static void
what_is_held_back_costs_nothing(void **state)
{
	struct journal *journal = open_lane();
	int64_t few = work_before(journal, 10, "few");
	int64_t lots = work_before(journal, 500, "lots");

	(void)state;
	assert_true(few > (journal_server() == NULL ? 100 : 1));
	assert_in_range(lots, 1, few + few / 2);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_runs_in_order_and_never_at_once),
		TEST(an_operators_retry_keeps_its_place_in_the_order),
		TEST(a_dropped_one_lets_its_key_go),
		TEST(keys_of_two_hooks_are_two),
		TEST(a_batch_takes_a_key_in_its_order),
		TEST(what_is_held_back_costs_nothing),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
