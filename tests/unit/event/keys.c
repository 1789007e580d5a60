/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/keys.h"
#include "http/request.h"

/* What makes a key: the hook, the body, the sources. */
struct key_case {
	const char *hook;
	const char *body;
	enum event_from from;
	const char *pointer;
	const char *header; /* the variable's value */
	const char *digest;
};

static char *
make_key(const struct key_case *with, bool dedupe)
{
	struct event_source source = { with->from, with->pointer,
		{ "X-Id", "HTTP_X_ID" } };
	struct buf key = { 0 };
	struct trial trial;

	trial_start(&trial, bytes_of(with->body));
	trial.hook.reading.hook = with->hook;
	trial.hook.reading.dedupe = source;
	if (with->header != NULL)
		front_add(&trial.front,
		    pool_printf(&trial.pool, "HTTP_X_ID=%s", with->header));
	assert_int_equal(trial_parse(&trial), RC_OK);
	if (dedupe)
		assert_int_equal(event_dedupe_key(&trial.event, &trial.request,
				     with->digest, &key),
		    RC_OK);
	else
		assert_int_equal(event_order_key(&trial.event, &source, &key),
		    RC_OK);
	trial_end(&trial);
	assert_int_equal(buf_text(&key, ""), RC_OK);
	return key.data;
}

static unsigned
compare_keys(const struct key_case *a, const struct key_case *b, bool dedupe,
    bool equal)
{
	char *one = make_key(a, dedupe), *two = make_key(b, dedupe);
	unsigned wrong = case_true(a->body, "the first key is there",
	    one[0] != '\0');

	wrong += case_true(b->body,
	    equal ? "the keys are the same" : "the keys differ",
	    (strcmp(one, two) == 0) == equal);
	free(one);
	free(two);
	return wrong;
}

#define AT(body, pointer)                                                      \
	{                                                                      \
		"unit", body, EVENT_FROM_POINTER, pointer, NULL, "d1"          \
	}

static void
the_same_key_has_the_same_type_and_text(void **state)
{
	static const struct {
		struct key_case a, b;
		bool equal;
	} cases[] = {
		{ AT("{\"id\":1}", "/id"), AT("{\"x\":0,\"id\":1}", "/id"),
		    true },
		{ AT("{\"id\":1}", "/id"), AT("{\"id\":2}", "/id"), false },
		{ AT("{\"id\":1}", "/id"), AT("{\"id\":\"1\"}", "/id"), false },
		{ AT("{\"id\":1}", "/id"), AT("{\"id\":1.0}", "/id"), false },
		{ AT("{\"id\":0}", "/id"), AT("{\"id\":-0}", "/id"), false },
		{ AT("{\"id\":18446744073709551616}", "/id"),
		    AT("{\"id\":18446744073709551617}", "/id"), false },
		{ AT("{\"id\":1,\"id\\u0000\":2}", "/id"),
		    AT("{\"id\":1}", "/id"), true },
		{ AT("{\"id\":\"null\"}", "/id"),
		    AT("{\"id\":\"null\"}", "/id"), true },
		{ AT("{\"id\":\" \"}", "/id"), AT("{\"id\":\"  \"}", "/id"),
		    false },
		{ AT("{\"id\":0}", "/id"), AT("{\"id\":0}", "/id"), true },
		{ AT("{\"id\":-1.5e3}", "/id"), AT("{\"id\":-1.5e3}", "/id"),
		    true },
		{ AT("{\"id\":\"a\"}", "/id"),
		    AT("{\"id\":\"\\u0061\"}", "/id"), true },
		{ AT("{\"id\":\"a\"}", "/id"), AT("{\"id\":\"A\"}", "/id"),
		    false },
		{ AT("{\"id\":1,\"id\":2}", "/id"), AT("{\"id\":2}", "/id"),
		    true },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong += compare_keys(&cases[i].a, &cases[i].b, true,
		    cases[i].equal);
		wrong += compare_keys(&cases[i].a, &cases[i].b, false,
		    cases[i].equal);
	}
	assert_int_equal(wrong, 0);
}

static void
the_events_name_is_part_of_the_dedupe_key_only(void **state)
{
	struct key_case a = AT("{\"id\":1,\"event\":\"connection_added\"}",
	    "/id");
	struct key_case b = AT("{\"id\":1,\"event\":\"connection_removed\"}",
	    "/id");

	(void)state;
	assert_int_equal(compare_keys(&a, &b, true, false), 0);
	assert_int_equal(compare_keys(&a, &b, false, true), 0);
}

static void
the_hook_is_part_of_every_key(void **state)
{
	struct key_case a = AT("{\"id\":1}", "/id");
	struct key_case b = a;
	struct key_case c = { "unit", "{}", EVENT_FROM_HOOK, NULL, NULL, "d" };
	struct key_case d = c;

	(void)state;
	b.hook = d.hook = "other";
	assert_int_equal(compare_keys(&a, &b, true, false), 0);
	assert_int_equal(compare_keys(&a, &b, false, false), 0);
	assert_int_equal(compare_keys(&c, &d, false, false), 0);
}

