/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "config/conf.h"
#include "event/event.h"

static void
each_command_is_a_lane(void **state)
{
	struct conf *conf = good(QUEUES "lane x\nlane y\n"
					"on a run /a b\non b run /a bc\n"
					"on c ignore\non d run /a b\n"
					"on e also run /a b c\n"
					"on f lane x run /a b\n"
					"on g lane y run /y\n"
					"on h lane x run /x\n");
	const struct hook *hook = conf->hooks;
	static const unsigned lanes[] = { 0, 0, 1, 0, 0, 2, 3, 4, 3 };

	(void)state;
	assert_int_equal(hook->rules_len, COUNT(lanes));
	for (size_t i = 0; i < COUNT(lanes); i++)
		assert_int_equal(hook->rules[i].lane, lanes[i]);
	assert_int_equal(hook->lanes_len, 5);
	assert_null(hook->lanes[0].name);
	assert_string_equal(hook->lanes[0].command[1], "b");
	assert_int_equal(hook->lanes[0].line, 7);
	assert_int_equal(hook->lanes[1].line, 8);
	assert_int_equal(hook->lanes[4].line, 6);
	assert_string_equal(hook->lanes[3].name, "x");
	assert_int_equal(hook->lanes[3].line, 5);
	assert_null(hook->lanes[3].command);
	conf_release(conf);
}

static void
a_lane_is_as_its_hook(void **state)
{
	struct conf *conf = good(
	    QUEUES "on a run /a\nconcurrency 3\nbatch 4\norder /o\n"
		   "retry 1s 2s\ntimeout 5s\nkill-after 6s\n");
	const struct lane *lane = conf->hooks[0].lanes;

	(void)state;
	assert_int_equal(conf->hooks[0].lanes_len, 1);
	assert_int_equal(lane->concurrency, 3);
	assert_int_equal(lane->batch, 4);
	assert_int_equal(lane->input, CONF_CLOUDEVENTS);
	assert_int_equal(lane->order.from, EVENT_FROM_POINTER);
	assert_string_equal(lane->order.pointer, "/o");
	assert_int_equal(lane->retry_len, 2);
	assert_int_equal(lane->retry[1], 2 * SECOND);
	assert_int_equal(lane->timeout, 5 * SECOND);
	assert_int_equal(lane->kill_after, 6 * SECOND);
	assert_string_equal(lane->directory, "/");
	conf_release(conf);
}

static void
hooks_that_wait_have_lanes_as_well(void **state)
{
	struct conf *conf = good(WAITS "on a run /a\non b run /b\n");
	const struct hook *hook = conf->hooks;

	(void)state;
	assert_int_equal(hook->lanes_len, 2);
	assert_int_equal(hook->rules[2].lane, 1);
	assert_int_equal(hook->lanes[1].timeout, 30 * SECOND);
	assert_int_equal(hook->lanes[1].retry_len, hook->retry_len);
	conf_release(conf);
}

static void
its_line_sets_what_differs(void **state)
{
	struct conf *conf = good(
	    QUEUES "concurrency 2\norder hook\nretry 1s\ntimeout 2s\n"
		   "kill-after 3s\nbatch 4\ndirectory /d\n"
		   "on a lane all run /a\non b lane none run /a\n"
		   "on c run /a\nlane none\n"
		   "lane all directory /e batch 1 retry 5s 6s timeout 7s "
		   "order /o concurrency 8 kill-after 9s\n");
	const struct lane *all = &conf->hooks[0].lanes[0];

	(void)state;
	assert_int_equal(conf->hooks[0].lanes_len, 3);
	assert_string_equal(all->name, "all");
	assert_int_equal(all->line, 16);
	assert_string_equal(all->directory, "/e");
	assert_int_equal(all->batch, 1);
	assert_int_equal(all->input, CONF_BODY);
	assert_int_equal(all->retry_len, 2);
	assert_int_equal(all->retry[0], 5 * SECOND);
	assert_int_equal(all->timeout, 7 * SECOND);
	assert_int_equal(all->kill_after, 9 * SECOND);
	assert_int_equal(all->concurrency, 8);
	assert_string_equal(all->order.pointer, "/o");
	for (const struct lane *lane = all + 1; lane < all + 3; lane++) {
		assert_string_equal(lane->directory, "/d");
		assert_int_equal(lane->batch, 4);
		assert_int_equal(lane->input, CONF_CLOUDEVENTS);
		assert_int_equal(lane->retry_len, 1);
		assert_int_equal(lane->timeout, 2 * SECOND);
		assert_int_equal(lane->kill_after, 3 * SECOND);
		assert_int_equal(lane->concurrency, 2);
		assert_int_equal(lane->order.from, EVENT_FROM_HOOK);
	}
	conf_release(conf);
}

static void
a_batch_is_of_envelopes_unless_the_hook_says_what(void **state)
{
	struct conf *conf = good(QUEUES "lane x batch 2\non * lane x run /a\n"
					"on * run /a\n");
	struct conf *lines = good(QUEUES "lane x batch 2\ninput line\n"
					 "on * lane x run /a\n");

	(void)state;
	assert_int_equal(conf->hooks[0].lanes[0].input, CONF_CLOUDEVENTS);
	assert_int_equal(conf->hooks[0].lanes[1].input, CONF_BODY);
	assert_int_equal(lines->hooks[0].lanes[0].input, CONF_LINE);
	conf_release(conf);
	conf_release(lines);
}

