/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

#include "config/lanes.h"

static struct looked *
look_at(const struct site *site, enum access_right right, const char *id,
    const char *more)
{
	char query[256];

	snprintf(query, sizeof(query), "view=event&id=%s%s", id, more);
	return look_as(site, right, query);
}

static const char body[] = "{\"pipeline_id\":\"p1\",\"pipeline_name\":"
			   "\"Orders\",\"run_id\":\"r1\",\"n\":[1.50,\"<i>\"]}";

/* One whose body says of what it speaks. */
static const char *
store_told(struct journal *journal)
{
	static char id[UUID_SIZE];
	const struct journal_subject subject = { "p1", "Orders", "r1" };
	struct sample sample;

	fill_sample(&sample, "h", 1);
	sample.entry.body = bytes_of(body);
	sample.entry.subject = &subject;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	snprintf(id, sizeof(id), "%s", sample.receipt.id);
	return id;
}

static void
all_that_was_received_is_told(void **state)
{
	struct site site = open_site();
	const char *id = store_told(site.writes);
	struct looked *looked;

	(void)state;
	assemble_all(site.writes);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	assert_int_equal(looked->rc, RC_OK);
	assert_shown(looked, "<h1>pipeline_run_error of Orders</h1>");
	assert_shown(looked, "Event <code class=\"id\"");
	assert_shown(looked, "<p class=\"lead\">Pipeline Orders failed: ");
	assert_shown(looked, "<bdi>192.0.2.7</bdi>");
	assert_shown(looked, "verified");
	assert_shown(looked, "aaaaaaaaaaaaaaaa");
	assert_shown(looked, id);
	assert_shown(looked,
	    "<a href=\"?view=pipeline&amp;hook=h&amp;id=p1\">"
	    "<bdi>Orders</bdi></a>");
	assert_shown(looked, "<bdi>/pipeline_name</bdi>");
	assert_shown(looked, "<bdi>/run_id</bdi>");
	assert_shown(looked,
	    "<a href=\"?view=pipeline&amp;hook=h&amp;id=p1\">All runs</a>");
	assert_shown(looked, "Not tried yet.");
	/* Which line of the configuration takes it. */
	assert_shown(looked, "<code>on <bdi>@failure run /bin/false");
	end_look(looked);
	close_site(&site);
}

/* It was forgotten, or is not seen yet. */
static void
of_a_pipeline_that_is_not_known_there_are_its_events(void **state)
{
	struct site site = open_site();
	const char *id = store_told(site.writes);
	struct looked *looked;
	int64_t count;

	(void)state;
	assemble_all(site.writes);
	assert_int_equal(journal_forget(site.writes, "h", "p1", now(), &count),
	    RC_OK);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	assert_shown(looked,
	    "<a href=\"?view=events&amp;hook=h&amp;pipeline=p1\">"
	    "<bdi>Orders</bdi></a>");
	assert_shown(looked, "<bdi>r1</bdi>");
	assert_not_shown(looked, "view=pipeline&amp;");
	end_look(looked);
	close_site(&site);
}

static void
how_a_try_ended_is_explained(void **state)
{
	static const struct {
		const char *values; /* outcome and code */
		const char *shown;
	} cases[] = {
		{ "'exit', code = 75",
		    "<bdi>exit 75</bdi>: try again later</td>" },
		{ "'exit', code = 65", "<bdi>exit 65</bdi>: the event itself" },
		{ "'exit', code = 78",
		    "<bdi>exit 78</bdi>: something is configured wrongly" },
		{ "'exit', code = 3", "<bdi>exit 3</bdi></td>" },
		{ "'timeout', code = 0", "<bdi>timeout</bdi>: it took longer" },
	};
	struct site site = open_site();
	const char *id = store_event(site.writes, "x", NULL);
	struct looked *looked;
	char sql[96];

	(void)state;
	settle_next(site.writes, JOURNAL_DELAY);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(sql, sizeof(sql), "UPDATE attempts SET outcome = %s",
		    cases[i].values);
		execute(sql);
		looked = look_at(&site, ACCESS_VIEW, id, "");
		assert_shown(looked, cases[i].shown);
		end_look(looked);
	}
	looked = look_at(&site, ACCESS_VIEW, id, "&format=json");
	assert_shown(looked, "\"outcome\":\"timeout\",\"code\":0");
	end_look(looked);
	close_site(&site);
}

/* They may be secret; two lanes whose commands have one file's name are told
 * apart all the same. */
