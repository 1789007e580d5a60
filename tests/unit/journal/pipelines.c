/* SPDX-License-Identifier: ISC */
#include "../runs.h"

struct listed {
	struct buf text;
	size_t n;
	int64_t last; /* seq */
	enum rc rc;   /* what each comes to */
};

static enum rc
add_run(void *context, const struct journal_run *run)
{
	struct listed *listed = context;

	listed->last = run->seq;
	listed->n++;
	assert_int_equal(buf_printf(&listed->text, "%s %s %s %lld-%lld %s %s; ",
			     run->hook, run->name, run->run,
			     (long long)run->began, (long long)run->ended,
			     run->outcome, run->event),
	    RC_OK);
	return listed->rc;
}

static struct listed
list_some(struct journal *journal, const struct journal_run_filter *filter,
    enum rc rc)
{
	struct listed listed = { 0 };

	assert_int_equal(buf_text(&listed.text, ""), RC_OK);
	assert_int_equal(journal_runs(journal, filter, add_run, &listed), rc);
	return listed;
}

static const char some_runs[] =
    "10 start p a Orders; 20 done p a; 30 start q b; 40 fail p c; 50 start p d";

#define LATEST "h Orders d 50-0  pipeline_run_started; "
#define FAILED "h Orders c 0-40 failure pipeline_run_error; "
#define OTHER "h q b 30-0  pipeline_run_started; "
#define FIRST "h Orders a 10-20 success pipeline_run_completed; "
#define FOREIGN "i Orders x 60-0  pipeline_run_started; "

static void
runs_are_listed_newest_first(void **state)
{
	static const struct {
		struct journal_run_filter filter;
		const char *want;
	} cases[] = {
		{ { .limit = 9 }, FOREIGN LATEST FAILED OTHER FIRST },
		{ { .hook = "h", .limit = 9 }, LATEST FAILED OTHER FIRST },
		{ { .hook = "h", .limit = 2 }, LATEST FAILED },
		{ { .pipeline = "p", .limit = 9 }, LATEST FAILED FIRST },
		{ { .pipeline = "Orders", .limit = 9 },
		    FOREIGN LATEST FAILED FIRST },
		{ { .pipeline = "Ord", .limit = 9 }, "" },
		{ { .open = true, .limit = 9 }, FOREIGN LATEST OTHER },
		{ { .open = true, .pipeline = "q", .limit = 9 }, OTHER },
		{ { .since = 40, .limit = 9 }, FOREIGN LATEST FAILED },
		{ { .since = 15, .hook = "h", .limit = 9 },
		    LATEST FAILED OTHER FIRST },
		{ { .hook = "h", .id = "p", .limit = 9 }, LATEST FAILED FIRST },
		{ { .hook = "h", .id = "p", .open = true, .limit = 9 },
		    LATEST },
		{ { .hook = "h", .id = "p", .since = 40, .limit = 9 },
		    LATEST FAILED },
		/* How it is shown is no identity. */
		{ { .hook = "h", .id = "Orders", .limit = 9 }, "" },
		{ { .hook = "i", .id = "p", .limit = 9 }, "" },
		{ { .limit = 0 }, "" },
	};
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h", some_runs);
	record_all(journal, "i", "60 start z x Orders");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listed listed = list_some(journal, &cases[i].filter,
		    RC_OK);

		assert_string_equal(listed.text.data, cases[i].want);
		buf_free(&listed.text);
	}
	journal_close(journal);
}

static void
runs_are_listed_in_parts(void **state)
{
	struct journal_run_filter filter = { .limit = 2 };
	struct journal *journal = open_journal();
	struct listed listed;

	(void)state;
	record_all(journal, "h", some_runs);
	listed = list_some(journal, &filter, RC_OK);
	filter.before = listed.last;
	buf_free(&listed.text);
	listed = list_some(journal, &filter, RC_OK);
	assert_string_equal(listed.text.data, OTHER FIRST);
	filter.before = listed.last;
	buf_free(&listed.text);
	listed = list_some(journal, &filter, RC_OK);
	assert_int_equal(listed.n, 0);
	buf_free(&listed.text);
	journal_close(journal);
}

