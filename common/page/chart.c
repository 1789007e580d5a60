/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "page/chart.h"

#include "base/pool.h"
#include "base/quantile.h"
#include "base/timestamp.h"
#include "page/html.h"

enum {
	HOUR = 3600 * 1000, /* milliseconds */
	/* Of the hours, in CSS pixels from above: room for the uppermost
	 * label, the bars, and the labels of the hours. */
	PLOT_TOP = 14,
	PLOT_HEIGHT = 120,
	PLOT_LABELS = 20,
	PLOT_WHOLE = PLOT_TOP + PLOT_HEIGHT + PLOT_LABELS,
	/* Places across are in ten thousandths of the width. */
	WIDTH = 10000,
	LABELS = 6, /* on a narrow screen there is room for no more */
	LEAST = 2,  /* of a part of a bar */
	/* Of a run. */
	RUN_WIDTH = 5,
	RUN_GAP = 2,
	RUN_HEIGHT = 24,
	RUN_LEAST = 3,
	RUN_FOOT = 4,
};

/* How many hours a bar may stand for, so that there are CHART_BARS at most. */
static const size_t spans[] = { 1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344,
	2688, 5376, 10752 };

/* How far the labels of hours are from each other. */
static const size_t steps[] = { 1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344,
	2688, 5376, 10752, 21504 };

/* Of a number of hours the first list's entry that leaves at most so many. */
static size_t
coarse(const size_t *list, size_t n, size_t hours, size_t most)
{
	size_t i = 0;

	while (i < n - 1 && (hours + list[i] - 1) / list[i] > most)
		i++;
	return list[i];
}

/* The bars of a chart: each has the hours from a multiple of span on. */
struct bars {
	const struct chart_hours *chart;
	size_t span;
	size_t n;
	int64_t first; /* the hour where the first would begin */
	int64_t top;   /* what the highest line stands for */
};

/* Of n bars the hours from *begin on, up to but without the returned one,
 * counted from the chart's first. */
static size_t
hours_of(const struct bars *bars, size_t bar, size_t *begin)
{
	size_t before = (size_t)(bars->chart->first - bars->first);
	size_t end = (bar + 1) * bars->span - before;

	*begin = bar == 0 ? 0 : bar * bars->span - before;
	return end < bars->chart->hours ? end : bars->chart->hours;
}

static int64_t
count_of(const struct bars *bars, size_t bar, size_t kind)
{
	const struct chart_hours *chart = bars->chart;
	size_t hour;
	size_t end = hours_of(bars, bar, &hour);
	int64_t sum = 0;

	for (; hour < end; hour++)
		sum += chart->counts[hour * chart->kinds_n + kind];
	return sum;
}

static int64_t
sum_of(const struct bars *bars, size_t bar)
{
	int64_t sum = 0;

	for (size_t kind = 0; kind < bars->chart->kinds_n; kind++)
		sum += count_of(bars, bar, kind);
	return sum;
}

/* What is as much or more and has one figure but for zeroes. */
static int64_t
round_up(int64_t number)
{
	int64_t unit = 1;

	while (number / 10 >= unit)
		unit *= 10;
	return (number + unit - 1) / unit * unit;
}

static void
lay_out(const struct chart_hours *chart, struct bars *bars)
{
	size_t before;
	int64_t most = 1;

	bars->chart = chart;
	bars->span = coarse(spans, sizeof(spans) / sizeof(spans[0]),
	    chart->hours, CHART_BARS);
	before = (size_t)chart->first % bars->span;
	bars->first = chart->first - (int64_t)before;
	bars->n = (before + chart->hours + bars->span - 1) / bars->span;
	for (size_t bar = 0; bar < bars->n; bar++)
		if (sum_of(bars, bar) > most)
			most = sum_of(bars, bar);
	bars->top = round_up(most);
}

/* A place across, as a percentage. */
static void
put_across(struct html *html, const char *name, size_t place)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu.%02zu%%", place / 100, place % 100);
	html_put_attribute(html, name, text);
}

