/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include <json-c/json.h>

#include "base/buf.h"
#include "event/catalog.h"
#include "watch/tell.h"

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

/* 2026-03-02T09:00:00Z */
static const int64_t nine = INT64_C(1772442000) * 1000;

static struct journal_change_told
change_of(enum journal_alarm alarm)
{
	return (struct journal_change_told){
		.hook = "peliqan",
		.alarm = alarm,
		.since = nine,
		.expected = nine - HOUR,
		.usual = 1500,
		.id = "7",
		.name = "CRM \"to\" warehouse",
		.success = nine - 2 * HOUR,
		.failures = 2,
		.failure = "pipeline_run_remote_error",
		.run = alarm == JOURNAL_STUCK ? "r42" : "",
		.outcome = "",
	};
}

static struct json_object *
payload_of(const struct journal_change_told *list, size_t n)
{
	struct buf text = { 0 };
	struct json_object *root;

	assert_int_equal(watch_payload(list, n, &text), RC_OK);
	root = json_tokener_parse(text.data);
	assert_non_null(root);
	buf_free(&text);
	return root;
}

/* Of a member of an object; NULL: null. */
static const char *
text_at(struct json_object *object, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	return json_object_get_string(value);
}

static void
assert_text(struct json_object *object, const char *key, const char *want)
{
	const char *text = text_at(object, key);

	if (want == NULL)
		assert_null(text);
	else
		assert_string_equal(text, want);
}

static void
a_failing_pipeline_is_told_with_its_cause(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_FAILING);
	struct json_object *root = payload_of(&change, 1);
	struct json_object *pipeline;

	(void)state;
	assert_text(root, "event", "pelihook.pipeline_failing");
	assert_text(root, "hook", "peliqan");
	assert_text(root, "run", NULL);
	assert_text(root, "since", "2026-03-02T09:00:00.000Z");
	assert_text(root, "expected", "2026-03-02T08:00:00.000Z");
	assert_text(root, "usual", "1.500");
	assert_text(root, "last_success", "2026-03-02T07:00:00.000Z");
	assert_text(root, "cause", "source");
	assert_text(root, "text",
	    "Pipeline CRM \"to\" warehouse is failing: its last 2 runs ended "
	    "without success, the last one so (the remote source refused or "
	    "answered 5xx).");
	assert_true(json_object_object_get_ex(root, "pipeline", &pipeline));
	assert_text(pipeline, "id", "7");
	assert_text(pipeline, "name", "CRM \"to\" warehouse");
	json_object_put(root);
}

static void
a_stuck_run_is_told_by_its_identity(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_STUCK);
	struct json_object *root = payload_of(&change, 1);

	(void)state;
	assert_text(root, "event", "pelihook.run_stuck");
	assert_text(root, "run", "r42");
	assert_text(root, "text",
	    "Run r42 of pipeline CRM \"to\" warehouse is stuck: it has not "
	    "ended and should have by 2026-03-02T08:00:00Z, as runs usually "
	    "take 1s.");
	json_object_put(root);
}

static void
what_is_not_known_is_null(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_LATE);
	struct json_object *root;

	(void)state;
	change.expected = change.usual = change.success = 0;
	change.failures = 0;
	change.id = change.name = "";
	root = payload_of(&change, 1);
	assert_text(root, "event", "pelihook.pipeline_late");
	assert_text(root, "pipeline", NULL);
	assert_text(root, "expected", NULL);
	assert_text(root, "usual", NULL);
	assert_text(root, "last_success", NULL);
	assert_text(root, "cause", NULL);
	assert_text(root, "text",
	    "The pipeline of hook peliqan is late: it has had no success "
	    "yet.");
	json_object_put(root);
}

