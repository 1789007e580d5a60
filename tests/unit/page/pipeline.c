/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

static const char query_a[] = "view=pipeline&hook=h&id=a";

static void
its_runs_are_shown_with_what_is_usual(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	/* 1, 2, 4 and 50 minutes; of the fifth nobody knows. */
	store_ago(site.writes, "h",
	    "@ start a 1 Alpha;@ done a 1 Alpha;@ start a 2;@ done a 2;"
	    "@ start a 3;@ partly a 3;@ start a 4;@ done a 4;@ done a 5;"
	    "@ start a 6",
	    0, 1, 2, 4, 5, 9, 10, 60, 61, 62);
	looked = look(&site, query_a);
	assert_shown(looked, "<h1>Pipeline Alpha</h1>");
	assert_shown(looked,
	    "The last 6 runs: 4 success, 1 partial, 1 open. Median 2 min, "
	    "90th percentile 50 min.");
	assert_int_equal(shown_times(looked, "<tr><td class=\"time\" "), 6);
	assert_shown(looked, "<svg");
	assert_shown(looked, "<bdi>pipeline_run_completed_with_errors</bdi>");
	assert_shown(looked, "view=events&amp;hook=h&amp;pipeline=a");
	assert_not_shown(looked, "<form");
	end_look(looked);
	looked = look(&site, "view=pipeline&hook=h&id=a&format=json");
	assert_shown(looked, "\"median_duration\":120.000");
	assert_shown(looked, "\"p90_duration\":3000.000");
	assert_shown(looked,
	    "\"outcomes\":{\"success\":4,\"partial\":1,\"failure\":0,"
	    "\"stopped\":0,\"unknown\":0,\"open\":1}");
	assert_int_equal(shown_times(looked, "\"began\":"), 7);
	end_look(looked);
	close_site(&site);
}

static void
of_a_failing_one_the_cause_is_told(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	struct ids ids;
	char link[128];

	(void)state;
	store_ago(site.writes, "h", "@ done a;@ stop a;@ fail a", 0, 5, 10);
	ids = list(site.writes, -1);
	snprintf(link, sizeof(link),
	    "pipeline_run_error</bdi>: <a href=\"?view=event&amp;id=%s\">",
	    ids.list[0]);
	looked = look(&site, query_a);
	assert_shown(looked, "<span class=\"badge bad\">failing</span> since ");
	assert_shown(looked, "2 runs in a row without success");
	assert_shown(looked, link);
	end_look(looked);
	store_ago(site.writes, "h", "@ done a", 15);
	expect_hidden(&site, query_a, "in a row without success");
	close_site(&site);
}

static void
an_operator_mutes_it_and_ends_that(void **state)
{
	static const char unmute[] = "name=\"action\" value=\"unmute\"";
	struct site site = open_site();
	struct looked *looked;
	char query[128];

	(void)state;
	store_ago(site.writes, "h", "@ done a", 0);
	looked = look_to_operate(&site, query_a);
	assert_shown(looked, "name=\"action\" value=\"mute\"");
	assert_shown(looked, "<option value=\"7d\">7d</option>");
	assert_not_shown(looked, unmute);
	assert_not_shown(looked, "Muted until");
	end_look(looked);
	snprintf(query, sizeof(query), "%s&done=%lld", query_a,
	    (long long)act(&site,
		"view=pipeline&hook=h&id=a&action=mute&length=7d"));
	looked = look_to_operate(&site, query);
	assert_shown(looked,
	    "<p class=\"notice good\" role=\"status\">"
	    "<strong>Muted 1 pipeline");
	assert_shown(looked, "Muted until");
	assert_shown(looked, unmute);
	end_look(looked);
	snprintf(query, sizeof(query), "%s&done=%lld", query_a,
	    (long long)act(&site, "view=pipeline&hook=h&id=a&action=unmute"));
	looked = look_to_operate(&site, query);
	assert_shown(looked, "<strong>Unmuted 1 pipeline");
	assert_not_shown(looked, "Muted until");
	end_look(looked);
	close_site(&site);
}

static void
events_that_name_none_have_one_as_well(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_ago(site.writes, "h", "@ fail - r;@ done b", 0, 1);
	looked = look(&site, "view=pipeline&hook=h");
	assert_shown(looked, "<h1>Pipeline (unnamed)</h1>");
	assert_shown(looked, "<bdi>r</bdi>");
	assert_int_equal(shown_times(looked, "<tr><td class=\"time\" "), 1);
	end_look(looked);
	close_site(&site);
}

static void
no_more_than_the_last_hundred_runs_are_shown(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	for (int i = 0; i < 102; i++)
		store_ago(site.writes, "h", i < 2 ? "@ fail a" : "@ done a", i);
	looked = look(&site, query_a);
	assert_shown(looked,
	    "The last 100 runs: 100 success. Median \xe2\x80"
	    "\x93");
	end_look(looked);
	close_site(&site);
}

static void
what_is_not_there_is_missing(void **state)
{
	static const char *const queries[] = { "view=pipeline&hook=h&id=b",
		"view=pipeline&hook=i&id=a", "view=pipeline&id=a",
		"view=pipeline&hook=h" };
	struct site site = open_site();
	struct site empty = { .conf = site.conf };
	struct looked *looked;

	(void)state;
	store_ago(site.writes, "h", "@ done a - Alpha", 0);
	for (size_t i = 0; i < COUNT(queries); i++) {
		looked = look_as(&site, ACCESS_VIEW, queries[i]);
		assert_int_equal(looked->rc, RC_MISSING);
		end_look(looked);
	}
	looked = look_as(&empty, ACCESS_VIEW, query_a);
	assert_int_equal(looked->rc, RC_MISSING);
	end_look(looked);
	close_site(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_runs_are_shown_with_what_is_usual),
		TEST(of_a_failing_one_the_cause_is_told),
		TEST(an_operator_mutes_it_and_ends_that),
		TEST(events_that_name_none_have_one_as_well),
		TEST(no_more_than_the_last_hundred_runs_are_shown),
		TEST(what_is_not_there_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
