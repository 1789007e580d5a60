/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "config/conf.h"
#include "event/rule.h"

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct bad rules[] = {
	{ WAITS "on\n", 4, "an argument of `on' is missing" },
	{ WAITS "on run /bin/true\n", 4, "the line names no event" },
	{ WAITS "on ignore\n", 4, "the line names no event" },
	{ WAITS "on *\n", 4, "end it with `run COMMAND' or `ignore'" },
	{ WAITS "on * where /a b\n", 4,
	    "end it with `run COMMAND' or `ignore'" },
	{ WAITS "on * run\n", 4, "the command is missing" },
	{ WAITS "on * run true\n", 4, "write the command's whole path" },
	{ WAITS "on * ignore it\n", 4, "`it' stands behind `ignore'" },
	{ WAITS "on * where /a\n", 4, "write `where POINTER GLOB'" },
	{ WAITS "on * where\n", 4, "write `where POINTER GLOB'" },
	{ WAITS "on * where a b ignore\n", 4, "`a' is no JSON pointer" },
	{ WAITS "on * where /a [b ignore\n", 4, "a [ of `[b' is not closed" },
	{ WAITS "on * where /a b /c d ignore\n", 4,
	    "`/c' is not understood here: write `where POINTER GLOB'" },
	{ WAITS "on * also ignore\n", 4, "write `also run COMMAND'" },
	{ WAITS "on * also where /a b run /x\n", 4,
	    "`where' is too late here: write `where POINTER GLOB' before" },
	{ QUEUES "on * also lane x run /x\n", 5, "`lane' is too late here" },
	{ QUEUES "on * lane x lane x run /x\n", 5,
	    "`lane' is given twice: take one of them out" },
	{ QUEUES "on * lane x where /a b run /x\n", 5,
	    "`where' is too late here" },
	{ QUEUES "on * lane\n", 5, "a lane's name is missing: write `lane" },
	{ QUEUES "on * lane -x run /x\n", 5, "`-x' is no name of a lane" },
	{ QUEUES "on * lane sha256:ab run /x\n", 5, "no name of a lane" },
	{ QUEUES "on * lane x ignore\n", 5,
	    "`lane' does not go with `ignore', which runs nothing: take `la" },
	{ WAITS "on @failed ignore\n", 4,
	    "there is no group `@failed' (did you mean @failure?): write" },
	{ WAITS "on @ ignore\n", 4, "there is no group `@'" },
	{ WAITS "on @fail* ignore\n", 4,
	    "there is no group `@fail*' (did you mean" },
	{ WAITS "on pipeline_[ab ignore\n", 4, "is not closed: write ]" },
	{ WAITS "on x[]y ignore\n", 4, "is not closed" },
	{ WAITS "on pelihook.* ignore\n", 4,
	    "`pelihook.*' takes nothing, as no glob takes pelihook's own "
	    "events: write @watch for all of them, or their names" },
	{ WAITS "on pelihook.[a ignore\n", 4, "takes nothing" },
	{ WAITS "on pelihook.run_stuk ignore\n", 4,
	    "no event `pelihook.run_stuk' of its own: write "
	    "pelihook.run_stuck, or @watch" },
	{ WAITS "on pelihook. ignore\n", 4,
	    "pelihook has no event `pelihook." },
	{ WAITS "on pelihook." X64 " ignore\n", 4,
	    "of its own: write @watch for all that it has" },
	{ WAITS "on @watched ignore\n", 4, "@watch" },
	{ WAITS "on \"\" ignore\n", 4, "an event's name is empty" },
	{ WAITS "on " X64 X64 X64 X64 " ignore\n", 4,
	    "is longer than 255 bytes" },
	{ WAITS "event-name /e\non \"" X64 X64 X64 X64 "\" ignore\n", 5,
	    "is longer than 255 bytes" },
};

static void
rules_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(rules, COUNT(rules)), 0);
}

static void
rules_are_understood(void **state)
{
	struct conf *conf = good(QUEUES
	    "on @failure x_* [a-z]y where /a '' where /b/0 [!x]* also run "
	    "/bin/a \"two words\" ignore\n"
	    "on anything_at_all run /bin/b\n");
	const struct rule *rule = conf->hooks[0].rules;

	(void)state;
	assert_int_equal(conf->hooks[0].rules_len, 3);
	assert_null(rule[0].command);
	assert_false(rule[0].also);
	assert_int_equal(rule[0].line, 4);
	assert_int_equal(rule[1].line, 5);
	assert_int_equal(rule[1].events_len, 3);
	assert_string_equal(rule[1].events[0], "@failure");
	assert_string_equal(rule[1].events[2], "[a-z]y");
	assert_int_equal(rule[1].where_len, 2);
	assert_string_equal(rule[1].where[0].pointer, "/a");
	assert_string_equal(rule[1].where[0].glob, "");
	assert_string_equal(rule[1].where[1].glob, "[!x]*");
	assert_true(rule[1].also);
	assert_string_equal(rule[1].command[0], "/bin/a");
	assert_string_equal(rule[1].command[1], "two words");
	assert_string_equal(rule[1].command[2], "ignore");
	assert_null(rule[1].command[3]);
	assert_false(rule[2].also);
	assert_string_equal(rule[2].events[0], "anything_at_all");
	assert_int_equal(rule[2].where_len, 0);
	conf_release(conf);
}

/* Names for `event-name`: nearly any text, quoted where it has to be. */
static void
names_are_nearly_any_text(void **state)
{
	struct conf *conf = good(WAITS
	    "event-name /type\n"
	    "on orders/create \"Push Hook\" 'a \"b\"' \"it's\" 'c\\d' ignore\n"
	    "on " X64 X64 X64 "0123456789abcdef0123456789abcdef0123456789abcdef"
	    "0123456789abcde [@]x caf\xc3\xa9 [r]un ignore\n");
	const struct rule *rule = conf->hooks[0].rules;

	(void)state;
	assert_string_equal(rule[1].events[0], "orders/create");
	assert_string_equal(rule[1].events[1], "Push Hook");
	assert_string_equal(rule[1].events[2], "a \"b\"");
	assert_string_equal(rule[1].events[3], "it's");
	assert_string_equal(rule[1].events[4], "c\\d");
	assert_int_equal(strlen(rule[2].events[0]), 255);
	assert_string_equal(rule[2].events[1], "[@]x");
	assert_int_equal(rule[2].events_len, 4);
	conf_release(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(rules_are_checked),
		SCRATCH_TEST(rules_are_understood),
		SCRATCH_TEST(names_are_nearly_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
