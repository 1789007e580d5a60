/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/bytes.h"
#include "event/catalog.h"

/* The table of the contract, written a second time on purpose. */
static const struct {
	const char *name, *kind, *run_status, *outcome, *cause, *retrigger;
} table[] = {
	{ "connection_added", "connection", "", "added", "", "" },
	{ "connection_removed", "connection", "", "removed", "", "" },
	{ "pipeline_run_started", "pipeline", "RUNNING", "started", "", "" },
	{ "pipeline_run_completed", "pipeline", "COMPLETED", "success", "",
	    "" },
	{ "pipeline_run_completed_with_errors", "pipeline",
	    "COMPLETED_WITH_ERRORS", "partial", "destination", "" },
	{ "pipeline_run_internal_error", "pipeline", "INTERNAL_ERROR",
	    "failure", "platform", "" },
	{ "pipeline_run_error", "pipeline", "ERROR", "failure", "connector",
	    "" },
	{ "pipeline_run_remote_error", "pipeline", "REMOTE_ERROR", "failure",
	    "source", "" },
	{ "pipeline_run_killed", "pipeline", "KILLED", "stopped", "user", "" },
	{ "pipeline_run_killed_for_system_upgrade", "pipeline",
	    "KILLED_FOR_SYSTEM_UPGRADE", "stopped", "platform", "safe" },
	{ "pipeline_run_timeout", "pipeline", "TIMEOUT", "failure", "limit",
	    "" },
	{ "pipeline_run_rate_limited", "pipeline", "RATE_LIMITED", "failure",
	    "source", "" },
	{ "pipeline_run_no_streams", "pipeline", "NO_STREAMS", "failure",
	    "configuration", "" },
	{ "pipeline_run_failed", "pipeline", "", "failure", "unknown", "" },
};

static void
the_rows_are_those_of_the_contract(void **state)
{
	size_t n = 0;
	const struct catalog_row *rows = catalog_rows(&n);
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(n, COUNT(table));
	for (size_t i = 0; i < n; i++) {
		const char *name = table[i].name;

		wrong += case_text(name, rows[i].name, name);
		wrong += case_text(name, rows[i].kind, table[i].kind);
		wrong += case_text(name, rows[i].run_status,
		    table[i].run_status);
		wrong += case_text(name, rows[i].outcome, table[i].outcome);
		wrong += case_text(name, rows[i].cause, table[i].cause);
		wrong += case_text(name, rows[i].retrigger, table[i].retrigger);
		wrong += case_true(name, "a sentence",
		    strlen(rows[i].description) > 0);
	}
	assert_int_equal(wrong, 0);
}

static void
every_row_is_found_by_its_name(void **state)
{
	size_t n;
	const struct catalog_row *rows = catalog_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(catalog_find(bytes_of(table[i].name)),
		    &rows[i]);
}

