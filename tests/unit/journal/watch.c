/* SPDX-License-Identifier: ISC */
#include "../runs.h"

/* What judging goes by: what is counted of a hook beside the journal, and
 * whether it is watched at all. */

#define MINUTE INT64_C(60000)

static const int64_t nine = INT64_C(1772442000000);

/* Who watches h, silent after ten minutes. */
struct guard {
	struct journal *journal;
	struct journal_counted counted;
	int64_t next;
	unsigned asked;
	unsigned silent; /* it was told */
	unsigned over;
	bool watches;
};

static void
judge(void *context, const struct journal_pipeline *pipeline, int64_t at,
    struct journal_judgement *judgement)
{
	(void)context;
	(void)pipeline;
	(void)at;
	*judgement = (struct journal_judgement){ .next = CLOCK_NEVER };
}

static void
count(void *context, struct journal_counted *counted)
{
	struct guard *guard = context;

	guard->asked++;
	*counted = guard->counted;
}

static void
judge_hook(void *context, int64_t event, int64_t anew, int64_t at,
    struct journal_judgement *judgement)
{
	int64_t since = (event > anew ? event : anew) + 10 * MINUTE;

	(void)context;
	*judgement = (struct journal_judgement){
		.watched = 1U << JOURNAL_SILENT,
		.next = event != 0 && since > at ? since : CLOCK_NEVER,
		.n = event != 0 && since <= at,
		.list = { { .alarm = JOURNAL_SILENT, .since = since } },
	};
}

static enum rc
tell(void *context, const struct journal_change_told *list, size_t n,
    struct journal_telling *telling)
{
	struct guard *guard = context;
	struct sample sample;

	assert_int_equal(n, 1);
	guard->silent += !list->recovered;
	guard->over += list->recovered;
	fill_sample(&sample, "h", guard->silent + guard->over);
	telling->receipt = sample.receipt;
	telling->entry = sample.entry;
	telling->entry.receipt = &telling->receipt;
	telling->entry.event = "pelihook.hook_silent";
	telling->entry.subject = &telling->subject;
	telling->entry.body = bytes_of("{}");
	telling->entry.routes_len = 0;
	return RC_OK;
}

/* Until there is nothing to do for now. */
static void
look(struct guard *guard, int64_t at)
{
	const struct journal_watcher watcher = {
		.judge = judge,
		.event = count,
		.judge_hook = judge_hook,
		.remind = never_again,
		.tell = tell,
		.context = guard,
	};
	const struct journal_watch watch = watch_h(&watcher);
	unsigned steps = 0;

	do
		assert_int_equal(journal_watch_step(guard->journal, &watch, at,
				     &guard->next),
		    RC_OK);
	while (guard->next <= at && ++steps < 10);
	assert_true(guard->next > at);
}

static void
begin(struct guard *guard)
{
	*guard = (struct guard){
		.journal = open_lane(),
		.counted = { .known = true, .event = nine },
	};
	look(guard, nine + MINUTE);
}

static void
a_hook_is_silent_by_what_was_counted(void **state)
{
	struct guard guard;

	(void)state;
	only_of_a_file();
	begin(&guard);
	look(&guard, nine + 11 * MINUTE - 1);
	assert_int_equal(guard.silent, 0);
	look(&guard, nine + 11 * MINUTE);
	assert_int_equal(guard.silent, 1);
	guard.counted.event = nine + 12 * MINUTE;
	look(&guard, nine + 13 * MINUTE);
	assert_int_equal(guard.over, 1);
	journal_close(guard.journal);
}

/* What came there is known here a minute or two later. */
static void
what_came_to_another_machine_is_waited_for(void **state)
{
	struct journal_last_event last = { "h", nine + 10 * MINUTE };
	struct guard guard;

	(void)state;
	if (journal_server() == NULL)
		skip();
	begin(&guard);
	look(&guard, nine + 11 * MINUTE);
	assert_int_equal(guard.next, nine + 13 * MINUTE);
	assert_int_equal(journal_note_last_events(guard.journal, &last, 1),
	    RC_OK);
	look(&guard, nine + 13 * MINUTE);
	assert_int_equal(guard.silent, 0);
	look(&guard, nine + 22 * MINUTE - 1);
	assert_int_equal(guard.silent, 0);
	look(&guard, nine + 22 * MINUTE);
	assert_int_equal(guard.silent, 1);
	last.time = nine + 23 * MINUTE;
	assert_int_equal(journal_note_last_events(guard.journal, &last, 1),
	    RC_OK);
	look(&guard, nine + 24 * MINUTE);
	assert_int_equal(guard.over, 1);
	journal_close(guard.journal);
}

static void
where_counting_began_later_silence_does_too(void **state)
{
	struct guard guard;

	(void)state;
	only_of_a_file();
	begin(&guard);
	guard.counted = (struct journal_counted){ .known = true,
		.since = nine + 8 * MINUTE };
	look(&guard, nine + 17 * MINUTE);
	assert_int_equal(guard.silent, 0);
	assert_int_equal(guard.next, nine + 18 * MINUTE);
	look(&guard, nine + 18 * MINUTE);
	assert_int_equal(guard.silent, 1);
	assert_int_equal(case_rows("since", "SELECT since FROM judgements",
			     "1772443080000; "),
	    0);
	/* That it begins once more is no event. */
	guard.counted.since = nine + 20 * MINUTE;
	look(&guard, nine + 21 * MINUTE);
	assert_int_equal(guard.over, 0);
	/* And no event is noted that there was not. */
	assert_int_equal(query("SELECT event FROM watches"), nine);
	journal_close(guard.journal);
}

