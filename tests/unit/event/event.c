/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/buf.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/header_name.h"
#include "http/request.h"

static void
an_event_from_the_journal_keeps_its_name(void **state)
{
	static const char *const names[] = { "connection_added", "run.done",
		"unknown", "pipeline_run_exploded" };
	static const char *const kinds[] = { "connection", "unknown", "unknown",
		"pipeline" };
	struct event event;
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(event_reparse(NULL,
				     LIT("{\"event\":\"other\"}"), names[i],
				     &event),
		    RC_OK);
		assert_string_equal(event.name, names[i]);
		assert_string_equal(event.row->kind, kinds[i]);
		assert_int_equal(event.known, i == 0);
		text.len = 0;
		assert_int_equal(event_text(&event, "/event", &text), RC_OK);
		assert_string_equal(text.data, "other");
		event_free(&event);
	}
	assert_int_equal(event_reparse(NULL, LIT("{"), "run.done", &event),
	    RC_JSON);
	buf_free(&text);
}

static void
the_keys_at_the_top_and_no_values(void **state)
{
	static const struct {
		const char *body, *keys;
	} cases[] = {
		{ "{\"a\":\"secret\",\"b\":{\"c\":1},\"d\":[]}", "a b d" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "a b" },
		{ "{\"a\\u0000\":1,\"b\":2,\"\\ud800\":3}", "b" },
		{ "{}", "" },
		{ "[1]", "" },
		{ "\"text\"", "" },
		{ "null", "" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = { 0 };
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_rc(cases[i].body,
		    event_top_keys(&trial.event, &text), RC_OK);
		wrong += case_bytes(cases[i].body, buf_view(&text),
		    bytes_of(cases[i].keys));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_is_freed_twice(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT("{\"event\":"));
	assert_int_equal(trial_parse(&trial), RC_JSON);
	trial_end(&trial);
	trial_start(&trial, LIT("{}"));
	assert_int_equal(trial_parse(&trial), RC_OK);
	event_free(&trial.event);
	trial_end(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_from_the_journal_keeps_its_name),
		cmocka_unit_test(the_keys_at_the_top_and_no_values),
		cmocka_unit_test(nothing_is_freed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
