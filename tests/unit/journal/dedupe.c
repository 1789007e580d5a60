/* SPDX-License-Identifier: ISC */
#include <pthread.h>

#include "../journal.h"

#include "journal/column.h"

static void
a_known_key_is_a_duplicate_until_it_is_over(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;
	struct sample later;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	sample.entry.dedupe_window = 1000;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	fill_sample(&later, "h", 2);
	later.entry.dedupe_key = bytes_of("key");
	later.receipt.received = sample.receipt.received + 999;
	assert_int_equal(journal_append(journal, &later.entry), RC_DUPLICATE);
	assert_int_equal(journal_key_claim(journal, bytes_of("key"),
			     later.receipt.received),
	    RC_DUPLICATE);
	later.receipt.received++;
	assert_int_equal(journal_append(journal, &later.entry), RC_OK);
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

static void
a_refused_event_takes_no_key(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	sample.entry.max_queue = 0;
	assert_int_equal(journal_append(journal, &sample.entry), RC_QUEUE_FULL);
	sample.entry.max_queue = 1;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	journal_close(journal);
}

static void
a_key_that_is_waited_for_is_pending(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct bytes key = bytes_of("key");
	struct sample sample;

	(void)state;
	assert_int_equal(journal_key_claim(journal, key, 1000), RC_OK);
	assert_int_equal(journal_key_claim(journal, key, 1000), RC_PENDING);
	assert_int_equal(journal_key_claim(other, key, 1000), RC_PENDING);
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = key;
	assert_int_equal(journal_append(other, &sample.entry), RC_PENDING);
	assert_int_equal(journal_key_free(journal, key), RC_OK);
	assert_int_equal(journal_key_claim(other, key, 1000), RC_OK);
	assert_int_equal(journal_key_done(other, key, 2000), RC_OK);
	assert_int_equal(journal_key_claim(journal, key, 1999), RC_DUPLICATE);
	assert_int_equal(journal_key_claim(journal, key, 2000), RC_OK);
	journal_close(other);
	journal_close(journal);
}

static void *
append_same(void *context)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	return journal_append(context, &sample.entry) == RC_DUPLICATE ?
	    context :
	    NULL;
}

static void
of_the_same_at_once_one_is_stored(void **state)
{
	struct journal *journal = open_journal();
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
claim_key(struct journal *journal)
{
	if (journal_key_claim(journal, bytes_of("key"), now()) != RC_OK)
		_exit(1);
}

static void
the_key_of_a_killed_process_is_free(void **state)
{
	struct journal *journal;
	struct journal_purge purge = { 0 };

	(void)state;
	kill_after(claim_key);
	kill_after(claim_key);
	journal = open_journal();
	assert_int_equal(journal_number(journal, 0,
			     "SELECT count(*) FROM runners", NO_VALUES),
	    2);
	purge_all(journal, &purge, now());
	assert_int_equal(journal_number(journal, -1,
			     "SELECT (SELECT count(*) FROM runners)"
			     " + (SELECT count(*) FROM keys)",
			     NO_VALUES),
	    0);
	assert_int_equal(journal_key_claim(journal, bytes_of("key"), now()),
	    RC_OK);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_known_key_is_a_duplicate_until_it_is_over),
		TEST(a_refused_event_takes_no_key),
		TEST(a_key_that_is_waited_for_is_pending),
		TEST(of_the_same_at_once_one_is_stored),
		TEST(the_key_of_a_killed_process_is_free),
	};

	return cmocka_run_group_tests_name("dedupe", tests, NULL, NULL);
}
