/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "journal/append.h"

static void
an_event_comes_back_as_it_went_in(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct journal_event *event;
	struct sample sample;
	static const char body[] = "{\"a\":\"x\0y\"}";

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.body = (struct bytes){ body, sizeof(body) - 1 };
	sample.receipt.verified = false;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	journal_close(journal);
	journal = open_lane();
	assert_int_equal(journal_claim_due(journal, &one, now(), &claim),
	    RC_OK);
	assert_int_equal(claim.n, 1);
	assert_int_equal(claim.deliveries[0].attempt, 1);
	assert_int_equal(claim.deliveries[0].step, 0);
	assert_int_equal(claim.deliveries[0].ordinal, 0);
	event = &claim.deliveries[0].event;
	assert_string_equal(event->receipt.id, sample.receipt.id);
	assert_string_equal(event->receipt.digest, sample.receipt.digest);
	assert_string_equal(event->receipt.remote_addr, "192.0.2.7");
	assert_false(event->receipt.verified);
	assert_int_equal(event->receipt.received, sample.receipt.received);
	assert_string_equal(event->hook, "h");
	assert_string_equal(event->name, "pipeline_run_error");
	assert_true(bytes_equal(event->body, sample.entry.body));
	settle(journal, &claim, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 ");
	journal_close(journal);
}

static void
what_cannot_be_stored_is_refused(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;
	struct answer answer;

	(void)state;
	fill_sample(&sample, "h", 1);
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(get(&answer), RC_OK);
	assert_int_equal(answer.taken, 1);
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(get(&answer), RC_SYSTEM);
	fill_sample(&sample, "h", 2);
	sample.entry.max_queue = 1;
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(get(&answer), RC_QUEUE_FULL);
	assert_int_equal(answer.taken, 0);
	sample.entry.body.len = 0;
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(get(&answer), RC_RANGE);
	assert_int_equal(answer.taken, 0);
	assert_int_equal(answer.done, 1);
	expect_counts(journal, "h queued 1 ");
	expect_backlog(journal, "h 1 ");
	journal_close(journal);
}

/* An event whose body goes as soon as it may. */
struct parcel {
	struct answer answer; /* first */
	char *body;
	size_t len;
};

static void
spoil(struct journal_waiter *waiter)
{
	struct parcel *parcel = (struct parcel *)waiter;

	memset(parcel->body, 'x', parcel->len);
	free(parcel->body);
	parcel->body = NULL;
}

static void
a_body_that_is_taken_is_not_read_again(void **state)
{
	enum { LEN = 300000 };
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;
	struct parcel parcel = { .body = calloc(1, LEN), .len = LEN };

	(void)state;
	assert_non_null(parcel.body);
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	sample.entry.body = (struct bytes){ parcel.body, LEN };
	ask(&parcel.answer)->taken = spoil;
	journal_append(journal, &sample.entry, &parcel.answer.waiter);
	assert_int_equal(get(&parcel.answer), RC_OK);
	assert_null(parcel.body);
	assert_int_equal(journal_claim_due(journal, &one, now(), &claim),
	    RC_OK);
	assert_int_equal(claim.deliveries[0].event.body.len, LEN);
	for (size_t i = 0; i < LEN; i++)
		assert_int_equal(claim.deliveries[0].event.body.data[i], 0);
	journal_claim_free(&claim);
	journal_close(journal);
}

static void
each_line_has_a_delivery_of_its_own(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim first;
	struct journal_claim second;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &many, &first), 1);
	assert_int_equal(claim_number(journal, &many, &second), 1);
	assert_int_equal(first.deliveries[0].ordinal, 0);
	assert_int_equal(second.deliveries[0].ordinal, 1);
	expect_backlog(journal, "h 1 ");
	settle(journal, &first, JOURNAL_MARK_DEAD);
	expect_backlog(journal, "h 1 ");
	settle(journal, &second, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 h dead 1 ");
	expect_backlog(journal, "");
	journal_close(journal);
}

/* Stores the event of a text; what it comes to. */
static enum rc
store_one(struct journal *journal, const char *text, const char *dedupe,
    unsigned max_queue)
{
	struct told_event told;
	struct sample sample;

	next_told(text, "h", &told);
	fill_sample(&sample, "h", 1);
	sample.receipt = told.receipt;
	sample.entry.event = told.record.event;
	sample.entry.subject = &told.subject;
	sample.entry.max_queue = max_queue;
	dedupe_by(&sample, dedupe);
	return append_and_wait(journal, &sample.entry);
}

static void
what_is_not_stored_says_nothing_of_runs(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	assert_int_equal(store_one(journal, "10 start p a", "x", 9), RC_OK);
	assert_int_equal(store_one(journal, "20 fail p a", "x", 9),
	    RC_DUPLICATE);
	assert_int_equal(store_one(journal, "20 fail p b", "y", 1),
	    RC_QUEUE_FULL);
	assemble_all(journal);
	assert_int_equal(case_rows("runs", sql_runs, "p/a 10-0; "), 0);
	assert_int_equal(case_rows("pipelines", sql_pipelines,
			     "p(p) 10-10 0; "),
	    0);
	journal_close(journal);
}

static enum rc
append_both(struct journal *journal, void *arguments)
{
	struct sample *samples = arguments;

	for (int i = 0; i < 2; i++)
		assert_int_equal(journal_append_here(journal,
				     &samples[i].entry),
		    RC_OK);
	samples[1].entry.body.len = 0;
	assert_int_equal(journal_append_here(journal, &samples[1].entry),
	    RC_RANGE);
	return RC_OK;
}

static void
events_may_be_part_of_another_change(void **state)
{
	struct journal *journal = open_lane();
	struct sample samples[2];

	(void)state;
	fill_sample(&samples[0], "h", 1);
	fill_sample(&samples[1], "h", 2);
	assert_int_equal(journal_write(journal, append_both, samples), RC_OK);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 2, JOURNAL_FINISH);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_comes_back_as_it_went_in),
		TEST(what_cannot_be_stored_is_refused),
		TEST(a_body_that_is_taken_is_not_read_again),
		TEST(each_line_has_a_delivery_of_its_own),
		TEST(what_is_not_stored_says_nothing_of_runs),
		TEST(events_may_be_part_of_another_change),
	};

	return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
