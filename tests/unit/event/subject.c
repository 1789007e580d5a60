/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "event/event.h"
#include "event/subject.h"

/* The directives, NULL for none, and what is to be found. */
struct subject_case {
	const char *body;
	const char *pipeline, *pipeline_at;
	const char *name, *name_at;
	const char *run, *run_at;
	const char *pipeline_id, *pipeline_name, *run_id;
};

static void
pin(struct event_source *source, const char *pointer)
{
	if (pointer == NULL)
		return;
	source->from = EVENT_FROM_POINTER;
	source->pointer = pointer;
}

static unsigned
check_subject(const struct subject_case *with)
{
	struct event_subject got;
	struct trial trial;
	unsigned wrong = 0;

	memset(&got, 'x', sizeof(got));
	trial_start(&trial, bytes_of(with->body));
	pin(&trial.hook.reading.pipeline_id, with->pipeline_id);
	pin(&trial.hook.reading.pipeline_name, with->pipeline_name);
	pin(&trial.hook.reading.run_id, with->run_id);
	assert_int_equal(trial_parse(&trial), RC_OK);
	wrong += case_rc(with->body, event_subject_find(&trial.event, &got),
	    RC_OK);
	wrong += case_text(with->body, got.pipeline, with->pipeline);
	wrong += case_text(with->body, got.pipeline_at, with->pipeline_at);
	wrong += case_text(with->body, got.name, with->name);
	wrong += case_text(with->body, got.name_at, with->name_at);
	wrong += case_text(with->body, got.run, with->run);
	wrong += case_text(with->body, got.run_at, with->run_at);
	trial_end(&trial);
	return wrong;
}

static unsigned
check_subjects(const struct subject_case *cases, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += check_subject(&cases[i]);
	return wrong;
}

#define NO_NAME(id) (id), ""
#define NO_RUN "", ""
#define NO_PIPELINE "", "", "", ""
#define FOUND NULL, NULL, NULL

static void
runs_are_found_at_four_places_in_their_order(void **state)
{
	static const struct subject_case cases[] = {
		{ "{\"pipeline_run\":{\"id\":4},\"run\":{\"id\":3},"
		  "\"pipeline_run_id\":2,\"run_id\":1}",
		    NO_PIPELINE, "1", "/run_id", FOUND },
		{ "{\"pipeline_run\":{\"id\":4},\"run\":{\"id\":3},"
		  "\"pipeline_run_id\":2}",
		    NO_PIPELINE, "2", "/pipeline_run_id", FOUND },
		{ "{\"pipeline_run\":{\"id\":4},\"run\":{\"id\":3}}",
		    NO_PIPELINE, "3", "/run/id", FOUND },
		{ "{\"pipeline_run\":{\"id\":4}}", NO_PIPELINE, "4",
		    "/pipeline_run/id", FOUND },
		{ "{\"run\":7,\"id\":8}", NO_PIPELINE, NO_RUN, FOUND },
		{ "{}", NO_PIPELINE, NO_RUN, FOUND },
		{ "null", NO_PIPELINE, NO_RUN, FOUND },
		{ "\"run_id\"", NO_PIPELINE, NO_RUN, FOUND },
	};

	(void)state;
	assert_int_equal(check_subjects(cases, COUNT(cases)), 0);
}