/* "2026-11-30 16:00" */
static void
put_hour(struct html *html, int64_t hour)
{
	char text[TIMESTAMP_SIZE];

	timestamp_print(hour * HOUR, text);
	text[10] = ' ';
	text[16] = '\0';
	html_text(html, text);
}

static int64_t
begin_of(const struct bars *bars, size_t bar)
{
	size_t hour;

	hours_of(bars, bar, &hour);
	return bars->chart->first + (int64_t)hour;
}

/* What a bar stands for, for the mouse: an hour, and what is not zero. */
static void
put_bar_title(struct html *html, const struct bars *bars, size_t bar)
{
	const struct chart_hours *chart = bars->chart;
	const char *before = ": ";

	HTML(html, "title")
	{
		put_hour(html, begin_of(bars, bar));
		html_text(html, " UTC");
		for (size_t kind = 0; kind < chart->kinds_n; kind++) {
			if (count_of(bars, bar, kind) == 0)
				continue;
			html_text(html, before);
			html_number(html, count_of(bars, bar, kind));
			html_text(html, " ");
			html_text(html, chart->kinds[kind].word);
			before = ", ";
		}
	}
}

/* One is seen, however many others there are. */
static int
height_of(const struct bars *bars, int64_t count)
{
	int height = (int)((double)count * PLOT_HEIGHT / (double)bars->top);

	return count > 0 && height < LEAST ? LEAST : height;
}

static void
put_bar(struct html *html, const struct bars *bars, size_t bar)
{
	const struct chart_hours *chart = bars->chart;
	size_t left = bar * WIDTH / bars->n;
	size_t width = (bar + 1) * WIDTH / bars->n - left;
	int y = PLOT_TOP + PLOT_HEIGHT;
	int height;

	if (sum_of(bars, bar) == 0)
		return;
	HTML(html, "g")
	{
		put_bar_title(html, bars, bar);
		for (size_t kind = 0; kind < chart->kinds_n; kind++) {
			height = height_of(bars, count_of(bars, bar, kind));
			if (height == 0)
				continue;
			y -= height;
			HTML(html, "rect")
			{
				html_attribute(html, "class",
				    chart->kinds[kind].class);
				put_across(html, "x", left + width / 10);
				html_attribute_number(html, "y", y);
				put_across(html, "width", width - width / 5);
				html_attribute_number(html, "height", height);
			}
		}
	}
}

static void
put_line(struct html *html, int y)
{
	HTML(html, "line")
	{
		html_attribute(html, "x1", "0");
		html_attribute(html, "x2", "100%");
		html_attribute_number(html, "y1", y);
		html_attribute_number(html, "y2", y);
	}
}

/* The hour, or the day where one begins and where hours do not matter. */
static void
put_hour_label(struct html *html, int64_t hour, size_t step)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char text[TIMESTAMP_SIZE];
	unsigned month;

	timestamp_print(hour * HOUR, text);
	if (step < 24 && hour % 24 != 0) {
		text[16] = '\0';
		html_text(html, text + 11);
		return;
	}
	month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
	text[10] = '\0';
	html_text(html, text[8] == '0' ? text + 9 : text + 8);
	html_text(html, " ");
	html_text(html, months[(month + 11) % 12]);
}

/* None at the very ends, where it would stick out far. */
static void
put_hour_labels(struct html *html, const struct bars *bars)
{
	const struct chart_hours *chart = bars->chart;
	size_t step = coarse(steps, sizeof(steps) / sizeof(steps[0]),
	    chart->hours, LABELS);
	size_t whole = bars->n * bars->span;
	int64_t end = chart->first + (int64_t)chart->hours;
	int64_t hour = chart->first;
	size_t place;

	hour += (int64_t)(step - (size_t)hour % step) % (int64_t)step;
	for (; hour < end; hour += (int64_t)step) {
		place = (size_t)(hour - bars->first) * WIDTH / whole;
		if (place < WIDTH / 25 || place > WIDTH - WIDTH / 25)
			continue;
		HTML(html, "text")
		{
			put_across(html, "x", place);
			html_attribute_number(html, "y", PLOT_WHOLE - 5);
			html_attribute(html, "text-anchor", "middle");
			put_hour_label(html, hour, step);
		}
	}
}