static void
what_recovers_is_told_from_what_and_how_long_it_lasted(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_LATE);
	struct json_object *root;

	(void)state;
	change.recovered = true;
	change.over = nine + 2 * HOUR;
	root = payload_of(&change, 1);
	assert_text(root, "event", "pelihook.recovered");
	assert_text(root, "recovered_from", "late");
	assert_text(root, "lasted", "7200.000");
	assert_text(root, "text",
	    "Pipeline CRM \"to\" warehouse has recovered: it is no longer "
	    "late, after 2h0m.");
	json_object_put(root);
}

static void
how_a_stuck_run_ended_is_told(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_STUCK);
	struct json_object *root;

	(void)state;
	change.recovered = true;
	change.over = nine + 90 * SECOND;
	change.outcome = "failure";
	root = payload_of(&change, 1);
	assert_text(root, "recovered_from", "stuck");
	assert_text(root, "text",
	    "Run r42 of pipeline CRM \"to\" warehouse is no longer stuck, "
	    "after 1m30s: it has ended (failure).");
	json_object_put(root);
}

static void
a_silent_hook_has_no_pipeline(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_SILENT);
	struct json_object *root;

	(void)state;
	change.id = change.name = "";
	change.failures = 0;
	root = payload_of(&change, 1);
	assert_text(root, "event", "pelihook.hook_silent");
	assert_text(root, "pipeline", NULL);
	assert_text(root, "last_success", NULL);
	assert_text(root, "text",
	    "Hook peliqan is silent: no verified event has come since "
	    "2026-03-02T07:00:00Z.");
	json_object_put(root);
}

static void
what_goes_on_is_told_so(void **state)
{
	struct journal_change_told change = change_of(JOURNAL_SILENT);
	struct json_object *root;

	(void)state;
	change.again = true;
	root = payload_of(&change, 1);
	assert_text(root, "text",
	    "Hook peliqan is still silent: no verified event has come since "
	    "2026-03-02T07:00:00Z.");
	json_object_put(root);
}

static void
many_are_told_as_one_with_the_list(void **state)
{
	struct journal_change_told changes[7];
	struct json_object *root;
	struct json_object *list;

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++)
		changes[i] = change_of(JOURNAL_LATE);
	changes[0].since = nine - HOUR;
	root = payload_of(changes, COUNT(changes));
	assert_text(root, "event", "pelihook.pipelines_late");
	assert_text(root, "pipeline", NULL);
	assert_text(root, "since", "2026-03-02T08:00:00.000Z");
	assert_true(json_object_object_get_ex(root, "list", &list));
	assert_int_equal(json_object_array_length(list), COUNT(changes));
	assert_text(json_object_array_get_idx(list, 6), "cause", "source");
	assert_non_null(strstr(text_at(root, "text"),
	    "7 pipelines of hook peliqan are late: CRM \"to\" warehouse, "));
	assert_non_null(strstr(text_at(root, "text"), " and 2 more."));
	json_object_put(root);
}

static void
each_name_is_one_of_the_catalog(void **state)
{
	(void)state;
	for (int alarm = 0; alarm < JOURNAL_ALARMS; alarm++)
		for (size_t n = 1; n <= 2; n++) {
			struct journal_change_told change = change_of(
			    (enum journal_alarm)alarm);

			assert_non_null(catalog_find_watch(
			    bytes_of(watch_event_name(&change, n))));
			change.recovered = true;
			assert_non_null(catalog_find_watch(
			    bytes_of(watch_event_name(&change, n))));
		}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failing_pipeline_is_told_with_its_cause),
		cmocka_unit_test(a_stuck_run_is_told_by_its_identity),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(
		    what_recovers_is_told_from_what_and_how_long_it_lasted),
		cmocka_unit_test(how_a_stuck_run_ended_is_told),
		cmocka_unit_test(a_silent_hook_has_no_pipeline),
		cmocka_unit_test(what_goes_on_is_told_so),
		cmocka_unit_test(many_are_told_as_one_with_the_list),
		cmocka_unit_test(each_name_is_one_of_the_catalog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