static void
a_list_ends_where_it_is_not_wanted(void **state)
{
	const struct journal_run_filter filter = { .limit = 9 };
	struct journal *journal = open_journal();
	struct listed listed = { .rc = RC_SYSTEM };

	(void)state;
	record_all(journal, "h", some_runs);
	assert_int_equal(journal_runs(journal, &filter, add_run, &listed),
	    RC_SYSTEM);
	assert_int_equal(listed.n, 1);
	buf_free(&listed.text);
	journal_close(journal);
}

static void
a_damaged_run_is_left_out(void **state)
{
	const struct journal_run_filter filter = { .limit = 9 };
	struct journal *journal = open_journal();
	struct listed listed;

	(void)state;
	record_all(journal, "h", some_runs);
	execute("UPDATE runs SET outcome = 7 WHERE run = 'c'");
	listed = list_some(journal, &filter, RC_CORRUPT);
	assert_string_equal(listed.text.data, LATEST OTHER FIRST);
	buf_free(&listed.text);
	journal_close(journal);
}

/* What is open is found among many that are not. */
static void
open_runs_are_found_by_an_index(void **state)
{
	const struct journal_run_filter filter = { .open = true, .limit = 9 };
	struct journal *journal = open_journal();
	struct listed listed;
	char text[64];

	(void)state;
	for (int i = 1; i <= 400; i++) {
		snprintf(text, sizeof(text), "%d done p r%d", i, i);
		record_all(journal, "h", text);
	}
	record_all(journal, "h", "500 start q a; 501 start p b");
	work_done(journal);
	listed = list_some(journal, &filter, RC_OK);
	assert_in_range(work_done(journal), 1, 300);
	assert_int_equal(listed.n, 2);
	buf_free(&listed.text);
	journal_close(journal);
}

/* The few of one pipeline are found among the many of another. */
static void
runs_of_one_pipeline_are_found_by_an_index(void **state)
{
	struct journal_run_filter filter = { .hook = "h",
		.id = "q",
		.limit = 9 };
	struct journal *journal = open_journal();
	struct listed listed;
	char text[64];

	(void)state;
	for (int i = 1; i <= 400; i++) {
		snprintf(text, sizeof(text), "%d start p r%d", i, i);
		record_all(journal, "h", text);
	}
	record_all(journal, "h", "500 start q a; 501 done q b");
	for (int i = 0; i < 2; i++) {
		filter.open = i == 1;
		work_done(journal);
		listed = list_some(journal, &filter, RC_OK);
		assert_in_range(work_done(journal), 1, 300);
		assert_int_equal(listed.n, 2 - i);
		buf_free(&listed.text);
	}
	journal_close(journal);
}

