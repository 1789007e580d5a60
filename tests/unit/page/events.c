/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

static void
each_delivery_is_shown_with_how_it_is(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	char link[128];
	const char *id = store_event(site.writes, "pipeline_run_error", NULL);

	(void)state;
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	store_event(site.writes, "orders/create", NULL);
	looked = look(&site, "view=events");
	snprintf(link, sizeof(link),
	    "href=\"?view=event&amp;id=%s\"><bdi>pipeline_run_error</bdi></a>",
	    id);
	assert_shown(looked, link);
	assert_shown(looked, "<span class=\"badge bad\">dead</span>");
	assert_shown(looked, "<span class=\"badge wait\">queued</span>");
	assert_shown(looked, "exit 3");
	assert_shown(looked, "<bdi>orders/create</bdi>");
	/* What nobody knows needs no column. */
	assert_not_shown(looked, ">Pipeline</th>");
	assert_not_shown(looked, "Lane ");
	assert_int_equal(shown_times(looked, "<tr"), 3);
	end_look(looked);
	close_site(&site);
}

static void
deliveries_of_one_event_are_rows_of_it(void **state)
{
	struct site site = open_site();
	struct sample sample;
	struct looked *looked;
	char link[64];

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	sample.routes[1].lane = "other";
	assert_int_equal(append_and_wait(site.writes, &sample.entry), RC_OK);
	store_event(site.writes, "x", NULL);
	looked = look(&site, "view=events");
	assert_int_equal(shown_times(looked, "rowspan=\"2\""), 2);
	snprintf(link, sizeof(link), "id=%s\">", sample.receipt.id);
	assert_int_equal(shown_times(looked, link), 1);
	assert_int_equal(shown_times(looked, "badge wait"), 3);
	assert_shown(looked, "Lane <bdi>lane</bdi>");
	assert_shown(looked, "Lane <bdi>other</bdi>");
	end_look(looked);
	close_site(&site);
}

static void
a_pipeline_leads_to_what_is_known_of_it(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_all(site.writes, "h",
	    "5 fail p&1 r<2 Orders;6 say p&1;7 say c - CRM");
	looked = look(&site, "view=events");
	assert_int_equal(
	    shown_times(looked,
		"<a href=\"?view=pipeline&amp;hook=h&amp;id=p%261\">"),
	    2);
	assert_shown(looked, "id=p%261\"><bdi>Orders</bdi></a>");
	assert_shown(looked, "Run <bdi>r&lt;2</bdi>");
	/* There are no runs of it, but events. */
	assert_shown(looked,
	    "<a href=\"?view=events&amp;hook=h&amp;pipeline=c\">"
	    "<bdi>CRM</bdi></a>");
	end_look(looked);
	store_all(site.writes, "h", "8 remove p&1");
	looked = look(&site, "view=events&event=pipeline_run_error");
	assert_shown(looked,
	    "<a href=\"?view=events&amp;hook=h&amp;pipeline=p%261\">"
	    "<bdi>Orders</bdi></a>");
	end_look(looked);
	close_site(&site);
}

/* An event may be named so, but a slip is more likely. */
static void
a_group_that_there_is_not_is_told_where_nothing_is_found(void **state)
{
	struct site site = open_site();

	(void)state;
	store_event(site.writes, "@sucess", NULL);
	expect_shown(&site, "view=events&event=@failur",
	    "did you mean @failure?");
	expect_hidden(&site, "view=events&event=@failure", "there is no group");
	expect_shown(&site, "view=events&event=@sucess", "<bdi>@sucess</bdi>");
	expect_hidden(&site, "view=events&event=@sucess", "there is no group");
	close_site(&site);
}

static void
only_what_matches_the_filter_is_shown(void **state)
{
	static const struct {
		const char *query;
		bool matches; /* the dead one */
	} cases[] = {
		{ "view=events&state=dead", true },
		{ "view=events&state=queued", false },
		{ "view=events&hook=h", true },
		{ "view=events&hook=i", false },
		{ "view=events&event=the_dead", true },
		{ "view=events&event=the_de", false },
		{ "view=events&since=1h", true },
		{ "view=events&until=1h", false },
		{ "view=events&pipeline=p", false },
		{ "view=events&q=ffffffff", false },
	};
	struct site site = open_site();
	struct looked *looked;
	const char *id = store_event(site.writes, "the_dead", NULL);
	char query[64];

	(void)state;
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	store_event(site.writes, "another", NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		looked = look(&site, cases[i].query);
		if ((shown_times(looked, id) > 0) != cases[i].matches)
			fail_msg("%s", cases[i].query);
		end_look(looked);
	}
	snprintf(query, sizeof(query), "view=events&q=%s", id + 24);
	looked = look(&site, query);
	assert_int_equal(shown_times(looked, "badge "), 1);
	assert_shown(looked, id);
	end_look(looked);
	/* It stays in the form. */
	looked = look(&site, "view=events&state=dead&since=1h&event=%22%3E");
	assert_shown(looked, "value=\"dead\" selected");
	assert_shown(looked, "name=\"since\" value=\"1h\"");
	assert_shown(looked, "name=\"event\" value=\"&#34;&gt;\"");
	assert_shown(looked, "No event matches. Widen the filter");
	end_look(looked);
	close_site(&site);
}

