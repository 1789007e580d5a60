/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/utf8.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/sentence.h"

static void
say(const char *name, const char *pipeline, const char *run,
    const char *payload, struct buf *into)
{
	const struct event_reading reading = { .hook = "shop" };
	struct event event;

	assert_int_equal(event_reparse(&reading, bytes_of(payload), name,
			     &event),
	    RC_OK);
	assert_int_equal(event_sentence(&event, pipeline, run, into), RC_OK);
	event_free(&event);
}

static unsigned
check_sentence(const char *name, const char *pipeline, const char *run,
    const char *want)
{
	struct buf got = { 0 };
	unsigned wrong;

	say(name, pipeline, run, "{}", &got);
	wrong = case_text(name, got.data, want);
	buf_free(&got);
	return wrong;
}

static const struct {
	const char *name, *sentence;
} known[] = {
	{ "connection_added", "Connection CRM was added." },
	{ "connection_removed", "Connection CRM was removed." },
	{ "pipeline_run_started", "Pipeline CRM started." },
	{ "pipeline_run_completed", "Pipeline CRM completed." },
	{ "pipeline_run_completed_with_errors",
	    "Pipeline CRM completed with errors: the destination refused rows "
	    "of at least one stream." },
	{ "pipeline_run_internal_error",
	    "Pipeline CRM failed: the sender's own task runner crashed." },
	{ "pipeline_run_error",
	    "Pipeline CRM failed: the tap or connector exited non-zero or "
	    "raised." },
	{ "pipeline_run_remote_error",
	    "Pipeline CRM failed: the source refused or answered 5xx." },
	{ "pipeline_run_killed",
	    "Pipeline CRM was stopped: a user cancelled it." },
	{ "pipeline_run_killed_for_system_upgrade",
	    "Pipeline CRM was stopped for the sender's upgrade: it is safe to "
	    "re-trigger." },
	{ "pipeline_run_timeout",
	    "Pipeline CRM failed: it exceeded the connector's maximum "
	    "duration." },
	{ "pipeline_run_rate_limited",
	    "Pipeline CRM failed: the source limits the rate of requests "
	    "(429), and did so for too long." },
	{ "pipeline_run_no_streams",
	    "Pipeline CRM failed: no stream is enabled, or the catalog is "
	    "empty." },
	{ "pipeline_run_failed",
	    "Pipeline CRM failed: with a status that is not known." },
};

static void
every_event_of_the_table_has_its_sentence(void **state)
{
	unsigned wrong = 0;
	size_t n;

	(void)state;
	catalog_rows(&n);
	assert_int_equal(n, COUNT(known));
	for (size_t i = 0; i < COUNT(known); i++)
		wrong += check_sentence(known[i].name, "CRM", "",
		    known[i].sentence);
	assert_int_equal(wrong, 0);
}

static void
what_is_known_is_said(void **state)
{
	unsigned wrong = 0;

	(void)state;
	wrong += check_sentence("pipeline_run_remote_error", "CRM to warehouse",
	    "42",
	    "Pipeline CRM to warehouse failed: the source refused or answered "
	    "5xx (run 42).");
	wrong += check_sentence("pipeline_run_started", "", "",
	    "A pipeline started.");
	wrong += check_sentence("pipeline_run_started", "", "42",
	    "A pipeline started (run 42).");
	wrong += check_sentence("connection_added", "", "",
	    "A connection was added.");
	wrong += check_sentence("orders/create", "", "",
	    "Event orders/create arrived at hook shop.");
	wrong += check_sentence("pipeline_run_exploded", "CRM", "42",
	    "Event pipeline_run_exploded of pipeline CRM arrived at hook shop "
	    "(run 42).");
	wrong += check_sentence("unknown", "", "",
	    "An event without a known name arrived at hook shop.");
	wrong += check_sentence("unknown", "CRM", "",
	    "An event without a known name of pipeline CRM arrived at hook "
	    "shop.");
	assert_int_equal(wrong, 0);
}

static void
pelihooks_own_events_say_theirs(void **state)
{
	static const struct {
		const char *payload, *sentence;
	} cases[] = {
		{ "{\"text\":\"Run 42 of CRM hangs.\"}",
		    "Run 42 of CRM hangs." },
		{ "{\"text\":\"Run\\n42 \\u202eof CRM\"}", "Run 42  of CRM" },
		{ "{}",
		    "Event pelihook.run_stuck of pipeline CRM arrived at "
		    "hook shop (run 42)." },
		{ "{\"text\":\"\"}",
		    "Event pelihook.run_stuck of pipeline CRM arrived at "
		    "hook shop (run 42)." },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf got = { 0 };

		say("pelihook.run_stuck", "CRM", "42", cases[i].payload, &got);
		wrong += case_text(cases[i].payload, got.data,
		    cases[i].sentence);
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_in_it_breaks_or_reorders_a_line(void **state)
{
	unsigned wrong = 0;

	(void)state;
	wrong += check_sentence("pipeline_run_started", "a\nb\tc\x7f\x1b[1m",
	    "\r", "Pipeline a b c  [1m started (run  ).");
	wrong += check_sentence("pipeline_run_started",
	    "a\xe2\x80\xae"
	    "b\xc2\x9b"
	    "c\xef\xbb\xbf"
	    "d\xe2\x80\xa8",
	    "", "Pipeline a b c d  started.");
	wrong += check_sentence("pipeline_run_started", "caf\xc3\xa9 \xff!", "",
	    "Pipeline caf\xc3\xa9  ! started.");
	assert_int_equal(wrong, 0);
}

/* A character is never cut through. */
static void
long_names_are_cut(void **state)
{
	struct buf got = { 0 };
	char name[256] = "";

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "\xe2\x82\xac", 4);
	say("pipeline_run_started", name, name, "{}", &got);
	assert_true(utf8_is_text(buf_view(&got)));
	assert_true(bytes_begin(buf_view(&got), "Pipeline \xe2\x82\xac"));
	assert_non_null(strstr(got.data, "\xe2\x82\xac... started (run "));
	assert_non_null(strstr(got.data, "\xe2\x82\xac...)."));
	/* 66 characters of three bytes are all that 200 bytes have room for. */
	assert_int_equal(got.len,
	    strlen("Pipeline ... started (run ...).") + 2 * (size_t)198);
	buf_free(&got);
}

static void
it_is_added_to_what_is_there(void **state)
{
	struct buf got = { 0 };

	(void)state;
	assert_int_equal(buf_text(&got, "x: "), RC_OK);
	say("connection_added", "a", "", "{}", &got);
	assert_string_equal(got.data, "x: Connection a was added.");
	buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_of_the_table_has_its_sentence),
		cmocka_unit_test(what_is_known_is_said),
		cmocka_unit_test(pelihooks_own_events_say_theirs),
		cmocka_unit_test(nothing_in_it_breaks_or_reorders_a_line),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(it_is_added_to_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
