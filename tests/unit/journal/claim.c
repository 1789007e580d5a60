/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "journal/column.h"

static void
concurrency_holds_over_all_processes(void **state)
{
	static const struct journal_limit limit = { 1, 2, 1, &of_h };
	static const struct journal_limits two = { &limit, 1, &of_h, 1 };
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct journal_claim claims[2];
	int64_t due = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &two, &claims[0]), 0);
	assert_int_equal(claim_number(other, &two, &claims[1]), 1);
	expect_nothing(journal, &two);
	expect_nothing(other, &two);
	assert_int_equal(journal_next_due(journal, &two, now(), &due), RC_OK);
	assert_true(due == CLOCK_NEVER);
	settle(other, &claims[1], JOURNAL_DELAY);
	assert_int_equal(journal_next_due(journal, &two, now(), &due), RC_OK);
	assert_true(due <= now());
	assert_int_equal(claim_number(journal, &two, &claims[1]), 2);
	expect_nothing(other, &two);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
the_earliest_due_goes_first(void **state)
{
	static const struct journal_rules rules[] = { { .hook = "a" },
		{ .hook = "b" } };
	static const struct journal_limit list_of_two[] = {
		{ 2, 9, 1, &rules[0] }, { 3, 9, 1, &rules[1] }
	};
	static const struct journal_limits both = { list_of_two, 2, rules, 2 };
	static const int64_t received[] = { 2000, 1000, 3000, 2000 };
	static const int order[] = { 1, 0, 3, 2 };
	struct journal *journal = open_lane();
	struct sample sample;

	(void)state;
	assert_int_equal(note_hook(journal, "a"), 2);
	assert_int_equal(note_hook(journal, "b"), 3);
	for (unsigned i = 0; i < 4; i++) {
		fill_sample(&sample, i == 1 || i == 3 ? "a" : "b", i);
		sample.receipt.received = received[i];
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	for (size_t i = 0; i < COUNT(order); i++)
		expect(journal, &both, order[i], JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_retry_takes_its_turn_among_the_fresh(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle_at(journal, &claim, JOURNAL_DELAY, now() - 61000);
	fill_sample(&sample, "h", 2);
	sample.receipt.received = now() + 1000;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	expect(journal, &one, 1, JOURNAL_FINISH);
	/* What is new is due at once, whatever the clock says. */
	expect(journal, &one, 2, JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_clock_set_back_begins_the_pause_anew(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	int64_t day = 24 * 3600000LL;
	int64_t then = now();
	int64_t due = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle_at(journal, &claim, JOURNAL_DELAY, then);
	assert_int_equal(journal_next_due(journal, &one, then, &due), RC_OK);
	assert_int_equal(due, then + 60000);
	assert_int_equal(journal_next_due(journal, &one, then - day, &due),
	    RC_OK);
	assert_int_equal(due, then - day);
	assert_int_equal(journal_claim_due(journal, &one, then - day, &claim),
	    RC_MISSING);
	assert_int_equal(journal_next_due(journal, &one, then - day, &due),
	    RC_OK);
	assert_int_equal(due, then - day + 60000);
	assert_int_equal(journal_claim_due(journal, &one, then - day + 60000,
			     &claim),
	    RC_OK);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_batch_takes_one_place(void **state)
{
	static const struct journal_limit limit = { 1, 2, 3, &of_h };
	static const struct journal_limits limits = { &limit, 1, &of_h, 1 };
	struct journal *journal = open_lane();
	struct journal_claim claims[2];

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &limits, &claims[0]), 0);
	assert_int_equal(claim_number(journal, &limits, &claims[1]), 3);
	expect_nothing(journal, &limits);
	settle(journal, &claims[0], JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &limits, &claims[0]), 6);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(journal);
}

/* Claims all that is due, which has to be these, in this order. */
static void
expect_batch(struct journal *journal, const unsigned *numbers, size_t n)
{
	static const struct journal_limit limit = { 1, 2, 9, &of_h };
	static const struct journal_limits limits = { &limit, 1, &of_h, 1 };
	struct journal_claim claim;

	assert_true(claim_number(journal, &limits, &claim) >= 0);
	assert_int_equal(claim.n, n);
	for (size_t i = 0; i < n; i++) {
		char body[32];

		snprintf(body, sizeof(body), "{\"n\":%u}", numbers[i]);
		assert_int_equal(claim.deliveries[i].event.body.len,
		    strlen(body));
		assert_memory_equal(claim.deliveries[i].event.body.data, body,
		    strlen(body));
		assert_int_equal(claim.deliveries[i].attempt,
		    journal_number(journal, 0,
			"SELECT attempts FROM deliveries WHERE seq = ?1",
			BIND(INT(claim.deliveries[i].seq))));
	}
	assert_int_equal(journal_number(journal, 0,
			     "SELECT count(*) FROM deliveries WHERE state = 1"
			     " AND claim = ?1 AND started > 0",
			     BIND(INT(claim.number))),
	    (int)n);
	settle(journal, &claim, JOURNAL_FINISH);
}

static void
a_batch_takes_those_with_and_without_a_key_in_order(void **state)
{
	static const char *const keys[] = { "", "", "k", "k", "", "l", "" };
	static const unsigned numbers[] = { 0, 1, 2, 3, 4, 5, 6 };
	struct journal *journal = open_lane();

	(void)state;
	for (unsigned i = 0; i < COUNT(keys); i++)
		append_sample(journal, "h", i, keys[i]);
	append_sample(journal, "other", 7, "");
	expect_batch(journal, numbers, COUNT(numbers));
	expect_nothing(journal, &one);
	expect_counts(journal, "h done 7 other queued 1 ");
	journal_close(journal);
}

static void
a_batch_has_what_waited_for_a_retry_too(void **state)
{
	static const unsigned numbers[] = { 1, 2, 3 };
	struct journal *journal = open_lane();
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle_at(journal, &claim, JOURNAL_DELAY, now() - 61000);
	append_sample(journal, "h", 3, "");
	expect_batch(journal, numbers, COUNT(numbers));
	expect_nothing(journal, &one);
	journal_close(journal);
}

static void
expect_nothing_until(struct journal *journal, int64_t due)
{
	struct journal_claim claim;

	assert_int_equal(journal_claim_due(journal, &many, now(), &claim),
	    RC_MISSING);
	assert_true(claim.next == due);
}

static void
a_claim_says_when_the_next_is_due(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	int64_t then = now();

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &many, &claim), 1);
	assert_true(claim.next <= now());
	settle_at(journal, &claim, JOURNAL_DELAY, then);
	assert_int_equal(claim_number(journal, &many, &claim), 2);
	assert_int_equal(claim.next, then + 60000);
	settle(journal, &claim, JOURNAL_FINISH);
	expect_nothing_until(journal, then + 60000);
	assert_int_equal(journal_claim_due(journal, &one, then + 60000, &claim),
	    RC_OK);
	assert_true(claim.next == CLOCK_NEVER);
	settle(journal, &claim, JOURNAL_FINISH);
	expect_nothing_until(journal, CLOCK_NEVER);
	journal_close(journal);
}

/* The first of a batch comes due again while the rest of it still runs. */
static void
what_left_a_batch_is_a_run_of_its_own(void **state)
{
	static const struct journal_limit limit = { 1, 2, 2, &of_h };
	static const struct journal_limits limits = { &limit, 1, &of_h, 1 };
	struct journal *journal = open_lane();
	struct journal_settlement back = {
		.verdict = JOURNAL_DELAY,
		.started = now(),
		.ended = now(),
		.attempted = JOURNAL_RAN,
		.end = RUN_EXIT,
		.code = 1,
	};
	struct journal_claim first, again;
	struct journal_orphans orphans;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &limits, &first), 0);
	note_run(&first, 100);
	back.seq = first.deliveries[0].seq;
	assert_int_equal(journal_settle(journal, &back, 1), RC_OK);
	assert_int_equal(claim_number(journal, &limits, &again), 0);
	note_run(&again, 200);
	expect_nothing(journal, &limits);
	journal_claim_free(&first);
	journal_claim_free(&again);
	journal_close(journal);
	journal = open_lane();
	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 2);
	assert_int_equal(orphans.list[0].note.pid + orphans.list[1].note.pid,
	    300);
	assert_int_equal(orphans.list[0].n + orphans.list[1].n, 3);
	pool_free(&orphans.pool);
	journal_close(journal);
}

