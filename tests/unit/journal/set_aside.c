/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"

/* What each column of a delivery and its event may not hold. */
static const char *const damages[] = { "events SET id = 'x'",
	"events SET hook = ''", "events SET hook = 'a b'",
	"events SET name = x'00'", "events SET name = char(27)",
	"events SET received = -1", "events SET received = 'soon'",
	"events SET digest = 'x'", "events SET verified = 2",
	"bodies SET body = 'text'", "bodies SET body = x''",
	"events SET remote = x'00'", "events SET remote = printf('%64d', 1)",
	"deliveries SET ordinal = -1", "deliveries SET ordinal = 1e300",
	"deliveries SET attempts = 9223372036854775807",
	"deliveries SET step = 'x'", "deliveries SET due = 'never'",
	"deliveries SET due = -1", "deliveries SET key = 'x'",
	"deliveries SET key = x'00'", "deliveries SET event = 77",
	"deliveries SET line = -2", "deliveries SET line = 'first'" };

/* The second of three is damaged: the others run, and what it was is told. */
static void
what_is_damaged_is_dead_and_holds_nobody_up(void **state)
{
	struct journal *journal;
	size_t damaged = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		journal = open_lane();
		for (unsigned n = 1; n <= 3; n++)
			append_sample(journal, "h", n, "");
		if (!damage(damages[i], 2))
			goto next;
		damaged++;
		expect(journal, &many, 1, JOURNAL_FINISH);
		expect(journal, &many, 3, JOURNAL_FINISH);
		expect_nothing(journal, &many);
		assert_int_equal(
		    journal_number(journal, 0,
			"SELECT state FROM deliveries WHERE seq = 2",
			NO_VALUES),
		    JOURNAL_DEAD);
		assert_int_equal(
		    journal_number(journal, 0,
			"SELECT count(*) FROM attempts WHERE delivery = 2"
			" AND outcome = 'damaged'",
			NO_VALUES),
		    1);
		expect_backlog(journal, "");
	next:
		journal_close(journal);
		remove_journal();
	}
	assert_true(damaged >= COUNT(damages) / 3);
}

static void
what_is_damaged_is_left_out_of_a_batch(void **state)
{
	static const struct journal_limit limit = { 1, 1, 9, &of_h };
	static const struct journal_limits limits = { &limit, 1, &of_h, 1 };
	struct journal_claim claim;
	struct journal *journal;
	size_t damaged = 0;

	(void)state;
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	for (size_t i = 0; i < COUNT(damages); i++) {
		journal = open_lane();
		for (unsigned n = 1; n <= 4; n++)
			append_sample(journal, "h", n, "");
		if (!damage(damages[i], 3))
			goto next;
		damaged++;
		assert_int_equal(claim_number(journal, &limits, &claim), 1);
		assert_int_equal(claim.n, 3);
		assert_int_equal(claim.deliveries[1].seq, 2);
		assert_int_equal(claim.deliveries[2].seq, 4);
		settle(journal, &claim, JOURNAL_FINISH);
		expect_nothing(journal, &many);
		expect_backlog(journal, "");
	next:
		journal_close(journal);
		remove_journal();
	}
	assert_true(damaged >= COUNT(damages) / 3);
	/* Each is told once, and what is dead of it. */
	assert_int_equal(lines_of_log("damaged"), 2 * damaged);
	log_close();
}

static void
a_damaged_key_lets_the_next_go(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	for (unsigned n = 1; n <= 3; n++)
		append_sample(journal, "h", n, "k");
	execute("UPDATE deliveries SET key = 'k' WHERE seq = 1");
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect(journal, &many, 3, JOURNAL_FINISH);
	journal_close(journal);
}

/* Whose runner cannot be known is nobody's, and is not run again. */
static void
what_runs_for_nobody_is_dead(void **state)
{
	static const char *const holders[] = { "runner = 'x'", "runner = 0",
		"claim = x'00'", "claim = -1" };
	struct journal_orphans orphans;
	struct journal *journal;
	char statement[128];

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(holders); i++) {
		journal = open_lane();
		append_sample(journal, "h", 1, "");
		snprintf(statement, sizeof(statement),
		    "UPDATE deliveries"
		    " SET state = 1, runner = 7, claim = 7, %s",
		    holders[i]);
		execute(statement);
		assert_int_equal(journal_find_orphans(journal, &orphans),
		    RC_OK);
		assert_int_equal(orphans.n, 1);
		assert_int_equal(journal_reclaim(journal, orphans.list, now()),
		    RC_OK);
		pool_free(&orphans.pool);
		expect_counts(journal, "h dead 1 ");
		expect_nothing(journal, &one);
		journal_close(journal);
		remove_journal();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_damaged_is_dead_and_holds_nobody_up),
		TEST(what_is_damaged_is_left_out_of_a_batch),
		TEST(a_damaged_key_lets_the_next_go),
		TEST(what_runs_for_nobody_is_dead),
	};

	return cmocka_run_group_tests_name("set_aside", tests, NULL, NULL);
}