static void
how_long_a_run_took_is_known_by_both_its_ends(void **state)
{
	static const struct {
		struct journal_run run;
		int64_t duration;
		const char *outcome;
	} cases[] = {
		{ { .began = 10, .ended = 25, .outcome = "failure" }, 15,
		    "failure" },
		{ { .began = 10, .outcome = "" }, 90, "open" },
		{ { .ended = 25, .outcome = "success" }, -1, "success" },
		{ { .began = 26, .ended = 25, .outcome = "success" }, -1,
		    "success" },
		{ { .began = 101, .outcome = "" }, -1, "open" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(journal_run_duration(&cases[i].run, 100),
		    cases[i].duration);
		assert_string_equal(journal_run_outcome(&cases[i].run),
		    cases[i].outcome);
	}
}

static enum rc
add_pipeline(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	struct listed *listed = context;

	listed->n++;
	assert_int_equal(
	    buf_printf(&listed->text,
		"%s %s=%s last %s: %lld %lld %lld %lld %lld %lld; ",
		pipeline->hook, pipeline->id, pipeline->name,
		pipeline->last.run, (long long)outcomes->success,
		(long long)outcomes->partial, (long long)outcomes->failure,
		(long long)outcomes->stopped, (long long)outcomes->unknown,
		(long long)outcomes->open),
	    RC_OK);
	return listed->rc;
}

static void
expect_pipelines(struct journal *journal, const char *hook, int64_t since,
    const char *want)
{
	const struct journal_pipeline_filter filter = {
		.hook = hook,
		.since = since,
	};
	struct listed listed = { 0 };

	assert_int_equal(buf_text(&listed.text, ""), RC_OK);
	assert_int_equal(journal_pipelines(journal, &filter, add_pipeline,
			     &listed),
	    RC_OK);
	assert_string_equal(listed.text.data, want);
	buf_free(&listed.text);
}

static void
one_pipeline_is_asked_for_by_its_identity(void **state)
{
	static const struct {
		const char *hook;
		const char *id;
		const char *want;
	} cases[] = {
		{ "h", "p", "h p=Orders last a: 1 0 0 0 0 0; " },
		{ "h", "", "h = last r: 0 0 1 0 0 0; " },
		{ "i", "p", "i p=p last : 0 0 1 0 0 0; " },
		{ "h", "Orders", "" },
		{ "j", "p", "" },
	};
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h", "10 done p a Orders; 11 fail - r");
	record_all(journal, "i", "12 fail p");
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct journal_pipeline_filter filter = {
			.hook = cases[i].hook,
			.id = cases[i].id,
			.since = 1,
		};
		struct listed listed = { 0 };

		assert_int_equal(buf_text(&listed.text, ""), RC_OK);
		assert_int_equal(journal_pipelines(journal, &filter,
				     add_pipeline, &listed),
		    RC_OK);
		assert_string_equal(listed.text.data, cases[i].want);
		buf_free(&listed.text);
	}
	journal_close(journal);
}

static void
pipelines_are_listed_by_their_names(void **state)
{
	struct journal *journal = open_journal();
	struct listed listed = { .rc = RC_SYSTEM };

	(void)state;
	record_all(journal, "i", "5 done a a");
	record_all(journal, "h",
	    "10 done p a Orders; 11 done p b; 12 partly p c; 13 fail p d;"
	    "14 stop p e; 15 start p; 16 start p; 17 done b - Zeta;"
	    "18 start - r");
	expect_pipelines(journal, NULL, 0,
	    "h = last r: 0 0 0 0 0 0; h p=Orders last : 0 0 0 0 0 0; "
	    "h b=Zeta last : 0 0 0 0 0 0; i a=a last a: 0 0 0 0 0 0; ");
	expect_pipelines(journal, "h", 1,
	    "h = last r: 0 0 0 0 0 1; h p=Orders last : 2 1 1 1 1 1; "
	    "h b=Zeta last : 1 0 0 0 0 0; ");
	expect_pipelines(journal, "h", 13,
	    "h = last r: 0 0 0 0 0 1; h p=Orders last : 0 0 1 1 1 1; "
	    "h b=Zeta last : 1 0 0 0 0 0; ");
	expect_pipelines(journal, "other", 0, "");
	assert_int_equal(journal_pipelines(journal,
			     &(struct journal_pipeline_filter){ 0 },
			     add_pipeline, &listed),
	    RC_SYSTEM);
	assert_int_equal(listed.n, 1);
	buf_free(&listed.text);
	journal_close(journal);
}

/* What it costs to count a hook's runs since a time, after so many before it. */
static int64_t
counting_after(struct journal *journal, const char *hook, int runs)
{
	const struct journal_pipeline_filter filter = {
		.hook = hook,
		.since = 1000,
	};
	struct listed listed = { 0 };
	char text[64];
	int64_t work;

	for (int i = 1; i <= runs; i++) {
		snprintf(text, sizeof(text), "%d start p r%d; %d done p r%d", i,
		    i, i + 1, i);
		record_all(journal, hook, text);
	}
	record_all(journal, hook,
	    "999 start p x; 1000 done p x; 1001 start p y");
	(void)work_done(journal);
	assert_int_equal(journal_pipelines(journal, &filter, add_pipeline,
			     &listed),
	    RC_OK);
	work = work_done(journal);
	snprintf(text, sizeof(text), "%s p=p last y: 1 0 0 0 0 1; ", hook);
	assert_string_equal(listed.text.data, text);
	buf_free(&listed.text);
	return work;
}