static void
put_plot(struct html *html, const struct bars *bars)
{
	HTML(html, "svg")
	{
		html_attribute(html, "class", "bars");
		html_attribute(html, "role", "img");
		html_attribute(html, "aria-label", bars->chart->title);
		html_attribute(html, "width", "100%");
		html_attribute_number(html, "height", PLOT_WHOLE);
		put_line(html, PLOT_TOP);
		if (bars->top % 2 == 0)
			put_line(html, PLOT_TOP + PLOT_HEIGHT / 2);
		for (size_t bar = 0; bar < bars->n; bar++)
			put_bar(html, bars, bar);
		put_line(html, PLOT_TOP + PLOT_HEIGHT);
		put_hour_labels(html, bars);
	}
}

static void
put_scale_label(struct html *html, int y, int64_t number)
{
	HTML(html, "text")
	{
		html_attribute(html, "x", "100%");
		html_attribute_number(html, "y", y + 4);
		html_attribute(html, "text-anchor", "end");
		html_number(html, number);
	}
}

/* What the lines stand for: their numbers are in the table, too. */
static void
put_scale(struct html *html, const struct bars *bars)
{
	HTML(html, "svg")
	{
		html_attribute(html, "class", "scale");
		html_attribute(html, "aria-hidden", "true");
		html_attribute_number(html, "height", PLOT_WHOLE);
		put_scale_label(html, PLOT_TOP, bars->top);
		if (bars->top % 2 == 0)
			put_scale_label(html, PLOT_TOP + PLOT_HEIGHT / 2,
			    bars->top / 2);
		put_scale_label(html, PLOT_TOP + PLOT_HEIGHT, 0);
	}
}

static int64_t
total_of(const struct chart_hours *chart, size_t kind)
{
	int64_t sum = 0;

	for (size_t hour = 0; hour < chart->hours; hour++)
		sum += chart->counts[hour * chart->kinds_n + kind];
	return sum;
}

/* What the bars of a kind look like. */
static void
put_swatch(struct html *html, const char *class)
{
	HTML(html, "svg")
	{
		html_attribute(html, "class", "swatch");
		html_attribute(html, "aria-hidden", "true");
		html_attribute(html, "width", "14");
		html_attribute(html, "height", "14");
		HTML(html, "rect")
		{
			html_attribute(html, "class", class);
			html_attribute(html, "x", "1");
			html_attribute(html, "y", "1");
			html_attribute(html, "width", "12");
			html_attribute(html, "height", "12");
		}
	}
}

/* The kinds that there are, with how many of each in all. */
static void
put_legend(struct html *html, const struct chart_hours *chart)
{
	int64_t sum = 0;

	for (size_t kind = 0; kind < chart->kinds_n; kind++)
		sum += total_of(chart, kind);
	if (sum == 0)
		return;
	HTML(html, "ul")
	{
		html_attribute(html, "class", "legend");
		for (size_t kind = 0; kind < chart->kinds_n; kind++) {
			if (total_of(chart, kind) == 0)
				continue;
			HTML(html, "li")
			{
				put_swatch(html, chart->kinds[kind].class);
				html_text(html, chart->kinds[kind].word);
				html_text(html, " ");
				HTML(html, "strong")
				html_number(html, total_of(chart, kind));
			}
		}
	}
}

