/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "journal/facts.h"

struct asking {
	struct journal_pipeline facts;
	struct pool pool;
	bool found;
	bool judges;	 /* no durations are asked for */
	int64_t from[3]; /* the n-th success from a time */
};

static enum rc
read_facts(struct journal *journal, void *arguments)
{
	struct asking *asking = arguments;

	asking->found = journal_facts_read(journal, &asking->facts,
	    &asking->pool);
	if (asking->found && !asking->judges && asking->facts.open_n == 0)
		journal_facts_read_durations(journal, &asking->facts);
	for (unsigned n = 0; asking->found && n < COUNT(asking->from); n++)
		asking->from[n] = journal_success_from(&asking->facts, 25,
		    n + 1);
	return RC_OK;
}

static struct asking
facts_of(struct journal *journal, const char *id, enum rc rc)
{
	struct asking asking = { .facts = { .hook = "h", .id = id } };

	assert_int_equal(journal_read(journal, read_facts, &asking), rc);
	return asking;
}

static void
all_that_is_known_is_read(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking;
	const struct journal_pipeline *facts = &asking.facts;

	(void)state;
	record_all(journal, "h",
	    "10 start p a Orders; 20 done p a; 21 start p b; 30 partly p b;"
	    "31 done p c; 40 start p d; 41 start p e; 50 fail p e; 60 stop p f;"
	    "61 done q");
	asking = facts_of(journal, "p", RC_OK);
	assert_true(asking.found);
	assert_string_equal(facts->name, "Orders");
	assert_int_equal(facts->first, 10);
	assert_int_equal(facts->seen, 60);
	assert_int_equal(facts->success, 31);
	assert_int_equal(facts->failures, 2);
	assert_int_equal(facts->failed, 50);
	assert_string_equal(facts->failure, "pipeline_run_killed");
	assert_int_equal(facts->muted, 0);
	assert_int_equal(facts->anew, 0);
	assert_int_equal(facts->successes_n, 3);
	assert_int_equal(facts->successes[0], 31);
	assert_int_equal(facts->successes[2], 20);
	/* Those of which both are known, newest first. */
	assert_int_equal(facts->durations_n, 3);
	assert_int_equal(facts->durations[0], 9);
	assert_int_equal(facts->durations[1], 9);
	assert_int_equal(facts->durations[2], 10);
	assert_int_equal(facts->open_n, 1);
	assert_int_equal(facts->open[0].began, 40);
	assert_string_equal(facts->open[0].run, "d");
	assert_string_equal(facts->last.run, "f");
	assert_string_equal(facts->last.outcome, "stopped");
	assert_string_equal(facts->last.name, "Orders");
	assert_int_equal(facts->last.ended, 60);
	assert_int_equal(facts->last.began, 0);
	assert_string_equal(facts->last.first, "");
	assert_int_equal(strlen(facts->last.last), UUID_SIZE - 1);
	assert_int_equal(asking.from[0], 30);
	assert_int_equal(asking.from[1], 31);
	assert_int_equal(asking.from[2], 0);
	pool_free(&asking.pool);
	journal_close(journal);
}

static void
what_was_never_seen_has_no_facts(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking = facts_of(journal, "p", RC_OK);

	(void)state;
	assert_false(asking.found);
	journal_close(journal);
}

static void
there_are_limits_to_what_is_read(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking;
	char text[128];

	(void)state;
	for (int i = 1; i <= 130; i++) {
		snprintf(text, sizeof(text),
		    "%d start p a%d; %d done p a%d; %d start p b%d", 100 * i, i,
		    100 * i + i, i, 100 * i + 99, i);
		record_all(journal, "h", text);
	}
	asking = facts_of(journal, "p", RC_OK);
	assert_int_equal(asking.facts.successes_n, JOURNAL_GAPS + 1);
	assert_int_equal(asking.facts.successes[0], 13130);
	assert_int_equal(asking.facts.successes[JOURNAL_GAPS], 12120);
	assert_int_equal(asking.facts.durations_n, JOURNAL_DURATIONS);
	assert_int_equal(asking.facts.durations[0], 130);
	assert_int_equal(asking.facts.durations[JOURNAL_DURATIONS - 1], 111);
	assert_int_equal(asking.facts.open_n, JOURNAL_OPEN_RUNS);
	assert_string_equal(asking.facts.open[0].run, "b1");
	pool_free(&asking.pool);
	journal_close(journal);
}