/* Whatever others there are before, between and after them. */
static void
the_lanes_that_are_asked_for_are_found(void **state)
{
	static const struct journal_rules rules[] = { { .hook = "b" },
		{ .hook = "bb" }, { .hook = "c" }, { .hook = "e" } };
	static const struct journal_limit list_of_four[] = {
		{ 3, 9, 1, &rules[0] }, { 5, 9, 1, &rules[1] },
		{ 6, 9, 1, &rules[2] }, { 8, 9, 1, &rules[3] }
	};
	static const struct journal_limits four = { list_of_four, 4, rules, 4 };
	static const char *const all[] = { "a", "b", "ba", "bb", "c", "d", "e",
		"z" };
	static const char *const hooks[] = { "a", "bb", "ba", "d", "e", "z",
		"bb" };
	struct journal *journal = open_lane();
	struct journal_claim claim;
	int64_t due = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT(all); i++)
		assert_int_equal(note_hook(journal, all[i]), i + 2);
	for (unsigned i = 0; i < COUNT(hooks); i++)
		append_sample(journal, hooks[i], i, "");
	expect(journal, &four, 1, JOURNAL_DELAY);
	expect(journal, &four, 4, JOURNAL_DELAY);
	assert_int_equal(journal_next_due(journal, &four, now(), &due), RC_OK);
	assert_true(due <= now());
	expect(journal, &four, 6, JOURNAL_FINISH);
	expect_nothing(journal, &four);
	assert_int_equal(journal_next_due(journal, &four, now(), &due), RC_OK);
	assert_true(due > now() && due <= now() + 60000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(journal_claim_due(journal, &four, due + 60000,
				     &claim),
		    RC_OK);
		assert_string_equal(claim.deliveries[0].event.hook,
		    i == 0 ? "bb" : "e");
		settle(journal, &claim, JOURNAL_FINISH);
	}
	expect_nothing(journal, &four);
	assert_int_equal(journal_next_due(journal, &four, now(), &due), RC_OK);
	assert_true(due == CLOCK_NEVER);
	journal_close(journal);
}

