/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"

static void
a_known_key_is_a_duplicate_until_it_is_over(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;
	struct sample later;

	(void)state;
	fill_sample(&sample, "h", 1);
	dedupe_by(&sample, "key");
	sample.entry.dedupe_window = 1000;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	fill_sample(&later, "h", 2);
	dedupe_by(&later, "key");
	later.receipt.received = sample.receipt.received + 999;
	assert_int_equal(append_and_wait(journal, &later.entry), RC_DUPLICATE);
	assert_int_equal(claim_key(journal, "key", later.receipt.received),
	    RC_DUPLICATE);
	later.receipt.received++;
	assert_int_equal(append_and_wait(journal, &later.entry), RC_OK);
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

static void
a_refused_event_takes_no_key(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	dedupe_by(&sample, "key");
	sample.entry.max_queue = 0;
	assert_int_equal(append_and_wait(journal, &sample.entry),
	    RC_QUEUE_FULL);
	sample.entry.max_queue = 1;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	journal_close(journal);
}

static void
a_key_that_is_waited_for_is_pending(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct sample sample;

	(void)state;
	assert_int_equal(claim_key(journal, "key", 1000), RC_OK);
	assert_int_equal(claim_key(journal, "key", 1000), RC_PENDING);
	assert_int_equal(claim_key(other, "key", 1000), RC_PENDING);
	fill_sample(&sample, "h", 1);
	dedupe_by(&sample, "key");
	assert_int_equal(append_and_wait(other, &sample.entry), RC_PENDING);
	assert_int_equal(free_key(journal, "key"), RC_OK);
	assert_int_equal(claim_key(other, "key", 1000), RC_OK);
	assert_int_equal(finish_key(other, "key", 2000), RC_OK);
	assert_int_equal(claim_key(journal, "key", 1999), RC_DUPLICATE);
	assert_int_equal(claim_key(journal, "key", 2000), RC_OK);
	journal_close(other);
	journal_close(journal);
}

struct keys {
	struct journal *journal;
	struct answer answers[6];
};

static void *
change_keys(void *context)
{
	struct keys *keys = context;
	struct answer *at = keys->answers;
	struct journal_key key = dedupe_key("key");

	journal_key_claim(keys->journal, &key, 1000, ask(at++));
	journal_key_claim(keys->journal, &key, 1000, ask(at++));
	journal_key_free(keys->journal, &key, ask(at++));
	journal_key_claim(keys->journal, &key, 1000, ask(at++));
	journal_key_done(keys->journal, &key, 2000, ask(at++));
	journal_key_claim(keys->journal, &key, 1999, ask(at));
	/* It was copied. */
	memset(&key, 0, sizeof(key));
	assert_int_equal(keys->answers[0].done, 0);
	return NULL;
}

static void
one_commit_may_change_a_key_several_times(void **state)
{
	static const enum rc want[] = { RC_OK, RC_PENDING, RC_OK, RC_OK, RC_OK,
		RC_DUPLICATE };
	struct keys keys = { .journal = open_lane() };

	(void)state;
	write_while(keys.journal, change_keys, &keys);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(get(&keys.answers[i]), want[i]);
	journal_close(keys.journal);
}

static void *
append_same(void *context)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	dedupe_by(&sample, "key");
	return append_and_wait(context, &sample.entry) == RC_DUPLICATE ?
	    context :
	    NULL;
}

static void
of_the_same_at_once_one_is_stored(void **state)
{
	struct journal *journal = open_lane();
	pthread_t threads[50];
	unsigned duplicates = 0;
	void *result;

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_same,
				     journal),
		    0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &result);
		duplicates += result != NULL;
	}
	assert_int_equal(duplicates, 49);
	expect_counts(journal, "h queued 1 ");
	journal_close(journal);
}

static void
claim_one_key(struct journal *journal)
{
	if (claim_key(journal, "key", now()) != RC_OK)
		_exit(1);
}

static void
the_key_of_a_killed_process_is_free(void **state)
{
	struct journal *journal;
	struct journal_purge purge = { 0 };

	(void)state;
	kill_after(claim_one_key);
	kill_after(claim_one_key);
	journal = open_lane();
	assert_int_equal(journal_number(journal, 0,
			     "SELECT count(*) FROM runners WHERE number <> ?1",
			     BIND(INT(journal->runner))),
	    2);
	purge_all(journal, &purge, now());
	assert_int_equal(journal_number(journal, -1,
			     "SELECT (SELECT count(*) FROM runners"
			     " WHERE number <> ?1)"
			     " + (SELECT count(*) FROM keys)",
			     BIND(INT(journal->runner))),
	    0);
	assert_int_equal(claim_key(journal, "key", now()), RC_OK);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_known_key_is_a_duplicate_until_it_is_over),
		TEST(a_refused_event_takes_no_key),
		TEST(a_key_that_is_waited_for_is_pending),
		TEST(one_commit_may_change_a_key_several_times),
		TEST(of_the_same_at_once_one_is_stored),
		TEST(the_key_of_a_killed_process_is_free),
	};

	return cmocka_run_group_tests_name("dedupe", tests, NULL, NULL);
}
