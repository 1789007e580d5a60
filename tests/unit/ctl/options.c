/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/clock.h"
#include "../../../ctl/options.h"
#include "../../../ctl/session.h"

static const struct {
	const char *name;
	const struct option_row *rows;
} tables[] = {
	{ "none", options_none },
	{ "forget", options_forget },
	{ "list", options_list },
	{ "mute", options_mute },
	{ "pipelines", options_pipelines },
	{ "purge", options_purge },
	{ "retry", options_retry },
	{ "runs", options_runs },
	{ "show", options_show },
	{ "stats", options_stats },
	{ "try", options_try },
	{ "unmute", options_unmute },
};

static void
every_table_fits_and_is_told_apart(void **state)
{
	struct option options[OPTIONS_MOST];
	char letters[OPTIONS_MOST];
	unsigned wrong = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(tables); i++) {
		const struct option_row *rows = tables[i].rows;

		for (n = 0; rows[n].letter != 0; n++) {
			wrong += case_true(tables[i].name, rows[n].name,
			    rows[n].does[0] != '\0' && rows[n].letter != 'h' &&
				rows[n].letter != 'V');
			for (size_t j = 0; j < n; j++)
				wrong += case_true(tables[i].name, "once",
				    rows[j].letter != rows[n].letter);
		}
		/* Help, version and the end. */
		assert_true(n + 3 <= OPTIONS_MOST);
		options_arrange(rows, options, letters);
	}
	assert_int_equal(wrong, 0);
}

static void
a_table_is_arranged_for_the_command_line(void **state)
{
	struct option options[OPTIONS_MOST];
	char letters[OPTIONS_MOST];

	(void)state;
	options_arrange(options_try, options, letters);
	assert_string_equal(letters, "nhV");
	assert_string_equal(options[0].name, "help");
	assert_string_equal(options[1].name, "version");
	assert_null(options[2].name);
	options_arrange(options_show, options, letters);
	assert_string_equal(letters, "hV");
	assert_string_equal(options[0].name, "body");
	assert_int_equal(options[0].has_arg, no_argument);
	assert_string_equal(options[1].name, "json");
	assert_string_equal(options[2].name, "help");
	options_arrange(options_retry, options, letters);
	assert_string_equal(options[2].name, "since");
	assert_int_equal(options[2].has_arg, required_argument);
	assert_int_equal(options[2].val, 't');
}

static void
since_is_a_time_a_date_or_an_age(void **state)
{
	enum { WEEK = 7 * 24 * 3600 * 1000, SLACK = 60000 };
	static const struct {
		const char *word;
		int64_t want;
	} times[] = {
		{ "2026-01-02T03:04:05Z", INT64_C(1767323045000) },
		{ "2026-01-02T03:04:05+01:00", INT64_C(1767319445000) },
		{ "2026-01-02T03:04:05", INT64_C(1767323045000) },
		{ "2026-01-02T03:04", INT64_C(1767323040000) },
		{ "2026-01-02", INT64_C(1767312000000) },
		{ "1970-01-01", 0 },
	};
	static const char *const wrong[] = { "", "yesterday", "5", "2026-01",
		"2026-02-30", "2026-01-02 ", "2026-01-02T03:04:", "-1d",
		"2026-01-02T00:00:00ZZ", "1y" };
	struct session session = { 0 };
	int64_t age;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_int_equal(options_take(&session, 't', times[i].word),
		    RC_OK);
		assert_int_equal(session.filter.since, times[i].want);
	}
	assert_int_equal(options_take(&session, 't', "1w"), RC_OK);
	age = clock_wall() - session.filter.since;
	assert_in_range(age, WEEK, WEEK + SLACK);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(options_take(&session, 't', wrong[i]),
		    RC_SYNTAX);
}

static void
a_limit_is_no_age(void **state)
{
	struct session session = { 0 };

	(void)state;
	assert_int_equal(options_take(&session, 'a', "15m"), RC_OK);
	assert_int_equal(session.max_age, 900000);
	assert_int_equal(options_take(&session, 'a', "1w"), RC_SYNTAX);
	assert_int_equal(options_take(&session, 'l', "1w"), RC_SYNTAX);
	assert_int_equal(options_take(&session, 's', "sleeping"), RC_SYNTAX);
}

static void
a_mute_ends_within_a_year(void **state)
{
	static const char *const wrong[] = { "0s", "0ms", "366d", "8761h",
		"9999999d", "1w", "-1d", "5", "", "for ever" };
	struct session session = { .mute_for = -1 };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(options_take(&session, 'f', wrong[i]),
		    RC_SYNTAX);
	assert_int_equal(session.mute_for, -1);
	assert_int_equal(options_take(&session, 'f', "1ms"), RC_OK);
	assert_int_equal(session.mute_for, 1);
	assert_int_equal(options_take(&session, 'f', "365d"), RC_OK);
	assert_int_equal(session.mute_for, INT64_C(31536000000));
}

static void
what_is_chosen_of_runs_is_kept(void **state)
{
	struct session session = { 0 };

	(void)state;
	assert_int_equal(options_take(&session, 'P', "Sales"), RC_OK);
	assert_string_equal(session.filter.pipeline, "Sales");
	assert_int_equal(options_take(&session, 'o', NULL), RC_OK);
	assert_true(session.open && !session.all && !session.dead);
	assert_int_equal(options_take(&session, 'A', NULL), RC_OK);
	assert_true(session.all && !session.dead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_fits_and_is_told_apart),
		cmocka_unit_test(a_table_is_arranged_for_the_command_line),
		cmocka_unit_test(since_is_a_time_a_date_or_an_age),
		cmocka_unit_test(a_limit_is_no_age),
		cmocka_unit_test(a_mute_ends_within_a_year),
		cmocka_unit_test(what_is_chosen_of_runs_is_kept),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
