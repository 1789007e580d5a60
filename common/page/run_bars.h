/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_RUN_BARS_H
#define PELIHOOK_PAGE_RUN_BARS_H

#include <stddef.h>

#include "journal/journal.h"
#include "page/chart.h"

struct html;
struct json;
struct page;
struct pipeline_list;
struct pipeline_row;

/* The last runs of a pipeline, which are a bar each. */

enum { RUN_BARS = 30 };

struct run_bars {
	struct journal_run *runs; /* newest first */
	size_t n;
};

/* The newest of them, limit at most, older than the one of seq before (0: all),
 * from the page's pool.  As journal_runs for the rest: with RC_CORRUPT there are
 * those that are not damaged. */
struct run_bars_asked {
	const char *hook;
	const char *id; /* of the pipeline */
	int64_t before;
	int64_t limit;
};

struct run_bars_measures {
	size_t outcomes[CHART_RUN_OPEN + 1];
	/* How long those took that ended and whose beginning is known,
	 * milliseconds; -1: there is none. */
	int64_t median;
	int64_t most; /* nine of ten took no longer */
};

/* n is JOURNAL_RUNS_KEPT at most. */
void run_bars_measure(const struct run_bars *bars, int64_t now,
    struct run_bars_measures *measures);

/* By its outcome. */
enum chart_run_kind run_bars_kind(const struct journal_run *run);
enum rc run_bars_gather(const struct page *page,
    const struct run_bars_asked *asked, struct run_bars *bars);
/* Oldest first, with a line that tells what there is to see. */
void run_bars_put(const struct page *page, struct html *html,
    const struct run_bars *bars);

/* A pipeline, and the last RUN_BARS of its runs. */
struct run_bars_owner {
	const struct pipeline_row *row;
	const char *name; /* which is shown */
	struct run_bars bars;
};

/* Those of n rows of a list, in their order, from the page's pool and that of
 * the list.  As run_bars_gather for the rest. */
struct run_bars_rows {
	struct pipeline_list *list;
	const struct pipeline_row *rows;
	size_t n;
};
enum rc run_bars_gather_owners(const struct page *page,
    const struct run_bars_rows *rows, struct run_bars_owner **owners);
/* An array of that name, newest first. */
void run_bars_write(const struct page *page, struct json *json,
    const char *name, const struct run_bars *bars);

/* What n pipelines' bars show, as a table that is to be opened: how many ended
 * how, and what is usual. */
void run_bars_figures(const struct page *page, struct html *html,
    const struct run_bars_owner *owners, size_t n);

#endif