static void
what_is_more_than_a_page_goes_on(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	char query[128];
	const char *at;

	(void)state;
	for (unsigned i = 0; i < 51; i++)
		append_sample(site.writes, "h", i, "");
	looked = look(&site, "view=events&hook=h");
	assert_int_equal(shown_times(looked, "badge wait"), 50);
	assert_shown(looked, ">Older</a>");
	assert_not_shown(looked, ">Newest</a>");
	end_look(looked);
	looked = look(&site, "view=events&hook=h&format=json");
	assert_int_equal(shown_times(looked, "\"state\":\"queued\""), 50);
	assert_shown(looked, "\"more\":true");
	assert_shown(looked, "\"stopped\":false");
	at = strstr(looked->text.data, "\"before\":\"");
	assert_non_null(at);
	snprintf(query, sizeof(query), "view=events&hook=h&before=%.36s",
	    at + strlen("\"before\":\""));
	end_look(looked);
	looked = look(&site, query);
	assert_int_equal(shown_times(looked, "badge wait"), 1);
	assert_not_shown(looked, ">Older</a>");
	assert_shown(looked, "<a href=\"?view=events&amp;hook=h\">Newest</a>");
	end_look(looked);
	expect_shown(&site,
	    "view=events&before=00000000-0000-7000-8000-000000000000",
	    "There are no older events.");
	close_site(&site);
}

/* Of as many rows as one search looks at, and one more that matches. */
static void
a_search_says_how_far_it_has_looked(void **state)
{
	struct site site = open_site();
	struct journal *hasty = NULL;
	struct looked *looked;
	const char *id = store_event(site.writes, "rare", NULL);
	char query[128];
	const char *at;

	(void)state;
	assert_int_equal(journal_open(journal_path, JOURNAL_HASTY, &hasty),
	    RC_OK);
	for (unsigned i = 0; i < 10000; i++)
		append_sample(hasty, "h", i, "");
	journal_close(hasty);
	looked = look(&site, "view=events&event=rare");
	assert_not_shown(looked, id);
	assert_shown(looked, "Looked through ");
	assert_shown(looked, "There may be older events that match.");
	assert_shown(looked, "No event matches among those looked through");
	assert_not_shown(looked, ">Older</a>");
	at = strstr(looked->text.data, "before=");
	assert_non_null(at);
	snprintf(query, sizeof(query), "view=events&event=rare&%.43s", at);
	end_look(looked);
	expect_shown(&site, query, id);
	close_site(&site);
}

static void
only_operators_are_offered_actions_on_what_a_filter_matches(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_event(site.writes, "x&y", NULL);
	looked = look_to_operate(&site, "view=events&event=x%26y&state=dead");
	assert_not_shown(looked, "view=confirm");
	end_look(looked);
	looked = look_to_operate(&site, "view=events&event=x%26y");
	assert_shown(looked,
	    "href=\"?view=confirm&amp;action=retry&amp;event=x%26y\"");
	assert_shown(looked,
	    "href=\"?view=confirm&amp;action=drop&amp;event=x%26y\"");
	assert_not_shown(looked, "You may only look here.");
	end_look(looked);
	looked = look_to_operate(&site, "view=events");
	assert_not_shown(looked, "view=confirm");
	end_look(looked);
	expect_hidden(&site, "view=events&event=x%26y", "view=confirm");
	expect_shown(&site, "view=events&event=x%26y",
	    "You may only look here.");
	expect_hidden(&site, "view=events", "You may only look here.");
	close_site(&site);
}

static void
what_is_foreign_is_text(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_some(site.writes, "h",
	    "5 fail <b>\"'& </td><script> <img/src=x>");
	looked = look(&site, "view=events");
	assert_shown(looked, "&lt;img/src=x&gt;");
	assert_not_shown(looked, "<script");
	assert_not_shown(looked, "<img");
	end_look(looked);
	close_site(&site);
}

static void
damaged_rows_are_left_out(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	append_sample(site.writes, "h", 1, "");
	append_sample(site.writes, "h", 2, "");
	execute("UPDATE deliveries SET state = 1000000 WHERE seq = 1");
	looked = look_as(&site, ACCESS_VIEW, "view=events");
	assert_int_equal(looked->rc, RC_CORRUPT);
	assert_int_equal(shown_times(looked, "badge wait"), 1);
	end_look(looked);
	execute("ALTER TABLE deliveries RENAME COLUMN revived TO other");
	looked = look_as(&site, ACCESS_VIEW, "view=events");
	assert_int_equal(looked->rc, RC_CORRUPT);
	assert_not_shown(looked, "No event has been kept");
	assert_shown(looked, "what is damaged is left out");
	end_look(looked);
	close_site(&site);
}

static void
no_event_has_come_yet(void **state)
{
	struct site site = { .conf = load_viewed(viewed_hooks) };

	(void)state;
	expect_shown(&site, "view=events", "No event has been kept yet.");
	expect_shown(&site, "view=events&format=json", "\"deliveries\":[]");
	conf_release(site.conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_delivery_is_shown_with_how_it_is),
		TEST(deliveries_of_one_event_are_rows_of_it),
		TEST(a_pipeline_leads_to_what_is_known_of_it),
		TEST(a_group_that_there_is_not_is_told_where_nothing_is_found),
		TEST(only_what_matches_the_filter_is_shown),
		TEST(what_is_more_than_a_page_goes_on),
		TEST(a_search_says_how_far_it_has_looked),
		TEST(
		    only_operators_are_offered_actions_on_what_a_filter_matches),
		TEST(what_is_foreign_is_text),
		TEST(damaged_rows_are_left_out),
		TEST(no_event_has_come_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