static void
runs_that_were_over_before_are_not_looked_at(void **state)
{
	struct journal *journal = open_journal();
	int64_t few = counting_after(journal, "h", 30);

	(void)state;
	assert_in_range(counting_after(journal, "i", 300), few / 2,
	    few + few / 2);
	journal_close(journal);
}

static enum rc
add_brief(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	struct listed *listed = context;

	assert_int_equal(buf_printf(&listed->text, "%s %zu %lld; ",
			     pipeline->id, pipeline->durations_n,
			     (long long)outcomes->success),
	    RC_OK);
	return RC_OK;
}

static void
of_many_only_how_they_are_is_looked_up(void **state)
{
	static const char *const want[] = { "a 1 1; b 1 1; ",
		"a 0 0; b 1 0; " };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "10 start a; 20 done a; 10 start b; 20 done b; 30 start b");
	for (int brief = 0; brief <= 1; brief++) {
		const struct journal_pipeline_filter filter = {
			.since = 1,
			.brief = brief == 1,
		};
		struct listed listed = { 0 };

		assert_int_equal(journal_pipelines(journal, &filter, add_brief,
				     &listed),
		    RC_OK);
		assert_string_equal(listed.text.data, want[brief]);
		buf_free(&listed.text);
	}
	journal_close(journal);
}

static const char sql_mutes[] =
    "SELECT hook || ' ' || pipeline || ' ' || until FROM mutes"
    " UNION ALL SELECT hook || ' ' || muted FROM watches ORDER BY 1";

static void
expect_mute(struct journal *journal, const struct journal_mute *mute,
    int64_t count, const char *want)
{
	int64_t got = -1;

	assert_int_equal(journal_set_mute(journal, mute, &got),
	    count == 0 ? RC_MISSING : RC_OK);
	assert_int_equal(got, count);
	assert_int_equal(case_rows("mutes", sql_mutes, want), 0);
}

static void
pipelines_and_hooks_are_muted(void **state)
{
	static const char *const hooks[] = { "h", "k" };
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h", "1 done p a Orders; 2 done q b");
	record_all(journal, "i", "1 done q a");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "Orders", .until = 50 }, 1,
	    "h p 50; ");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "q", .until = 60 }, 2,
	    "h p 50; h q 60; i q 60; ");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "q", .hook = "i" }, 1,
	    "h p 50; h q 60; ");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "z", .until = 60 }, 0,
	    "h p 50; h q 60; ");
	expect_mute(journal, &(struct journal_mute){ .hook = "i", .until = 70 },
	    1, "h p 50; h q 60; i 70; ");
	expect_mute(journal,
	    &(struct journal_mute){ .hooks = hooks,
		.hooks_len = 2,
		.until = 80 },
	    2, "h 80; h p 50; h q 60; i 70; k 80; ");
	/* It holds though the pipeline is taken out. */
	record_all(journal, "h", "3 remove q b");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "z", .until = 60 }, 0,
	    "h 80; h p 50; h q 60; i 70; k 80; ");
	expect_mute(journal,
	    &(struct journal_mute){ .pipeline = "q", .hook = "h" }, 1,
	    "h 80; h p 50; i 70; k 80; ");
	/* To be told again is said of all that the hooks have. */
	expect_mute(journal,
	    &(struct journal_mute){ .hooks = hooks, .hooks_len = 2 }, 2,
	    "h 0; i 70; k 0; ");
	expect_mute(journal, &(struct journal_mute){ .until = 90 }, 0,
	    "h 0; i 70; k 0; ");
	journal_close(journal);
}

/* PIPELINE KIND told: due. */
static const char sql_judgements[] =
    "SELECT hook || ' ' || pipeline || ' ' || kind || ' ' || due"
    " FROM judgements ORDER BY 1";