static void
only_operators_see_the_arguments_of_commands(void **state)
{
	struct site site = open_site();
	struct sample sample;
	struct looked *looked;
	const char *id = sample.receipt.id;

	(void)state;
	conf_release(site.conf);
	site.conf = load_viewed("hook h\nsignature none\n"
				"on x also run /bin/echo --token s3cret\n"
				"on * run /bin/echo --token s4cret\n");
	fill_sample(&sample, "h", 1);
	sample.entry.event = "x";
	sample.entry.routes_len = 2;
	assert_int_equal(conf_name_lanes(&site.conf->hooks[0]), RC_OK);
	for (size_t i = 0; i < 2; i++)
		sample.routes[i].lane = site.conf->hooks[0].lanes[i].key;
	assert_int_equal(append_and_wait(site.writes, &sample.entry), RC_OK);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	assert_shown(looked, "<bdi>x also run /bin/echo \u2026</bdi>");
	assert_shown(looked, "<bdi>echo sha256:");
	assert_not_shown(looked, "cret");
	end_look(looked);
	looked = look_at(&site, ACCESS_VIEW, id, "&format=json");
	assert_shown(looked, "\"lane_name\":\"echo sha256:");
	assert_not_shown(looked, "cret");
	end_look(looked);
	looked = look_as(&site, ACCESS_VIEW, "view=events");
	assert_shown(looked, "echo sha256:");
	assert_not_shown(looked, "cret");
	end_look(looked);
	looked = look_as(&site, ACCESS_VIEW, "view=events&format=json");
	assert_not_shown(looked, "cret");
	end_look(looked);
	looked = look_as(&site, ACCESS_VIEW, "format=json");
	assert_not_shown(looked, "cret");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE, id, "");
	assert_shown(looked, "x also run /bin/echo --token s3cret</bdi>");
	assert_shown(looked, "<bdi>/bin/echo --token s4cret</bdi>");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE, id, "&format=json");
	assert_shown(looked, "\"lane_name\":\"/bin/echo --token s4cret\"");
	end_look(looked);
	close_site(&site);
}

/* How many times are told to the millisecond: "16:24:19.500 UTC". */
static unsigned
exact_times(const struct looked *looked)
{
	unsigned n = 0;

	for (const char *at = looked->text.data;
	     (at = strstr(at, " UTC</time>")) != NULL; at++)
		n += at[-4] == '.';
	return n;
}

static void
each_try_is_told_with_the_next_one(void **state)
{
	struct site site = open_site();
	const char *id = store_event(site.writes, "x", NULL);
	struct looked *looked;

	(void)state;
	settle_next(site.writes, JOURNAL_DELAY);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	/* Received, began, ended and next try, to the millisecond. */
	assert_int_equal(exact_times(looked), 4);
	assert_int_equal(shown_times(looked, "<time "), 4);
	assert_shown(looked, "Next try");
	assert_shown(looked, "exit 3");
	end_look(looked);
	assert_int_equal(journal_retry(site.writes, id, now(), NULL), RC_OK);
	route_again(site.writes, "");
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	assert_int_equal(shown_times(looked, "exit 3"), 2);
	assert_shown(looked, "<span class=\"badge bad\">dead</span>");
	assert_shown(looked, "Finished");
	assert_not_shown(looked, "Next try");
	end_look(looked);
	close_site(&site);
}

static void
only_operators_see_the_payload_and_what_commands_printed(void **state)
{
	struct site site = open_site();
	const char *id = store_told(site.writes);
	struct looked *looked;

	(void)state;
	settle_next(site.writes, JOURNAL_MARK_DEAD);
	looked = look_at(&site, ACCESS_VIEW, id, "");
	assert_shown(looked, "Only operators see the payload");
	assert_not_shown(looked, "[1.50");
	assert_not_shown(looked, "said");
	assert_not_shown(looked, "<form");
	assert_int_equal(shown_times(looked, "You may only look here."), 1);
	end_look(looked);
	looked = look_at(&site, ACCESS_VIEW, id, "&format=json");
	assert_not_shown(looked, "[1.50");
	assert_not_shown(looked, "said");
	assert_not_shown(looked, "\"body\"");
	assert_not_shown(looked, "body_left_out");
	assert_shown(looked, "\"body_size\":");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE, id, "");
	assert_shown(looked, "said\n");
	assert_not_shown(looked, "You may only look here.");
	/* As received, and indented. */
	assert_shown(looked, "[1.50,&#34;&lt;i&gt;&#34;]}</pre>");
	assert_shown(looked,
	    "    1.50,\n    &#34;&lt;i&gt;&#34;\n  ]\n}</pre>");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE, id, "&format=json");
	assert_shown(looked, "\"output\":\"said\\n\"");
	assert_shown(looked, "\"n\":[1.50,\"<i>\"]");
	end_look(looked);
	close_site(&site);
}

