/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/bytes.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/header_name.h"
#include "http/request.h"

/* Payloads, and the name that is found in them, and where. */
static const struct {
	const char *body;
	const char *name;
	const char *found;
} payloads[] = {
	/* Step 1: the four keys at the top, in their order. */
	{ "{\"event\":\"connection_added\"}", "connection_added", "/event" },
	{ "{\"event_type\":\"connection_removed\"}", "connection_removed",
	    "/event_type" },
	{ "{\"type\":\"pipeline_run_started\"}", "pipeline_run_started",
	    "/type" },
	{ "{\"event_name\":\"pipeline_run_failed\"}", "pipeline_run_failed",
	    "/event_name" },
	{ "{\"id\":1,\"event\":\"pipeline_run_completed\",\"run\":{}}",
	    "pipeline_run_completed", "/event" },
	{ "{\"type\":\"webhook\",\"event\":\"pipeline_run_error\"}",
	    "pipeline_run_error", "/event" },
	{ "{\"event\":\"webhook\",\"type\":\"pipeline_run_error\"}",
	    "pipeline_run_error", "/type" },
	{ "{\"event\":{\"id\":1},\"event_type\":\"pipeline_run_error\"}",
	    "pipeline_run_error", "/event_type" },
	{ "{\"event\":5,\"type\":\"pipeline_run_error\"}", "pipeline_run_error",
	    "/type" },
	{ "{\"event\":null,\"event_name\":\"pipeline_run_error\"}",
	    "pipeline_run_error", "/event_name" },
	{ "{\"type\":\"pipeline_run_error\",\"event\":\"pipeline_run_error\"}",
	    "pipeline_run_error", "/event" },
	{ "{\"event_name\":\"connection_added\",\"type\":\"connection_removed\"}",
	    "connection_removed", "/type" },
	{ "{\"event\":\"connection_added\",\"x\":\"pipeline_run_failed\"}",
	    "connection_added", "/event" },
	{ "{\"event\":\"connection_added\",\"data\":{\"event\":"
	  "\"pipeline_run_failed\"}}",
	    "connection_added", "/event" },
	{ "{\"event\":\"connection_added\",\"name\":\"pipeline_run_failed\"}",
	    "connection_added", "/event" },
	{ "{\"event\":\"connection_added\",\"event\":\"connection_removed\"}",
	    "connection_removed", "/event" },
	{ "{\"\\u0065vent\":\"connection\\u005fadded\"}", "connection_added",
	    "/event" },

	/* Step 2: the four keys one level down. */
	{ "{\"data\":{\"event\":\"connection_added\"}}", "connection_added",
	    "/data/event" },
	{ "{\"payload\":{\"event_type\":\"pipeline_run_killed\"}}",
	    "pipeline_run_killed", "/payload/event_type" },
	{ "{\"event\":{\"type\":\"pipeline_run_timeout\"}}",
	    "pipeline_run_timeout", "/event/type" },
	{ "{\"event\":{\"event_name\":\"pipeline_run_timeout\",\"id\":7}}",
	    "pipeline_run_timeout", "/event/event_name" },
	{ "[{\"event\":\"connection_added\"}]", "connection_added",
	    "/0/event" },
	{ "[{},{\"type\":\"connection_added\"}]", "connection_added",
	    "/1/type" },
	{ "{\"a/b\":{\"event\":\"connection_added\"}}", "connection_added",
	    "/a~1b/event" },
	{ "{\"a~b\":{\"event\":\"connection_added\"}}", "connection_added",
	    "/a~0b/event" },
	{ "{\"\":{\"event\":\"connection_added\"}}", "connection_added",
	    "//event" },
	{ "{\"a\":{\"event\":\"connection_added\"},\"b\":{\"type\":"
	  "\"connection_added\"}}",
	    "connection_added", "/a/event" },
	{ "{\"message\":{\"event\":\"connection_added\"}}", "connection_added",
	    "/message/event" },
	{ "{\"event\":\"run.failed\",\"data\":{\"type\":\"pipeline_run_error\"}}",
	    "pipeline_run_error", "/data/type" },
	{ "{\"x\":\"connection_removed\",\"data\":{\"event\":"
	  "\"connection_added\"}}",
	    "connection_added", "/data/event" },

	/* Step 3: any other string, but not what people write. */
	{ "{\"eventType\":\"pipeline_run_failed\"}", "pipeline_run_failed",
	    "/eventType" },
	{ "{\"eventName\":\"pipeline_run_failed\"}", "pipeline_run_failed",
	    "/eventName" },
	{ "{\"Event\":\"pipeline_run_failed\"}", "pipeline_run_failed",
	    "/Event" },
	{ "{\"action\":\"pipeline_run_failed\"}", "pipeline_run_failed",
	    "/action" },
	{ "{\"webhook\":{\"trigger\":\"pipeline_run_failed\"}}",
	    "pipeline_run_failed", "/webhook/trigger" },
	{ "{\"data\":{\"eventType\":\"pipeline_run_failed\"}}",
	    "pipeline_run_failed", "/data/eventType" },
	{ "[\"pipeline_run_failed\"]", "pipeline_run_failed", "/0" },
	{ "{\"events\":[\"pipeline_run_failed\"]}", "pipeline_run_failed",
	    "/events/0" },
	{ "[[1,\"pipeline_run_failed\"]]", "pipeline_run_failed", "/0/1" },
	{ "{\"a\":\"connection_added\",\"b\":\"connection_added\"}",
	    "connection_added", "/a" },
	{ "{\"name\":\"pipeline_run_failed\",\"kind\":\"connection_added\"}",
	    "connection_added", "/kind" },
	{ "{\"event\":\"new\",\"topic\":\"connection_added\"}",
	    "connection_added", "/topic" },
	{ "{\"connection\":{\"name\":\"pipeline_run_failed\"},\"topic\":"
	  "\"connection_added\"}",
	    "connection_added", "/topic" },

	/* Two that are at odds: none. */
	{ "{\"a\":{\"event\":\"connection_added\"},\"b\":{\"event\":"
	  "\"connection_removed\"}}",
	    "unknown", "" },
	{ "[{\"event\":\"connection_added\"},{\"event\":"
	  "\"pipeline_run_failed\"}]",
	    "unknown", "" },
	{ "{\"a\":\"connection_added\",\"b\":\"connection_removed\"}",
	    "unknown", "" },
	{ "{\"a\":\"connection_added\",\"b\":{\"c\":\"connection_removed\"}}",
	    "unknown", "" },
	{ "{\"a\":\"connection_added\",\"b\":\"connection_removed\","
	  "\"c\":\"connection_added\"}",
	    "unknown", "" },
	{ "{\"subscribed\":[\"connection_added\",\"connection_removed\"]}",
	    "unknown", "" },
	{ "{\"event\":\"run.done\",\"a\":\"connection_added\","
	  "\"b\":\"connection_removed\"}",
	    "unknown", "" },

	/* Step 4: a name that the table does not have. */
	{ "{\"event\":\"pipeline_run_exploded\"}", "pipeline_run_exploded",
	    "/event" },
	{ "{\"event_type\":\"run.finished\"}", "run.finished", "/event_type" },
	{ "{\"event_name\":\"A-b_c.d:9\"}", "A-b_c.d:9", "/event_name" },
	{ "{\"event_name\":\"a\",\"event\":\"b\"}", "b", "/event" },
	{ "{\"event\":\"not a name\",\"event_type\":\"c\"}", "c",
	    "/event_type" },
	{ "{\"event\":{},\"event_name\":\"c\"}", "c", "/event_name" },
	{ "{\"event\":\"0123456789012345678901234567890123456789012345678901234"
	  "567890123\"}",
	    "0123456789012345678901234567890123456789012345678901"
	    "234567890123",
	    "/event" },
	{ "{\"event\":\"pipeline_run_completed \"}", "unknown", "" },
	{ "{\"event\":\"Pipeline_Run_Completed\"}", "Pipeline_Run_Completed",
	    "/event" },
	{ "{\"event\":\"connection_added_x\"}", "connection_added_x",
	    "/event" },

	/* Nothing that could be one. */
	{ "{}", "unknown", "" },
	{ "[]", "unknown", "" },
	{ "null", "unknown", "" },
	{ "true", "unknown", "" },
	{ "42", "unknown", "" },
	{ "\"text\"", "unknown", "" },
	{ "{\"type\":\"run.finished\"}", "unknown", "" },
	{ "{\"data\":{\"event\":\"run.finished\"}}", "unknown", "" },
	{ "{\"data\":{\"run\":{\"event\":\"connection_added\"}}}", "unknown",
	    "" },
	{ "{\"data\":[{\"event\":\"connection_added\"}]}", "unknown", "" },
	{ "{\"connection_added\":true}", "unknown", "" },
	{ "{\"name\":\"connection_added\"}", "unknown", "" },
	{ "{\"title\":\"connection_added\"}", "unknown", "" },
	{ "{\"label\":\"connection_added\"}", "unknown", "" },
	{ "{\"description\":\"connection_added\"}", "unknown", "" },
	{ "{\"message\":\"connection_added\"}", "unknown", "" },
	{ "{\"connection\":{\"id\":1,\"name\":\"connection_added\"}}",
	    "unknown", "" },
	{ "{\"message\":{\"text\":\"connection_added\"}}", "unknown", "" },
	{ "{\"message\":[\"connection_added\"]}", "unknown", "" },
	{ "{\"note\":\"it was connection_added\"}", "unknown", "" },
	{ "{\"event\":\"\"}", "unknown", "" },
	{ "{\"event\":\"connection_added\\u0000\"}", "unknown", "" },
	{ "{\"event\\u0000\":\"run.done\"}", "unknown", "" },
	{ "{\"x\":\"connection_added\\ud800\"}", "unknown", "" },
	{ "{\"x\":\"connection_added\\u0000\"}", "unknown", "" },
	{ "{\"event\":\"a\\ud800\",\"event_type\":\"b\"}", "b", "/event_type" },
	{ "{\"event\":\"connection_added\",\"event\\u0000\":\"x\"}",
	    "connection_added", "/event" },
	{ "{\"event\":\"caf\\u00e9\"}", "unknown", "" },
	/* Nobody sends pelihook's own. */
	{ "{\"event\":\"pelihook.run_stuck\"}", "unknown", "" },
	{ "{\"event_name\":\"pelihook.x\"}", "unknown", "" },
	{ "{\"event\":\"pelihook.recovered\",\"event_type\":\"run.done\"}",
	    "unknown", "" },
	{ "{\"event\":\"pelihook.recovered\",\"type\":\"connection_added\"}",
	    "connection_added", "/type" },
	{ "{\"event\":\"pelihook\"}", "pelihook", "/event" },
	{ "{\"event\":\"a\\nb\"}", "unknown", "" },
	{ "{\"event\":\"01234567890123456789012345678901234567890123456789012345"
	  "678901234\"}",
	    "unknown", "" },
};