static void
without_an_identity_there_is_no_key(void **state)
{
	static const struct key_case cases[] = {
		AT("{}", "/id"),
		AT("{\"id\":{}}", "/id"),
		AT("{\"id\":[]}", "/id"),
		AT("{\"id\":\"\\u0000\"}", "/id"),
		AT("{\"id\":\"\\ud800\"}", "/id"),
		AT("{\"id\\u0000\":1}", "/id"),
		AT("{\"id\":null}", "/id"),
		AT("{\"id\":\"\"}", "/id"),
		AT("{\"id\":true}", "/id"),
		AT("{\"id\":false}", "/id"),
		AT("{\"id\":NaN}", "/id"),
		AT("{\"id\":Infinity}", "/id"),
		AT("{\"id\":-Infinity}", "/id"),
		AT("null", ""),
		AT("[]", "/0"),
		AT("{\"id\":\"a\"}", "/id/0"),
		{ "unit", "{\"id\":1}", EVENT_FROM_NONE, NULL, "x", "d1" },
		{ "unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, NULL, "d1" },
		{ "unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, "", "d1" },
		{ "unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, " ", "d1" },
		{ "unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, " \t \t",
		    "d1" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *key = make_key(&cases[i], true);

		wrong += case_text(cases[i].body, key, "");
		free(key);
		if (cases[i].from == EVENT_FROM_HEADER)
			continue;
		key = make_key(&cases[i], false);
		wrong += case_text(cases[i].body, key, "");
		free(key);
	}
	assert_int_equal(wrong, 0);
}

/* Keys lie in journals: the text is the same in every version. */
static void
keys_stay_what_they_were(void **state)
{
	static const struct {
		struct key_case of;
		const char *order, *dedupe;
	} cases[] = {
		{ AT("{\"id\":\"a b\"}", "/id"), "unit\nstring:a b",
		    "unit\nunknown\nstring:a b" },
		{ AT("{\"id\":7}", "/id"), "unit\nint:7",
		    "unit\nunknown\nint:7" },
		{ AT("{\"id\":1.50}", "/id"), "unit\ndouble:1.50",
		    "unit\nunknown\ndouble:1.50" },
		{ { "unit", "{}", EVENT_FROM_HOOK, NULL, NULL, "d" }, "unit\n",
		    NULL },
		{ { "unit", "{}", EVENT_FROM_BODY, NULL, NULL, "d" }, NULL,
		    "unit\nunknown\ndigest:d" },
		{ { "unit", "{}", EVENT_FROM_HEADER, NULL, "m 1", "d" }, NULL,
		    "unit\nunknown\nheader:m 1" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		bool dedupe = i % 2 != 0;
		const char *text = dedupe ? cases[i / 2].dedupe :
					    cases[i / 2].order;
		char *key;

		if (text == NULL)
			continue;
		key = make_key(&cases[i / 2].of, dedupe);
		wrong += case_text(text, key, text);
		free(key);
	}
	assert_int_equal(wrong, 0);
}

/* What a server passes round the value is no part of it. */
static void
blanks_round_a_header_make_no_other_key(void **state)
{
	static const char *const spellings[] = { "m1", " m1", "m1 ", "\tm1",
		"m1\t", "\t\tm1", " \t m1 \t " };
	struct key_case one = { "unit", "{}", EVENT_FROM_HEADER, NULL, "m1",
		"d" };
	struct key_case other = one;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		other.header = spellings[i];
		wrong += compare_keys(&one, &other, true, true);
	}
	other.header = "m\t1";
	wrong += compare_keys(&one, &other, true, false);
	assert_int_equal(wrong, 0);
}

static void
what_has_no_identity_is_told_once(void **state)
{
	struct key_case missing = AT("{\"id\":null}", "/id");
	struct key_case none = { "unit", "{}", EVENT_FROM_NONE, NULL, NULL,
		"d" };
	char *text;

	(void)state;
	free(make_key(&none, true));
	free(make_key(&none, false));
	assert_string_equal(told(), "");
	for (int i = 0; i < 3; i++) {
		free(make_key(&missing, true));
		free(make_key(&missing, false));
	}
	text = strdup(told());
	assert_non_null(text);
	assert_non_null(strstr(text, "dedupe=/id"));
	assert_non_null(strstr(text, "order=/id"));
	assert_non_null(strstr(text, "level=warning"));
	assert_null(strstr(strstr(text, "dedupe=/id") + 1, "dedupe=/id"));
	assert_null(strstr(strstr(text, "order=/id") + 1, "order=/id"));
	free(text);
}

static void
a_key_of_the_hook_or_the_body_or_a_header(void **state)
{
	struct key_case hook = { "unit", "{\"id\":1}", EVENT_FROM_HOOK, NULL,
		NULL, "d1" };
	struct key_case body = { "unit", "{\"id\":1}", EVENT_FROM_BODY, NULL,
		NULL, "d1" };
	struct key_case header = { "unit", "{\"id\":1}", EVENT_FROM_HEADER,
		NULL, "one", "d1" };
	struct key_case other;

	(void)state;
	other = hook;
	other.body = "{\"id\":2}";
	assert_int_equal(compare_keys(&hook, &other, false, true), 0);
	other = body;
	assert_int_equal(compare_keys(&body, &other, true, true), 0);
	other.digest = "d2";
	assert_int_equal(compare_keys(&body, &other, true, false), 0);
	other = header;
	other.body = "{\"id\":2}";
	assert_int_equal(compare_keys(&header, &other, true, true), 0);
	other.header = "two";
	assert_int_equal(compare_keys(&header, &other, true, false), 0);
}

static void
a_repeated_dedupe_header_is_told(void **state)
{
	struct buf key = { 0 };
	struct trial trial;

	(void)state;
	assert_int_equal(buf_text(&key, "before"), RC_OK);
	trial_start(&trial, LIT("{}"));
	trial.hook.reading.dedupe = (struct event_source){ EVENT_FROM_HEADER,
		NULL, { "X-Id", "HTTP_X_ID" } };
	front_add(&trial.front, "HTTP_X_ID=1");
	front_add(&trial.front, "HTTP_X_ID=1");
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_dedupe_key(&trial.event, &trial.request, "d",
			     &key),
	    RC_REPEATED);
	assert_string_equal(key.data, "before");
	assert_int_equal(key.len, strlen("before"));
	buf_free(&key);
	trial_end(&trial);
}

static void
whether_there_is_an_identity_can_be_asked(void **state)
{
	static const struct {
		struct event_source source;
		enum rc rc;
	} cases[] = {
		{ { EVENT_FROM_POINTER, "/id", { 0 } }, RC_OK },
		{ { EVENT_FROM_POINTER, "/run/id", { 0 } }, RC_OK },
		{ { EVENT_FROM_POINTER, "/run", { 0 } }, RC_MISSING },
		{ { EVENT_FROM_POINTER, "/none", { 0 } }, RC_MISSING },
		{ { EVENT_FROM_POINTER, "/missing", { 0 } }, RC_MISSING },
		{ { EVENT_FROM_POINTER, "/empty", { 0 } }, RC_MISSING },
		{ { EVENT_FROM_NONE, NULL, { 0 } }, RC_OK },
		{ { EVENT_FROM_BODY, NULL, { 0 } }, RC_OK },
		{ { EVENT_FROM_HOOK, NULL, { 0 } }, RC_OK },
	};
	struct trial trial;
	unsigned wrong = 0;

	(void)state;
	trial_start(&trial,
	    LIT("{\"id\":7,\"run\":{\"id\":\"a\"},\"none\":null,"
		"\"empty\":\"\"}"));
	assert_int_equal(trial_parse(&trial), RC_OK);
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_rc(cases[i].source.pointer,
		    event_find_identity(&trial.event, &cases[i].source),
		    cases[i].rc);
	trial_end(&trial);
	assert_int_equal(wrong, 0);
	assert_string_equal(told(), "");
}

static void
own_events_have_no_order(void **state)
{
	static const struct event_source orders[] = {
		{ EVENT_FROM_HOOK, NULL, { 0 } },
		{ EVENT_FROM_POINTER, "/id", { 0 } },
		{ EVENT_FROM_POINTER, "/none", { 0 } },
	};
	const struct event_reading reading = { .hook = "unit" };
	struct buf key = { 0 };
	struct event event;

	(void)state;
	assert_int_equal(event_reparse(&reading, LIT("{\"id\":1}"),
			     "pelihook.recovered", &event),
	    RC_OK);
	for (size_t i = 0; i < COUNT(orders); i++)
		assert_int_equal(event_order_key(&event, &orders[i], &key),
		    RC_OK);
	assert_int_equal(key.len, 0);
	assert_string_equal(told(), "");
	event_free(&event);
	buf_free(&key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(own_events_have_no_order),
		/* Before any other test that has such an event. */
		TOLD_TEST(what_has_no_identity_is_told_once),
		cmocka_unit_test(the_same_key_has_the_same_type_and_text),
		cmocka_unit_test(
		    the_events_name_is_part_of_the_dedupe_key_only),
		cmocka_unit_test(the_hook_is_part_of_every_key),
		cmocka_unit_test(without_an_identity_there_is_no_key),
		cmocka_unit_test(keys_stay_what_they_were),
		cmocka_unit_test(blanks_round_a_header_make_no_other_key),
		cmocka_unit_test(a_key_of_the_hook_or_the_body_or_a_header),
		cmocka_unit_test(a_repeated_dedupe_header_is_told),
		TOLD_TEST(whether_there_is_an_identity_can_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