static const char some_judgements[] =
    "DELETE FROM judgements;"
    "INSERT INTO judgements VALUES('h', 'p', 0, 0, 1, 1, 0, 0, 0, 0, 9);"
    "INSERT INTO judgements VALUES('h', 'p', 1, 0, 1, 1, 0, 0, 5, 0, 9);"
    "INSERT INTO judgements VALUES('h', 'p', 2, 3, 1, 1, 0, 0, 5, 7, 9);"
    "INSERT INTO judgements VALUES('h', '', 3, 0, 1, 1, 0, 0, 0, 0, 9);"
    "INSERT INTO judgements VALUES('h', '', 0, 0, 1, 1, 0, 0, 0, 0, 9);"
    "INSERT INTO judgements VALUES('i', 'p', 0, 0, 1, 1, 0, 0, 0, 0, 9)";

static void
what_a_mute_put_off_is_told_when_it_is_taken_back(void **state)
{
	struct journal *journal = open_journal();
	struct journal_mute mute = { .hook = "h", .pipeline = "p", .until = 9 };
	int64_t count;

	(void)state;
	record_all(journal, "h", "1 start p a; 2 start - b");
	record_all(journal, "i", "1 start p a");
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	execute(some_judgements);
	/* It waits for others, or for its reminder. */
	execute("UPDATE judgements SET due = 8 WHERE kind = 2");
	mute.until = 0;
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	assert_int_equal(case_rows("pipeline", sql_judgements,
			     "h  0 9; h  3 9; h p 0 0; h p 1 0; h p 2 8; "
			     "i p 0 9; "),
	    0);
	mute = (struct journal_mute){ .hook = "h", .until = 9 };
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	mute.until = 0;
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	assert_int_equal(case_rows("hook", sql_judgements,
			     "h  0 0; h  3 0; h p 0 0; h p 1 0; h p 2 8; "
			     "i p 0 9; "),
	    0);
	journal_close(journal);
}

static void
a_pipeline_is_forgotten_until_it_is_seen_again(void **state)
{
	struct journal *journal = open_journal();
	int64_t count = -1;

	(void)state;
	record_all(journal, "h",
	    "10 start p a Orders; 20 done p a; 30 start p b; 31 done q q;"
	    "32 start - r");
	record_all(journal, "i", "10 start p a Orders");
	execute(some_judgements);
	assert_int_equal(journal_forget(journal, "h", "Orders", 50, &count),
	    RC_OK);
	assert_int_equal(count, 1);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 10-20 success; p/b 30-50 unknown; "
			     "q/q 0-31 success; /r 32-0; p/a 10-0; "),
	    0);
	assert_int_equal(case_rows("pipelines", sql_pipelines,
			     "() 32-32 0; q(q) 31-31 31; "
			     "p(Orders) 10-10 0; "),
	    0);
	assert_int_equal(case_rows("successes", sql_successes, "q 31; "), 0);
	assert_int_equal(case_rows("judgements", sql_judgements,
			     "h  0 9; h  3 9; i p 0 9; "),
	    0);
	assert_int_equal(journal_forget(journal, "h", "Orders", 60, &count),
	    RC_MISSING);
	assert_int_equal(count, 0);
	/* That of which nothing is known goes, the hook stays. */
	assert_int_equal(journal_forget(journal, "h", "", 60, &count), RC_OK);
	assert_int_equal(case_rows("judgements", sql_judgements,
			     "h  3 9; i p 0 9; "),
	    0);
	record_all(journal, "h", "70 done p b");
	assert_int_equal(journal_forget(journal, NULL, "p", 80, &count), RC_OK);
	assert_int_equal(count, 2);
	assert_int_equal(case_rows("pipelines", sql_pipelines,
			     "q(q) 31-31 31; "),
	    0);
	journal_close(journal);
}

static const struct {
	const char *table;
	const char *columns[12];
} damageable[] = {
	{ "runs",
	    { "hook", "pipeline", "run", "began", "ended", "event", "outcome",
		"first", "last" } },
	{ "pipelines",
	    { "hook", "id", "name", "first", "seen", "success", "failures",
		"failed", "failure", "due" } },
	{ "mutes", { "hook", "pipeline", "until" } },
	{ "successes", { "hook", "pipeline", "time" } },
	{ "watches", { "hook", "anew", "muted" } },
};