static void
lanes_that_are_none_hide_no_others(void **state)
{
	static const char *const damages[] = { "x'02'", "x''", "NULL", "0",
		"-1", "7", "2.5", "''", "'2' || char(0)",
		"9223372036854775807" };
	static const struct journal_rules rules[] = { { .hook = "b" },
		{ .hook = "d" } };
	static const struct journal_limit list_of_two[] = {
		{ 3, 9, 1, &rules[0] }, { 4, 9, 1, &rules[1] }
	};
	static const struct journal_limits both = { list_of_two, 2, rules, 2 };
	struct journal *journal;
	char statement[128];
	int64_t due = 0;

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(damages); i++) {
		journal = open_lane();
		assert_int_equal(note_hook(journal, "a"), 2);
		assert_int_equal(note_hook(journal, "b"), 3);
		assert_int_equal(note_hook(journal, "d"), 4);
		append_sample(journal, "a", 1, "");
		append_sample(journal, "d", 2, "");
		snprintf(statement, sizeof(statement),
		    "UPDATE OR IGNORE deliveries SET lane = %s WHERE seq = 1",
		    damages[i]);
		execute(statement);
		expect(journal, &both, 2, JOURNAL_FINISH);
		expect_nothing(journal, &both);
		assert_int_equal(journal_next_due(journal, &both, now(), &due),
		    RC_OK);
		assert_true(due == CLOCK_NEVER);
		journal_close(journal);
		remove_journal();
	}
}

/* Two lanes of h, of which one runs two at once and the other takes three in
 * a run. */
struct two {
	struct journal_lane lanes[2];
	struct journal_limit list[2];
	struct journal_limits limits;
};

static struct journal *
open_two(struct two *two)
{
	struct journal *journal = open_journal();

	*two = (struct two){
		.lanes = { { .key = "a" }, { .key = "b" } },
		.list = { { 1, 2, 1, &of_h }, { 2, 1, 3, &of_h } },
		.limits = { two->list, 2, &of_h, 1 },
	};
	note_lanes(journal, "h", two->lanes, 2);
	assert_int_equal(two->lanes[0].id, 1);
	assert_int_equal(two->lanes[1].id, 2);
	return journal;
}

