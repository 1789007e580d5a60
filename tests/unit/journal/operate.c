/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
an_operator_puts_back_what_failed(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	dedupe_by(&sample, "key");
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now(), NULL),
	    RC_PENDING);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_DELAY);
	expect_nothing(journal, &one);
	/* Only what waits, then only what is dead, then all. */
	assert_int_equal(journal_retry(journal, sample.receipt.id, now(), NULL),
	    RC_OK);
	route_again(journal, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].ordinal, 1);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 0);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	expect_backlog(journal, "");
	assert_int_equal(journal_retry(journal, sample.receipt.id, now(), NULL),
	    RC_OK);
	expect_backlog(journal, "h 1 ");
	expect_counts(journal, "h queued 1 h done 1 ");
	route_again(journal, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now(), NULL),
	    RC_OK);
	expect_counts(journal, "h queued 2 ");
	route_again(journal, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect_counts(journal, "h done 2 ");
	assert_int_equal(journal_retry(journal, "ffffffffffff", now(), NULL),
	    RC_MISSING);
	journal_close(journal);
}

static void
all_dead_ones_are_put_back_at_once(void **state)
{
	struct journal *journal = open_lane();
	struct journal_filter filter = { .state = -1, .hook = "h" };
	static const struct journal_rules of_other = { .hook = "other" };
	static const struct journal_limit other_want = { 2, 1, 1, &of_other };
	static const struct journal_limits other = { &other_want, 1, &of_other,
		1 };
	int64_t count = -1;

	(void)state;
	assert_int_equal(note_hook(journal, "other"), 2);
	for (unsigned i = 0; i < 120; i++) {
		append_sample(journal, "h", i, "");
		expect(journal, &one, (int)i, JOURNAL_MARK_DEAD);
	}
	append_sample(journal, "other", 1, "");
	expect(journal, &other, 1, JOURNAL_MARK_DEAD);
	filter.since = now() + 1000;
	assert_int_equal(journal_retry_dead(journal, &filter, now(), &count),
	    RC_OK);
	assert_int_equal(count, 0);
	filter.since = 0;
	execute("UPDATE events SET name = 'connection_added'"
		" WHERE seq IN (3, 77, 119)");
	filter.event = "@connection";
	assert_int_equal(journal_retry_dead(journal, &filter, now(), &count),
	    RC_OK);
	assert_int_equal(count, 3);
	execute("UPDATE events SET name = 'pipeline_run_error'");
	filter.event = NULL;
	assert_int_equal(journal_retry_dead(journal, &filter, now(), &count),
	    RC_OK);
	assert_int_equal(count, 117);
	expect_counts(journal, "h queued 120 other dead 1 ");
	expect_backlog(journal, "h 120 ");
	journal_close(journal);
}

static void
put_back_it_goes_after_what_is_due_earlier(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;
	int64_t then = now();
	char id[UUID_SIZE];
	struct ids ids;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	append_sample(journal, "h", 2, "");
	assert_int_equal(journal_retry(journal, id, then + 1000, NULL), RC_OK);
	fill_sample(&sample, "h", 3);
	sample.receipt.received = then + 2000;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	/* It waits for nothing: there is nothing more to put back. */
	ids = list(journal, JOURNAL_QUEUED);
	assert_int_equal(ids.n, 3);
	assert_int_equal(ids.due[0] + ids.due[1] + ids.due[2], 0);
	assert_int_equal(journal_retry(journal, id, then, NULL), RC_PENDING);
	route_again(journal, "");
	assert_int_equal(claim_number(journal, &one, &claim), 2);
	settle(journal, &claim, JOURNAL_FINISH);
	for (int i = 1; i <= 3; i += 2) {
		assert_int_equal(journal_claim_due(journal, &one, then + 2000,
				     &claim),
		    RC_OK);
		assert_int_equal(claim.deliveries[0].seq, i);
		settle(journal, &claim, JOURNAL_FINISH);
	}
	journal_close(journal);
}

/* The clock was set back: it does not wait until it is that late again. */
static void
put_back_it_is_due_whatever_the_clock_says(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	assert_int_equal(journal_retry(journal, id, now() + 3600000, NULL),
	    RC_OK);
	route_again(journal, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	journal_close(journal);
}

static void
what_runs_is_not_dropped(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now(), NULL),
	    RC_PENDING);
	expect_counts(journal, "h queued 1 h running 1 ");
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now(), NULL),
	    RC_OK);
	expect_counts(journal, "h dropped 2 ");
	expect_backlog(journal, "");
	assert_int_equal(journal_drop(journal, sample.receipt.id, now(), NULL),
	    RC_DUPLICATE);
	assert_int_equal(journal_drop(journal, "ffffffffffff", now(), NULL),
	    RC_MISSING);
	expect_nothing(journal, &one);
	journal_close(journal);
}

/* "dead 1 queued 2 ", and that alone. */
static void
expect_states(const struct journal_states *states, const char *want)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	for (int i = 0; i <= JOURNAL_DROPPED; i++)
		if (states->was[i] > 0)
			buf_printf(&got, "%s %u ",
			    journal_state_name((enum journal_state)i),
			    states->was[i]);
	assert_string_equal(got.len == 0 ? "" : got.data, want);
	buf_free(&got);
}

static void
what_was_changed_is_told_by_the_states_before(void **state)
{
	struct journal *journal = open_lane();
	struct journal_states states = { { 9, 9, 9, 9, 9 } };
	struct sample sample;
	const char *id = sample.receipt.id;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 4;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(journal_retry(journal, id, now(), &states),
	    RC_PENDING);
	expect_states(&states, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_MARK_DEAD);
	expect(journal, &one, 1, JOURNAL_DELAY);
	/* The fourth is queued and waits for no retry. */
	assert_int_equal(journal_retry(journal, id, now(), &states), RC_OK);
	expect_states(&states, "queued 1 dead 1 ");
	route_again(journal, "");
	expect(journal, &one, 1, JOURNAL_MARK_DEAD);
	assert_int_equal(journal_drop(journal, id, now(), &states), RC_OK);
	expect_states(&states, "queued 2 dead 1 ");
	assert_int_equal(journal_drop(journal, id, now(), &states),
	    RC_DUPLICATE);
	expect_states(&states, "done 1 dropped 3 ");
	assert_int_equal(journal_drop(journal, "ffffffffffff", now(), &states),
	    RC_MISSING);
	expect_states(&states, "");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_operator_puts_back_what_failed),
		TEST(all_dead_ones_are_put_back_at_once),
		TEST(put_back_it_goes_after_what_is_due_earlier),
		TEST(put_back_it_is_due_whatever_the_clock_says),
		TEST(what_runs_is_not_dropped),
		TEST(what_was_changed_is_told_by_the_states_before),
	};

	return cmocka_run_group_tests_name("operate", tests, NULL, NULL);
}
