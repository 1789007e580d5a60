/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

/* One that was kept as it is here. */
static void
keep(const char *values)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
	    "INSERT INTO actions(time, who, action, target, matched, done, why)"
	    " VALUES(%s)",
	    values);
	execute(sql);
}

static void
what_was_done_is_listed_newest_first(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	const char *id = store_event(site.writes, "x", NULL);
	char form[128];

	(void)state;
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	store_ago(site.writes, "h", "@ done p&1", 0);
	store_ago(site.writes, "h", "@ done p2 r2 Orders", 0);
	snprintf(form, sizeof(form), "view=event&id=%s&action=retry", id);
	act(&site, form);
	act(&site, "view=pipeline&hook=h&id=p%261&action=mute&length=1h");
	act(&site, "view=pipeline&hook=h&id=p2&action=mute&length=1h");
	looked = look(&site, "view=actions");
	/* By its name, and by its ID where that is another. */
	assert_shown(looked,
	    "Pipeline <bdi>Orders</bdi> (<bdi>p2</bdi>) of hook <bdi>h</bdi>");
	assert_shown(looked,
	    "<a href=\"?view=pipeline&amp;hook=h&amp;id=p%261\">Pipeline "
	    "<bdi>p&amp;1</bdi> of hook <bdi>h</bdi></a>");
	assert_shown(looked, "Muted 1 pipeline until <time ");
	assert_shown(looked, "Retried 1 delivery.");
	assert_true(strstr(looked->text.data, "Muted 1") <
	    strstr(looked->text.data, "Retried 1"));
	snprintf(form, sizeof(form), "<a href=\"?view=event&amp;id=%s\">", id);
	assert_shown(looked, form);
	assert_int_equal(shown_times(looked, "<bdi>alice</bdi>"), 3);
	end_look(looked);
	execute("UPDATE actions SET until = 4000000000000 WHERE seq = 3");
	looked = look(&site, "view=actions&format=json");
	assert_shown(looked, "\"action\":\"mute\"");
	assert_shown(looked, "\"until\":\"2096-10-02T07:06:40.000Z\"");
	assert_shown(looked, "\"until\":null");
	assert_shown(looked, "\"who\":\"alice\"");
	end_look(looked);
	close_site(&site);
}

struct told_case {
	const char *view;
	const char *values;
	const char *told;
	const char *kind;
};

static const struct told_case cases[] = {
	{ "view=events&state=dead",
	    "1, 'a', 'retry', '?view=events&state=dead', 12, 12, ''",
	    "Retried 12 deliveries.", "good" },
	{ "view=events",
	    "1, 'a', 'retry', '?view=events', 15, 12,"
	    " '2 are running, 1 was dropped before'",
	    "Retried 12 of 15 deliveries: <bdi>2 are running, 1 was dropped "
	    "before</bdi>.",
	    "warn" },
	{ "view=events",
	    "1, 'a', 'drop', '?view=events', 1, 0, 'it is running'",
	    "Dropped nothing: <bdi>it is running</bdi>.", "warn" },
	{ "view=events", "1, 'a', 'drop', '?view=events', 0, 0, ''",
	    "Dropped nothing: nothing matched any more.", "warn" },
	{ "view=events", "1, 'a', 'retry', '?view=events', 15, 12, ''",
	    "Retried 12 of 15 deliveries.", "warn" },
	/* All that it came to, which is not all. */
	{ "view=events",
	    "1, 'a', 'retry', '?view=events', 2, 2, 'the rest was not come to'",
	    "Retried 2 deliveries: <bdi>the rest was not come to</bdi>.",
	    "warn" },
	{ "view=pipeline&hook=h&id=p",
	    "1, 'a', 'unmute', '?view=pipeline&hook=h&id=p', 1, 1, ''",
	    "Unmuted 1 pipeline.", "good" },
};

static void
nothing_is_called_good_that_was_not_done(void **state)
{
	struct site site = open_site();
	struct looked *looked;
	char query[64], notice[64];

	(void)state;
	store_ago(site.writes, "h", "@ done p", 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		keep(cases[i].values);
		snprintf(query, sizeof(query), "%s&done=%zu", cases[i].view,
		    i + 1);
		snprintf(notice, sizeof(notice), "notice %s\"", cases[i].kind);
		looked = look(&site, query);
		assert_shown(looked, cases[i].told);
		assert_shown(looked, notice);
		end_look(looked);
	}
	/* In JSON as well, and of one that is not known nothing. */
	expect_shown(&site, "view=events&format=json&done=2",
	    "\"matched\":15,\"done\":12,\"why\":\"2 are running");
	expect_hidden(&site, "view=events&done=99", "notice");
	expect_hidden(&site, "view=events", "notice");
	close_site(&site);
}

