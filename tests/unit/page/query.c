/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "../unit.h"

#include "page/query.h"

/* 2026-11-30T16:24:05Z */
#define NOW INT64_C(1796055845000)
#define DAY INT64_C(86400000)

static struct pool pool;
static struct query query;
static const char *error;

static int
begin(void **state)
{
	(void)state;
	error = NULL;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

static enum rc
parse(const char *text)
{
	return query_parse(text, NOW, &pool, &query, &error);
}

static void
nothing_asks_for_the_overview(void **state)
{
	static const char *const texts[] = { "", "view=", "&", "&&view=&",
		"since=", "hook=&event=&pipeline=&state=&q=&refresh=&format=" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		wrong += case_rc(texts[i], parse(texts[i]), RC_OK);
		wrong += case_number(texts[i], query.view, QUERY_OVERVIEW);
		wrong += case_true(texts[i], "texts are empty",
		    query.hook[0] == '\0' && query.event[0] == '\0' &&
			query.pipeline[0] == '\0' && query.state[0] == '\0' &&
			query.since[0] == '\0' && query.until[0] == '\0' &&
			query.q[0] == '\0' && query.before[0] == '\0' &&
			query.id[0] == '\0' && query.action[0] == '\0' &&
			query.reload[0] == '\0' && query.length[0] == '\0');
		wrong += case_true(texts[i], "nothing else is given",
		    !query.json && query.refresh == 0 &&
			query.since_time == 0 && query.until_time == 0 &&
			query.done == 0);
	}
	assert_int_equal(wrong, 0);
}

static void
each_view_has_its_name(void **state)
{
	static const char *const names[] = { "", "events", "event", "pipelines",
		"pipeline", "confirm", "actions" };
	char text[32];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(text, sizeof(text), "view=%s", names[i]);
		assert_int_equal(parse(text), RC_OK);
		assert_int_equal(query.view, (int)i);
		assert_string_equal(query_view_name(query.view), names[i]);
	}
}

static void
every_parameter_is_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("view=confirm&hook=h&event=e&pipeline=p"
			       "&state=dead&since=1d&until=2026-11-30&q=0190"
			       "&before=01900000-0000-7000-8000-00000000000a"
			       "&id=i&format=json&refresh=30"
			       "&action=drop&done=12&seen=3&shown=4&counted=5"
			       "&matched=6&last=0a&length=8h"),
	    RC_OK);
	assert_int_equal(query.view, QUERY_CONFIRM);
	assert_string_equal(query.hook, "h");
	assert_string_equal(query.event, "e");
	assert_string_equal(query.pipeline, "p");
	assert_string_equal(query.state, "dead");
	assert_string_equal(query.since, "1d");
	assert_int_equal(query.since_time, NOW - DAY);
	assert_string_equal(query.until, "2026-11-30");
	assert_int_equal(query.until_time, NOW / DAY * DAY);
	assert_string_equal(query.q, "0190");
	assert_string_equal(query.before,
	    "01900000-0000-7000-8000-00000000000a");
	assert_string_equal(query.id, "i");
	assert_true(query.json);
	assert_int_equal(query.refresh, 30);
	assert_string_equal(query.reload, "30");
	assert_string_equal(query.action, "drop");
	assert_int_equal(query.done, 12);
	assert_int_equal(query.seen, 3);
	assert_int_equal(query.shown, 4);
	assert_int_equal(query.counted, 5);
	assert_int_equal(query.matched, 6);
	assert_string_equal(query.last, "0a");
	assert_string_equal(query.length, "8h");
	assert_int_equal(query.length_time, 8 * DAY / 24);
}

/* The encoding. */

