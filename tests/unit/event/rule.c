/* SPDX-License-Identifier: ISC */
#include "../front.h"

#include "base/buf.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/rule.h"
#include "http/request.h"

static const char *const command[] = { "/bin/true", NULL };

/* Whether one `on` line takes an event. */
struct line_case {
	const char *events[4];
	struct rule_where where[3];
	const char *body;
	bool takes;
};

static size_t
count_texts(const char *const *texts)
{
	size_t n = 0;

	while (n < 4 && texts[n] != NULL)
		n++;
	return n;
}

static void
parse(struct event *event, struct bytes body)
{
	struct hook hook = { .name = "unit" };
	static const char *const variables[] = { NULL };
	struct request request = { .variables = variables };

	assert_int_equal(buf_add(&request.body, body), RC_OK);
	assert_int_equal(event_parse(&hook.reading, &request, event), RC_OK);
	request_close(&request);
}

static bool
takes(const struct line_case *with)
{
	struct rule rule = {
		.events = with->events,
		.events_len = count_texts(with->events),
		.where = with->where,
		.command = command,
	};
	struct event event;
	struct rule_walk walk = { .rules = &rule, .n = 1, .event = &event };
	const struct rule *taker = NULL;
	enum rc taken;

	while (rule.where_len < 3 && with->where[rule.where_len].pointer)
		rule.where_len++;
	parse(&event, bytes_of(with->body));
	taken = rule_next(&walk, &taker);
	event_free(&event);
	assert_int_equal(walk.at, 1);
	assert_true(taken == RC_OK || taken == RC_MISSING);
	assert_ptr_equal(taker, taken == RC_OK ? &rule : NULL);
	return taken == RC_OK;
}

#define ADDED "{\"event\":\"connection_added\"}"
#define FAILED "{\"event\":\"pipeline_run_failed\"}"
#define STARTED "{\"event\":\"pipeline_run_started\"}"
#define EXPLODED "{\"event\":\"pipeline_run_exploded\"}"
#define OTHER "{\"event\":\"run.done\"}"