static void
put_head(struct html *html, const struct bars *bars)
{
	const struct chart_hours *chart = bars->chart;

	HTML(html, "thead")
	HTML(html, "tr")
	{
		HTML(html, "th")
		{
			html_attribute(html, "scope", "col");
			if (bars->span > 1) {
				html_number(html, (int64_t)bars->span);
				html_text(html, " hours from (UTC)");
			} else {
				html_text(html, "Hour (UTC)");
			}
		}
		for (size_t kind = 0; kind < chart->kinds_n; kind++)
			HTML(html, "th")
			{
				html_attribute(html, "scope", "col");
				html_attribute(html, "class", "num");
				html_text(html, chart->kinds[kind].word);
			}
	}
}

static void
put_row(struct html *html, const struct bars *bars, size_t bar)
{
	HTML(html, "tr")
	{
		HTML(html, "th")
		{
			html_attribute(html, "scope", "row");
			put_hour(html, begin_of(bars, bar));
		}
		for (size_t kind = 0; kind < bars->chart->kinds_n; kind++)
			HTML(html, "td")
			{
				html_attribute(html, "class", "num");
				html_number(html, count_of(bars, bar, kind));
			}
	}
}

static void
put_figures(struct html *html, const struct bars *bars)
{
	HTML(html, "details")
	{
		html_attribute(html, "class", "figures");
		html_element(html, "summary", "Figures");
		HTML(html, "div")
		{
			html_attribute(html, "class", "region");
			html_attribute(html, "role", "region");
			html_attribute(html, "aria-label", bars->chart->title);
			html_attribute(html, "tabindex", "0");
			HTML(html, "table")
			{
				html_attribute(html, "class", "list");
				put_head(html, bars);
				HTML(html, "tbody")
				for (size_t bar = 0; bar < bars->n; bar++)
					put_row(html, bars, bar);
			}
		}
	}
}

void
chart_hours(struct html *html, const struct chart_hours *chart)
{
	struct bars bars;

	if (chart->hours == 0 || chart->kinds_n == 0)
		return;
	lay_out(chart, &bars);
	HTML(html, "figure")
	{
		html_attribute(html, "class", "chart");
		HTML(html, "figcaption")
		{
			html_element(html, "span", chart->title);
			put_legend(html, chart);
		}
		HTML(html, "div")
		{
			html_attribute(html, "class", "plot");
			put_scale(html, &bars);
			put_plot(html, &bars);
		}
		put_figures(html, &bars);
	}
}

const char *
chart_run_word(enum chart_run_kind kind)
{
	static const char *const words[] = {
		[CHART_RUN_SUCCESS] = "success",
		[CHART_RUN_PARTIAL] = "partial",
		[CHART_RUN_FAILURE] = "failure",
		[CHART_RUN_STOPPED] = "stopped",
		[CHART_RUN_UNKNOWN] = "unknown",
		[CHART_RUN_OPEN] = "open",
	};

	return words[kind];
}

/* Of those that are known; 0 or less: none is. */
static int64_t
median_of(struct html *html, const struct chart_run *runs, size_t n)
{
	struct pool pool = { 0 };
	int64_t *known = pool_alloc(&pool, n + 1, sizeof(*known));
	int64_t median = 0;
	size_t known_n = 0;

	for (size_t i = 0; known != NULL && i < n; i++)
		if (runs[i].duration >= 0)
			known[known_n++] = runs[i].duration;
	if (known == NULL) {
		html->into->rc = RC_MEMORY;
	} else {
		quantile_sort(known, known_n);
		median = quantile_median(known, known_n);
	}
	pool_free(&pool);
	return median;
}

static int
height_of_run(const struct chart_run *run, int64_t median)
{
	double part;

	if (run->duration <= 0 || median <= 0)
		return RUN_LEAST;
	part = (double)run->duration / (double)median / 2;
	return RUN_LEAST +
	    (int)((part < 1 ? part : 1) * (RUN_HEIGHT - RUN_LEAST));
}

static void
put_run_rect(struct html *html, int x, int y, int height)
{
	HTML(html, "rect")
	{
		html_attribute_number(html, "x", x);
		html_attribute_number(html, "y", y);
		html_attribute_number(html, "width", RUN_WIDTH);
		html_attribute_number(html, "height", height);
	}
}