static void
an_action_is_offered_where_there_is_something_to_do(void **state)
{
	static const char retry[] = "name=\"action\" value=\"retry\"";
	static const char drop[] = "name=\"action\" value=\"drop\"";
	static const struct {
		int verdict; /* -1: it is queued; -2: it runs */
		bool retry;
		bool drop;
	} cases[] = {
		{ -1, false, true },
		{ -2, false, false },
		{ JOURNAL_DELAY, true, true },
		{ JOURNAL_MARK_DEAD, true, true },
		{ JOURNAL_FINISH, true, false },
	};
	struct site site = open_site();
	struct journal_claim claim;
	struct looked *looked;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *id = store_event(site.writes, "x", NULL);

		if (cases[i].verdict != -1)
			assert_int_equal(journal_claim_due(site.writes, &many,
					     now(), &claim),
			    RC_OK);
		if (cases[i].verdict >= 0)
			settle(site.writes, &claim,
			    (enum journal_verdict)cases[i].verdict);
		looked = look_at(&site, ACCESS_OPERATE, id, "");
		if ((shown_times(looked, retry) > 0) != cases[i].retry ||
		    (shown_times(looked, drop) > 0) != cases[i].drop)
			fail_msg("%d: %s", cases[i].verdict, looked->text.data);
		end_look(looked);
		if (cases[i].verdict == -1)
			settle_next(site.writes, JOURNAL_FINISH);
		if (cases[i].verdict == -2)
			journal_claim_free(&claim);
	}
	close_site(&site);
}

static void
a_large_body_is_cut_and_says_so(void **state)
{
	static char large[300 * 1024];
	struct site site = open_site();
	struct looked *looked;
	char command[128];
	const char *id;

	(void)state;
	/* The 256th KiB ends within a character. */
	for (size_t i = 0; i + 3 < sizeof(large); i += 3)
		memcpy(large + i, "\xe2\x82\xac", 4);
	memcpy(large, "\"ab", 3);
	memcpy(large + strlen(large) - 3, "ab\"", 3);
	id = store_event(site.writes, "x", large);
	looked = look_at(&site, ACCESS_OPERATE, id, "");
	snprintf(command, sizeof(command), "pelihookctl show --body %s", id);
	assert_int_equal(shown_times(looked, command), 2);
	assert_shown(looked, "Cut after 256 KB.");
	assert_not_shown(looked, "\xef\xbf\xbd");
	assert_in_range(looked->text.len, 2 * 256 * 1024, 2 * 270 * 1024);
	end_look(looked);
	close_site(&site);
}

/* All of what is looked into is there, and of what is larger that it is not. */
static void
json_has_a_large_body_and_says_where_it_has_not(void **state)
{
	enum { MOST = 1024 * 1024 };
	static char large[MOST + 2];
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	memset(large, 'x', MOST);
	large[0] = large[MOST - 1] = '"';
	looked = look_at(&site, ACCESS_OPERATE,
	    store_event(site.writes, "x", large), "&format=json");
	assert_int_equal(looked->rc, RC_OK);
	assert_shown(looked,
	    "\"body_size\":1048576,\"body_left_out\":false,"
	    "\"body\":\"xxx");
	assert_shown(looked, "xxx\"");
	assert_true(looked->text.len > MOST);
	end_look(looked);
	large[MOST - 1] = 'x';
	large[MOST] = '"';
	looked = look_at(&site, ACCESS_OPERATE,
	    store_event(site.writes, "x", large), "&format=json");
	assert_shown(looked,
	    "\"body_size\":1048577,\"body_left_out\":true,"
	    "\"body\":null");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE,
	    store_event(site.writes, "x", "null"), "&format=json");
	assert_shown(looked,
	    "\"body_size\":4,\"body_left_out\":false,"
	    "\"body\":null");
	end_look(looked);
	close_site(&site);
}

/* Its lines are not known then, nor where anything is found. */
static void
a_very_large_body_is_not_looked_into(void **state)
{
	static char large[1024 * 1024 + 64];
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, "{\"run_id\":1}", 12);
	looked = look_at(&site, ACCESS_VIEW,
	    store_event(site.writes, "pipeline_run_error", large), "");
	assert_int_equal(looked->rc, RC_OK);
	assert_shown(looked, "A pipeline failed: ");
	assert_not_shown(looked, "@failure");
	end_look(looked);
	close_site(&site);
}

