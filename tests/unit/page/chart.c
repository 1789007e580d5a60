/* SPDX-License-Identifier: ISC */
#include "../writing.h"

#include "page/chart.h"

/* 2026-11-30 16:00 UTC */
enum { HOUR = 498904 };

static size_t
times_of(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static const struct chart_kind kinds[] = { { "done", "good" },
	{ "dead", "bad" } };

static void
draw_hours(int64_t first, size_t hours, const int64_t *counts)
{
	struct chart_hours chart = { "Events by the hour", kinds, COUNT(kinds),
		first, hours, counts };

	chart_hours(&html, &chart);
}

static void
each_hour_is_a_bar_and_a_row(void **state)
{
	static const int64_t counts[24][2] = { { 10, 0 }, { 0, 0 },
		{ 7, 3 }, [23] = { 1000, 1 } };
	const char *text;

	(void)state;
	draw_hours(HOUR, 24, *counts);
	text = written();
	assert_int_equal(times_of(text, "<g>"), 3);
	assert_int_equal(times_of(text, "<tr>"), 25);
	assert_int_equal(times_of(text, "<rect class=\"good\""), 3 + 1);
	assert_int_equal(times_of(text, "<rect class=\"bad\""), 2 + 1);
	assert_non_null(
	    strstr(text, "<title>2026-11-30 16:00 UTC: 10 done</title>"));
	assert_non_null(strstr(text,
	    "<title>2026-11-30 18:00 UTC: 7 done, 3 dead</title>"));
	assert_non_null(strstr(text,
	    "<th scope=\"row\">2026-11-30 18:00</th><td class=\"num\">7</td>"
	    "<td class=\"num\">3</td>"));
	assert_non_null(strstr(text, "<th scope=\"col\">Hour (UTC)</th>"));
	assert_non_null(
	    strstr(text, "aria-label=\"Events by the hour\" width"));
	assert_non_null(strstr(text, "dead <strong>4</strong>"));
}

static void
the_legend_has_no_kind_that_did_not_occur(void **state)
{
	static const int64_t counts[2][2] = { { 5, 0 }, { 1, 0 } };
	static const int64_t none[1][2];
	const char *text;

	(void)state;
	draw_hours(HOUR, 2, *counts);
	text = written();
	assert_non_null(strstr(text, "done <strong>6</strong>"));
	assert_null(strstr(text, "dead <strong>"));
	/* Its figures have it. */
	assert_non_null(strstr(text, ">dead</th>"));
	draw_hours(HOUR, 1, *none);
	assert_null(strstr(written(), "legend"));
}

/* However many others there are. */
static void
one_of_a_kind_is_seen(void **state)
{
	static const int64_t counts[2][2] = { { 1000000, 1 }, { 0, 1 } };
	const char *text;

	(void)state;
	draw_hours(HOUR, 2, *counts);
	text = written();
	assert_int_equal(times_of(text, "height=\"2\""), 2);
	assert_int_equal(times_of(text, "height=\"0\""), 0);
}

/* What lines stand for is a whole number. */
static void
lines_have_their_numbers(void **state)
{
	static const struct {
		int64_t count;
		size_t lines;
		const char *labels;
	} cases[] = {
		{ 0, 2, ">1</text>" },
		{ 1, 2, ">1</text>" },
		{ 2, 3, ">2</text>" },
		{ 7, 2, ">7</text>" },
		{ 11, 3, ">20</text>" },
		{ 255, 3, ">300</text>" },
		{ 1001, 3,
		    ">2\xe2\x80\xaf"
		    "000</text>" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const int64_t counts[1][2] = { { cases[i].count, 0 } };
		const char *text;

		draw_hours(HOUR, 1, *counts);
		text = written();
		wrong += case_number(cases[i].labels,
		    (long long)times_of(text, "<line"),
		    (long long)cases[i].lines);
		wrong += case_true(cases[i].labels, "the label",
		    strstr(text, cases[i].labels) != NULL);
	}
	assert_int_equal(wrong, 0);
}

/* The labels of the hours: at every sixth, and the day where it begins. */
static void
labels_are_sparse(void **state)
{
	static const int64_t counts[24][2] = { { 0 } };
	const char *text;

	(void)state;
	draw_hours(HOUR, 24, *counts);
	text = strstr(written(), "class=\"bars\"");
	assert_int_equal(times_of(text, "<text"), 4);
	assert_non_null(strstr(text, ">18:00</text>"));
	assert_non_null(strstr(text, ">1 Dec</text>"));
	assert_non_null(strstr(text, ">06:00</text>"));
	assert_non_null(strstr(text, ">12:00</text>"));
	assert_non_null(strstr(text, "x=\"8.33%\" y=\"149\" text-anchor=\"mi"));
}

static const struct {
	size_t hours;
	size_t bars; /* from a first hour that is no multiple of anything */
	const char *head;
} spans[] = {
	{ 1, 1, "Hour (UTC)" },
	{ 24, 24, "Hour (UTC)" },
	{ 120, 120, "Hour (UTC)" },
	{ 121, 61, "2 hours from (UTC)" },
	{ 240, 121, "2 hours from (UTC)" },
	{ 241, 81, "3 hours from (UTC)" },
	{ 720, 121, "6 hours from (UTC)" },
	{ 840, 71, "12 hours from (UTC)" },
	{ 8784, 93, "96 hours from (UTC)" },
};

static void
many_hours_are_put_together_and_nothing_is_lost(void **state)
{
	int64_t(*counts)[2] = calloc(10000, sizeof(*counts));
	unsigned wrong = 0;
	const char *text;

	(void)state;
	assert_non_null(counts);
	for (size_t i = 0; i < 10000; i++)
		counts[i][0] = 1;
	for (size_t i = 0; i < COUNT(spans); i++) {
		const char *name = spans[i].head;
		long long sum = 0;

		draw_hours(HOUR + 1, spans[i].hours, *counts);
		text = written();
		wrong += case_number(name, (long long)times_of(text, "<g>"),
		    (long long)spans[i].bars);
		wrong += case_true(name, "the head",
		    strstr(text, name) != NULL);
		wrong += case_true(name, "few labels",
		    times_of(strstr(text, "class=\"bars\""), "<text") <= 7);
		while (
		    (text = strstr(text, "</th><td class=\"num\">")) != NULL) {
			text += strlen("</th><td class=\"num\">");
			sum += strtoll(text, NULL, 10);
		}
		wrong += case_number(name, sum, (long long)spans[i].hours);
	}
	free(counts);
	assert_int_equal(wrong, 0);
}

static void
of_nothing_there_is_no_chart(void **state)
{
	static const int64_t none[1][2] = { { 0, 0 } };
	struct chart_hours chart = { "t", kinds, 0, HOUR, 1, *none };

	(void)state;
	draw_hours(HOUR, 0, NULL);
	chart_hours(&html, &chart);
	assert_int_equal(out.len, 0);
	draw_hours(HOUR, 1, *none);
	assert_int_equal(times_of(written(), "<g>"), 0);
}

static void
texts_of_a_chart_are_escaped(void **state)
{
	static const struct chart_kind bad[] = { { "<b>", "good" } };
	static const int64_t counts[] = { 1 };
	struct chart_hours chart = { "\"<i>", bad, 1, HOUR, 1, counts };
	const char *text;

	(void)state;
	chart_hours(&html, &chart);
	text = written();
	assert_int_equal(times_of(text, "<b>"), 0);
	assert_int_equal(times_of(text, "<i>"), 0);
	assert_int_equal(times_of(text, "&lt;b&gt;"), 3);
}

/* The heights of the bars, in their order. */
static size_t
heights(const char *text, int into[16])
{
	size_t n = 0;

	text = strstr(text, "<rect");
	for (; text != NULL && n < 16; text = strstr(text + 1, "<rect"))
		into[n++] = (int)strtol(strstr(text, "height=\"") + 8, NULL,
		    10);
	return n;
}

static void
one_long_run_flattens_no_other(void **state)
{
	static const struct chart_run runs[] = {
		{ CHART_RUN_SUCCESS, 60000, 0 },
		{ CHART_RUN_SUCCESS, 61000, 0 },
		{ CHART_RUN_SUCCESS, 30000, 0 },
		{ CHART_RUN_SUCCESS, 60000, 0 },
		{ CHART_RUN_SUCCESS, INT64_MAX, 0 },
		{ CHART_RUN_SUCCESS, 120000, 0 },
		{ CHART_RUN_SUCCESS, -1, 0 },
		{ CHART_RUN_SUCCESS, 0, 0 },
	};
	int height[16];

	(void)state;
	chart_runs(&html, "runs", runs, COUNT(runs));
	assert_int_equal(heights(written(), height), COUNT(runs));
	assert_int_equal(height[0], 13);
	assert_int_equal(height[0], height[3]);
	assert_true(height[2] < height[0]);
	assert_int_equal(height[4], 24);
	assert_int_equal(height[5], 24);
	assert_int_equal(height[6], 3);
	assert_int_equal(height[7], 3);
}

static void
each_outcome_has_its_word_and_shape(void **state)
{
	static const struct {
		enum chart_run_kind kind;
		const char *word;
		int heights[2];
	} cases[] = {
		{ CHART_RUN_SUCCESS, "success", { 13, 0 } },
		{ CHART_RUN_PARTIAL, "partial", { 13, 1 } },
		{ CHART_RUN_FAILURE, "failure", { 13, 4 } },
		{ CHART_RUN_STOPPED, "stopped", { 13, 0 } },
		{ CHART_RUN_UNKNOWN, "unknown", { 3, 0 } },
		{ CHART_RUN_OPEN, "open", { 13, 0 } },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct chart_run run = { cases[i].kind, 200000,
			INT64_C(1796055859000) };
		int height[16] = { 0 };
		char want[128];
		const char *text;

		chart_runs(&html, "the \"runs\"", &run, 1);
		text = written();
		snprintf(want, sizeof(want),
		    "<g class=\"%s\"><title>%s, 3 min 20 s, "
		    "2026-11-30 16:24:19 UTC</title><rect",
		    cases[i].word, cases[i].word);
		wrong += case_true(cases[i].word, "the title",
		    strstr(text, want) != NULL);
		heights(text, height);
		wrong += case_number(cases[i].word, height[0],
		    cases[i].heights[0]);
		wrong += case_number(cases[i].word, height[1],
		    cases[i].heights[1]);
		wrong += case_true(cases[i].word, "the label",
		    strstr(text,
			"role=\"img\" aria-label=\"the "
			"&#34;runs&#34;\"") != NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_not_known_of_a_run_is_not_told(void **state)
{
	struct chart_run run = { CHART_RUN_UNKNOWN, -1, 0 };
	const char *text;

	(void)state;
	chart_runs(&html, "runs", &run, 1);
	text = written();
	assert_non_null(strstr(text, "<title>unknown</title>"));
	assert_non_null(
	    strstr(text, "width=\"7\" height=\"30\" viewBox=\"0 0 7 30\""));
	chart_runs(&html, "runs", NULL, 0);
	assert_non_null(strstr(written(), "aria-label=\"runs\""));
}

static void
patterns_are_what_the_style_fills_with(void **state)
{
	const char *text;

	(void)state;
	chart_patterns(&html);
	html_style(&html);
	text = written();
	assert_int_equal(times_of(text, "id=\"fill-bad\""), 1);
	assert_int_equal(times_of(text, "url(#fill-bad)"), 1);
	assert_int_equal(times_of(text, "id=\"fill-warn\""), 1);
	assert_int_equal(times_of(text, "url(#fill-warn)"), 1);
	assert_int_equal(times_of(text, "id=\"fill-busy\""), 1);
	assert_int_equal(times_of(text, "url(#fill-busy)"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_hour_is_a_bar_and_a_row),
		TEST(the_legend_has_no_kind_that_did_not_occur),
		TEST(one_of_a_kind_is_seen),
		TEST(lines_have_their_numbers),
		TEST(labels_are_sparse),
		TEST(many_hours_are_put_together_and_nothing_is_lost),
		TEST(of_nothing_there_is_no_chart),
		TEST(texts_of_a_chart_are_escaped),
		TEST(one_long_run_flattens_no_other),
		TEST(each_outcome_has_its_word_and_shape),
		TEST(what_is_not_known_of_a_run_is_not_told),
		TEST(patterns_are_what_the_style_fills_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