static void
values_are_decoded(void **state)
{
	static const struct {
		const char *text;
		const char *value;
	} cases[] = {
		{ "hook=a+b", "a b" },
		{ "hook=a%20b", "a b" },
		{ "hook=%2B", "+" },
		{ "hook=%c3%BC", "\303\274" },
		{ "hook=\303\274", "\303\274" },
		{ "hook=a=b", "a=b" },
		{ "hook=%26%3D%25", "&=%" },
		{ "hook=%3Cscript%3E", "<script>" },
		{ "h%6Fok=x", "x" },
		{ "hook=%0A", "\n" },
		{ "hook=a;b", "a;b" },
		{ "hook", "" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong += case_rc(cases[i].text, parse(cases[i].text), RC_OK);
		wrong += case_text(cases[i].text, query.hook, cases[i].value);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_not_encoded_as_it_has_to_be_is_refused(void **state)
{
	static const char *const texts[] = { "hook=%", "hook=%4", "hook=%4x",
		"hook=%x4", "hook=%%41", "hook=%00", "hook=a%00b", "hook=%ff",
		"hook=%c3", "hook=%c3%28", "hook=%ed%a0%80", "hook=\374",
		"h%00ook=x", "%ff=x" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		error = NULL;
		wrong += case_rc(texts[i], parse(texts[i]), RC_SYNTAX);
		wrong += case_true(texts[i], "it is told",
		    error != NULL && strstr(error, "UTF-8") != NULL);
	}
	assert_int_equal(wrong, 0);
}

/* What no view knows. */

static void
what_is_no_parameter_or_no_value_is_refused_and_told(void **state)
{
	static const struct {
		const char *text;
		const char *told; /* a part of it */
	} cases[] = {
		{ "nonsense=1", "nonsense" },
		{ "=1", "parameter" },
		{ "View=events", "View" },
		{ "PELIHOOK_PAGE=operate", "PELIHOOK_PAGE" },
		{ "view=nonsense", "pipelines" },
		{ "view=Events", "Events" },
		{ "view=overview", "overview" },
		{ "state=failed", "dead" },
		{ "view=events&state=failing", "dead" },
		{ "state=failing&view=confirm", "dead" },
		{ "view=pipelines&state=dead", "unwatched" },
		{ "action=delete", "drop" },
		{ "format=xml", "json" },
		{ "format=JSON", "json" },
		{ "since=yesterday", "2026-01-02" },
		{ "until=1y", "until is" },
		{ "since=2026-02-30", "2026-02-30" },
		{ "since=2026-11-30T16", "2026-11-30T16" },
		{ "since=2026-11-30T16:2x", "2026-11-30T16:2x" },
		{ "since=2026-11-30T25:24", "2026-11-30T25:24" },
		{ "refresh=0", "5 to 86400" },
		{ "refresh=4", "5 to 86400" },
		{ "refresh=86401", "5 to 86400" },
		{ "refresh=-30", "5 to 86400" },
		{ "refresh=30s", "5 to 86400" },
		{ "view=events&before=bad", "before is the whole ID" },
		{ "before=0190&view=events", "before is the whole ID" },
		{ "view=events&before=01900000-0000-7000-8000-00000000000g",
		    "before is the whole ID" },
		{ "view=confirm&before=0190", "before is the whole ID" },
		{ "view=actions&before=x", "before is a number" },
		{ "view=pipelines&before=bad", "HOOK/ID" },
		{ "before=%2Fbad&view=pipelines", "HOOK/ID" },
		{ "nonsense=1", "action" },
		{ "nonsense=1", "length" },
		{ "nonsense=1", ", done, " },
		{ "done=x", "number" },
		{ "seen=-1", "number" },
		{ "counted=9223372036854775808", "number" },
		{ "length=0s", "365d" },
		{ "length=366d", "365d" },
		{ "length=long", "365d" },
		{ "hook=a&hook=b", "hook is there twice" },
		{ "hook=&hook=a", "hook is there twice" },
		{ "view=events&view=event", "view is there twice" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		error = NULL;
		wrong += case_rc(cases[i].text, parse(cases[i].text),
		    RC_SYNTAX);
		wrong += case_true(cases[i].text, cases[i].told,
		    error != NULL && strstr(error, cases[i].told) != NULL);
	}
	assert_int_equal(wrong, 0);
}

/* Whichever of the two comes first. */
static void
a_state_is_one_of_what_the_view_shows(void **state)
{
	static const char *const words[] = { "failing", "stuck", "late",
		"learning", "fine", "unwatched" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		snprintf(text, sizeof(text), "state=%s&view=pipelines",
		    words[i]);
		assert_int_equal(parse(text), RC_OK);
		assert_string_equal(query.state, words[i]);
	}
	assert_int_equal(parse("view=events&state=dropped"), RC_OK);
}

static void
a_list_of_pipelines_goes_on_after_any_identity(void **state)
{
	static const char *const texts[] = { "view=pipelines&before=h%2Fa",
		"view=pipelines&before=h%2F", "view=pipelines&before=h%2F%2F/",
		"view=pipelines&before=h%2F%C3%BC%26" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		wrong += case_rc(texts[i], parse(texts[i]), RC_OK);
	assert_int_equal(wrong, 0);
}

static void
a_long_wrong_value_is_shown_cut_between_characters(void **state)
{
	char text[1024] = "state=";
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "\303\274");
	assert_int_equal(parse(text), RC_SYNTAX);
	assert_true(strlen(error) < 200);
	assert_non_null(strstr(error, "\303\274…"));
}

/* Times. */

static void
times_are_as_people_and_browsers_give_them(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{ "since=2026-11-30T16:24:05Z", NOW },
		{ "since=2026-11-30T16:24:05%2B00:00", NOW },
		{ "since=2026-11-30T16:24:05", NOW },
		{ "since=2026-11-30T16%3A24", NOW - 5000 },
		{ "since=2026-11-30", NOW / DAY * DAY },
		{ "since=1d", NOW - DAY },
		{ "since=2w", NOW - 14 * DAY },
		{ "since=0s", NOW },
		{ "since=1970-01-01", 1 },
		{ "since=1960-01-01", 1 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong += case_rc(cases[i].text, parse(cases[i].text), RC_OK);
		wrong += case_number(cases[i].text, query.since_time,
		    cases[i].time);
	}
	assert_int_equal(wrong, 0);
}

/* Links. */

static const char *
value_of(const struct html_pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

static void
the_pairs_of_a_query_lead_to_it_again(void **state)
{
	static const char *const texts[] = { "", "since=1d",
		("view=events&hook=h&event=e&pipeline=p&state=dead&since=1d"
		 "&until=2026-11-30&q=0190"
		 "&before=01900000-0000-7000-8000-00000000000A"),
		"view=pipeline&hook=a%20b&id=%C3%BC%26%3D",
		"view=confirm&action=retry&state=dead",
		"view=event&id=x&format=json&refresh=30" };
	struct buf into = { 0 };
	struct html_pair pairs[QUERY_PAIRS];
	struct query first;
	unsigned wrong = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(parse(texts[i]), RC_OK);
		first = query;
		n = query_pairs(&query, pairs);
		into.len = 0;
		html_print_query(&into, pairs, n);
		wrong += case_rc(texts[i], parse(into.data + 1), RC_OK);
		wrong += case_number(texts[i], query.view, first.view);
		wrong += case_text(texts[i], query.hook, first.hook);
		wrong += case_text(texts[i], query.state, first.state);
		wrong += case_text(texts[i], query.since, first.since);
		wrong += case_text(texts[i], query.until, first.until);
		wrong += case_text(texts[i], query.q, first.q);
		wrong += case_text(texts[i], query.before, first.before);
		wrong += case_text(texts[i], query.id, first.id);
		wrong += case_text(texts[i], query.action, first.action);
		wrong += case_number(texts[i], query.json, first.json);
		wrong += case_number(texts[i], query.refresh, first.refresh);
	}
	buf_free(&into);
	assert_int_equal(wrong, 0);
}

static void
what_is_told_once_and_what_a_form_says_is_in_no_link(void **state)
{
	struct html_pair pairs[QUERY_PAIRS];
	size_t n;

	(void)state;
	assert_int_equal(parse("done=1&seen=2&shown=3&counted=4&length=1h"),
	    RC_OK);
	n = query_pairs(&query, pairs);
	assert_int_equal(n, QUERY_PAIRS);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(pairs[i].value, "");
}

static void
one_pair_can_be_changed(void **state)
{
	struct html_pair pairs[QUERY_PAIRS];
	size_t n;

	(void)state;
	assert_int_equal(parse("view=events&hook=h"), RC_OK);
	n = query_pairs(&query, pairs);
	query_set(pairs, n, "before", "x");
	query_set(pairs, n, "hook", "");
	assert_string_equal(value_of(pairs, n, "before"), "x");
	assert_string_equal(value_of(pairs, n, "hook"), "");
	assert_string_equal(value_of(pairs, n, "view"), "events");
}

static void
json_is_asked_for_also_by_what_is_no_query(void **state)
{
	(void)state;
	assert_true(query_asks_json("format=json"));
	assert_true(query_asks_json("nonsense=%&format=json&format=json"));
	assert_false(query_asks_json(""));
	assert_false(query_asks_json("format=jsonx&xformat=json"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_asks_for_the_overview),
		TEST(each_view_has_its_name),
		TEST(every_parameter_is_taken),
		TEST(values_are_decoded),
		TEST(what_is_not_encoded_as_it_has_to_be_is_refused),
		TEST(what_is_no_parameter_or_no_value_is_refused_and_told),
		TEST(a_state_is_one_of_what_the_view_shows),
		TEST(a_list_of_pipelines_goes_on_after_any_identity),
		TEST(a_long_wrong_value_is_shown_cut_between_characters),
		TEST(times_are_as_people_and_browsers_give_them),
		TEST(the_pairs_of_a_query_lead_to_it_again),
		TEST(what_is_told_once_and_what_a_form_says_is_in_no_link),
		TEST(one_pair_can_be_changed),
		TEST(json_is_asked_for_also_by_what_is_no_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
