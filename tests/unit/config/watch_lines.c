/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "config/conf.h"

#define TOLD "on @watch run /bin/true\n"
#define WATCHES "journal /j/q\nhook h\nsecret-file /s\non * ignore\n" TOLD

static const struct bad lines[] = {
	{ WATCHES "watch\n", 6, "an argument of `watch' is missing" },
	{ WATCHES "watch late 6h\n", 6,
	    "`late' is not understood here: write `watch on', limits behind" },
	{ WATCHES "watch yes\n", 6, "`watch off' or `watch for GLOB'" },
	{ WATCHES "watch off late 6h\n", 6, "`late' stands behind `off'" },
	{ WATCHES "watch on\nwatch on late 6h\n", 7,
	    "`watch' was given in line 6 already: take one of them out, or wri" },
	{ WATCHES "watch on later 6h\n", 6,
	    "`later' is not understood here: write failing, late, stuck" },
	{ WATCHES "watch on late\n", 6, "the limit of `late' is missing" },
	{ WATCHES "watch on late 6h late 7h\n", 6, "`late' is given twice" },
	{ WATCHES "watch on failing 0\n", 6,
	    "`0' is out of range: write 1 to 100" },
	{ WATCHES "watch on failing 101\n", 6, "write 1 to 100" },
	{ WATCHES "watch on failing auto\n", 6, "`auto' is no number" },
	{ WATCHES "watch on late soon\n", 6,
	    "`soon' is no limit: write `late' and a duration, as in `late 6h'" },
	{ WATCHES "watch on late \"\"\n", 6, "`' is no limit" },
	{ WATCHES "watch on stuck 6\n", 6, "`6' is no duration" },
	{ WATCHES "watch on stuck 366d\n", 6, "write 1ms to 365d" },
	{ WATCHES "watch on silent 0s\n", 6, "write 1ms to 365d" },
	{ WATCHES "watch on silent auto\n", 6,
	    "`auto' is no limit: write `silent' and a duration, as in `silent "
	    "6h', or off" },
	{ WATCHES "watch on remind auto\n", 6, "`auto' is no limit" },
	{ WATCHES "watch for\n", 6,
	    "the line does not say which pipelines and how" },
	{ WATCHES "watch for CRM\n", 6, "write `watch for GLOB' and behind" },
	{ WATCHES "watch for [a late 6h\n", 6, "a [ of `[a' is not closed" },
	{ WATCHES "watch for CRM off late 6h\n", 6, "stands behind `off'" },
	{ WATCHES "watch for CRM silent 6h\n", 6,
	    "`silent' is for the hook and not for some of its pipelines" },
	{ WATCHES "watch for CRM never\n", 6, "`never' is not understood" },
	/* Nobody would be told. */
	{ QUEUES "watch on\n", 5,
	    "hook h watches its pipelines, and none of its `on' lines takes "
	    "what is told of them: write `on @watch run /path/to/command'" },
	{ QUEUES "watch off\nwatch for CRM late 6h\n", 6, "write `on @watch" },
	{ "journal /j/q\nwatch on\n" WAITS, 2, "hook h watches its pipelines" },
	{ "journal /j/q\nsecret-file /s\nwatch on\non * ignore\n", 3,
	    "hook default watches its pipelines" },
	/* And nobody would judge. */
	{ WAITS "watch on\n", 4,
	    "`watch' is for hooks that queue, and hook h waits: write `journal "
	    "PATH' before the first hook" },
	{ WATCHES "delivery wait\nwatch on\n", 7,
	    "hook h waits: write `delivery queue', or take the line out" },
	{ "watch on\n" WAITS, 1,
	    "`watch' is for hooks that queue, and no hook does: write `jour" },
	{ "journal /j/q\nwatch on\ndelivery wait\n" WAITS, 2,
	    "and no hook does: write `delivery queue'" },
};

static void
what_cannot_be_watched_is_refused(void **state)
{
	(void)state;
	assert_int_equal(check_bad(lines, COUNT(lines)), 0);
}

static unsigned
check_watch(const char *name, const struct watch *got, const struct watch *want)
{
	unsigned wrong = case_number(name, got->on, want->on);

	wrong += case_number(name, got->failing, want->failing);
	wrong += case_number(name, got->late, want->late);
	wrong += case_number(name, got->stuck, want->stuck);
	wrong += case_number(name, got->silent, want->silent);
	wrong += case_number(name, got->remind, want->remind);
	return wrong;
}

static void
what_is_not_named_is_as_in_watch_on(void **state)
{
	static const struct {
		const char *line;
		struct watch watch;
	} cases[] = {
		{ "", { false, 1, CONF_WATCH_AUTO, CONF_WATCH_AUTO, 0, 0 } },
		{ "watch off\n",
		    { false, 1, CONF_WATCH_AUTO, CONF_WATCH_AUTO, 0, 0 } },
		{ "watch on\n",
		    { true, 1, CONF_WATCH_AUTO, CONF_WATCH_AUTO, 0, 0 } },
		{ "watch on failing 1 late auto stuck auto silent off remind "
		  "off\n",
		    { true, 1, CONF_WATCH_AUTO, CONF_WATCH_AUTO, 0, 0 } },
		{ "watch on failing 100 late 6h stuck 365d silent 2h remind "
		  "1d\n",
		    { true, 100, 6 * HOUR, 365 * DAY, 2 * HOUR, DAY } },
		{ "watch on remind 4h failing off late off stuck off\n",
		    { true, 0, 0, 0, 0, 4 * HOUR } },
		{ "watch on stuck 1ms\n",
		    { true, 1, CONF_WATCH_AUTO, 1, 0, 0 } },
	};
	unsigned wrong = 0;
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *conf;

		snprintf(text, sizeof(text), WATCHES "%s", cases[i].line);
		conf = good(text);
		wrong += check_watch(cases[i].line, &conf->hooks[0].watch,
		    &cases[i].watch);
		wrong += case_number(cases[i].line,
		    conf_watches(&conf->hooks[0]), cases[i].watch.on);
		conf_release(conf);
	}
	assert_int_equal(wrong, 0);
}