static void
the_events_name_is_found(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(payloads); i++) {
		const char *body = payloads[i].body;
		const struct catalog_row *row = catalog_find(
		    bytes_of(payloads[i].name));
		struct trial trial;

		trial_start(&trial, bytes_of(body));
		wrong += case_rc(body, trial_parse(&trial), RC_OK);
		wrong += case_text(body, trial.event.name, payloads[i].name);
		wrong += case_text(body, trial.event.found, payloads[i].found);
		wrong += case_number(body, trial.event.known, row != NULL);
		wrong += case_true(body, "the row",
		    trial.event.row ==
			(row != NULL ?
				row :
				catalog_unknown(bytes_of(payloads[i].name))));
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
every_event_of_the_table_is_found(void **state)
{
	size_t n;
	const struct catalog_row *rows = catalog_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct trial trial;
		char body[128];

		snprintf(body, sizeof(body), "{\"event\":\"%s\"}",
		    rows[i].name);
		trial_start(&trial, bytes_of(body));
		assert_int_equal(trial_parse(&trial), RC_OK);
		assert_ptr_equal(trial.event.row, &rows[i]);
		assert_true(trial.event.known);
		trial_end(&trial);
	}
}

static void
a_place_of_any_length_is_told(void **state)
{
	char key[600], body[800];
	struct trial trial;

	(void)state;
	memset(key, '~', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	snprintf(body, sizeof(body), "{\"%s\":\"connection_added\"}", key);
	trial_start(&trial, bytes_of(body));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_string_equal(trial.event.name, "connection_added");
	assert_in_range(strlen(trial.event.found), 1,
	    sizeof(trial.event.found) - 1);
	trial_end(&trial);
}

/* `event-name POINTER`: what it names and nothing else. */
static void
a_pointer_says_where_the_name_stands(void **state)
{
	static const struct {
		const char *body, *pointer, *name, *found;
	} cases[] = {
		{ "{\"a\":{\"b\":\"connection_added\"}}", "/a/b",
		    "connection_added", "/a/b" },
		{ "{\"a\":[0,\"connection_added\"]}", "/a/1",
		    "connection_added", "/a/1" },
		{ "{\"name\":\"connection_added\"}", "/name",
		    "connection_added", "/name" },
		{ "{\"a\":\"run.done\",\"event\":\"connection_added\"}", "/a",
		    "run.done", "/a" },
		{ "{\"event\":\"connection_added\"}", "/a", "unknown", "" },
		{ "{\"a\":\"Push Hook\",\"event\":\"connection_added\"}", "/a",
		    "Push Hook", "/a" },
		{ "{\"a\":\"orders/create\"}", "/a", "orders/create", "/a" },
		{ "{\"a\":\"caf\\u00e9 \\ud83d\\ude00\"}", "/a",
		    "caf\xc3\xa9 \xf0\x9f\x98\x80", "/a" },
		{ "{\"a\":\" \\\"\\\\'*@#\"}", "/a", " \"\\'*@#", "/a" },
		{ "{\"a\":\"a\\nb\"}", "/a", "unknown", "" },
		{ "{\"a\":\"a\\tb\"}", "/a", "unknown", "" },
		{ "{\"a\":\"a\\u0000b\"}", "/a", "unknown", "" },
		{ "{\"a\":\"a\\u007fb\"}", "/a", "unknown", "" },
		{ "{\"a\":\"a\\u009bb\"}", "/a", "unknown", "" },
		{ "{\"a\":42}", "/a", "42", "/a" },
		{ "{\"a\":{},\"event\":\"connection_added\"}", "/a", "unknown",
		    "" },
		{ "{\"a\":\"\",\"event\":\"connection_added\"}", "/a",
		    "unknown", "" },
		{ "\"connection_added\"", "", "connection_added", "" },
		{ "{\"a\":\"pelihook.run_stuck\"}", "/a", "unknown", "" },
		{ "{\"a\":\"pelihook.*\"}", "/a", "unknown", "" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		trial.hook.reading.name.from = EVENT_FROM_POINTER;
		trial.hook.reading.name.pointer = cases[i].pointer;
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_text(cases[i].body, trial.event.name,
		    cases[i].name);
		wrong += case_text(cases[i].body, trial.event.found,
		    cases[i].found);
		wrong += case_number(cases[i].body, trial.event.known,
		    strcmp(cases[i].name, "connection_added") == 0);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* `event-name header X-Event`. */
static void
a_header_says_the_name(void **state)
{
	static const struct {
		const char *one, *two;
		enum rc rc;
		const char *name, *found;
	} cases[] = {
		{ "HTTP_X_EVENT=connection_added", NULL, RC_OK,
		    "connection_added", "X-Event" },
		{ "HTTP_X_EVENT= connection_added ", NULL, RC_OK,
		    "connection_added", "X-Event" },
		{ "HTTP_X_EVENT=run.done", NULL, RC_OK, "run.done", "X-Event" },
		{ "HTTP_X_EVENT=", NULL, RC_OK, "unknown", "" },
		{ "HTTP_X_EVENT=pelihook.recovered", NULL, RC_OK, "unknown",
		    "" },
		{ "HTTP_X_EVENT=Push Hook", NULL, RC_OK, "Push Hook",
		    "X-Event" },
		{ "HTTP_X_EVENT=\torders/create \t", NULL, RC_OK,
		    "orders/create", "X-Event" },
		{ "HTTP_X_EVENT= \t ", NULL, RC_OK, "unknown", "" },
		{ "HTTP_X_EVENT=a\tb", NULL, RC_OK, "unknown", "" },
		{ "HTTP_X_EVENT=caf\xe9", NULL, RC_OK, "unknown", "" },
		{ "HTTP_X_EVENT=caf\xc3\xa9", NULL, RC_OK, "caf\xc3\xa9",
		    "X-Event" },
		{ "HTTP_X_EVENT=connection_added, connection_added", NULL,
		    RC_OK, "connection_added, connection_added", "X-Event" },
		{ "HTTP_OTHER=connection_added", NULL, RC_OK, "unknown", "" },
		{ "HTTP_X_EVENT=connection_added",
		    "HTTP_X_EVENT=connection_added", RC_REPEATED, "", "" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;

		trial_start(&trial, LIT("{\"event\":\"pipeline_run_failed\"}"));
		trial.hook.reading.name.from = EVENT_FROM_HEADER;
		trial.hook.reading.name.header = (struct header_name){
			"X-Event", "HTTP_X_EVENT"
		};
		front_add(&trial.front, cases[i].one);
		if (cases[i].two != NULL)
			front_add(&trial.front, cases[i].two);
		wrong += case_rc(cases[i].one, trial_parse(&trial),
		    cases[i].rc);
		if (cases[i].rc == RC_OK) {
			wrong += case_text(cases[i].one, trial.event.name,
			    cases[i].name);
			wrong += case_text(cases[i].one, trial.event.found,
			    cases[i].found);
		}
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* However long a name is found that is asked for, to 255 bytes. */
static void
a_name_has_at_most_255_bytes(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t n = 63; n <= 257; n++) {
		struct trial found, asked;
		char body[300], name[260];

		memset(name, 'x', n);
		name[n] = '\0';
		snprintf(body, sizeof(body), "{\"event\":\"%s\"}", name);
		trial_start(&found, bytes_of(body));
		trial_start(&asked, bytes_of(body));
		asked.hook.reading.name.from = EVENT_FROM_POINTER;
		asked.hook.reading.name.pointer = "/event";
		wrong += case_rc(body, trial_parse(&found), RC_OK);
		wrong += case_rc(body, trial_parse(&asked), RC_OK);
		wrong += case_text("found", found.event.name,
		    n <= 64 ? name : "unknown");
		wrong += case_text("asked for", asked.event.name,
		    n <= 255 ? name : "unknown");
		trial_end(&found);
		trial_end(&asked);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_events_name_is_found),
		cmocka_unit_test(every_event_of_the_table_is_found),
		cmocka_unit_test(a_place_of_any_length_is_told),
		cmocka_unit_test(a_pointer_says_where_the_name_stands),
		cmocka_unit_test(a_header_says_the_name),
		cmocka_unit_test(a_name_has_at_most_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