/* An address with another number is anybody's to write. */
static void
what_was_done_is_told_where_it_leads_to(void **state)
{
	struct site site = open_site();

	(void)state;
	keep("1, 'a', 'drop', '?view=events&state=dead&since=2026-11-30T16%3A24"
	     "%3A05.000Z', 1, 1, ''");
	keep("1, 'a', 'drop', 'nonsense', 1, 1, ''");
	expect_shown(&site,
	    "view=events&since=2026-11-30T16:24:05.000Z&state=dead&done=1",
	    "notice");
	expect_shown(&site,
	    "view=events&since=2026-11-30T16:24:05.000Z&state=dead&done=1"
	    "&format=json&refresh=30",
	    "\"done\":{\"seq\":1,");
	expect_hidden(&site, "view=events&state=dead&done=1", "notice");
	expect_hidden(&site, "view=events&state=dead&done=1&format=json",
	    "\"seq\"");
	expect_hidden(&site, "done=1", "class=\"notice good");
	expect_hidden(&site, "view=actions&done=1", "notice");
	expect_hidden(&site, "view=events&done=2", "notice");
	close_site(&site);
}

static void
a_target_is_a_link_only_if_it_is_a_query_of_ours(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	keep("1, '<i>', 'retry', 'javascript:alert(1)', 1, 1, '<b>'");
	keep("1, 'a', 'retry', '?view=events&state=dead&hook=a%22b', 1, 1,"
	     " ''");
	looked = look(&site, "view=actions");
	assert_not_shown(looked, "href=\"javascript");
	assert_shown(looked, "<code><bdi>javascript:alert(1)</bdi></code>");
	assert_shown(looked, "<bdi>&lt;i&gt;</bdi>");
	assert_shown(looked, "<bdi>&lt;b&gt;</bdi>");
	assert_shown(looked,
	    "<a href=\"?view=events&amp;hook=a%22b&amp;state=dead\">Events: "
	    "state <bdi>dead</bdi>, hook <bdi>a&#34;b</bdi></a>");
	end_look(looked);
	close_site(&site);
}

/* A pipeline that was forgotten since still has its events; of an event that was
 * taken out nothing is left. */
static void
what_is_not_there_any_more_is_no_dead_link(void **state)
{
	static const char gone[] = "01890000-0000-7000-8000-000000000001";
	struct site site = open_site();
	struct looked *looked;
	int64_t count;
	char text[128];

	(void)state;
	store_ago(site.writes, "h", "@ done p&1 - Orders", 0);
	act(&site, "view=pipeline&hook=h&id=p%261&action=mute&length=1h");
	assert_int_equal(journal_forget(site.writes, "h", "p&1", now(), &count),
	    RC_OK);
	snprintf(text, sizeof(text),
	    "1, 'a', 'drop', '?view=event&id=%s', 1, 1, ''", gone);
	keep(text);
	for (int overview = 0; overview < 2; overview++) {
		looked = look(&site, overview ? "" : "view=actions");
		assert_shown(looked,
		    "<a href=\"?view=events&amp;hook=h&amp;pipeline=p%261\">"
		    "Pipeline <bdi>p&amp;1</bdi> of hook <bdi>h</bdi></a>");
		assert_shown(looked, gone);
		assert_not_shown(looked, "view=event&amp;id=01890000");
		assert_not_shown(looked, "view=pipeline&amp;");
		end_look(looked);
	}
	close_site(&site);
}

static void
older_ones_are_on_the_next_page(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	for (unsigned i = 0; i < 51; i++)
		keep("1, 'a', 'retry', '?view=events', 1, 1, ''");
	looked = look(&site, "view=actions");
	assert_int_equal(shown_times(looked, "Retried 1 delivery."), 50);
	assert_shown(looked,
	    "<a href=\"?view=actions&amp;before=2\">Older</a>");
	end_look(looked);
	looked = look(&site, "view=actions&before=2");
	assert_int_equal(shown_times(looked, "Retried 1 delivery."), 1);
	assert_not_shown(looked, ">Older</a>");
	end_look(looked);
	expect_shown(&site, "view=actions&before=1",
	    "There are no older actions.");
	close_site(&site);
}

static void
nothing_was_done_yet(void **state)
{
	struct site site = { .conf = load_viewed(viewed_hooks) };

	(void)state;
	expect_shown(&site, "view=actions", "Nothing has been done");
	expect_hidden(&site, "view=actions&done=1", "notice");
	conf_release(site.conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_done_is_listed_newest_first),
		TEST(nothing_is_called_good_that_was_not_done),
		TEST(what_was_done_is_told_where_it_leads_to),
		TEST(a_target_is_a_link_only_if_it_is_a_query_of_ours),
		TEST(what_is_not_there_any_more_is_no_dead_link),
		TEST(older_ones_are_on_the_next_page),
		TEST(nothing_was_done_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
