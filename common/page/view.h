/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_VIEW_H
#define PELIHOOK_PAGE_VIEW_H

#include "base/json_writer.h"
#include "base/pool.h"
#include "page/access.h"
#include "page/html.h"
#include "page/query.h"

struct conf;
struct journal;
struct journal_action;

/* One answer in the making: what a view is made of. */
struct page {
	const struct query *query;
	const struct access *access;
	int64_t now;	/* clock_wall */
	int64_t booted; /* the same of the machine's start; 0: long ago */
	struct conf *conf;
	/* It cannot write, and answers RC_SLOW after the time that a view may
	 * take; NULL: no event has come yet. */
	struct journal *journal;
	bool operates; /* there are buttons */
	/* When what counts says how far it has come, a moment of clock_steady;
	 * 0: after a second. */
	int64_t counts_until;
	struct pool *pool; /* holds the report */
	void *report;	   /* the view's own */
	/* What was done before it (told_gather), or NULL. */
	const struct journal_action *told;
	/* What is to be said on top: the journal holds damaged rows, runs
	 * are not put together yet. */
	bool damaged;
	bool behind;
};

/*
 * A view gathers a report, once, and writes that as HTML (what is in main, the
 * frame is the page's) or as JSON (members of an object that is open).
 */
struct view {
	/* It tells of runs: they are put together before.  Any other leaves
	 * that, which writes, to who looks at one that does. */
	bool runs;
	/* The report is from page->pool.  RC_MISSING: there is no such thing
	 * (404); RC_CORRUPT: damaged rows were left out, and there is a report;
	 * RC_SLOW; what else the journal says. */
	enum rc (*gather)(struct page *page);
	/* Of its h1 and the document: "Event 0190..." from the pool. */
	const char *(*title)(struct page *page);
	void (*html)(const struct page *page, struct html *html);
	void (*json)(const struct page *page, struct json *json);
};

extern const struct view view_overview;
extern const struct view view_events;
extern const struct view view_event;
extern const struct view view_pipelines;
extern const struct view view_pipeline;
extern const struct view view_confirm;
extern const struct view view_actions;

/* The one that a query asks for. */
const struct view *view_of(enum query_view view);

#endif