static void
a_lane_of_the_defaults_is_for_hooks_that_name_it(void **state)
{
	struct conf *conf = good(
	    "journal /j/q\nsecret-file /s\nlane x concurrency 2\n"
	    "hook a\non * lane x run /a\n"
	    "hook b\non * lane x run /a\nlane x timeout 3s\n"
	    "hook c\non * run /a\n"
	    "hook d\ndelivery wait\non * run /a\n");
	const struct hook *hooks = conf->hooks;

	(void)state;
	assert_int_equal(hooks[0].lanes[0].concurrency, 2);
	assert_int_equal(hooks[0].lanes[0].timeout, HOUR);
	assert_int_equal(hooks[0].lanes[0].line, 3);
	assert_int_equal(hooks[1].lanes[0].concurrency, 1);
	assert_int_equal(hooks[1].lanes[0].timeout, 3 * SECOND);
	assert_int_equal(hooks[1].lanes[0].line, 8);
	assert_int_equal(hooks[2].lanes_len, 1);
	assert_null(hooks[2].lanes[0].name);
	conf_release(conf);
}

static void
a_file_without_a_hook_line_may_have_lanes(void **state)
{
	struct conf *conf = good("journal /j/q\nsecret-file /s\n"
				 "lane x timeout 3s\non * lane x run /a\n");

	(void)state;
	assert_int_equal(conf->hooks[0].lanes[0].timeout, 3 * SECOND);
	conf_release(conf);
}

#define NAMES QUEUES "on * lane x run /a\n"

static const struct bad bad_lanes[] = {
	{ QUEUES "lane\n", 5,
	    "an argument of `lane' is missing: write `lane NAME [concurr" },
	{ QUEUES "lane -\n", 5, "`-' is no name of a lane: write at most 64" },
	{ NAMES, 5,
	    "hook h has no lane x: write `lane x' in it, and behind that what "
	    "differs there, as in `lane x concurrency 2'" },
	{ NAMES "on b lane x run /b\n", 5, "hook h has no lane x" },
	{ QUEUES "lane y\n", 5,
	    "no `on' line of hook h names the lane y: write `lane y' in one, "
	    "before `run', or take this line out" },
	{ "journal /j/q\nsecret-file /s\nlane y\nhook h\non * run /a\n", 3,
	    "no `on' line names the lane y: write" },
	{ NAMES "lane x\nlane x batch 2\n", 7,
	    "the lane x was given in line 6 already: take one of them out" },
	{ NAMES "lane x fast\n", 6,
	    "`fast' is not understood here: write one of directory timeout "
	    "kill-after retry concurrency order batch, and its value behind" },
	{ NAMES "lane x input line\n", 6, "`input' is not understood here" },
	{ NAMES "lane x timeout 1s timeout 1s\n", 6,
	    "`timeout' is given twice: take one of them out" },
	{ NAMES "lane x timeout 1s 2s\n", 6, "`2s' is not understood here" },
	{ NAMES "lane x timeout\n", 6,
	    "an argument of `timeout' is missing: write `timeout DURATION'" },
	{ NAMES "lane x retry timeout 2s\n", 6,
	    "an argument of `retry' is missing" },
	{ NAMES "lane x retry 1s soon timeout 2s\n", 6,
	    "`soon' is no duration" },
	{ NAMES "lane x concurrency 0\n", 6,
	    "`0' is out of range: write 1 to 1000" },
	{ NAMES "lane x kill-after 2h\n", 6, "out of range: write 1ms to 1h" },
	{ NAMES "lane x batch 1001\n", 6, "out of range: write 1 to 1000" },
	{ NAMES "lane x order header X\n", 6, "`order' knows no headers" },
	{ NAMES "lane x order some\n", 6, "`some' is no JSON pointer" },
	{ NAMES "lane x directory d\n", 6,
	    "`d' is no absolute path: write the directory's whole path" },
	{ NAMES "lane x batch 2\ninput body\n", 6,
	    "`batch' does not go with the `input body' of line 7: write" },
	{ WAITS "lane x\n", 4, "`lane' is for hooks that queue" },
	{ WAITS "on a lane x run /a\n", 4,
	    "`lane' is for hooks that queue, and hook h waits: write `journal "
	    "PATH' before the first hook, or take `lane' out" },
	{ "lane x\n" WAITS, 1, "`lane' is for hooks that queue, and no hook" },
	/* What a line that is wrong means to say is not known. */
	{ QUEUES "lane x\non * lane x run a\n", 6, "no absolute path" },
};

static void
what_makes_no_lane_is_refused(void **state)
{
	(void)state;
	assert_int_equal(check_bad(bad_lanes, COUNT(bad_lanes)), 0);
}

static void
most_pauses_of_a_lane_are_as_many_as_of_a_hook(void **state)
{
	struct buf text = { 0 };
	struct bad bad = { NULL, 6, "`retry' has too many arguments" };

	(void)state;
	buf_text(&text, NAMES "lane x retry");
	for (unsigned i = 0; i < 64; i++)
		buf_text(&text, " 1s");
	conf_release(good(text.data));
	buf_text(&text, " 1s timeout 1s");
	bad.text = text.data;
	assert_int_equal(check_bad(&bad, 1), 0);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(each_command_is_a_lane),
		SCRATCH_TEST(a_lane_is_as_its_hook),
		SCRATCH_TEST(hooks_that_wait_have_lanes_as_well),
		SCRATCH_TEST(its_line_sets_what_differs),
		SCRATCH_TEST(a_batch_is_of_envelopes_unless_the_hook_says_what),
		SCRATCH_TEST(a_lane_of_the_defaults_is_for_hooks_that_name_it),
		SCRATCH_TEST(a_file_without_a_hook_line_may_have_lanes),
		SCRATCH_TEST(what_makes_no_lane_is_refused),
		SCRATCH_TEST(most_pauses_of_a_lane_are_as_many_as_of_a_hook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
