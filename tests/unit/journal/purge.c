/* SPDX-License-Identifier: ISC */
#include "../journal.h"

static void
damage_is_no_reason_to_keep_a_purge_from_the_rest(void **state)
{
	struct journal_keep keep = { "h", 1, CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	struct journal *journal = open_lane();
	bool due = false;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		append_sample(journal, "h", n, "");
		expect(journal, &one, (int)n, JOURNAL_FINISH);
	}
	execute("UPDATE events SET name = char(27) WHERE seq = 2;"
		"INSERT INTO notes VALUES('purged', 'never')");
	assert_int_equal(journal_purge_due(journal, now(), &due), RC_OK);
	assert_true(due);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(purge.removed, 2);
	assert_int_equal(purge.damaged, 1);
	journal_close(journal);
}

static void
what_is_kept_long_enough_is_purged(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 10000,
	    CLOCK_NEVER } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };
	struct journal_claim claim;
	int64_t then = now();
	bool due = false;

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		append_sample(journal, "h", i, "");
		assert_int_equal(claim_number(journal, &one, &claim), (int)i);
		settle_at(journal, &claim,
		    i == 3 ? JOURNAL_MARK_DEAD : JOURNAL_FINISH, then);
	}
	append_sample(journal, "h", 500, "");
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then + 1000, &due), RC_OK);
	assert_false(due);
	assert_int_equal(journal_purge_due(journal, then + 3600000, &due),
	    RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	purge_all(journal, &purge, then + 5000);
	assert_int_equal(purge.removed, 0);
	purge_all(journal, &purge, then + 3600000);
	assert_int_equal(purge.removed, 129);
	expect_counts(journal, "h queued 1 h dead 1 ");
	assert_int_equal(list(journal, -1).n, 2);
	journal_close(journal);
}

static void
what_came_before_the_clock_was_set_back_holds_no_purge_up(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 10000,
	    CLOCK_NEVER } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 0);
	sample.receipt.received += 365 * 24 * 3600000LL;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 0, JOURNAL_MARK_DEAD);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 2, JOURNAL_FINISH);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(purge.removed, 2);
	expect_counts(journal, "h dead 1 ");
	journal_close(journal);
}

static void
a_hook_that_is_gone_keeps_for_thirty_days(void **state)
{
	struct journal *journal = open_lane();
	struct journal_purge purge = { 0 };
	int64_t day = 24 * 3600000LL;

	(void)state;
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	purge_all(journal, &purge, now() + 29 * day);
	assert_int_equal(purge.removed, 0);
	purge_all(journal, &purge, now() + 31 * day);
	assert_int_equal(purge.removed, 1);
	expect_counts(journal, "");
	journal_close(journal);
}

/* Two deliveries of an event; how each of them ends. */
static void
append_pair(struct journal *journal, unsigned number,
    enum journal_verdict first, enum journal_verdict second)
{
	struct sample sample;

	fill_sample(&sample, "h", number);
	sample.entry.routes_len = 2;
	order_by(&sample, "key");
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	expect(journal, &one, (int)number, first);
	expect(journal, &one, (int)number, second);
}

static void
what_is_dead_goes_when_its_hook_keeps_it_no_longer(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 3600000, 10000 } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		append_sample(journal, "h", i, "key");
		expect(journal, &one, (int)i, JOURNAL_MARK_DEAD);
	}
	append_pair(journal, 200, JOURNAL_MARK_DEAD, JOURNAL_MARK_DEAD);
	append_pair(journal, 201, JOURNAL_FINISH, JOURNAL_MARK_DEAD);
	append_sample(journal, "h", 202, "key");
	purge_all(journal, &purge, now() + 5000);
	assert_int_equal(purge.removed, 0);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(purge.removed, 121);
	expect_counts(journal, "h queued 1 h done 1 h dead 1 ");
	purge_all(journal, &purge, now() + 2 * 3600000);
	assert_int_equal(purge.removed, 122);
	expect_counts(journal, "h queued 1 ");
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM attempts"),
	    0);
	expect(journal, &one, 202, JOURNAL_FINISH);
	journal_close(journal);
}

