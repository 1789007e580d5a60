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
	    "The last 6 runs: 4 success, 1 partial, 1 open. Median 3 min, "
	    "90th percentile 50 min.");
	assert_int_equal(shown_times(looked, "<tr><td class=\"time\" "), 6);
	assert_shown(looked, "<svg");
	assert_shown(looked, "<bdi>pipeline_run_completed_with_errors</bdi>");
	assert_shown(looked, "view=events&amp;hook=h&amp;pipeline=a");
	assert_not_shown(looked, "<form");
	end_look(looked);
	looked = look(&site, "view=pipeline&hook=h&id=a&format=json");
	assert_shown(looked, "\"median_duration\":180.000");
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
	assert_not_shown(looked, "Events without a link");
	assert_shown(looked, "<span class=\"badge bad\">failing</span> since ");
	assert_shown(looked, "2 runs in a row, the last one with ");
	assert_shown(looked, link);
	end_look(looked);
	store_ago(site.writes, "h", "@ done a", 15);
	expect_hidden(&site, query_a, "Without success");
	close_site(&site);
}

/* The beginning was ignored, and the end stored; the other way round; and none
 * of both. */
static void
only_events_that_are_kept_have_a_link(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	struct ids ids;
	char link[128];

	(void)state;
	record_all(site.writes, "h", "1000 start a 1");
	store_all(site.writes, "h", "2000 fail a 1;3000 start a 2");
	record_all(site.writes, "h", "4000 done a 2;5000 fail a 3");
	looked = look(&site, query_a);
	ids = list(site.writes, -1);
	assert_int_equal(shown_times(looked, "view=event&amp;id="), 2);
	snprintf(link, sizeof(link),
	    "view=event&amp;id=%s\" title=\"%s\">first</a>", ids.list[0],
	    ids.list[0]);
	assert_shown(looked, link);
	snprintf(link, sizeof(link),
	    "view=event&amp;id=%s\" title=\"%s\">last</a>", ids.list[1],
	    ids.list[1]);
	assert_shown(looked, link);
	assert_int_equal(shown_times(looked, ">first</span>"), 1);
	assert_int_equal(shown_times(looked, ">last</span>"), 2);
	assert_shown(looked, "Events without a link are not kept");
	/* The last failure is told without one as well. */
	assert_shown(looked, "<bdi>pipeline_run_error</bdi></dd>");
	end_look(looked);
	/* For programs they are all there. */
	expect_shown(&site, "view=pipeline&hook=h&id=a&format=json",
	    "\"first\":\"");
	expect_hidden(&site, "view=pipeline&hook=h&id=a&format=json",
	    "\"last\":null");
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
that_all_of_its_hook_is_muted_is_shown_and_told(void **state)
{
	const struct journal_mute mute = { .hook = "h",
		.until = 4000000000000 };
	struct site site = open_site();
	struct looked *looked;
	int64_t count;
	char query[128];

	(void)state;
	store_ago(site.writes, "h", "@ done a", 0);
	expect_hidden(&site, query_a, "Hook muted");
	assert_int_equal(journal_set_mute(site.writes, &mute, &count), RC_OK);
	act(&site, "view=pipeline&hook=h&id=a&action=mute&length=1h");
	snprintf(query, sizeof(query), "%s&done=%lld", query_a,
	    (long long)act(&site, "view=pipeline&hook=h&id=a&action=unmute"));
	looked = look_to_operate(&site, query);
	assert_shown(looked,
	    "notice warn\" role=\"status\"><strong>Unmuted 1 pipeline: "
	    "<bdi>all of hook h is still muted until "
	    "2096-10-02 07:06:40 UTC</bdi>.");
	assert_shown(looked,
	    "<dt>Hook muted until</dt><dd><time datetime=\"2096-10-02");
	end_look(looked);
	snprintf(query, sizeof(query), "%s&format=json", query_a);
	expect_shown(&site, query,
	    "\"hook_muted_until\":\"2096-10-02T07:06:40.000Z\"");
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
		TEST(only_events_that_are_kept_have_a_link),
		TEST(an_operator_mutes_it_and_ends_that),
		TEST(that_all_of_its_hook_is_muted_is_shown_and_told),
		TEST(events_that_name_none_have_one_as_well),
		TEST(no_more_than_the_last_hundred_runs_are_shown),
		TEST(what_is_not_there_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
