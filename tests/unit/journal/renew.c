/* SPDX-License-Identifier: ISC */
#include "../journal.h"

/* As an earlier release stored them, up to this event. */
static void
make_early(int64_t last)
{
	char statement[512];

	snprintf(statement, sizeof(statement),
	    "UPDATE events SET early = (SELECT body FROM bodies"
	    " WHERE event = seq) WHERE seq <= %lld;"
	    "DELETE FROM bodies WHERE event <= %lld;"
	    "INSERT INTO notes VALUES('early_bodies', %lld)",
	    (long long)last, (long long)last, (long long)last);
	execute(statement);
}

static unsigned
renew_all(struct journal *journal)
{
	unsigned steps = 0;
	bool more = true;

	for (; more; steps++)
		assert_int_equal(journal_renew(journal, &more), RC_OK);
	return steps;
}

static const char early[] = "SELECT count(*) FROM events WHERE early <> x''";
static const char bodies[] = "SELECT count(*) FROM bodies";
static const char notes[] =
    "SELECT count(*) FROM notes WHERE name = 'early_bodies'";

static void
bodies_of_both_forms_are_read(void **state)
{
	struct journal *journal = open_lane();
	struct journal_event_report report;
	struct journal_claim claim;
	struct pool pool = { 0 };

	(void)state;
	for (unsigned i = 1; i <= 4; i++)
		append_sample(journal, "h", i, "");
	make_early(2);
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &batch, &claim), 2);
	assert_int_equal(claim.n, 3);
	for (size_t i = 0; i < claim.n; i++)
		assert_int_equal(claim.deliveries[i].event.body.data[5],
		    "234"[i]);
	assert_int_equal(journal_show(journal,
			     claim.deliveries[0].event.receipt.id, &pool,
			     &report),
	    RC_OK);
	assert_true(bytes_is(report.event.body, "{\"n\":2}"));
	pool_free(&pool);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static void
early_bodies_are_moved_in_small_steps(void **state)
{
	enum { EVENTS = 120 };
	struct journal *journal = open_lane();

	(void)state;
	for (unsigned i = 0; i < EVENTS; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(renew_all(journal), 1);
	make_early(EVENTS - 10);
	append_sample(journal, "h", EVENTS, "");
	assert_int_equal(count_rows(journal, early), EVENTS - 10);
	assert_in_range(renew_all(journal), 3, 4);
	assert_int_equal(count_rows(journal, early), 0);
	assert_int_equal(count_rows(journal, bodies), EVENTS + 1);
	assert_int_equal(count_rows(journal, notes), 0);
	for (int i = 0; i <= EVENTS; i++)
		expect(journal, &one, i, JOURNAL_FINISH);
	journal_close(journal);
}

static void
large_ones_take_more_steps(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		append_large(journal, "h", i);
	make_early(20);
	assert_in_range(renew_all(journal), 3, 4);
	assert_int_equal(count_rows(journal, bodies), 20);
	journal_close(journal);
}

/* A note that is none is of any event; what is purged meanwhile is gone. */
static void
a_renewal_ends_whatever_is_noted(void **state)
{
	static const char *const lasts[] = { "'x'", "-7", "0", "1.5",
		"9223372036854775807", "1000" };
	char statement[128];

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(lasts); i++) {
		struct journal *journal = open_lane();
		struct journal_keep keep = { "h", 1, CLOCK_NEVER };
		struct journal_purge purge = { .keeps = &keep, .n = 1 };

		for (unsigned n = 1; n <= 3; n++)
			append_sample(journal, "h", n, "");
		make_early(2);
		snprintf(statement, sizeof(statement),
		    "UPDATE notes SET number = %s WHERE name = 'early_bodies'",
		    lasts[i]);
		execute(statement);
		expect(journal, &one, 1, JOURNAL_FINISH);
		purge_all(journal, &purge, now() + 60000);
		assert_int_equal(purge.removed, 1);
		renew_all(journal);
		assert_int_equal(count_rows(journal, notes), 0);
		expect(journal, &one, 2, JOURNAL_FINISH);
		expect(journal, &one, 3, JOURNAL_FINISH);
		journal_close(journal);
		remove_journal();
	}
}

static void
expect_seq(struct journal *journal, const struct journal_limits *limits,
    int64_t seq)
{
	struct journal_claim claim;

	assert_int_equal(journal_claim_due(journal, limits, now(), &claim),
	    RC_OK);
	assert_int_equal(claim.deliveries[0].seq, seq);
	settle(journal, &claim, JOURNAL_FINISH);
}

/* What waited, ran and was held in the first release's lanes that were none. */
static void
a_journal_of_the_first_release_goes_on(void **state)
{
	struct journal_lane lane = { .key = sample_lane };
	struct journal_rules rules = old_rules("peliqan", &lane, 1);
	struct journal_limit limit = { 1, 9, 1, &rules };
	struct journal_limits limits = { &limit, 1, &rules, 1 };
	struct way way = { .lane = sample_lane };
	struct journal_orphans orphans;
	struct journal *journal;

	(void)state;
	make_earlier();
	journal = open_journal();
	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	assert_int_equal(lane.id, 1);
	expect_nothing(journal, &limits);
	move_all(journal, &limits, &way);
	assert_int_equal(way.calls, 4);
	/* The key of what it waited for is none any more. */
	expect_seq(journal, &limits, 5);
	expect_seq(journal, &limits, 6);
	expect_seq(journal, &limits, 3);
	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 1);
	assert_int_equal(journal_reclaim(journal, orphans.list, now()), RC_OK);
	pool_free(&orphans.pool);
	renew_all(journal);
	expect_seq(journal, &limits, 4);
	expect_counts(journal,
	    "peliqan done 3 peliqan dead 1 peliqan done 1 "
	    "peliqan done 1 ");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bodies_of_both_forms_are_read),
		TEST(early_bodies_are_moved_in_small_steps),
		TEST(large_ones_take_more_steps),
		TEST(a_renewal_ends_whatever_is_noted),
		TEST(a_journal_of_the_first_release_goes_on),
	};

	return cmocka_run_group_tests_name("renew", tests, NULL, NULL);
}