static void
what_cannot_be_known_is_neither_found_nor_over(void **state)
{
	struct guard guard;

	(void)state;
	begin(&guard);
	guard.counted = (struct journal_counted){ .known = false };
	look(&guard, nine + 15 * MINUTE);
	assert_int_equal(guard.silent, 0);
	/* It is asked again soon, and not at once. */
	assert_true(guard.next <= nine + 16 * MINUTE);
	guard.counted.known = true;
	look(&guard, nine + 16 * MINUTE);
	assert_int_equal(guard.silent, 1);
	guard.counted.known = false;
	look(&guard, nine + 17 * MINUTE);
	look(&guard, nine + 40 * MINUTE);
	assert_int_equal(guard.over, 0);
	guard.counted.known = true;
	look(&guard, nine + 41 * MINUTE);
	assert_int_equal(guard.silent + guard.over, 1);
	journal_close(guard.journal);
}

static void
the_first_event_is_noted_at_once(void **state)
{
	struct guard guard = { .journal = open_lane(),
		.counted = { .known = true } };

	(void)state;
	look(&guard, nine);
	assert_int_equal(query("SELECT event FROM watches"), 0);
	guard.counted.event = nine + 1;
	look(&guard, nine + 2);
	assert_int_equal(query("SELECT event FROM watches"), nine + 1);
	journal_close(guard.journal);
}

/* ---- What is not watched any more --------------------------------------- */

static bool
watches(void *context, const char *hook)
{
	const struct guard *guard = context;

	return guard->watches || strcmp(hook, "h") != 0;
}

static const char sql_known[] =
    "SELECT (SELECT count(*) FROM judgements WHERE hook = 'h') || ' ' ||"
    " (SELECT count(*) FROM judgements WHERE hook = 'other') || ' ' ||"
    " (SELECT count(*) FROM watches WHERE settings <> '') || ' ' ||"
    " (SELECT muted FROM watches WHERE hook = 'h')";

static void
expect_known(const char *want)
{
	assert_int_equal(case_rows("known", sql_known, want), 0);
}

static void
end_some(struct guard *guard, const struct journal_rules *rules, size_t n)
{
	const struct journal_watched watched = { rules, n, watches, guard };

	assert_int_equal(journal_watch_end(guard->journal, &watched), RC_OK);
}

/* What is known of h and of another hook. */
static void
know(struct guard *guard)
{
	begin(guard);
	look(guard, nine + 11 * MINUTE);
	execute("UPDATE watches SET muted = 7");
	execute("INSERT INTO watches(hook, settings, judged, anew, event,"
		" muted) VALUES('other', 'x', 1, 1, 1, 0)");
	execute("INSERT INTO judgements(hook, pipeline, kind, run, since,"
		" found, expected, usual, told, over, due)"
		" VALUES('other', 'p', 0, 0, 1, 0, 0, 0, 1, 0, 9)");
	expect_known("1 1 2 7; ");
}

static void
of_a_hook_that_is_not_watched_any_more_nothing_is_known(void **state)
{
	struct guard guard;

	(void)state;
	only_of_a_file();
	know(&guard);
	end_some(&guard, &of_h, 1);
	expect_known("0 1 1 7; ");
	assert_int_equal(guard.over, 0);
	/* And all is judged anew once it is. */
	look(&guard, nine + 12 * MINUTE);
	expect_known("1 1 2 7; ");
	assert_int_equal(guard.silent, 2);
	journal_close(guard.journal);
}

static int
note_commit(void *context)
{
	++*(unsigned *)context;
	return 0;
}

static void
where_nothing_is_to_end_nothing_is_written(void **state)
{
	struct guard guard;
	unsigned commits = 0;

	(void)state;
	only_of_a_file();
	know(&guard);
	sqlite3_commit_hook(guard.journal->db, note_commit, &commits);
	guard.watches = true;
	end_some(&guard, &of_h, 1);
	assert_int_equal(commits, 0);
	guard.watches = false;
	end_some(&guard, &of_h, 1);
	assert_int_equal(commits, 1);
	end_some(&guard, &of_h, 1);
	assert_int_equal(commits, 1);
	journal_close(guard.journal);
}

static void
who_cannot_say_so_ends_nothing(void **state)
{
	static const struct journal_rules none_of_ours[] = {
		{ .hook = "another" },
		{ .hook = "h", .foreign = true },
	};
	static const struct journal_rules older = { .hook = "h",
		.digest = "older",
		.routing = sample_routing };
	struct guard guard;

	(void)state;
	only_of_a_file();
	know(&guard);
	end_some(&guard, none_of_ours, 2);
	end_some(&guard, &older, 1);
	end_some(&guard, NULL, 0);
	expect_known("1 1 2 7; ");
	journal_close(guard.journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hook_is_silent_by_what_was_counted),
		TEST(what_came_to_another_machine_is_waited_for),
		TEST(where_counting_began_later_silence_does_too),
		TEST(what_cannot_be_known_is_neither_found_nor_over),
		TEST(the_first_event_is_noted_at_once),
		TEST(of_a_hook_that_is_not_watched_any_more_nothing_is_known),
		TEST(where_nothing_is_to_end_nothing_is_written),
		TEST(who_cannot_say_so_ends_nothing),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
