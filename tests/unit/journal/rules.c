/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"

static struct journal_rules
note(struct journal *journal, const char *hook, const char *digest,
    int64_t time)
{
	struct journal_rules rules = {
		.hook = hook,
		.digest = digest,
		.time = time,
		.keep = time,
	};

	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	return rules;
}

static void
the_rules_of_the_newest_file_are_noted(void **state)
{
	static const struct {
		const char *digest;
		int64_t time;
		bool older;
		const char *noted; /* by then, with time and keep */
	} cases[] = {
		{ "a", 5, false, "a 5 5" },
		{ "a", 3, false, "a 5 5" },
		{ "b", 4, true, "a 5 5" },
		{ "b", 5, true, "a 5 5" },
		{ "a", 6, false, "a 6 6" },
		{ "b", 7, false, "b 7 7" },
		{ "a", 6, true, "b 7 7" },
		{ "a", INT64_MAX, false,
		    "a 9223372036854775807 9223372036854775807" },
	};
	struct journal *journal = open_lane();
	struct journal_rules rules;
	unsigned failed = 0;

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal_reader reader = { .journal = journal };

		rules = (struct journal_rules){
			.hook = "h",
			.digest = cases[i].digest,
			.time = cases[i].time,
			.keep = cases[i].time,
		};
		assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
		failed += case_number(cases[i].noted, rules.older,
		    cases[i].older);
		reader.row = journal_query(journal,
		    "SELECT digest || ' ' ||"
		    " time || ' ' || keep FROM rules WHERE hook = 'h'",
		    NO_VALUES);
		assert_true(journal_next(journal, reader.row));
		failed += case_text(cases[i].noted,
		    journal_text(&reader, 0, JOURNAL_TEXT_NOTE),
		    cases[i].noted);
		journal_end_query(reader.row);
	}
	assert_int_equal(failed, 0);
	journal_close(journal);
}

/* The rules that a machine notes then, whatever its file's time is. */
static struct journal_rules
note_with(struct journal *journal, const char *digest)
{
	struct journal_rules rules = {
		.hook = "h",
		.digest = digest,
		.time = digest[0] == 'o' ? INT64_MAX : 1,
	};

	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	return rules;
}

static enum rc
add_hooks(void *context, const struct journal_runner *runner)
{
	assert_true(runner->machine[0] != '\0');
	assert_int_equal(runner->pid, getpid());
	return buf_printf(context, "%.8s ", runner->hooks);
}

static int64_t
runners_with_hooks(struct journal *journal)
{
	struct buf text = { 0 };
	size_t n;

	assert_int_equal(journal_runners(journal, add_hooks, &text), RC_OK);
	n = text.len / 9;
	buf_free(&text);
	return (int64_t)n;
}

/* A change goes from one machine to the next, and is taken back. */
static void
machines_clocks_do_not_tell_which_rules_are_newer(void **state)
{
	struct journal *first;
	struct journal *second;

	(void)state;
	if (journal_server() == NULL)
		skip();
	first = open_journal();
	second = open_journal();
	assert_false(note_with(first, "old").older);
	assert_false(note_with(second, "old").disputed);
	assert_int_equal(runners_with_hooks(first), 2);
	/* What came later counts, though its file is older. */
	assert_false(note_with(second, "new").older);
	assert_true(note_with(second, "new").disputed);
	assert_true(note_with(first, "old").older);
	assert_true(note_with(first, "old").disputed);
	/* A machine that is started anew with what it had. */
	journal_close(first);
	assert_false(note_with(second, "new").disputed);
	first = open_journal();
	assert_true(note_with(first, "old").older);
	/* Taken back: once nobody has the new ones they do not count. */
	assert_false(note_with(second, "old").older);
	assert_false(note_with(first, "old").older);
	assert_false(note_with(first, "old").disputed);
	assert_false(note_with(second, "old").disputed);
	journal_close(second);
	assert_int_equal(runners_with_hooks(first), 1);
	journal_close(first);
}

/* One that runs nothing has a say as well. */
static void
who_runs_nothing_tells_its_hooks(void **state)
{
	const struct journal_rules rules = { .hook = "h", .digest = "other" };
	struct journal *first = open_journal();
	struct journal *second = open_journal();
	bool shared = journal_server() != NULL;

	(void)state;
	assert_int_equal(journal_tell_hooks(second, &rules, 1), RC_OK);
	assert_int_equal(journal_tell_hooks(second, &rules, 1), RC_OK);
	assert_int_equal(runners_with_hooks(second), shared ? 1 : 0);
	assert_int_equal(note_with(first, "old").disputed, shared);
	journal_close(second);
	assert_false(note_with(first, "old").disputed);
	journal_close(first);
}

