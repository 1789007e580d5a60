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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_outcome_has_its_word),
		cmocka_unit_test(
		    each_end_of_a_command_has_its_name_and_is_found_by_it),
		cmocka_unit_test(what_is_no_end_of_a_command_is_not_found),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