static void
bytes_that_are_no_text_are_shown_as_such(void **state)
{
	struct site site = open_site();
	struct looked *looked = look_at(&site, ACCESS_OPERATE,
	    store_event(site.writes, "x", "a\xff\xfe<b>"), "");
	const char *id;

	(void)state;
	assert_int_equal(looked->rc, RC_OK);
	assert_shown(looked, "a\xef\xbf\xbd\xef\xbf\xbd&lt;b&gt;</pre>");
	assert_shown(looked, "Bytes that are not UTF-8, control characters");
	assert_not_shown(looked, "Indented");
	end_look(looked);
	/* Those that end lines are kept. */
	looked = look_at(&site, ACCESS_OPERATE,
	    store_event(site.writes, "x", "{\r\n}\r"), "");
	assert_shown(looked, ">{&#13;\n}&#13;</pre>");
	assert_not_shown(looked, "Bytes that are not UTF-8");
	end_look(looked);
	/* What would reverse the words of the page itself. */
	id = store_event(site.writes, "x",
	    "\"a\u202e"
	    "EVIL\u2066"
	    "b\"");
	looked = look_at(&site, ACCESS_OPERATE, id, "");
	assert_shown(looked,
	    "a\xef\xbf\xbd"
	    "EVIL\xef\xbf\xbd"
	    "b");
	assert_not_shown(looked, "\u202e");
	assert_not_shown(looked, "\u2066");
	end_look(looked);
	looked = look_at(&site, ACCESS_OPERATE, id, "&format=json");
	assert_shown(looked,
	    "\"a\u202e"
	    "EVIL\u2066"
	    "b\"");
	end_look(looked);
	close_site(&site);
}

static void
a_hook_that_is_gone_is_told(void **state)
{
	struct site site = open_site();
	struct sample sample;
	struct looked *looked;

	(void)state;
	fill_sample(&sample, "gone", 1);
	assert_int_equal(append_and_wait(site.writes, &sample.entry), RC_OK);
	looked = look_at(&site, ACCESS_VIEW, sample.receipt.id, "");
	assert_shown(looked, "which the configuration does not have");
	end_look(looked);
	looked = look_at(&site, ACCESS_VIEW, sample.receipt.id, "&format=json");
	assert_shown(looked, "\"configured\":false");
	end_look(looked);
	close_site(&site);
}

static void
what_is_not_there_is_missing(void **state)
{
	struct site site = open_site();
	struct site empty = { .conf = site.conf };
	struct looked *looked;

	(void)state;
	store_event(site.writes, "x", NULL);
	looked = look_as(&site, ACCESS_VIEW,
	    "view=event&id=00000000-0000-7000-8000-000000000000");
	assert_int_equal(looked->rc, RC_MISSING);
	end_look(looked);
	looked = look_as(&site, ACCESS_VIEW, "view=event");
	assert_int_equal(looked->rc, RC_MISSING);
	end_look(looked);
	looked = look_at(&empty, ACCESS_VIEW, "0", "");
	assert_int_equal(looked->rc, RC_MISSING);
	end_look(looked);
	close_site(&site);
}

static void
damage_is_told_and_the_rest_is_shown(void **state)
{
	struct site site = open_site();
	struct sample sample;
	struct looked *looked;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(site.writes, &sample.entry), RC_OK);
	execute("UPDATE deliveries SET state = 1000000 WHERE ordinal = 1");
	looked = look_at(&site, ACCESS_VIEW, sample.receipt.id, "");
	assert_int_equal(looked->rc, RC_CORRUPT);
	assert_shown(looked, "Delivery 1");
	assert_not_shown(looked, "Delivery 2");
	end_look(looked);
	execute("UPDATE events SET digest = 'x'");
	looked = look_at(&site, ACCESS_VIEW, sample.receipt.id, "");
	assert_int_equal(looked->rc, RC_CORRUPT);
	assert_shown(looked, "This event is damaged in the journal.");
	end_look(looked);
	close_site(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_was_received_is_told),
		TEST(of_a_pipeline_that_is_not_known_there_are_its_events),
		TEST(each_try_is_told_with_the_next_one),
		TEST(how_a_try_ended_is_explained),
		TEST(only_operators_see_the_payload_and_what_commands_printed),
		TEST(only_operators_see_the_arguments_of_commands),
		TEST(an_action_is_offered_where_there_is_something_to_do),
		TEST(a_large_body_is_cut_and_says_so),
		TEST(json_has_a_large_body_and_says_where_it_has_not),
		TEST(a_very_large_body_is_not_looked_into),
		TEST(bytes_that_are_no_text_are_shown_as_such),
		TEST(a_hook_that_is_gone_is_told),
		TEST(what_is_not_there_is_missing),
		TEST(damage_is_told_and_the_rest_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