static void
pipelines_are_found_at_ten_places_in_their_order(void **state)
{
	static const char *const members[] = { "\"pipeline_id\":\"a\"",
		"\"connection_id\":\"b\"", "\"server_id\":\"e\"",
		"\"pipeline_name\":\"g\"", "\"connection_name\":\"h\"" };
	static const struct {
		const char *pipeline, *connection, *server;
		const char *id, *at, *name;
		size_t from; /* of the members above */
	} cases[] = {
		{ "\"id\":\"c\"", "\"id\":\"d\"", "\"id\":\"f\"", "a",
		    "/pipeline_id", "g", 0 },
		{ "\"id\":\"c\"", "\"id\":\"d\"", "\"id\":\"f\"", "b",
		    "/connection_id", "g", 1 },
		{ "\"id\":\"c\"", "\"id\":\"d\"", "\"id\":\"f\"", "c",
		    "/pipeline/id", "g", 2 },
		{ "", "\"id\":\"d\"", "\"id\":\"f\"", "d", "/connection/id",
		    "g", 2 },
		{ "", "", "\"id\":\"f\"", "e", "/server_id", "g", 2 },
		{ "\"name\":\"i\"", "", "\"id\":\"f\"", "f", "/server/id", "g",
		    3 },
		{ "\"name\":\"i\"", "\"name\":\"j\"", "", "g", "/pipeline_name",
		    "g", 3 },
		{ "\"name\":\"i\"", "\"name\":\"j\"", "", "h",
		    "/connection_name", "h", 4 },
		{ "\"name\":\"i\"", "\"name\":\"j\"", "", "i", "/pipeline/name",
		    "i", 5 },
		{ "", "\"name\":\"j\"", "", "j", "/connection/name", "j", 5 },
		{ "", "", "\"name\":\"k\"", "", "", "", 5 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf body = { 0 };
		struct event_subject got;
		struct trial trial;

		buf_printf(&body,
		    "{\"server\":{%s},\"connection\":{%s},\"pipeline\":{%s}",
		    cases[i].server, cases[i].connection, cases[i].pipeline);
		for (size_t k = COUNT(members); k > cases[i].from; k--)
			buf_printf(&body, ",%s", members[k - 1]);
		assert_int_equal(buf_text(&body, "}"), RC_OK);
		trial_start(&trial, buf_view(&body));
		assert_int_equal(trial_parse(&trial), RC_OK);
		assert_int_equal(event_subject_find(&trial.event, &got), RC_OK);
		wrong += case_text(body.data, got.pipeline, cases[i].id);
		wrong += case_text(body.data, got.pipeline_at, cases[i].at);
		wrong += case_text(body.data, got.name, cases[i].name);
		trial_end(&trial);
		buf_free(&body);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_not_at_the_top_is_sought_one_level_down(void **state)
{
	static const struct subject_case cases[] = {
		{ "{\"data\":{\"run_id\":1,\"pipeline\":{\"id\":\"p\","
		  "\"name\":\"CRM\"}}}",
		    "p", "/data/pipeline/id", "CRM", "/data/pipeline/name", "1",
		    "/data/run_id", FOUND },
		/* The top counts more, whatever is found there. */
		{ "{\"data\":{\"pipeline_id\":1},\"connection_name\":\"n\"}",
		    "n", "/connection_name", "n", "/connection_name", NO_RUN,
		    FOUND },
		/* Of those below, the place that comes first in the list, then
		 * the object that comes first in the payload. */
		{ "{\"a\":{\"connection_id\":1},\"b\":{\"pipeline_id\":2},"
		  "\"c\":{\"pipeline_id\":3}}",
		    "2", "/b/pipeline_id", NO_NAME("2"), NO_RUN, FOUND },
		{ "{\"a\":{\"pipeline_run\":{\"id\":1}},\"b\":{\"run_id\":{}},"
		  "\"c\":{\"run\":{\"id\":5}}}",
		    NO_PIPELINE, "5", "/c/run/id", FOUND },
		{ "[0,{\"run_id\":1}]", NO_PIPELINE, "1", "/1/run_id", FOUND },
		{ "{\"a~b/c\":{\"run_id\":1}}", NO_PIPELINE, "1",
		    "/a~0b~1c/run_id", FOUND },
		/* Two levels are one too many, and so is one of an array. */
		{ "{\"a\":{\"b\":{\"run_id\":1}}}", NO_PIPELINE, NO_RUN,
		    FOUND },
		{ "{\"a\":[{\"run_id\":1}]}", NO_PIPELINE, NO_RUN, FOUND },
	};

	(void)state;
	assert_int_equal(check_subjects(cases, COUNT(cases)), 0);
}

static void
only_an_identity_is_found(void **state)
{
	static const char *const others[] = { "null", "true", "false", "\"\"",
		"{}", "[1]", "NaN", "-Infinity", "\"a\\u0000\"",
		"\"\\ud800\"" };
	static const struct {
		const char *value, *text;
	} identities[] = { { "0", "0" }, { "-1.50", "-1.50" }, { "\"0\"", "0" },
		{ "\" \"", " " },
		{ "12345678901234567890123", "12345678901234567890123" },
		{ "\"caf\\u00e9\"", "caf\xc3\xa9" } };
	unsigned wrong = 0;
	char body[256];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		const struct subject_case with = { body, "z", "/server_id",
			NO_NAME("z"), "y", "/pipeline_run_id", FOUND };

		snprintf(body, sizeof(body),
		    "{\"pipeline_id\":%s,\"server_id\":\"z\",\"run_id\":%s,"
		    "\"pipeline_run_id\":\"y\",\"pipeline_name\":%s}",
		    others[i], others[i], others[i]);
		wrong += check_subject(&with);
	}
	for (size_t i = 0; i < COUNT(identities); i++) {
		const char *text = identities[i].text;
		const struct subject_case with = { body, text, "/pipeline_id",
			NO_NAME(text), text, "/run_id", FOUND };

		snprintf(body, sizeof(body),
		    "{\"pipeline_id\":%s,\"run_id\":%s}", identities[i].value,
		    identities[i].value);
		wrong += check_subject(&with);
	}
	assert_int_equal(wrong, 0);
}

static void
a_longer_one_than_there_is_room_for_is_missing(void **state)
{
	char longest[IDENTITY_SIZE], longer[IDENTITY_SIZE + 1];
	struct subject_case with = { NULL, longest, "/pipeline_id",
		NO_NAME(longest), NO_RUN, FOUND };
	char body[600];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'b', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	with.body = body;
	snprintf(body, sizeof(body), "{\"pipeline_id\":\"%s\"}", longest);
	assert_int_equal(check_subject(&with), 0);
	snprintf(body, sizeof(body), "{\"pipeline_id\":\"%s\"}", longer);
	with = (struct subject_case){ body, NO_PIPELINE, NO_RUN, FOUND };
	assert_int_equal(check_subject(&with), 0);
	snprintf(body, sizeof(body),
	    "{\"pipeline_id\":\"%s\",\"connection_id\":9}", longer);
	with = (struct subject_case){ body, "9", "/connection_id", NO_NAME("9"),
		NO_RUN, FOUND };
	assert_int_equal(check_subject(&with), 0);
}

static void
a_place_of_any_length_is_told(void **state)
{
	char key[200], body[300];
	struct event_subject got;
	struct trial trial;

	(void)state;
	memset(key, '~', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	snprintf(body, sizeof(body), "{\"%s\":{\"run_id\":1}}", key);
	trial_start(&trial, bytes_of(body));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_subject_find(&trial.event, &got), RC_OK);
	assert_string_equal(got.run, "1");
	assert_in_range(strlen(got.run_at), 1, SUBJECT_FOUND - 1);
	assert_true(bytes_begin(bytes_of(got.run_at), "/~0~0"));
	trial_end(&trial);
}

#define PINNED                                                                 \
	"{\"a\":{\"b\":\"A\",\"n\":\"N\"},\"r\":[7],\"pipeline_id\":1,"        \
	"\"pipeline_name\":\"P\",\"run_id\":2}"

static void
directives_say_where_they_stand(void **state)
{
	static const struct subject_case cases[] = {
		{ PINNED, "A", "/a/b", "N", "/a/n", "7", "/r/0", "/a/b", "/a/n",
		    "/r/0" },
		{ PINNED, "A", "/a/b", "P", "/pipeline_name", "2", "/run_id",
		    "/a/b", NULL, NULL },
		/* What is missing there is not sought elsewhere. */
		{ PINNED, "1", "/pipeline_id", NO_NAME("1"), NO_RUN, NULL,
		    "/a/x", "/r/1" },
		{ PINNED, NO_PIPELINE, NO_RUN, "/x", NULL, "/a" },
		{ PINNED, NO_PIPELINE, "2", "/run_id", "/x", "/a/n", NULL },
		/* A name at a place of its own is the identity where nothing
		 * is found, as those that are found are. */
		{ "{\"title\":\"T\"}", "T", "/title", "T", "/title", NO_RUN,
		    NULL, "/title", NULL },
	};

	(void)state;
	assert_int_equal(check_subjects(cases, COUNT(cases)), 0);
}

static void
pelihooks_own_events_have_it_at_their_places(void **state)
{
	struct event_reading reading = { .hook = "unit" };
	struct event_subject got;
	struct event event;

	(void)state;
	pin(&reading.pipeline_id, "/x");
	pin(&reading.pipeline_name, "/x");
	pin(&reading.run_id, "/x");
	assert_int_equal(
	    event_reparse(&reading,
		LIT("{\"pipeline\":{\"id\":\"7\",\"name\":\"CRM\"},"
		    "\"run\":\"42\",\"x\":\"no\"}"),
		"pelihook.run_stuck", &event),
	    RC_OK);
	assert_int_equal(event_subject_find(&event, &got), RC_OK);
	assert_string_equal(got.pipeline, "7");
	assert_string_equal(got.name, "CRM");
	assert_string_equal(got.run, "42");
	event_free(&event);
	assert_int_equal(event_reparse(&reading,
			     LIT("{\"pipeline\":{\"id\":null,\"name\":null},"
				 "\"run\":null,\"run_id\":1}"),
			     "pelihook.hook_silent", &event),
	    RC_OK);
	assert_int_equal(event_subject_find(&event, &got), RC_OK);
	assert_string_equal(got.pipeline, "");
	assert_string_equal(got.run, "");
	event_free(&event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_found_at_four_places_in_their_order),
		cmocka_unit_test(
		    pipelines_are_found_at_ten_places_in_their_order),
		cmocka_unit_test(
		    what_is_not_at_the_top_is_sought_one_level_down),
		cmocka_unit_test(only_an_identity_is_found),
		cmocka_unit_test(
		    a_longer_one_than_there_is_room_for_is_missing),
		cmocka_unit_test(a_place_of_any_length_is_told),
		cmocka_unit_test(directives_say_where_they_stand),
		cmocka_unit_test(pelihooks_own_events_have_it_at_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
