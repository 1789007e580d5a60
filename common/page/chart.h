/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_CHART_H
#define PELIHOOK_PAGE_CHART_H

#include <stddef.h>
#include <stdint.h>

struct html;

/*
 * Charts are inline SVG of rectangles and text, with a title, and their figures
 * as a table beside them (details).  What tells kinds apart is never the colour
 * alone: each has a class (page.css) and a shape or pattern.
 */

/* A kind of thing that is counted. */
struct chart_kind {
	const char *word; /* shown */
	/* Of page.css: "good", "bad", "warn", "wait", "busy" or "quiet". */
	const char *class;
};

/* Bars of more hours than that are put together by 2, 3, 6, 12, 24... hours of
 * UTC, so that each can be told from the next on a telephone. */
enum { CHART_BARS = 120 };

/* Bars of what was counted, the kinds on top of each other, the first at the
 * bottom.  Of no hours or kinds there is no chart. */
struct chart_hours {
	const char *title;
	const struct chart_kind *kinds;
	size_t kinds_n;
	int64_t first;	       /* the first hour, counted from 1970 */
	size_t hours;	       /* how many */
	const int64_t *counts; /* [hour][kind] */
};

void chart_hours(struct html *html, const struct chart_hours *chart);

enum chart_run_kind {
	CHART_RUN_SUCCESS,
	CHART_RUN_PARTIAL,
	CHART_RUN_FAILURE,
	CHART_RUN_STOPPED,
	CHART_RUN_UNKNOWN,
	CHART_RUN_OPEN,
};

struct chart_run {
	enum chart_run_kind kind;
	int64_t duration; /* milliseconds; -1: not known */
	int64_t time;	  /* when it began, or ended where that is not known */
};

/*
 * A bar a run, oldest first: colour and shape for outcome, height for duration.
 * The median's is half of the height, and what takes twice as long or more all
 * of it, so that one that took a day flattens no other.  One line tells what
 * there is to see (title), for who does not.
 */
void chart_runs(struct html *html, const char *title,
    const struct chart_run *runs, size_t n);
/* Its word: success, partial, failure, stopped, unknown, open. */
const char *chart_run_word(enum chart_run_kind kind);

/* What bars are filled with; once in a document that has charts. */
void chart_patterns(struct html *html);

#endif
