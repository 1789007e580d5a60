/* SPDX-License-Identifier: ISC */
#include "../markup.h"

#include "page/frame.h"
#include "page/view.h"

/* 2026-11-30 16:24:19 UTC */
#define NOW INT64_C(1796055859000)

static struct pool pool;
static struct buf out;
static struct query query;
static struct access access_of_anna = { ACCESS_VIEW, "anna", NULL };
static struct page page;

static int
begin(void **state)
{
	(void)state;
	out = (struct buf){ 0 };
	page = (struct page){
		.query = &query,
		.access = &access_of_anna,
		.now = NOW,
		.pool = &pool,
	};
	return 0;
}

static int
end(void **state)
{
	(void)state;
	buf_free(&out);
	pool_free(&pool);
	return 0;
}

static void
write_view(const struct page *shown, struct html *html)
{
	html_element(html, "p", shown == &page ? "the view" : "another");
}

/* A document that is HTML as a whole. */
static const char *
written(void)
{
	assert_is_html(&out);
	assert_true(bytes_begin(buf_view(&out),
	    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
	return out.data;
}

static const char *
frame(const char *text, const char *title)
{
	static const struct view view = { .html = write_view };
	const char *error = "";

	out.len = 0;
	assert_int_equal(query_parse(text, NOW, &pool, &query, &error), RC_OK);
	frame_view(&page, &view, title, &out);
	return written();
}

static void
a_view_is_in_a_document(void **state)
{
	const char *text = frame("", "Overview <&>");

	(void)state;
	assert_non_null(strstr(text,
	    "<title>Overview &lt;&amp;&gt; - pelihook</title><style>"));
	assert_non_null(strstr(text,
	    "<main id=\"main\" tabindex=\"-1\"><h1>Overview &lt;&amp;&gt;</h1>"
	    "<p>the view</p></main>"));
	assert_non_null(strstr(text, "<a class=\"skip\" href=\"#main\">"));
	assert_non_null(strstr(text, "As of 2026-11-30 16:24:19 UTC"));
	assert_non_null(strstr(text, "pelihook " PELIHOOK_VERSION "</span>"));
	assert_non_null(strstr(text, "name=\"viewport\""));
	assert_null(strstr(text, "http-equiv"));
}

static const struct {
	const char *query;
	const char *current;
} places[] = {
	{ "", "<a href=\"?\" aria-current=\"page\">Overview</a>" },
	{ "view=events",
	    "<a href=\"?view=events\" aria-current=\"page\">Events</a>" },
	{ "view=event&id=0190",
	    "<a href=\"?view=events\" aria-current=\"true\">Events</a>" },
	{ "view=pipelines",
	    "<a href=\"?view=pipelines\" aria-current=\"page\">Pipelines</a>" },
	{ "view=pipeline&hook=h&id=p",
	    "<a href=\"?view=pipelines\" aria-current=\"true\">Pipelines</a>" },
	{ "view=actions",
	    "<a href=\"?view=actions\" aria-current=\"page\">Actions</a>" },
};

static void
the_navigation_tells_where_one_is(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *text = frame(places[i].query, "t");

		wrong += case_true(places[i].query, places[i].current,
		    strstr(text, places[i].current) != NULL);
		text = strstr(text, "aria-current=");
		wrong += case_true(places[i].query, "only one is current",
		    strstr(text + 1, "aria-current=") == NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
who_is_logged_in_is_told_with_what_he_may_do(void **state)
{
	(void)state;
	assert_non_null(strstr(frame("", "t"),
	    "<bdi>anna</bdi> <span class=\"right\">view only</span>"));
	access_of_anna = (struct access){ ACCESS_OPERATE, "<b>", NULL };
	assert_non_null(strstr(frame("", "t"),
	    "<bdi>&lt;b&gt;</bdi> <span class=\"right\">operate</span>"));
	access_of_anna = (struct access){ ACCESS_VIEW, "anna", NULL };
}

static void
what_a_view_lacks_is_told_on_top(void **state)
{
	const char *text = frame("", "t");

	(void)state;
	assert_null(strstr(text, "class=\"notice"));
	page.damaged = true;
	text = frame("", "t");
	assert_non_null(strstr(text, "<p class=\"notice bad\">The journal"));
	assert_null(strstr(text, "notice info"));
	page.damaged = false;
	page.behind = true;
	text = frame("", "t");
	assert_non_null(strstr(text, "<p class=\"notice info\">The latest"));
	assert_null(strstr(text, "notice bad"));
	assert_true(strstr(text, "notice info") < strstr(text, "<h1>"));
}

/* The whole query stays. */
static void
it_refreshes_only_where_asked_for(void **state)
{
	const char *text = frame("view=events&hook=h&q=%22", "t");

	(void)state;
	assert_null(strstr(text, "http-equiv"));
	assert_non_null(strstr(text, "refresh=30\">Refresh every 30 s</a>"));
	assert_non_null(strstr(text, "<a href=\"?view=events&amp;hook=h&amp;"));
	text = frame("view=events&hook=h&refresh=90", "t");
	assert_non_null(
	    strstr(text, "<meta http-equiv=\"refresh\" content=\"90\">"));
	assert_non_null(strstr(text,
	    "Refreshes every 1 min 30 s. <a href=\"?view=events&amp;hook=h\">"
	    "Stop"));
	/* A question stands as it was asked. */
	text = frame("view=confirm&state=dead&action=retry", "t");
	assert_null(strstr(text, "efresh every"));
	assert_non_null(strstr(text, ">JSON</a>"));
}

/* Whatever is shown can be read by a program, too. */
static void
the_same_is_there_as_json(void **state)
{
	const char *text = frame("view=events&hook=h&refresh=30", "t");

	(void)state;
	assert_non_null(strstr(text, "format=json\">JSON</a>"));
	text = strstr(text, "Stop refreshing</a>");
	assert_non_null(text);
	assert_null(strstr(text, "refresh=30"));
	assert_non_null(strstr(text, "?view=events&amp;hook=h&amp;"));
}

static void
an_error_says_what_to_do(void **state)
{
	struct frame_error error = { 404, "Not <found>",
		"There is no such event & never was." };
	const char *text;

	(void)state;
	frame_error(&page, &error, &out);
	text = written();
	assert_non_null(
	    strstr(text, "<title>Not &lt;found&gt; - pelihook</title>"));
	assert_non_null(strstr(text,
	    "<h1>Not &lt;found&gt;</h1><p>There is no such event &amp; never "
	    "was.</p></main>"));
	assert_non_null(strstr(text, ">Events</a>"));
	assert_null(strstr(text, "aria-current="));
	assert_non_null(strstr(text, "<bdi>anna</bdi>"));
}

static void
an_error_tells_strangers_nothing_of_the_views(void **state)
{
	struct frame_error error = { 403, "No", "No." };
	struct access none = { ACCESS_NONE, "", "who?" };

	(void)state;
	frame_error(NULL, &error, &out);
	assert_null(strstr(written(), "<nav"));
	out.len = 0;
	page.access = &none;
	frame_error(&page, &error, &out);
	assert_null(strstr(written(), "<nav"));
}

static void
what_does_not_fit_is_told(void **state)
{
	static const struct view view = { .html = write_view };
	size_t whole;

	(void)state;
	frame("", "t");
	whole = out.len;
	for (size_t max = 1; max <= whole; max += 97) {
		buf_free(&out);
		out.max = max;
		frame_view(&page, &view, "t", &out);
		assert_int_equal(out.rc, RC_RANGE);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_view_is_in_a_document),
		TEST(the_navigation_tells_where_one_is),
		TEST(who_is_logged_in_is_told_with_what_he_may_do),
		TEST(what_a_view_lacks_is_told_on_top),
		TEST(it_refreshes_only_where_asked_for),
		TEST(the_same_is_there_as_json),
		TEST(an_error_says_what_to_do),
		TEST(an_error_tells_strangers_nothing_of_the_views),
		TEST(what_does_not_fit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