static const char *const anything[] = { "x'00'", "'x'", "''", "-1", "1e300",
	"9223372036854775807", "char(27)", "zeroblob(300)",
	"hex(zeroblob(300))" };

static unsigned
expect_sound(const char *what, enum rc rc)
{
	return rc == RC_OK || rc == RC_CORRUPT || rc == RC_MISSING ?
	    0 :
	    case_rc(what, rc, RC_CORRUPT);
}

/* All calls that read what is stored of runs. */
static unsigned
use_all(const char *what)
{
	const struct journal_run_filter filter = { .limit = 9 };
	const struct journal_mute mute = { .pipeline = "p", .until = 7 };
	struct journal_purge purge = { 0 };
	struct journal *journal = open_journal();
	struct listed listed = { 0 };
	unsigned wrong = 0;
	int64_t count;
	enum rc rc = RC_OK;

	assert_int_equal(buf_text(&listed.text, ""), RC_OK);
	wrong += expect_sound(what,
	    journal_runs(journal, &filter, add_run, &listed));
	wrong += expect_sound(what,
	    journal_pipelines(journal,
		&(struct journal_pipeline_filter){ .since = 1 }, add_pipeline,
		&listed));
	/* Events are recorded all the same. */
	record_all(journal, "h",
	    "50 start p a; 60 done p a; 70 start p; 80 fail p; 90 fail - b;"
	    "95 start q z; 96 remove q");
	wrong += expect_sound(what, journal_set_mute(journal, &mute, &count));
	do
		rc = journal_purge_step(journal, &purge, 100LL * 86400000);
	while (rc == RC_OK && purge.more);
	wrong += expect_sound(what, rc);
	wrong += expect_sound(what,
	    journal_forget(journal, NULL, "p", 99, &count));
	buf_free(&listed.text);
	journal_close(journal);
	return wrong;
}

static unsigned
damage_one(const char *table, const char *column, const char *value)
{
	struct journal *journal = open_journal();
	char statement[128];
	unsigned wrong;

	record_all(journal, "h",
	    "10 start p a Orders; 20 done p a; 30 start p b; 40 fail q c");
	journal_close(journal);
	execute("INSERT INTO watches VALUES('h', '', 0, 0, 0, 0)");
	snprintf(statement, sizeof(statement),
	    "UPDATE OR IGNORE %s SET %s = %s", table, column, value);
	execute(statement);
	wrong = use_all(statement);
	remove_journal();
	return wrong;
}

static void
whatever_is_stored_can_be_used(void **state)
{
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	only_of_a_file();
	for (size_t i = 0; i < COUNT(damageable); i++)
		for (size_t j = 0; damageable[i].columns[j] != NULL; j++)
			for (size_t k = 0; k < 2; k++)
				wrong += damage_one(damageable[i].table,
				    damageable[i].columns[j],
				    anything[(i + j + 4 * k) %
					COUNT(anything)]);
	log_close();
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runs_are_listed_newest_first),
		TEST(runs_are_listed_in_parts),
		TEST(a_list_ends_where_it_is_not_wanted),
		TEST(a_damaged_run_is_left_out),
		TEST(open_runs_are_found_by_an_index),
		TEST(runs_of_one_pipeline_are_found_by_an_index),
		cmocka_unit_test(how_long_a_run_took_is_known_by_both_its_ends),
		TEST(one_pipeline_is_asked_for_by_its_identity),
		TEST(pipelines_are_listed_by_their_names),
		TEST(runs_that_were_over_before_are_not_looked_at),
		TEST(of_many_only_how_they_are_is_looked_up),
		TEST(pipelines_and_hooks_are_muted),
		TEST(what_a_mute_put_off_is_told_when_it_is_taken_back),
		TEST(a_pipeline_is_forgotten_until_it_is_seen_again),
		TEST(whatever_is_stored_can_be_used),
	};

	return cmocka_run_group_tests_name("pipelines", tests, NULL, NULL);
}
