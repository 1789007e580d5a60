/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "config/conf.h"
#include "watch/pipeline_list.h"

/* The hooks h, which watches, and i, which watches nothing. */
static struct hook hooks[] = {
	{ .name = "h", .watch = { .on = true, .failing = 1 } },
	{ .name = "i" },
};
static struct conf conf = { .hooks = hooks, .hooks_len = COUNT(hooks) };

static struct pipeline_list
gather(struct journal *journal, const struct pipeline_filter *filter)
{
	struct pipeline_list list = { 0 };

	assert_int_equal(pipeline_list_gather(&list, filter, &conf, journal),
	    RC_OK);
	return list;
}

/* "NAME STATE OUTCOME LAST; " of each. */
static void
expect_list(struct journal *journal, const struct pipeline_filter *filter,
    const char *want)
{
	struct pipeline_list list = gather(journal, filter);
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	for (size_t i = 0; i < list.n; i++) {
		const struct pipeline_row *row = &list.rows[i];

		buf_printf(&got, "%s %s %s %lld; ",
		    pipeline_list_name(&list, row),
		    watch_state_name(row->state), row->last.outcome,
		    (long long)pipeline_list_last(row));
	}
	assert_int_equal(got.rc, RC_OK);
	assert_string_equal(got.data, want);
	buf_free(&got);
	pool_free(&list.pool);
}

static void
the_worst_comes_first_and_then_by_name(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "10 start p a Zebra; 20 done p a; 30 start q b Ant; 40 done q b;"
	    "50 fail r c Bee; 60 start s d");
	record_all(journal, "gone", "70 fail t e");
	expect_list(journal, &(struct pipeline_filter){ .now = 100 },
	    "Bee failing failure 50; Ant fine success 40; "
	    "Zebra fine success 20; s fine open 60; t unwatched failure 70; ");
	expect_list(journal,
	    &(struct pipeline_filter){ .hook = "gone", .now = 100 },
	    "t unwatched failure 70; ");
	expect_list(journal,
	    &(struct pipeline_filter){ .hook = "h", .id = "q", .now = 100 },
	    "Ant fine success 40; ");
	journal_close(journal);
}

static void
those_that_are_shown_alike_are_told_apart_by_identity(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	record_all(journal, "h",
	    "10 done p a Same; 20 done q b Same; 30 done r c Other");
	/* Of another hook it is no other one. */
	record_all(journal, "i", "40 done p a Other");
	expect_list(journal, &(struct pipeline_filter){ .hook = "h" },
	    "Other fine success 30; Same (p) fine success 10; "
	    "Same (q) fine success 20; ");
	journal_close(journal);
}

static void
outcomes_are_counted_since_a_time(void **state)
{
	const struct pipeline_filter filter = { .since = 25, .now = 100 };
	struct journal *journal = open_journal();
	struct pipeline_list list;
	int64_t counts[PIPELINE_OUTCOMES];

	(void)state;
	record_all(journal, "h",
	    "10 done p a; 20 done p b; 30 partly p c; 40 fail p d; 50 stop p e;"
	    "60 start p f");
	list = gather(journal, &filter);
	assert_int_equal(list.n, 1);
	pipeline_list_outcomes(&list.rows[0], counts);
	for (size_t i = 0; i < PIPELINE_OUTCOMES; i++)
		assert_int_equal(counts[i],
		    strcmp(pipeline_outcomes[i], "success") == 0 ||
			    strcmp(pipeline_outcomes[i], "unknown") == 0 ?
			0 :
			1);
	pool_free(&list.pool);
	journal_close(journal);
}

static void
what_brief_leaves_out_is_completed_for_some(void **state)
{
	const struct pipeline_filter filter = { .since = 25,
		.now = 100,
		.brief = true };
	struct journal *journal = open_journal();
	struct pipeline_list list;

	(void)state;
	record_all(journal, "h",
	    "10 start a; 30 done a; 10 start b; 30 done b; 10 start c;"
	    "30 done c");
	list = gather(journal, &filter);
	assert_int_equal(list.n, 3);
	for (size_t i = 0; i < list.n; i++) {
		assert_int_equal(list.rows[i].duration, 0);
		assert_int_equal(list.rows[i].outcomes.success, 0);
	}
	only_of_a_file();
	execute("UPDATE successes SET time = x'00' WHERE pipeline = 'b'");
	assert_int_equal(pipeline_list_complete(list.rows, 2, &filter, journal),
	    RC_CORRUPT);
	for (size_t i = 0; i < list.n; i++) {
		assert_int_equal(list.rows[i].duration, i < 2 ? 20 : 0);
		assert_int_equal(list.rows[i].outcomes.success, i < 2);
	}
	pool_free(&list.pool);
	journal_close(journal);
}

static void
a_mute_that_is_over_is_none(void **state)
{
	const struct journal_mute mute = { .hook = "h",
		.pipeline = "p",
		.until = 50 };
	struct journal *journal = open_journal();
	struct pipeline_list list;
	int64_t count;

	(void)state;
	record_all(journal, "h", "10 done p a");
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	list = gather(journal, &(struct pipeline_filter){ .now = 49 });
	assert_int_equal(list.rows[0].muted, 50);
	pool_free(&list.pool);
	list = gather(journal, &(struct pipeline_filter){ .now = 50 });
	assert_int_equal(list.rows[0].muted, 0);
	pool_free(&list.pool);
	journal_close(journal);
}

static void
there_are_none_without_a_journal_and_damaged_ones_are_left_out(void **state)
{
	struct journal *journal = open_journal();
	const struct pipeline_filter filter = { .now = 100 };
	struct pipeline_list list = gather(NULL, &filter);

	(void)state;
	assert_int_equal(list.n, 0);
	record_all(journal, "h", "10 done p a; 20 done q b");
	only_of_a_file();
	execute("UPDATE pipelines SET name = x'00' WHERE id = 'p'");
	assert_int_equal(pipeline_list_gather(&list, &filter, &conf, journal),
	    RC_CORRUPT);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.rows[0].id, "q");
	pool_free(&list.pool);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_worst_comes_first_and_then_by_name),
		TEST(those_that_are_shown_alike_are_told_apart_by_identity),
		TEST(outcomes_are_counted_since_a_time),
		TEST(what_brief_leaves_out_is_completed_for_some),
		TEST(a_mute_that_is_over_is_none),
		TEST(
		    there_are_none_without_a_journal_and_damaged_ones_are_left_out),
	};

	return cmocka_run_group_tests_name("pipeline_list", tests, NULL, NULL);
}