static void
what_is_dead_stays_longer_than_the_rest_where_its_hook_says_so(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 10000, 3600000 } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };

	(void)state;
	append_pair(journal, 1, JOURNAL_FINISH, JOURNAL_MARK_DEAD);
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 2, JOURNAL_FINISH);
	purge_all(journal, &purge, now() + 60000);
	expect_counts(journal, "h done 1 h dead 1 ");
	purge_all(journal, &purge, now() + 2 * 3600000);
	expect_counts(journal, "");
	journal_close(journal);
}

/* Whoever purges does not know the hook, but what was noted of it. */
static void
noted_rules_say_how_long_what_is_dead_is_kept(void **state)
{
	struct journal_rules rules = {
		.hook = "h",
		.digest = "1",
		.time = 1,
		.keep = 3600000,
		.keep_dead = 10000,
	};
	struct journal *journal = open_lane();
	struct journal_purge purge = { 0 };

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "i", 2, "");
	expect(journal, &one, 1, JOURNAL_MARK_DEAD);
	purge_all(journal, &purge, now() + 60000);
	expect_counts(journal, "h dead 1 i queued 1 ");
	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	purge_all(journal, &purge, now() + 60000);
	expect_counts(journal, "i queued 1 ");
	journal_close(journal);
}

/* A name that a sender makes up for each event is counted while it is there. */
static void
what_is_purged_leaves_no_rows_of_counts(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 1, CLOCK_NEVER } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct sample sample;

		fill_sample(&sample, "h", i);
		snprintf(name, sizeof(name), "order-%u", i);
		sample.entry.event = name;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
		expect(journal, &one, (int)i, JOURNAL_FINISH);
	}
	execute("INSERT INTO tallies SELECT 'old', value, 2, 0 FROM"
		" json_each('[1,2,3]')");
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM tallies"),
	    6);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(count_rows(journal,
			     "SELECT (SELECT count(*) FROM tallies)"
			     " + (SELECT count(*) FROM opens)"),
	    0);
	journal_close(journal);
}

static void
all_keys_that_are_over_go_in_one_purge(void **state)
{
	struct journal *journal = open_lane();
	struct journal_purge purge = { 0 };

	(void)state;
	execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
		" FROM n WHERE i < 400) INSERT INTO keys"
		" SELECT CAST(i AS BLOB), 1, 0 FROM n");
	purge_all(journal, &purge, now());
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM keys"), 0);
	journal_close(journal);
}

/* What frees much takes more steps, as others wait for each. */
static void
large_bodies_are_taken_out_in_smaller_steps(void **state)
{
	static const struct journal_keep keeps[] = { { "h", 1, CLOCK_NEVER } };
	struct journal *journal = open_lane();
	struct journal_purge purge = { .keeps = keeps, .n = 1 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		append_sample(journal, "h", i, "");
		expect(journal, &one, (int)i, JOURNAL_FINISH);
	}
	execute("UPDATE bodies SET body = zeroblob(5000000)");
	assert_int_equal(journal_purge_step(journal, &purge, now() + 60000),
	    RC_OK);
	assert_int_equal(purge.removed, 2);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(purge.removed, 4);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(damage_is_no_reason_to_keep_a_purge_from_the_rest),
		TEST(what_is_kept_long_enough_is_purged),
		TEST(what_came_before_the_clock_was_set_back_holds_no_purge_up),
		TEST(a_hook_that_is_gone_keeps_for_thirty_days),
		TEST(what_is_dead_goes_when_its_hook_keeps_it_no_longer),
		TEST(
		    what_is_dead_stays_longer_than_the_rest_where_its_hook_says_so),
		TEST(noted_rules_say_how_long_what_is_dead_is_kept),
		TEST(what_is_purged_leaves_no_rows_of_counts),
		TEST(all_keys_that_are_over_go_in_one_purge),
		TEST(large_bodies_are_taken_out_in_smaller_steps),
	};

	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