static void
append_to(struct journal *journal, const char *lane, unsigned number,
    const char *order)
{
	struct sample sample;

	fill_sample(&sample, "h", number);
	sample.routes[0].lane = lane;
	sample.routes[0].line = lane[0] - 'a';
	order_by(&sample, order);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

static void
lanes_do_not_hold_each_other_up(void **state)
{
	struct two two;
	struct journal *journal = open_two(&two);
	struct journal *other = open_journal();
	struct journal_claim claims[3];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		append_to(journal, "a", i, "");
	for (unsigned i = 4; i < 9; i++)
		append_to(journal, "b", i, "");
	assert_int_equal(claim_number(journal, &two.limits, &claims[0]), 0);
	assert_int_equal(claims[0].lane, 1);
	assert_int_equal(claim_number(other, &two.limits, &claims[1]), 1);
	assert_int_equal(claims[1].deliveries[0].line, 0);
	assert_int_equal(claim_number(other, &two.limits, &claims[2]), 4);
	assert_int_equal(claims[2].lane, 2);
	assert_int_equal(claims[2].n, 3);
	assert_int_equal(claims[2].deliveries[2].line, 1);
	expect_nothing(journal, &two.limits);
	expect_nothing(other, &two.limits);
	settle(other, &claims[2], JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &two.limits, &claims[2]), 7);
	assert_int_equal(claims[2].n, 2);
	settle(journal, &claims[0], JOURNAL_DELAY);
	expect(other, &two.limits, 2, JOURNAL_FINISH);
	settle(journal, &claims[2], JOURNAL_FINISH);
	settle(other, &claims[1], JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
a_key_is_ordered_within_its_lane(void **state)
{
	struct two two;
	struct journal *journal = open_two(&two);
	struct journal_claim claims[2];

	(void)state;
	append_to(journal, "a", 0, "k");
	append_to(journal, "a", 1, "k");
	append_to(journal, "b", 2, "k");
	assert_int_equal(claim_number(journal, &two.limits, &claims[0]), 0);
	assert_int_equal(claim_number(journal, &two.limits, &claims[1]), 2);
	expect_nothing(journal, &two.limits);
	settle(journal, &claims[0], JOURNAL_FINISH);
	expect(journal, &two.limits, 1, JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(journal);
}

static void
what_no_line_takes_has_a_lane_of_its_own(void **state)
{
	static const struct journal_limit limit = { 2, 1, 9, &of_h };
	static const struct journal_limits limits = { &limit, 1, &of_h, 1 };
	struct journal_lane lanes[] = { { .key = "a" }, { .key = "" } };
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	note_lanes(journal, "h", lanes, 2);
	append_to(journal, "a", 0, "");
	fill_sample(&sample, "h", 1);
	sample.routes[0] = (struct journal_route){ .lane = "", .line = -1 };
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &limits, &claim), 1);
	assert_int_equal(claim.n, 1);
	assert_int_equal(claim.lane, lanes[1].id);
	assert_int_equal(claim.deliveries[0].line, -1);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_claim_says_which_pipeline_and_run_it_is(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;

	(void)state;
	store_all(journal, "h",
	    "10 start p a Orders; 20 done q - ; 30 say - b; 40 fail p c");
	execute(
	    "UPDATE events SET pipeline = x'00', run = x'00' WHERE seq = 4");
	assert_int_equal(journal_claim_due(journal, &batch, now(), &claim),
	    RC_OK);
	assert_int_equal(claim.n, 4);
	assert_string_equal(claim.deliveries[0].event.pipeline, "p");
	assert_string_equal(claim.deliveries[0].event.shown, "Orders");
	assert_string_equal(claim.deliveries[0].event.run, "a");
	assert_string_equal(claim.deliveries[1].event.pipeline, "q");
	assert_string_equal(claim.deliveries[1].event.shown, "q");
	assert_string_equal(claim.deliveries[1].event.run, "");
	assert_string_equal(claim.deliveries[2].event.pipeline, "");
	assert_string_equal(claim.deliveries[2].event.shown, "");
	assert_string_equal(claim.deliveries[2].event.run, "b");
	only_of_a_file();
	/* What is damaged is no reason not to deliver it. */
	assert_string_equal(claim.deliveries[3].event.pipeline, "");
	assert_string_equal(claim.deliveries[3].event.run, "");
	settle(journal, &claim, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 h done 1 h done 1 h done 1 ");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(concurrency_holds_over_all_processes),
		TEST(the_earliest_due_goes_first),
		TEST(a_retry_takes_its_turn_among_the_fresh),
		TEST(a_clock_set_back_begins_the_pause_anew),
		TEST(a_batch_takes_one_place),
		TEST(a_claim_says_which_pipeline_and_run_it_is),
		TEST(a_batch_takes_those_with_and_without_a_key_in_order),
		TEST(a_batch_has_what_waited_for_a_retry_too),
		TEST(a_claim_says_when_the_next_is_due),
		TEST(what_left_a_batch_is_a_run_of_its_own),
		TEST(the_lanes_that_are_asked_for_are_found),
		TEST(lanes_that_are_none_hide_no_others),
		TEST(lanes_do_not_hold_each_other_up),
		TEST(a_key_is_ordered_within_its_lane),
		TEST(what_no_line_takes_has_a_lane_of_its_own),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
