/* SPDX-License-Identifier: ISC */
#include "../runs.h"

static void
damage_is_no_reason_to_keep_a_purge_from_the_rest(void **state)
{
	struct journal_keep keep = { "h", 1, CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	struct journal *journal = open_lane();
	bool due = false;

	(void)state;
	only_of_a_file();
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
	execute("INSERT INTO tallies VALUES('old', '1', 2, 0),"
		" ('old', '2', 2, 0), ('old', '3', 2, 0)");
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
	char text[192];

	(void)state;
	snprintf(text, sizeof(text),
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
	    " FROM n WHERE i < 400) INSERT INTO keys"
	    " SELECT CAST(CAST(i AS TEXT) AS %s), 1, 0 FROM n",
	    journal_server() == NULL ? "BLOB" : "bytea");
	execute(text);
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
	execute(journal_server() == NULL ?
		"UPDATE bodies SET body = zeroblob(5000000)" :
		"UPDATE bodies SET body = CAST(repeat('0', 5000000) AS bytea)");
	assemble_all(journal);
	note_keeps(&purge);
	assert_int_equal(journal_purge_step(journal, &purge, now() + 60000),
	    RC_OK);
	assert_int_equal(purge.removed, 2);
	purge_all(journal, &purge, now() + 60000);
	assert_int_equal(purge.removed, 4);
	journal_close(journal);
}

enum { DAY = 24 * 3600 * 1000 };

static void
runs_go_but_for_the_last_ones(void **state)
{
	static const struct journal_keep keeps[] = {
		{ "h", 10 * (int64_t)DAY, CLOCK_NEVER },
		{ "i", CLOCK_NEVER, CLOCK_NEVER },
	};
	struct journal_purge purge = { .keeps = keeps, .n = 2 };
	struct journal *journal = open_journal();
	char text[128];

	(void)state;
	/* More of one pipeline than a step takes out. */
	for (int i = 1; i <= JOURNAL_RUNS_KEPT + 420; i++) {
		snprintf(text, sizeof(text),
		    "%d start p r%d; %d fail p r%d; %d done q r%d", i, i, i, i,
		    i, i);
		record_all(journal, "h", i > 110 ? strtok(text, ";") : text);
		if (i <= 110)
			record_all(journal, "i", text);
	}
	record_all(journal, "h", "7 done gone a; 8 done gone b; 9 remove gone");
	purge_all(journal, &purge, 10 * (int64_t)DAY);
	assert_int_equal(case_rows("young",
			     "SELECT hook || pipeline || count(*) FROM runs"
			     " GROUP BY hook, pipeline ORDER BY 1",
			     "hgone2; hp520; hq110; ip110; iq110; "),
	    0);
	purge_all(journal, &purge, 20 * (int64_t)DAY);
	assert_int_equal(case_rows("old",
			     "SELECT hook || pipeline || count(*) || ' ' ||"
			     " min(began) || ' ' || max(run) FROM runs"
			     " GROUP BY hook, pipeline ORDER BY 1",
			     "hp100 421 r520; hq100 0 r99; ip110 1 r99; "
			     "iq110 0 r99; "),
	    0);
	journal_close(journal);
}

/* Those that are late to end, and what came when the clock was ahead. */
static void
runs_that_ended_lately_stay(void **state)
{
	static const struct journal_keep keep = { "h", DAY, CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "1 start p a; 2 start p b; 3 fail p c; 4 start p d;"
	    "90000000 done p b; 86400000000 fail p e; 90000000 remove p");
	execute("UPDATE runs SET ended = 0, outcome = '' WHERE run = 'a'");
	purge_all(journal, &purge, 100000000);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/b 2-90000000 success; p/d 4-90000000 unknown; "
			     "p/e 0-86400000000 failure; "),
	    0);
	journal_close(journal);
}

static void
successes_go_but_for_those_that_tell_what_is_usual(void **state)
{
	struct journal_purge purge = { 0 };
	struct journal *journal = open_journal();
	char text[64];

	(void)state;
	for (int i = 1; i <= 40; i++) {
		snprintf(text, sizeof(text), "%lld done p a%d",
		    (long long)i * DAY, i);
		record_all(journal, "h", text);
	}
	for (int i = 1; i <= 20; i++) {
		snprintf(text, sizeof(text), "%d done q a%d", i, i);
		record_all(journal, "h", text);
	}
	purge_all(journal, &purge, 41 * (int64_t)DAY);
	assert_int_equal(case_rows("successes",
			     "SELECT pipeline || count(*) || ' ' || min(time)"
			     " FROM successes GROUP BY pipeline ORDER BY 1",
			     "p30 950400000; q11 10; "),
	    0);
	journal_close(journal);
}

static void
a_pipeline_of_which_nothing_is_left_goes(void **state)
{
	static const struct journal_keep keep = { "i", 40 * (int64_t)DAY,
		CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "1 fail p a; 2 fail q b; 3 fail r c; 4 done s");
	record_all(journal, "i", "1 fail p a");
	execute("DELETE FROM runs WHERE pipeline <> 'q';"
		"UPDATE pipelines SET seen = 86400000 WHERE id = 'r';"
		"INSERT INTO judgements VALUES"
		"('h', 'p', 0, 0, 1, 1, 0, 0, 0, 0, 9)");
	purge_all(journal, &purge, 31 * (int64_t)DAY);
	assert_int_equal(case_rows("pipelines",
			     "SELECT hook || id FROM pipelines ORDER BY 1",
			     "hq; hr; hs; ip; "),
	    0);
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM judgements"),
	    0);
	purge_all(journal, &purge, 41 * (int64_t)DAY);
	assert_int_equal(case_rows("pipelines",
			     "SELECT hook || id FROM pipelines ORDER BY 1",
			     "hq; hs; "),
	    0);
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
		TEST(runs_go_but_for_the_last_ones),
		TEST(runs_that_ended_lately_stay),
		TEST(successes_go_but_for_those_that_tell_what_is_usual),
		TEST(a_pipeline_of_which_nothing_is_left_goes),
	};

	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
