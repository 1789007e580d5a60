/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/buf.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/fields.h"
#include "http/request.h"

static void
env_lines_become_variables(void **state)
{
	static const struct event_pair env[] = {
		{ "NAME", "/string", 11 },
		{ "EMPTY", "/empty", 12 },
		{ "NUMBER", "/float", 13 },
		{ "FLAG", "/true", 14 },
		{ "NOTHING", "/null", 15 },
		{ "AGAIN", "/list/2/k", 16 },
	};
	static const char *const want[] = { "PELIHOOK_NAME=text",
		"PELIHOOK_EMPTY=", "PELIHOOK_NUMBER=1.50", "PELIHOOK_FLAG=true",
		"PELIHOOK_NOTHING=null", "PELIHOOK_AGAIN=v" };
	const char *const *fields = NULL;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(document));
	trial.hook.reading.env = env;
	trial.hook.reading.env_len = COUNT(env);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool, &fields),
	    RC_OK);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(fields[i], want[i]);
	assert_null(fields[COUNT(want)]);
	assert_string_equal(told(), "");
	trial_end(&trial);
}

static void
what_has_no_text_is_left_out_with_a_warning(void **state)
{
	static const struct event_pair env[] = {
		{ "GONE", "/missing", 21 },
		{ "OBJECT", "/object", 22 },
		{ "NUL", "/nul", 23 },
		{ "THERE", "/string", 24 },
	};
	static const char *const names[] = { "GONE", "OBJECT", "NUL" };
	const char *const *fields = NULL;
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(document));
	trial.hook.reading.env = env;
	trial.hook.reading.env_len = COUNT(env);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool, &fields),
	    RC_OK);
	assert_string_equal(fields[0], "PELIHOOK_THERE=text");
	assert_null(fields[1]);
	text = told();
	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(strstr(text, names[i]));
	assert_null(strstr(text, "THERE"));
	assert_non_null(strstr(text, "level=warning"));
	trial_end(&trial);
}

static void
a_variable_holds_4_kib_and_is_never_cut(void **state)
{
	static const struct event_pair env[] = { { "LONG", "/s", 31 } };
	unsigned wrong = 0;

	(void)state;
	for (size_t n = 4095; n <= 4097; n++) {
		const char *const *fields = NULL;
		struct trial trial;

		trial_start(&trial, LIT("{\"s\":\""));
		for (size_t i = 0; i < n; i++)
			buf_char(&trial.request.body, 'x');
		buf_text(&trial.request.body, "\"}");
		trial.hook.reading.env = env;
		trial.hook.reading.env_len = 1;
		assert_int_equal(trial_parse(&trial), RC_OK);
		assert_int_equal(event_fields(&trial.event, &trial.pool,
				     &fields),
		    RC_OK);
		if (n <= 4096)
			wrong += case_number("length",
			    fields[0] == NULL ? 0 :
						(long long)strlen(fields[0]),
			    (long long)(strlen("PELIHOOK_LONG=") + n));
		else
			wrong += case_true("4097", "left out",
			    fields[0] == NULL);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
without_env_lines_there_are_no_fields(void **state)
{
	const char *const *fields = NULL;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT("{}"));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool, &fields),
	    RC_OK);
	assert_non_null(fields);
	assert_null(fields[0]);
	trial_end(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(env_lines_become_variables),
		TOLD_TEST(what_has_no_text_is_left_out_with_a_warning),
		TOLD_TEST(a_variable_holds_4_kib_and_is_never_cut),
		cmocka_unit_test(without_env_lines_there_are_no_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
