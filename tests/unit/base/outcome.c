/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/outcome.h"

static void
each_outcome_has_its_word(void **state)
{
	static const char *const words[] = {
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_DELIVERED] = "delivered",
		[OUTCOME_IGNORED] = "ignored",
		[OUTCOME_DUPLICATE] = "duplicate",
		[OUTCOME_QUEUED] = "queued",
		[OUTCOME_REJECTED] = "rejected",
		[OUTCOME_TEMPORARY] = "try-again",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNSTARTED] = "not-started",
		[OUTCOME_BUSY] = "not-started-now",
		[OUTCOME_TIMEOUT] = "timeout",
		[OUTCOME_STOPPED] = "stopping",
	};

	(void)state;
	assert_int_equal(COUNT(words), OUTCOME_STOPPED + 1);
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(outcome_word((enum outcome)i), words[i]);
}

static void
each_end_of_a_command_has_its_name_and_is_found_by_it(void **state)
{
	static const char *const names[] = {
		[RUN_EXIT] = "exit",
		[RUN_SIGNAL] = "signal",
		[RUN_TIMEOUT] = "timeout",
		[RUN_STOPPED] = "stopped",
		[RUN_UNSTARTED] = "unstarted",
		[RUN_STUCK] = "stuck",
	};

	(void)state;
	assert_int_equal(COUNT(names), RUN_STUCK + 1);
	for (size_t i = 0; i < COUNT(names); i++) {
		enum run_end end = (enum run_end)COUNT(names);

		assert_string_equal(run_end_name((enum run_end)i), names[i]);
		assert_int_equal(run_end_find(names[i], &end), RC_OK);
		assert_int_equal(end, i);
	}
}

static void
what_is_no_end_of_a_command_is_not_found(void **state)
{
	static const char *const others[] = { "", "exi", "exits", "EXIT",
		"lost", "ignored", "damaged", "delivered" };
	enum run_end end = RUN_STOPPED;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(run_end_find(others[i], &end), RC_MISSING);
	assert_int_equal(end, RUN_STOPPED);
}

static void
an_attempt_is_told_as_people_read_it(void **state)
{
	static const struct {
		const char *outcome;
		int code;
		const char *want;
	} cases[] = {
		{ "exit", 1, "exit 1" },
		{ "signal", 9, "signal 9 (Killed)" },
		{ "unstarted", 2, "unstarted 2 (No such file or directory)" },
		{ "timeout", 0, "timeout" },
		{ "stopped", 0, "stopped" },
		{ "stuck", 0, "stuck" },
		{ "lost", 0, "lost (its runner is gone)" },
		{ "ignored", 0, "ignored" },
		{ "", 0, "" },
	};
	char text[OUTCOME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		outcome_print(cases[i].outcome, cases[i].code, text);
		assert_string_equal(text, cases[i].want);
	}
}

static void
what_an_attempt_came_to_is_explained(void **state)
{
	static const struct {
		const char *outcome;
		int code;
		const char *want;
	} cases[] = {
		{ "exit", 0, "done" },
		{ "exit", 65,
		    "the event itself is bad, and is not tried again" },
		{ "exit", 75, "try again later" },
		{ "exit", 78, "something is configured wrongly" },
		{ "exit", 127, "a shell did not find a program" },
		/* What nobody agreed on, or the print says. */
		{ "exit", 1, "" },
		{ "exit", 63, "" },
		{ "signal", 75, "" },
		{ "lost", 0, "" },
		{ "timeout", 0,
		    "it took longer than its timeout, and was ended" },
		{ "stopped", 0, "it was ended because pelihook stopped" },
		{ "stuck", 0, "it was killed and did not end" },
		{ "unstarted", 2, "the command could not be started" },
		{ "ignored", 0, "no line runs a command for it any more" },
		{ "damaged", 0,
		    "what the journal holds of it cannot be right" },
		{ "of-a-newer-release", 75, "" },
		{ "", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(outcome_meaning(cases[i].outcome,
					cases[i].code),
		    cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_outcome_has_its_word),
		cmocka_unit_test(
		    each_end_of_a_command_has_its_name_and_is_found_by_it),
		cmocka_unit_test(what_is_no_end_of_a_command_is_not_found),
		cmocka_unit_test(an_attempt_is_told_as_people_read_it),
		cmocka_unit_test(what_an_attempt_came_to_is_explained),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
