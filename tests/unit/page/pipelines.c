/* SPDX-License-Identifier: ISC */
#include "../viewing.h"

static size_t
place_of(const struct looked *looked, const char *text)
{
	const char *at = strstr(looked->text.data, text);

	assert_non_null(at);
	return (size_t)(at - looked->text.data);
}

static void
the_worst_comes_first(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_ago(site.writes, "h",
	    "@ start a 1 Alpha;@ done a 1 Alpha;@ start b 2 Beta;"
	    "@ fail b 2 Beta",
	    0, 10, 0, 5);
	store_ago(site.writes, "i", "@ stop c", 1);
	looked = look(&site, "view=pipelines");
	assert_true(place_of(looked, "<bdi>Beta</bdi>") <
	    place_of(looked, "<bdi>c</bdi>"));
	assert_true(place_of(looked, "<bdi>c</bdi>") <
	    place_of(looked, "<bdi>Alpha</bdi>"));
	assert_shown(looked, "3 pipelines: 2 failing, 1 learning.");
	assert_shown(looked, "<a href=\"?view=pipeline&amp;hook=h&amp;id=b\">");
	assert_shown(looked,
	    "><span class=\"nowrap\">1 failure</span></div></td>");
	assert_shown(looked,
	    "><span class=\"nowrap\">1 success</span></div></td>");
	assert_int_equal(shown_times(looked, "<tr class=\"bad\">"), 2);
	end_look(looked);
	looked = look(&site, "view=pipelines&format=json");
	assert_shown(looked,
	    "\"pipeline\":{\"id\":\"b\",\"name\":\"Beta\"},"
	    "\"state\":\"failing\"");
	assert_shown(looked, "\"runs\":{\"success\":1,");
	assert_shown(looked, "\"more\":false");
	end_look(looked);
	close_site(&site);
}

static void
only_what_matches_is_listed(void **state)
{
	static const struct {
		const char *query;
		unsigned n;
	} cases[] = {
		{ "view=pipelines", 3 },
		{ "view=pipelines&state=failing", 1 },
		{ "view=pipelines&state=stuck", 0 },
		{ "view=pipelines&state=learning", 2 },
		{ "view=pipelines&hook=h", 2 },
		{ "view=pipelines&hook=j", 0 },
		{ "view=pipelines&pipeline=ALPH", 1 },
		{ "view=pipelines&pipeline=id-", 3 },
		{ "view=pipelines&hook=i&pipeline=alph", 0 },
	};
	struct site site = open_site();
	struct looked *looked;
	unsigned wrong = 0;

	(void)state;
	store_ago(site.writes, "h", "@ done id-a - Alpha;@ fail id-b - Beta", 0,
	    5);
	store_ago(site.writes, "i", "@ done id-c - Gamma", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		looked = look(&site, cases[i].query);
		wrong += case_number(cases[i].query,
		    shown_times(looked, "<svg class=\"runs\""), cases[i].n);
		wrong += case_true(cases[i].query, "a word on nothing",
		    (shown_times(looked, "No pipeline matches") > 0) ==
			(cases[i].n == 0));
		end_look(looked);
	}
	assert_int_equal(wrong, 0);
	/* A hook that is gone can be asked for, and stays so. */
	expect_shown(&site, "view=pipelines&hook=j",
	    "<option value=\"j\" selected=\"\">");
	close_site(&site);
}

static void
runs_are_counted_since_a_time(void **state)
{
	struct site site = open_site();

	(void)state;
	store_ago(site.writes, "h", "@ done a;@ fail a;@ done a", -120, -60,
	    60);
	expect_shown(&site, "view=pipelines",
	    "2 success</span>, <span class=\"nowrap\">1 failure</span>");
	expect_shown(&site, "view=pipelines&since=2h",
	    "><span class=\"nowrap\">1 success</span></div></td>");
	expect_shown(&site, "view=pipelines&since=1m", ">none</div></td>");
	close_site(&site);
}

static void
the_last_runs_of_each_are_bars_with_their_figures(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	store_ago(site.writes, "h", "@ done a - Alpha", 0);
	for (int i = 0; i < 30; i++)
		store_ago(site.writes, "h", "@ fail a - Alpha", 1);
	store_ago(site.writes, "h", "@ start b 1;@ done b 1", 0, 2);
	looked = look(&site, "view=pipelines");
	assert_shown(looked,
	    "aria-label=\"The last 30 runs, oldest first: 30 failure\"");
	assert_shown(looked, "aria-label=\"The last run: 1 success\"");
	assert_shown(looked, "<summary>Figures of the last 30 runs</summary>");
	assert_int_equal(shown_times(looked, "?view=pipeline&amp;"), 4);
	end_look(looked);
	looked = look(&site, "view=pipelines&pipeline=b&format=json");
	assert_shown(looked, "\"last_runs\":[{\"hook\":\"h\"");
	assert_shown(looked, "\"duration\":120.000,");
	end_look(looked);
	close_site(&site);
}

static void
a_mute_is_shown_until_it_ends(void **state)
{
	struct site site = open_site();
	struct journal_mute mute = { "h", "a", NULL, 0, now() + HOUR };
	int64_t count;

	(void)state;
	store_ago(site.writes, "h", "@ done a", 0);
	expect_shown(&site, "view=pipelines&format=json",
	    "\"muted_until\":null");
	assert_int_equal(journal_set_mute(site.writes, &mute, &count), RC_OK);
	expect_hidden(&site, "view=pipelines&format=json",
	    "\"muted_until\":null");
	close_site(&site);
}

/* 50 at a time, from one whose place may have changed since. */
static void
a_long_list_goes_on_after_a_pipeline(void **state)
{
	struct site site = open_site();
	struct looked *looked;

	(void)state;
	for (int i = 0; i < 51; i++) {
		char text[32];

		snprintf(text, sizeof(text), "@ done p%02d", i);
		store_ago(site.writes, "h", text, 0);
	}
	store_ago(site.writes, "h", "@ done p50 - z/&", 1);
	looked = look(&site, "view=pipelines");
	assert_int_equal(shown_times(looked, "<svg class=\"runs\""), 50);
	assert_shown(looked, "51 pipelines: ");
	assert_shown(looked, "before=h%2Fp49\">Next</a>");
	assert_not_shown(looked, ">First</a>");
	end_look(looked);
	looked = look(&site, "view=pipelines&before=h%2Fp49");
	assert_int_equal(shown_times(looked, "<svg class=\"runs\""), 1);
	assert_shown(looked, "z/&amp;");
	assert_shown(looked, ">First</a>");
	assert_not_shown(looked, ">Next</a>");
	end_look(looked);
	/* One that is gone leads to the beginning. */
	looked = look(&site, "view=pipelines&before=h%2Fp4");
	assert_int_equal(shown_times(looked, "<svg class=\"runs\""), 50);
	end_look(looked);
	close_site(&site);
}

static void
nothing_was_seen_yet(void **state)
{
	struct site site = { .conf = load_viewed(viewed_hooks) };

	(void)state;
	expect_shown(&site, "view=pipelines", "No pipeline has been seen yet.");
	conf_release(site.conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_worst_comes_first),
		TEST(only_what_matches_is_listed),
		TEST(runs_are_counted_since_a_time),
		TEST(the_last_runs_of_each_are_bars_with_their_figures),
		TEST(a_mute_is_shown_until_it_ends),
		TEST(a_long_list_goes_on_after_a_pipeline),
		TEST(nothing_was_seen_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
