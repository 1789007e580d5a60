/* SPDX-License-Identifier: ISC */
#include "../serving.h"

#include "config/conf.h"
#include "http/gateway.h"
#include "http/reply.h"

static void
the_variable_decides_and_not_the_path(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD,
	    "PATH_INFO=/one", "PELIHOOK_HOOK=two"}, .input = LIT(BODY),},};

	(void)state;
	trial_serve(&trial, &several.conf);
	assert_int_equal(trial.end.outcome, OUTCOME_DELIVERED);
	assert_ptr_equal(trial.record.hook, &hooks[1]);
	trial_end(&trial);
}

static void
what_was_sought_is_logged_and_escaped(void **state)
{
	static const struct {
		const char *variable;
		const char *sought, *by;
	} cases[] = {
		{ "PATH_INFO=/none", "none", "PATH_INFO" },
		{ "PELIHOOK_HOOK=none", "none", "PELIHOOK_HOOK" },
		{ "PATH_INFO=/x\nlevel=error", "x\\nlevel", "PATH_INFO" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial = {
			.front = { .variables = { POST, cases[i].variable } },
		};
		const char *text;

		trial_serve(&trial, &several.conf);
		text = told();
		wrong += case_number(cases[i].variable,
		    (long long)told_lines(text), 1);
		wrong += case_true(cases[i].variable, "what was sought",
		    strstr(text, cases[i].sought) != NULL);
		wrong += case_true(cases[i].variable, "by what",
		    strstr(text, cases[i].by) != NULL);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(the_variable_decides_and_not_the_path),
		TOLD_TEST(what_was_sought_is_logged_and_escaped),
	};

	snprintf(signature, sizeof(signature), "%s",
	    signed_by(SECRET, LIT(BODY)));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