/* The shape tells as much as the colour: one that failed stands on a thick foot,
 * a partial one on a thin one; page.css makes others hollow. */
static void
put_run_shape(struct html *html, const struct chart_run *run, int x, int height)
{
	int y = RUN_HEIGHT - height;

	switch (run->kind) {
	case CHART_RUN_SUCCESS:
	case CHART_RUN_STOPPED:
	case CHART_RUN_OPEN:
		put_run_rect(html, x, y, height);
		break;
	case CHART_RUN_PARTIAL:
		put_run_rect(html, x, y, height);
		put_run_rect(html, x, RUN_HEIGHT + 2, 1);
		break;
	case CHART_RUN_FAILURE:
		put_run_rect(html, x, y, height);
		put_run_rect(html, x, RUN_HEIGHT + 2, RUN_FOOT);
		break;
	case CHART_RUN_UNKNOWN:
		put_run_rect(html, x, RUN_HEIGHT - RUN_LEAST, RUN_LEAST);
		break;
	}
}

static void
put_run(struct html *html, const struct chart_run *run, int x, int height)
{
	HTML(html, "g")
	{
		html_attribute(html, "class", chart_run_word(run->kind));
		HTML(html, "title")
		{
			html_text(html, chart_run_word(run->kind));
			if (run->duration >= 0) {
				html_text(html, ", ");
				html_duration(html, run->duration);
			}
			if (run->time != 0) {
				html_text(html, ", ");
				html_plain_time(html, run->time);
			}
		}
		put_run_shape(html, run, x, height);
	}
}

/* So that it can be made smaller where there is no room for it. */
static void
put_size(struct html *html, int64_t width, int64_t height)
{
	char box[64];

	snprintf(box, sizeof(box), "0 0 %lld %lld", (long long)width,
	    (long long)height);
	html_attribute_number(html, "width", width);
	html_attribute_number(html, "height", height);
	html_attribute(html, "viewBox", box);
}

void
chart_runs(struct html *html, const char *title, const struct chart_run *runs,
    size_t n)
{
	int64_t median = median_of(html, runs, n);

	HTML(html, "svg")
	{
		html_attribute(html, "class", "runs");
		html_attribute(html, "role", "img");
		html_attribute(html, "aria-label", title);
		put_size(html, (int64_t)n * (RUN_WIDTH + RUN_GAP),
		    RUN_HEIGHT + 2 + RUN_FOOT);
		for (size_t i = 0; i < n; i++)
			put_run(html, &runs[i], (int)i * (RUN_WIDTH + RUN_GAP),
			    height_of_run(&runs[i], median));
	}
}

static void
put_pattern(struct html *html, const char *path)
{
	HTML(html, "rect")
	{
		html_attribute(html, "width", "6");
		html_attribute(html, "height", "6");
	}
	HTML(html, "path") html_attribute(html, "d", path);
}

/* Stripes that rise, for what is bad, and level ones, for what is on its way;
 * page.css has their colours. */
void
chart_patterns(struct html *html)
{
	static const struct {
		const char *id;
		const char *path;
	} patterns[] = {
		{ "fill-bad", "M-1 1l2-2M0 6l6-6M5 7l2-2" },
		{ "fill-warn", "M-1 5l2 2M0 0l6 6M5-1l2 2" },
		{ "fill-busy", "M0 1.5h6M0 4.5h6" },
	};

	HTML(html, "svg")
	{
		html_attribute(html, "class", "patterns");
		html_attribute(html, "aria-hidden", "true");
		html_attribute(html, "width", "0");
		html_attribute(html, "height", "0");
		HTML(html, "defs")
		for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]);
		     i++)
			HTML(html, "pattern")
			{
				html_attribute(html, "id", patterns[i].id);
				html_attribute(html, "width", "6");
				html_attribute(html, "height", "6");
				html_attribute(html, "patternUnits",
				    "userSpaceOnUse");
				put_pattern(html, patterns[i].path);
			}
	}
}