static const struct line_case events[] = {
	{ { "connection_added" }, { { NULL, NULL } }, ADDED, true },
	{ { "connection_added" }, { { NULL, NULL } }, FAILED, false },
	{ { "connection" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_added_x" }, { { NULL, NULL } }, ADDED, false },
	{ { "Connection_added" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_removed", "connection_added" }, { { NULL, NULL } },
	    ADDED, true },
	{ { "*" }, { { NULL, NULL } }, ADDED, true },
	{ { "*" }, { { NULL, NULL } }, "{}", true },
	{ { "*" }, { { NULL, NULL } }, OTHER, true },
	{ { "connection_*" }, { { NULL, NULL } }, ADDED, true },
	{ { "connection_*" }, { { NULL, NULL } }, FAILED, false },
	{ { "*_added" }, { { NULL, NULL } }, ADDED, true },
	{ { "*_add" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_adde?" }, { { NULL, NULL } }, ADDED, true },
	{ { "connection_added?" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_[abc]dded" }, { { NULL, NULL } }, ADDED, true },
	{ { "connection_[x-z]dded" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_[!a]dded" }, { { NULL, NULL } }, ADDED, false },
	{ { "connection_[!b]dded" }, { { NULL, NULL } }, ADDED, true },
	{ { "run.done" }, { { NULL, NULL } }, OTHER, true },
	{ { "run?done" }, { { NULL, NULL } }, OTHER, true },
	{ { "unknown" }, { { NULL, NULL } }, "{}", true },
	{ { "@connection" }, { { NULL, NULL } }, ADDED, true },
	{ { "@connection" }, { { NULL, NULL } }, FAILED, false },
	{ { "@pipeline" }, { { NULL, NULL } }, FAILED, true },
	{ { "@pipeline" }, { { NULL, NULL } }, EXPLODED, true },
	{ { "@failure" }, { { NULL, NULL } }, FAILED, true },
	{ { "@failure" }, { { NULL, NULL } }, EXPLODED, false },
	{ { "@problem" }, { { NULL, NULL } }, FAILED, true },
	{ { "@problem" }, { { NULL, NULL } }, STARTED, false },
	{ { "@terminal" }, { { NULL, NULL } }, STARTED, false },
	{ { "@started" }, { { NULL, NULL } }, STARTED, true },
	{ { "@unknown" }, { { NULL, NULL } }, OTHER, true },
	{ { "@unknown" }, { { NULL, NULL } }, EXPLODED, true },
	{ { "@unknown" }, { { NULL, NULL } }, "{}", true },
	{ { "@unknown" }, { { NULL, NULL } }, ADDED, false },
	{ { "@success", "@failure" }, { { NULL, NULL } }, FAILED, true },
	{ { "@success", "run.*" }, { { NULL, NULL } }, OTHER, true },
};

/* With `event-name /event`: a name, and an EVENT that takes it or not. */
static const struct {
	const char *name; /* as JSON writes it */
	const char *event;
	bool takes;
} texts[] = {
	{ "orders/create", "orders/create", true },
	{ "orders/create", "orders/*", true },
	{ "orders/create", "*", true },
	{ "orders/create", "orders?create", true },
	{ "orders/create", "orders[/]create", true },
	{ "orders/create", "orders/creat", false },
	{ "Push Hook", "Push Hook", true },
	{ "Push Hook", "Push*", true },
	{ "Push Hook", "push hook", false },
	{ ".hidden", "*", true },
	{ "back\\\\slash", "back\\slash", true },
	{ "a\\\\*", "a\\*", true },
	{ "a\\\\b", "a\\*", true },
	{ "a*b", "a[*]b", true },
	{ "axb", "a[*]b", false },
	{ "@failure", "[@]failure", true },
	{ "@failure", "@failure", false },
	{ "run", "[r]un", true },
	{ "caf\\u00e9", "caf\xc3\xa9", true },
	/* A glob looks at bytes. */
	{ "caf\\u00e9", "caf?", false },
	{ "caf\\u00e9", "caf??", true },
	{ "Push Hook", "@unknown", true },
	{ "a\\nb", "unknown", true },
};

static void
any_text_may_be_a_name_that_is_asked_for(void **state)
{
	static const char *const variables[] = { NULL };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *const wanted[] = { texts[i].event };
		struct rule rule = {
			.events = wanted,
			.events_len = 1,
			.command = command,
		};
		struct hook hook = {.name = "unit",
		    .reading.name = {.from = EVENT_FROM_POINTER,
		    .pointer = "/event",},};
		struct request request = { .variables = variables };
		struct event event;
		struct rule_walk walk = { .rules = &rule,
			.n = 1,
			.event = &event };
		const struct rule *taker;

		assert_int_equal(buf_printf(&request.body, "{\"event\":\"%s\"}",
				     texts[i].name),
		    RC_OK);
		assert_int_equal(event_parse(&hook.reading, &request, &event),
		    RC_OK);
		wrong += case_rc(texts[i].event, rule_next(&walk, &taker),
		    texts[i].takes ? RC_OK : RC_MISSING);
		event_free(&event);
		request_close(&request);
	}
	assert_int_equal(wrong, 0);
}

/* Of what the journal holds: nobody sends them. */
static void
own_events_are_taken_by_their_name_or_group_alone(void **state)
{
	static const struct {
		const char *name, *event;
		bool takes;
	} cases[] = {
		{ "pelihook.run_stuck", "@watch", true },
		{ "pelihook.run_stuck", "pelihook.run_stuck", true },
		{ "pelihook.run_stuck", "pelihook.recovered", false },
		{ "pelihook.run_stuck", "*", false },
		{ "pelihook.run_stuck", "*stuck", false },
		{ "pelihook.run_stuck", "[p]elihook.run_stuck", false },
		{ "pelihook.run_stuck", "pelihook*", false },
		{ "pelihook.run_stuck", "@unknown", false },
		{ "pelihook.run_stuck", "@pipeline", false },
		{ "pelihook.run_stuck", "@problem", false },
		{ "pelihook.of_another_release", "@watch", true },
		{ "pelihook.of_another_release", "@unknown", false },
		{ "pelihook.of_another_release", "*", false },
		{ "pipeline_run_error", "@watch", false },
		{ "unknown", "@watch", false },
		{ "unknown", "pelihook.run_stuck", false },
	};
	const struct event_reading reading = { .hook = "unit" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const wanted[] = { cases[i].event };
		struct rule rule = {
			.events = wanted,
			.events_len = 1,
			.command = command,
		};
		struct event event;
		struct rule_walk walk = { .rules = &rule,
			.n = 1,
			.event = &event };
		const struct rule *taker;

		assert_int_equal(event_named(&reading, LIT("{}"), cases[i].name,
				     &event),
		    RC_OK);
		wrong += case_rc(cases[i].event, rule_next(&walk, &taker),
		    cases[i].takes ? RC_OK : RC_MISSING);
	}
	assert_int_equal(wrong, 0);
}

/* Who looks for an event may give its name, whatever that looks like. */
static void
a_word_finds_what_it_takes_and_what_is_named_so(void **state)
{
	static const struct {
		const char *word, *name;
		bool finds;
	} cases[] = {
		{ "@failure", "pipeline_run_error", true },
		{ "@failure", "@failure", true },
		{ "@failure", "@success", false },
		{ "@nosuch", "@nosuch", true },
		{ "@nosuch", "unknown", false },
		{ "a?c", "a?c", true },
		{ "a?c", "abc", true },
		{ "a[x]", "a[x]", true },
		{ "a[x]", "ax", true },
		{ "a[x]", "a[y]", false },
		{ "a", "a[x]", false },
		{ "pelihook.run_stuck", "pelihook.run_stuck", true },
		{ "pelihook*", "pelihook.run_stuck", false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_number(cases[i].word,
		    rule_finds(cases[i].word, cases[i].name), cases[i].finds);
	assert_int_equal(wrong, 0);
}

static void
lines_that_name_own_events_are_known(void **state)
{
	static const struct {
		const char *events[4];
		bool names;
	} cases[] = {
		{ { "@watch" }, true },
		{ { "x", "@watch" }, true },
		{ { "pelihook.recovered" }, true },
		{ { "*", "@unknown", "pelihook*" }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct rule rule = {
			.events = cases[i].events,
			.events_len = count_texts(cases[i].events),
		};

		assert_int_equal(rule_names_watch(&rule), cases[i].names);
	}
}

static void
names_globs_and_groups(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(events); i++)
		wrong += case_number(events[i].events[0], takes(&events[i]),
		    events[i].takes);
	assert_int_equal(wrong, 0);
}

#define ANY                                                                    \
	{                                                                      \
		"*"                                                            \
	}

static const struct line_case wheres[] = {
	{ ANY, { { "/a", "x" } }, "{\"a\":\"x\"}", true },
	{ ANY, { { "/a", "x" } }, "{\"a\":\"xy\"}", false },
	{ ANY, { { "/a", "x" } }, "{\"a\":\"X\"}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":\"x\"}", true },
	{ ANY, { { "/a", "*" } }, "{\"a\":\"\"}", true },
	{ ANY, { { "/a", "" } }, "{\"a\":\"\"}", true },
	{ ANY, { { "/a", "" } }, "{\"a\":\"x\"}", false },
	{ ANY, { { "/a", "*" } }, "{}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":{}}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":[]}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":\"\\u0000\"}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":\"\\ud800\"}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\\u0000\":1}", false },
	{ ANY, { { "/a", "99999999999999999999" } },
	    "{\"a\":99999999999999999999}", true },
	{ ANY, { { "/a", "-0" } }, "{\"a\":-0}", true },
	{ ANY, { { "/a", "0" } }, "{\"a\":-0}", false },
	{ ANY, { { "/a", "*" } }, "{\"a\":null}", true },
	{ ANY, { { "/a", "null" } }, "{\"a\":null}", true },
	{ ANY, { { "/a", "true" } }, "{\"a\":true}", true },
	{ ANY, { { "/a", "1.50" } }, "{\"a\":1.50}", true },
	{ ANY, { { "/a", "1.5" } }, "{\"a\":1.50}", false },
	{ ANY, { { "/a", "[0-9]*" } }, "{\"a\":42}", true },
	{ ANY, { { "/a", "prod-*" } }, "{\"a\":\"prod-eu/1\"}", true },
	{ ANY, { { "/a", "*" } }, "{\"a\":\".hidden\"}", true },
	{ ANY, { { "/a", "a\\*" } }, "{\"a\":\"a\\\\b\"}", true },
	{ ANY, { { "/a", "a\\*" } }, "{\"a\":\"a*\"}", false },
	{ ANY, { { "/a", "???" } }, "{\"a\":\"\\u20ac\"}", true }, /* bytes */
	{ ANY, { { "/a", "?" } }, "{\"a\":\"\\u00e9\"}", false },
	/* A line's end is a byte like any other: no part of a text matches. */
	{ ANY, { { "/a", "x" } }, "{\"a\":\"x\\n\"}", false },
	{ ANY, { { "/a", "x" } }, "{\"a\":\"y\\nx\"}", false },
	{ ANY, { { "/a", "x*" } }, "{\"a\":\"y\\nx\"}", false },
	{ ANY, { { "/a", "*x" } }, "{\"a\":\"x\\ny\"}", false },
	{ ANY, { { "/a", "x*y" } }, "{\"a\":\"x\\r\\n\\ny\"}", true },
	{ ANY, { { "/a", "x?y" } }, "{\"a\":\"x\\ny\"}", true },
	{ ANY, { { "/a", "x[!a]y" } }, "{\"a\":\"x\\ny\"}", true },
	{ ANY, { { "/a", "x" }, { "/b", "y" } }, "{\"a\":\"x\",\"b\":\"y\"}",
	    true },
	{ ANY, { { "/a", "x" }, { "/b", "y" } }, "{\"a\":\"x\",\"b\":\"n\"}",
	    false },
	{ ANY, { { "/a", "x" }, { "/b", "y" } }, "{\"a\":\"n\",\"b\":\"y\"}",
	    false },
	{ ANY, { { "/a/0/b", "x" } }, "{\"a\":[{\"b\":\"x\"}]}", true },
	{ { "connection_added" }, { { "/a", "x" } },
	    "{\"event\":\"connection_added\",\"a\":\"x\"}", true },
	{ { "connection_removed" }, { { "/a", "x" } },
	    "{\"event\":\"connection_added\",\"a\":\"x\"}", false },
};

static void
every_where_has_to_match(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(wheres); i++)
		wrong += case_number(wheres[i].body, takes(&wheres[i]),
		    wheres[i].takes);
	assert_int_equal(wrong, 0);
}

static const char *const all[] = { "*" };
static const char *const added[] = { "connection_added" };
static const char *const failed[] = { "pipeline_run_failed" };

#define LINE(list, more, what)                                                 \
	{                                                                      \
		.events = list, .events_len = 1, .also = more, .command = what \
	}

/* Whether those of n lines are walked that takers names, -1 after the last. */
static unsigned
check_walk(const struct rule *rules, size_t n, const int *takers)
{
	struct event event;
	struct rule_walk walk = { .rules = rules, .n = n, .event = &event };
	const struct rule *rule = NULL;
	unsigned wrong = 0;

	parse(&event, LIT(ADDED));
	for (; *takers >= 0; takers++) {
		wrong += case_rc("taken", rule_next(&walk, &rule), RC_OK);
		wrong += case_number("line", rule - rules, *takers);
	}
	for (int i = 0; i < 2; i++)
		wrong += case_rc("over", rule_next(&walk, &rule), RC_MISSING);
	wrong += case_number("at the end", (long long)walk.at, (long long)n);
	event_free(&event);
	return wrong;
}

static void
lines_are_tried_in_their_order(void **state)
{
	static const struct rule rules[] = {
		LINE(failed, false, command),
		LINE(all, true, command),
		LINE(failed, false, command),
		LINE(added, true, command),
		LINE(all, true, command),
	};
	static const int takers[] = { 1, 3, 4, -1 };

	(void)state;
	assert_int_equal(check_walk(rules, COUNT(rules), takers), 0);
}

static void
the_last_is_one_without_also_or_one_that_ignores(void **state)
{
	static const struct {
		struct rule rules[4];
		int takers[4];
	} cases[] = {
		{ { LINE(all, false, command), LINE(all, false, command),
		      LINE(all, true, command), LINE(all, false, NULL) },
		    { 0, -1 } },
		{ { LINE(all, true, command), LINE(failed, false, command),
		      LINE(added, false, command), LINE(all, true, command) },
		    { 0, 2, -1 } },
		{ { LINE(all, true, command), LINE(failed, false, NULL),
		      LINE(added, false, NULL), LINE(all, true, command) },
		    { 0, 2, -1 } },
		{ { LINE(all, true, NULL), LINE(all, true, command),
		      LINE(all, true, command), LINE(all, true, command) },
		    { 0, -1 } },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_walk(cases[i].rules, 4, cases[i].takers);
	assert_int_equal(wrong, 0);
}

static void
no_line_takes_what_none_wants(void **state)
{
	static const struct rule rules[] = {
		LINE(failed, false, command),
		LINE(failed, true, command),
	};
	static const int none[] = { -1 };

	(void)state;
	assert_int_equal(check_walk(rules, COUNT(rules), none), 0);
	assert_int_equal(check_walk(NULL, 0, none), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    own_events_are_taken_by_their_name_or_group_alone),
		cmocka_unit_test(
		    a_word_finds_what_it_takes_and_what_is_named_so),
		cmocka_unit_test(lines_that_name_own_events_are_known),
		cmocka_unit_test(names_globs_and_groups),
		cmocka_unit_test(any_text_may_be_a_name_that_is_asked_for),
		cmocka_unit_test(every_where_has_to_match),
		cmocka_unit_test(lines_are_tried_in_their_order),
		cmocka_unit_test(
		    the_last_is_one_without_also_or_one_that_ignores),
		cmocka_unit_test(no_line_takes_what_none_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