static void
rules_are_compared_hook_by_hook(void **state)
{
	struct journal *journal = open_lane();
	struct journal_rules rules[] = {
		{ .hook = "a", .digest = "1", .time = 3 },
		{ .hook = "b", .digest = "1", .time = 3 },
		{ .hook = "c", .digest = "1", .time = 3 },
	};

	(void)state;
	only_of_a_file();
	note(journal, "a", "2", 2);
	note(journal, "b", "2", 4);
	assert_int_equal(journal_note_rules(journal, rules, COUNT(rules)),
	    RC_OK);
	assert_false(rules[0].older);
	assert_true(rules[1].older);
	assert_int_equal(rules[1].noted, 4);
	assert_false(rules[2].older);
	assert_int_equal(journal_number(journal, 0,
			     "SELECT count(*) FROM rules WHERE digest = '1'",
			     NO_VALUES),
	    2);
	journal_close(journal);
}

static void
what_others_noted_newer_rules_of_is_not_claimed(void **state)
{
	static const struct journal_rules rules[] = {
		{ .hook = "h", .digest = "ours" },
		{ .hook = "i", .digest = "ours" },
	};
	static const struct journal_limit limit[] = { { 1, 1, 1, &rules[0] },
		{ 2, 1, 1, &rules[1] } };
	static const struct journal_limits ours = { limit, 1, rules, 2 };
	static const struct journal_limits both = { limit, 2, rules, 2 };
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	int64_t due = 0;

	(void)state;
	only_of_a_file();
	note_hook(journal, "i");
	note(journal, "i", "ours", 1);
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	append_sample(journal, "i", 3, "");
	expect_nothing(journal, &ours);
	note(journal, "h", "ours", 1);
	expect(journal, &ours, 1, JOURNAL_FINISH);
	assert_int_equal(journal_next_due(journal, &ours, now(), &due), RC_OK);
	assert_true(due <= now());
	note(other, "h", "theirs", 2);
	expect_nothing(journal, &ours);
	assert_int_equal(journal_next_due(journal, &ours, now(), &due), RC_OK);
	assert_int_equal(due, CLOCK_NEVER);
	expect(journal, &both, 3, JOURNAL_FINISH);
	expect_nothing(journal, &both);
	assert_true(note(journal, "h", "ours", 2).older);
	expect_nothing(journal, &ours);
	assert_false(note(journal, "h", "ours", 3).older);
	expect(journal, &ours, 2, JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

/* What is noted of h: its routing, and how far a move has to go. */
static void
expect_routing(struct journal *journal, const char *routing, int64_t move_to)
{
	struct journal_reader reader = {
		.journal = journal,
		.row = journal_query(journal,
		    "SELECT routing, moved, move_to FROM rules WHERE hook = 'h'",
		    NO_VALUES),
	};

	assert_true(journal_next(journal, reader.row));
	assert_string_equal(journal_text(&reader, 0, JOURNAL_TEXT_NOTE),
	    routing);
	assert_int_equal(journal_int(&reader, 1, JOURNAL_IS_ANY), 0);
	assert_int_equal(journal_int(&reader, 2, JOURNAL_IS_ANY), move_to);
	journal_end_query(reader.row);
}

static void
another_routing_is_noted_with_what_it_has_to_move(void **state)
{
	static const struct {
		const char *digest;
		const char *routing;
		int64_t time;
		const char
		    *before; /* something that others do first, or NULL */
		const char *noted;
		int64_t move_to;
		bool older;
	} cases[] = {
		{ "a", "r", 5, NULL, "r", 1, false },
		{ "a", "r", 6, NULL, "r", 1, false },
		{ "b", "r", 7, NULL, "r", 1, false },
		{ "c", "s", 8, NULL, "s", 4, false },
		/* Never over those of a newer file. */
		{ "a", "r", 7, NULL, "s", 4, true },
		{ "c", "r", 7, NULL, "s", 4, true },
		/* An earlier release noted none, of whatever file. */
		{ "c", "r", 7, "UPDATE rules SET routing = ''", "r", 7, false },
		{ "c", "r", 7, "UPDATE rules SET routing = x'00', time = 7",
		    "r", 8, false },
		{ "c", "r", 7, "DELETE FROM lanes WHERE key = 'two'", "r", 9,
		    false },
		{ "c", "r", 7, "DELETE FROM rules", "r", 10, false },
	};
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal_lane lanes[] = { { .key = "one" },
			{ .key = "two" } };
		struct journal_rules rules = {
			.hook = "h",
			.digest = cases[i].digest,
			.routing = cases[i].routing,
			.lanes = lanes,
			.lanes_len = 2,
			.time = cases[i].time,
		};

		append_sample(journal, "h", 1, "");
		if (cases[i].before != NULL) {
			journal_close(journal);
			execute(cases[i].before);
			journal = open_journal();
		}
		for (int n = 0; n < 2; n++) {
			assert_int_equal(journal_note_rules(journal, &rules, 1),
			    RC_OK);
			assert_int_equal(rules.older, cases[i].older);
			assert_int_equal(lanes[0].id != 0, !cases[i].older);
			assert_int_equal(lanes[1].id != 0, !cases[i].older);
			expect_routing(journal, cases[i].noted,
			    cases[i].move_to);
		}
	}
	journal_close(journal);
}

static void
a_hook_that_is_given_away_is_moved_by_its_new_file(void **state)
{
	struct journal_lane lane = { .key = sample_lane };
	struct journal_rules rules = old_rules("h", &lane, 1);
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	rules.file = "/first";
	rules.queues = true;
	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	assert_int_equal(lane.id, 1);
	append_sample(journal, "h", 1, "");
	rules.file = "/second";
	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	assert_true(rules.foreign);
	assert_int_equal(lane.id, 0);
	assert_int_equal(journal_source_change(journal, "h", "/first",
			     "/second"),
	    RC_OK);
	expect_routing(journal, "", 0);
	rules.time = 1;
	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	assert_int_equal(lane.id, 1);
	expect_routing(journal, sample_routing, 1);
	journal_close(journal);
}

static void
purge_at(struct journal *journal, const struct journal_keep *keep, int64_t days)
{
	struct journal_purge purge = {
		.keeps = keep,
		.n = keep != NULL,
		.time = 1,
	};

	purge_all(journal, &purge, now() + days * 24 * 3600000LL);
}

static void
noted_rules_say_how_long_a_hook_keeps(void **state)
{
	static const int64_t day = 24 * 3600000LL;
	static const struct journal_keep keep = { "h", 200 * 24 * 3600000LL,
		CLOCK_NEVER };
	static const struct journal_keep less = { "h", 24 * 3600000LL,
		CLOCK_NEVER };
	struct journal_rules rules[] = {
		{ .hook = "h", .digest = "1", .time = 1, .keep = 100 * day },
		{ .hook = "other", .digest = "1", .time = 1, .keep = day },
		{ .hook = "odd", .digest = "1", .time = 1, .keep = -1 },
	};
	struct journal *journal = open_lane();

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_note_rules(journal, rules, COUNT(rules)),
	    RC_OK);
	purge_at(journal, NULL, 99);
	expect_counts(journal, "h done 1 ");
	/* Whoever names the hook decides, until a newer file does. */
	purge_at(journal, &keep, 199);
	expect_counts(journal, "h done 1 ");
	rules[0].time = 2;
	assert_int_equal(journal_note_rules(journal, rules, 1), RC_OK);
	purge_at(journal, &less, 99);
	expect_counts(journal, "h done 1 ");
	purge_at(journal, NULL, 101);
	expect_counts(journal, "");
	journal_close(journal);
}

