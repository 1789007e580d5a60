/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
every_verdict_leads_to_its_state(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct ids ids;
	int64_t ended = now() - 30000;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	expect_counts(journal, "h running 1 ");
	settle(journal, &claim, JOURNAL_GIVE_BACK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].attempt, 1);
	settle_at(journal, &claim, JOURNAL_DELAY, ended);
	ids = list(journal, JOURNAL_QUEUED);
	assert_int_equal(ids.n, 1);
	assert_int_equal(ids.due[0], ended + 60000);
	assert_string_equal(ids.outcomes[0], "exit");
	assert_int_equal(journal_claim_due(journal, &one, ended + 59999,
			     &claim),
	    RC_MISSING);
	assert_int_equal(journal_claim_due(journal, &one, ended + 60000,
			     &claim),
	    RC_OK);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 1);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	expect_counts(journal, "h dead 1 ");
	expect_nothing(journal, &one);
	journal_close(journal);
}

static void
claim_at(struct journal *journal, int64_t time, int64_t seq,
    struct journal_claim *claim)
{
	assert_int_equal(journal_claim_due(journal, &many, time, claim), RC_OK);
	assert_int_equal(claim->deliveries[0].seq, seq);
}

/* It is due as long as it was, before some and after others. */
static void
what_is_given_back_keeps_its_place(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim first;
	struct journal_claim claim;
	struct sample sample;
	int64_t then = now();

	(void)state;
	append_sample(journal, "h", 1, "");
	claim_at(journal, then, 1, &claim);
	settle_at(journal, &claim, JOURNAL_DELAY, then);
	for (unsigned i = 2; i <= 3; i++) {
		fill_sample(&sample, "h", i);
		sample.receipt.received = then + (i == 2 ? 50000 : 70000);
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	claim_at(journal, then + 80000, 2, &first);
	claim_at(journal, then + 80000, 1, &claim);
	settle(journal, &claim, JOURNAL_GIVE_BACK);
	settle(journal, &first, JOURNAL_GIVE_BACK);
	claim_at(journal, then + 80000, 2, &first);
	settle(journal, &first, JOURNAL_FINISH);
	claim_at(journal, then + 80000, 1, &claim);
	settle(journal, &claim, JOURNAL_GIVE_BACK);
	/* Due at once, whatever the clock says. */
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 3, JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_try_that_goes_on_stays_claimed(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct journal_settlement again = {
		.verdict = JOURNAL_RETRY_NOW,
		.started = 1,
		.ended = 2,
		.attempted = JOURNAL_RAN,
		.end = RUN_EXIT,
		.code = 1,
	};
	struct journal_event_report report;
	struct pool pool = { 0 };
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	again.seq = claim.deliveries[0].seq;
	assert_int_equal(journal_settle(journal, &again, 1), RC_OK);
	expect_counts(journal, "h running 1 ");
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_show(journal, id, &pool, &report), RC_OK);
	assert_int_equal(report.deliveries[0].n, 2);
	assert_int_equal(report.deliveries[0].list[0].number, 1);
	assert_int_equal(report.deliveries[0].list[1].number, 2);
	pool_free(&pool);
	journal_close(journal);
}

static void
only_the_holder_settles_and_all_or_nothing(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct journal_claim claim;
	struct journal_settlement both[2] = { { .verdict = JOURNAL_FINISH },
		{ .verdict = JOURNAL_FINISH } };

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	both[0].seq = claim.deliveries[0].seq;
	both[1].seq = both[0].seq + 1;
	assert_int_equal(journal_settle(other, both, 1), RC_MISSING);
	assert_int_equal(journal_settle(journal, both, 2), RC_MISSING);
	expect_counts(journal, "h queued 1 h running 1 ");
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_settle(journal, both, 1), RC_MISSING);
	expect_counts(journal, "h queued 1 h done 1 ");
	journal_close(other);
	journal_close(journal);
}

/* A pause on lost tries: no try of its own, and the next lost one counts. */
static void
a_verdict_on_lost_tries_is_no_try(void **state)
{
	struct journal_settlement stopped = {
		.seq = 1,
		.verdict = JOURNAL_GIVE_BACK,
		.started = 1,
		.ended = 2,
		.attempted = JOURNAL_RAN,
		.end = RUN_STOPPED,
	};
	struct journal_settlement counted = {
		.seq = 1,
		.verdict = JOURNAL_DELAY,
		.earlier = true,
		.ended = 2,
		.pause = 0,
	};
	struct journal *journal = open_lane();
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(claim_number(journal, &one, &claim), 1);
		assert_int_equal(claim.deliveries[0].lost, i);
		assert_int_equal(claim.deliveries[0].attempt, 1);
		stopped.counts = i == 3;
		assert_int_equal(journal_settle(journal, &stopped, 1), RC_OK);
		journal_claim_free(&claim);
	}
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 4);
	assert_int_equal(journal_settle(journal, &counted, 1), RC_OK);
	journal_claim_free(&claim);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 3);
	assert_int_equal(claim.deliveries[0].step, 1);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static void
an_attempt_is_noted_by_the_word_for_its_end(void **state)
{
	static const struct {
		enum journal_attempted attempted;
		enum run_end end;
		const char *word;
	} cases[] = {
		{ JOURNAL_NOT_RUN, RUN_EXIT, "" },
		{ JOURNAL_IGNORED, RUN_EXIT, "ignored" },
		{ JOURNAL_RAN, RUN_EXIT, "exit" },
		{ JOURNAL_RAN, RUN_SIGNAL, "signal" },
		{ JOURNAL_RAN, RUN_TIMEOUT, "timeout" },
		{ JOURNAL_RAN, RUN_STOPPED, "stopped" },
		{ JOURNAL_RAN, RUN_UNSTARTED, "unstarted" },
	};
	struct journal *journal = open_lane();
	struct journal_event_report report;
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++) {
		struct journal_settlement settlement = {
			.verdict = JOURNAL_FINISH,
			.started = 1,
			.ended = 2,
			.attempted = cases[i].attempted,
			.end = cases[i].end,
		};
		struct journal_claim claim;
		struct pool pool = { 0 };

		append_sample(journal, "h", i + 1, "");
		assert_int_equal(claim_number(journal, &one, &claim), i + 1);
		settlement.seq = claim.deliveries[0].seq;
		assert_int_equal(journal_settle(journal, &settlement, 1),
		    RC_OK);
		assert_int_equal(journal_show(journal,
				     claim.deliveries[0].event.receipt.id,
				     &pool, &report),
		    RC_OK);
		wrong += case_text(cases[i].word,
		    report.deliveries[0].n == 0 ?
			"" :
			report.deliveries[0].list[0].outcome,
		    cases[i].word);
		pool_free(&pool);
		journal_claim_free(&claim);
	}
	assert_int_equal(wrong, 0);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_verdict_leads_to_its_state),
		TEST(what_is_given_back_keeps_its_place),
		TEST(a_try_that_goes_on_stays_claimed),
		TEST(only_the_holder_settles_and_all_or_nothing),
		TEST(a_verdict_on_lost_tries_is_no_try),
		TEST(an_attempt_is_noted_by_the_word_for_its_end),
	};

	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