static void
names_are_compared_whole(void **state)
{
	static const struct bytes cases[] = {
		{ "", 0 },
		{ NULL, 0 },
		{ "connection", 10 },
		{ "pipeline_run_", 13 },
		{ "connection_added ", 17 },
		{ " connection_added", 17 },
		{ "Connection_added", 16 },
		{ "connection_adde", 15 },
		{ "connection_added\0", 17 },
		{ "connection_added_x", 18 },
		{ "connection.added", 16 },
		{ "COMPLETED", 9 },
		{ "unknown", 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_null(catalog_find(cases[i]));
}

static void
an_unknown_name_has_an_empty_row(void **state)
{
	static const struct {
		const char *name, *kind;
	} cases[] = {
		{ "pipeline_run_exploded", "pipeline" },
		{ "pipeline_run", "unknown" },
		{ "connection_renamed", "unknown" },
		{ "Pipeline_run_x", "unknown" },
		{ "", "unknown" },
		{ "unknown", "unknown" },
		{ "pelihook.of_another_release", "watch" },
		{ "pelihook", "unknown" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct catalog_row *row = catalog_unknown(
		    bytes_of(cases[i].name));

		assert_non_null(row);
		wrong += case_text(cases[i].name, row->kind, cases[i].kind);
		wrong += case_text(cases[i].name, row->run_status, "");
		wrong += case_text(cases[i].name, row->outcome, "");
		wrong += case_text(cases[i].name, row->cause, "");
		wrong += case_text(cases[i].name, row->retrigger, "");
		wrong += case_true(cases[i].name, "texts",
		    row->name != NULL && row->description != NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
few_texts_are_taken_for_a_name(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "a", true },
		{ "run.done", true },
		{ "A-b_c.d:9", true },
		{ "", false },
		{ "orders/create", false },
		{ "Push Hook", false },
		{ "a\n", false },
		{ "caf\xc3\xa9", false },
		{ "a*", false },
		{ "0123456789012345678901234567890123456789012345678901234567890123",
		    true },
		{ "01234567890123456789012345678901234567890123456789012345678901"
		  "234",
		    false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].text,
		    catalog_is_name(bytes_of(cases[i].text)), cases[i].is);
	wrong += case_number("NUL", catalog_is_name(LIT("a\0b")), false);
	assert_int_equal(wrong, 0);
}

/* The names and outcomes of pelihook's own events. */
static void
pelihook_has_rows_of_its_own(void **state)
{
	static const struct {
		const char *name, *outcome;
	} own[] = {
		{ "pelihook.pipeline_failing", "failing" },
		{ "pelihook.pipeline_late", "late" },
		{ "pelihook.pipelines_late", "late" },
		{ "pelihook.run_stuck", "stuck" },
		{ "pelihook.runs_stuck", "stuck" },
		{ "pelihook.hook_silent", "silent" },
		{ "pelihook.recovered", "recovered" },
		{ "pelihook.pipelines_recovered", "recovered" },
	};
	unsigned wrong = 0;
	size_t n;

	(void)state;
	catalog_watch_rows(&n);
	assert_int_equal(n, COUNT(own));
	for (size_t i = 0; i < n; i++) {
		struct bytes name = bytes_of(own[i].name);
		const struct catalog_row *row = catalog_find_watch(name);

		assert_non_null(row);
		wrong += case_text(own[i].name, row->kind, "watch");
		wrong += case_text(own[i].name, row->outcome, own[i].outcome);
		wrong += case_true(own[i].name, "own",
		    catalog_is_own(name) && catalog_is_watch(row));
		wrong += case_true(own[i].name, "sent by nobody",
		    catalog_find(name) == NULL);
	}
	assert_int_equal(wrong, 0);
	assert_null(catalog_find_watch(LIT("pelihook.run_stuc")));
	assert_null(catalog_find_watch(LIT("run_stuck")));
	assert_false(catalog_is_own(LIT("pelihook")));
	assert_false(catalog_is_own(LIT("Pelihook.recovered")));
	assert_false(catalog_is_watch(catalog_find(LIT("connection_added"))));
}

static const char *const groups[] = { "@connection", "@pipeline", "@started",
	"@success", "@partial", "@failure", "@stopped", "@terminal", "@problem",
	"@unknown", "@watch" };

static void
groups_are_named_exactly(void **state)
{
	static const char *const others[] = { "", "@", "connection", "@Failure",
		"@failure ", "@failures", "@all", "@added", "*", "failure",
		"pipeline_run_failed" };

	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++)
		assert_true(catalog_is_group(bytes_of(groups[i])));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(catalog_is_group(bytes_of(others[i])));
	assert_false(catalog_is_group(LIT("@failure\0")));
}

/* The groups of each event; what is not listed does not hold it. */
static const struct {
	const char *name;
	bool known;
	const char *groups;
} memberships[] = {
	{ "connection_added", true, "@connection" },
	{ "connection_removed", true, "@connection" },
	{ "pipeline_run_started", true, "@pipeline @started" },
	{ "pipeline_run_completed", true, "@pipeline @success @terminal" },
	{ "pipeline_run_completed_with_errors", true,
	    "@pipeline @partial @terminal @problem" },
	{ "pipeline_run_internal_error", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_error", true, "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_remote_error", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_killed", true,
	    "@pipeline @stopped @terminal @problem" },
	{ "pipeline_run_killed_for_system_upgrade", true,
	    "@pipeline @stopped @terminal @problem" },
	{ "pipeline_run_timeout", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_rate_limited", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_no_streams", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_failed", true,
	    "@pipeline @failure @terminal @problem" },
	{ "pipeline_run_exploded", false, "@pipeline @unknown" },
	{ "connection_renamed", false, "@unknown" },
	{ "unknown", false, "@unknown" },
	{ "pelihook.pipeline_failing", true, "@watch" },
	{ "pelihook.run_stuck", true, "@watch" },
	{ "pelihook.recovered", true, "@watch" },
	{ "pelihook.of_another_release", false, "@watch" },
};

static bool
is_listed(const char *list, const char *group)
{
	struct bytes rest = bytes_of(list), item;

	while (bytes_split(&rest, " ", &item))
		if (bytes_is(item, group))
			return true;
	return false;
}

static void
every_event_is_in_its_groups_and_no_other(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(memberships); i++) {
		struct bytes name = bytes_of(memberships[i].name);
		const struct catalog_row *row = catalog_find(name);

		if (row == NULL)
			row = catalog_find_watch(name);
		assert_int_equal(row != NULL, memberships[i].known);
		if (row == NULL)
			row = catalog_unknown(name);

		for (size_t j = 0; j < COUNT(groups); j++) {
			bool in = catalog_in_group(row, memberships[i].known,
			    bytes_of(groups[j]));
			bool want = is_listed(memberships[i].groups, groups[j]);

			if (in != want)
				print_error("%s in %s: %d\n",
				    memberships[i].name, groups[j], in);
			wrong += in != want;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_is_in_what_is_no_group(void **state)
{
	const struct catalog_row *row = catalog_find(LIT("connection_added"));

	(void)state;
	assert_false(catalog_in_group(row, true, LIT("@nothing")));
	assert_false(catalog_in_group(row, false, LIT("@nothing")));
	assert_false(catalog_in_group(row, true, LIT("connection")));
}

static void
events_start_and_end_runs(void **state)
{
	static const struct {
		const char *name;
		enum catalog_step step;
		bool success;
	} cases[] = {
		{ "pipeline_run_started", CATALOG_STARTS, false },
		{ "pipeline_run_completed", CATALOG_ENDS, true },
		{ "pipeline_run_completed_with_errors", CATALOG_ENDS, true },
		{ "pipeline_run_error", CATALOG_ENDS, false },
		{ "pipeline_run_killed", CATALOG_ENDS, false },
		{ "connection_removed", CATALOG_REMOVES, false },
		{ "connection_added", CATALOG_NO_STEP, false },
		{ "pipeline_run_paused", CATALOG_NO_STEP, false },
		{ "orders/create", CATALOG_NO_STEP, false },
		{ "pelihook.recovered", CATALOG_NO_STEP, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes name = bytes_of(cases[i].name);
		const struct catalog_row *row = catalog_find(name);

		if (row == NULL)
			row = catalog_find_watch(name);
		if (row == NULL)
			row = catalog_unknown(name);
		assert_int_equal(catalog_step(row), cases[i].step);
		assert_int_equal(catalog_is_success(row), cases[i].success);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rows_are_those_of_the_contract),
		cmocka_unit_test(every_row_is_found_by_its_name),
		cmocka_unit_test(names_are_compared_whole),
		cmocka_unit_test(an_unknown_name_has_an_empty_row),
		cmocka_unit_test(few_texts_are_taken_for_a_name),
		cmocka_unit_test(pelihook_has_rows_of_its_own),
		cmocka_unit_test(groups_are_named_exactly),
		cmocka_unit_test(every_event_is_in_its_groups_and_no_other),
		cmocka_unit_test(nothing_is_in_what_is_no_group),
		cmocka_unit_test(events_start_and_end_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