/* However new the other file is, and whatever it says. */
static void
the_hook_of_another_file_is_kept_by_its_own_rules(void **state)
{
	static const int64_t day = 24 * 3600000LL;
	static const struct journal_keep less = { "h", 1, 1 };
	struct journal_rules rules[] = {
		{ .hook = "h",
		    .digest = "1",
		    .time = 1,
		    .keep = 100 * day,
		    .file = "/first",
		    .queues = true },
		{ .hook = "h",
		    .digest = "2",
		    .time = 9,
		    .keep = 1,
		    .file = "/second",
		    .queues = true },
	};
	struct journal_purge purge = {
		.keeps = &less,
		.n = 1,
		.time = 9,
		.file = "/second",
	};
	struct journal *journal = open_lane();

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(journal_note_rules(journal, &rules[i], 1),
		    RC_OK);
		assert_int_equal(rules[i].foreign, i == 1);
	}
	assemble_all(journal);
	assert_int_equal(journal_purge_step(journal, &purge, now() + 99 * day),
	    RC_OK);
	expect_counts(journal, "h done 1 ");
	/* It is left to the second: from then on its rules are the newer. */
	assert_int_equal(journal_source_change(journal, "h", "/first",
			     "/second"),
	    RC_OK);
	assert_int_equal(journal_note_rules(journal, &rules[1], 1), RC_OK);
	assert_false(rules[1].foreign);
	assert_false(rules[1].older);
	purge.phase = 0;
	purge.from = 0;
	assert_int_equal(journal_purge_step(journal, &purge, now() + 99 * day),
	    RC_OK);
	expect_counts(journal, "");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_rules_of_the_newest_file_are_noted),
		TEST(machines_clocks_do_not_tell_which_rules_are_newer),
		TEST(who_runs_nothing_tells_its_hooks),
		TEST(rules_are_compared_hook_by_hook),
		TEST(what_others_noted_newer_rules_of_is_not_claimed),
		TEST(another_routing_is_noted_with_what_it_has_to_move),
		TEST(a_hook_that_is_given_away_is_moved_by_its_new_file),
		TEST(noted_rules_say_how_long_a_hook_keeps),
		TEST(the_hook_of_another_file_is_kept_by_its_own_rules),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