static void
what_nobody_saw_end_has_no_duration(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking;

	(void)state;
	record_all(journal, "h",
	    "10 start p; 20 start p; 30 done p; 31 done p r; 32 start p r;"
	    "100 start p; 90 done p");
	asking = facts_of(journal, "p", RC_OK);
	assert_int_equal(asking.facts.durations_n, 1);
	assert_int_equal(asking.facts.durations[0], 10);
	pool_free(&asking.pool);
	journal_close(journal);
}

static void
who_judges_gets_durations_only_of_what_has_an_open_run(void **state)
{
	static const char *const ids[] = { "idle", "open" };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "10 start idle; 20 done idle; 10 start open; 20 done open;"
	    "30 start open");
	for (size_t open = 0; open < COUNT(ids); open++) {
		struct asking asking = {
			.facts = { .hook = "h", .id = ids[open] },
			.judges = true,
		};

		assert_int_equal(journal_read(journal, read_facts, &asking),
		    RC_OK);
		assert_int_equal(asking.facts.open_n, open);
		assert_int_equal(asking.facts.durations_n, open);
		pool_free(&asking.pool);
	}
	journal_close(journal);
}

static void
the_longer_mute_counts(void **state)
{
	static const int64_t mutes[][3] = { { 5, 7, 7 }, { 7, 5, 7 },
		{ 0, 0, 0 } };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h", "10 start p");
	execute("INSERT INTO watches VALUES('h', '', 0, 12, 0, 0)");
	for (size_t i = 0; i < COUNT(mutes); i++) {
		char statement[128];
		struct asking asking;

		snprintf(statement, sizeof(statement),
		    "DELETE FROM mutes;"
		    "INSERT INTO mutes VALUES('h', 'p', %lld);"
		    "UPDATE watches SET muted = %lld",
		    (long long)mutes[i][0], (long long)mutes[i][1]);
		execute(statement);
		asking = facts_of(journal, "p", RC_OK);
		assert_int_equal(asking.facts.muted, mutes[i][2]);
		assert_int_equal(asking.facts.hook_muted, mutes[i][1]);
		assert_int_equal(asking.facts.anew, 12);
		pool_free(&asking.pool);
	}
	journal_close(journal);
}

static void
damaged_rows_are_left_out(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking;

	(void)state;
	only_of_a_file();
	record_all(journal, "h", "10 start p a; 11 start p b; 12 done q");
	execute("UPDATE runs SET run = x'00' WHERE run = 'a';"
		"UPDATE pipelines SET seen = 'never' WHERE id = 'q'");
	asking = facts_of(journal, "p", RC_CORRUPT);
	assert_true(asking.found);
	assert_int_equal(asking.facts.open_n, 1);
	assert_string_equal(asking.facts.open[0].run, "b");
	pool_free(&asking.pool);
	asking = facts_of(journal, "q", RC_CORRUPT);
	assert_false(asking.found);
	pool_free(&asking.pool);
	journal_close(journal);
}

/* Judging a pipeline costs what is known of it lately, not of all. */
static void
facts_are_found_by_indexes(void **state)
{
	struct journal *journal = open_journal();
	struct asking asking;
	char text[128];

	(void)state;
	for (int i = 1; i <= 400; i++) {
		snprintf(text, sizeof(text), "%d start q%d a; %d done q%d a",
		    10 * i, i, 10 * i + 5, i);
		record_all(journal, "h", text);
	}
	record_all(journal, "h", "10 start p a; 20 done p a; 30 start p b");
	work_done(journal);
	asking = facts_of(journal, "p", RC_OK);
	assert_in_range(work_done(journal), 1, 600);
	pool_free(&asking.pool);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_is_known_is_read),
		TEST(what_was_never_seen_has_no_facts),
		TEST(there_are_limits_to_what_is_read),
		TEST(what_nobody_saw_end_has_no_duration),
		TEST(who_judges_gets_durations_only_of_what_has_an_open_run),
		TEST(the_longer_mute_counts),
		TEST(damaged_rows_are_left_out),
		TEST(facts_are_found_by_indexes),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