/* By name or identity, the first line that matches. */
static void
some_pipelines_have_limits_of_their_own(void **state)
{
	struct conf *conf = good(
	    WATCHES "watch for test* off\nwatch for CRM* late 2h failing 3\n"
		    "watch on late 6h stuck 3h silent 1h remind 1d\n"
		    "watch for CRM-x stuck 1h\nwatch for 7? on stuck off\n");
	static const struct {
		const char *id, *name;
		struct watch watch;
	} cases[] = {
		{ "1", "other", { true, 1, 6 * HOUR, 3 * HOUR, HOUR, DAY } },
		{ "1", "test-a", { false, 1, 6 * HOUR, 3 * HOUR, HOUR, DAY } },
		{ "test-a", "CRM",
		    { false, 1, 6 * HOUR, 3 * HOUR, HOUR, DAY } },
		{ "1", "CRM-x", { true, 3, 2 * HOUR, 3 * HOUR, HOUR, DAY } },
		{ "71", "other", { true, 1, 6 * HOUR, 0, HOUR, DAY } },
		{ "1", "crm", { true, 1, 6 * HOUR, 3 * HOUR, HOUR, DAY } },
		{ "1", "a-test", { true, 1, 6 * HOUR, 3 * HOUR, HOUR, DAY } },
	};
	const struct hook *hook = &conf->hooks[0];
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(hook->watch_for_len, 4);
	assert_string_equal(hook->watch_for[1].glob, "CRM*");
	assert_int_equal(hook->watch_for[1].line, 7);
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_watch(cases[i].name,
		    conf_watch_of(hook, cases[i].id, cases[i].name),
		    &cases[i].watch);
	assert_int_equal(wrong, 0);
	assert_ptr_equal(conf_watch_of(hook, "1", "other"), &hook->watch);
	conf_release(conf);
}

static void
some_may_be_watched_where_the_others_are_not(void **state)
{
	static const struct watch usual = { true, 1, 2 * HOUR, CONF_WATCH_AUTO,
		0, 0 };
	struct conf *conf = good(WATCHES "watch for CRM late 2h\n");
	struct conf *none = good(QUEUES "watch for CRM off\n");

	(void)state;
	assert_true(conf_watches(&conf->hooks[0]));
	assert_false(conf->hooks[0].watch.on);
	assert_int_equal(check_watch("CRM",
			     conf_watch_of(&conf->hooks[0], "1", "CRM"),
			     &usual),
	    0);
	assert_false(conf_watches(&none->hooks[0]));
	conf_release(conf);
	conf_release(none);
}

/* `watch` has the first word on all, `watch for` on some. */
static void
a_hooks_own_lines_replace_the_defaults(void **state)
{
	struct conf *conf = good(
	    "journal /j/q\nsecret-file /s\nwatch on late 1h\n"
	    "watch for a late 2h\nwatch for b late 3h\n"
	    "hook as\n" TOLD "hook own\nwatch on late 4h\n" TOLD
	    "hook some\nwatch for c late 5h\n" TOLD
	    "hook both\nwatch for d remind 5h\nwatch on late 6h\n" TOLD
	    "hook none\nwatch off\non * ignore\n"
	    "hook waits\ndelivery wait\non * ignore\n");
	static const struct {
		size_t lines;
		int64_t late, of_a;
	} cases[] = {
		{ 2, HOUR, 2 * HOUR },
		{ 0, 4 * HOUR, 4 * HOUR },
		{ 1, HOUR, HOUR },
		{ 1, 6 * HOUR, 6 * HOUR },
	};
	const struct hook *hook = conf->hooks;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(hook[i].watch.on);
		assert_int_equal(hook[i].watch_for_len, cases[i].lines);
		assert_int_equal(hook[i].watch.late, cases[i].late);
		assert_int_equal(conf_watch_of(&hook[i], "a", "a")->late,
		    cases[i].of_a);
	}
	assert_string_equal(hook[2].watch_for[0].glob, "c");
	assert_int_equal(hook[3].watch_for[0].watch.late, 6 * HOUR);
	assert_false(conf_watches(&hook[4]));
	assert_false(conf_watches(&hook[5]));
	conf_release(conf);
}

static void
any_line_that_takes_what_is_told_will_do(void **state)
{
	static const char *const told[] = { "on @watch ignore\n",
		"on x @watch also run /bin/true\n",
		"on pelihook.pipelines_late run /bin/true\n" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(told); i++) {
		struct conf *conf;

		snprintf(text, sizeof(text), QUEUES "watch on\n%s", told[i]);
		conf = good(text);
		assert_true(conf_watches(&conf->hooks[0]));
		conf_release(conf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_cannot_be_watched_is_refused),
		SCRATCH_TEST(what_is_not_named_is_as_in_watch_on),
		SCRATCH_TEST(some_pipelines_have_limits_of_their_own),
		SCRATCH_TEST(some_may_be_watched_where_the_others_are_not),
		SCRATCH_TEST(a_hooks_own_lines_replace_the_defaults),
		SCRATCH_TEST(any_line_that_takes_what_is_told_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
