/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_PROBLEMS_H
#define PELIHOOK_PAGE_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

#include "page/html.h"

struct journal_requests;
struct journal_totals;
struct json;
struct page;
struct pipeline_list;

/*
 * What is wrong now, for the overview: a sentence each, with a link to the view
 * that shows it.
 */

enum problem_kind {
	PROBLEM_UNATTENDED, /* nobody runs the queue */
	PROBLEM_FAILING,    /* a pipeline, as the next two */
	PROBLEM_STUCK,
	PROBLEM_LATE,
	PROBLEM_DEAD,	   /* deliveries */
	PROBLEM_SILENT,	   /* a hook */
	PROBLEM_WAITING,   /* an event, for long */
	PROBLEM_GONE,	   /* a hook that has events and is not configured */
	PROBLEM_REFUSED,   /* requests */
	PROBLEM_UNCOUNTED, /* requests: their counts cannot be used */
};

enum { PROBLEM_PAIRS = 3 };

struct problem {
	enum problem_kind kind;
	const char *hook; /* NULL: of none */
	const char *id;	  /* of a pipeline; NULL: of none */
	const char *name; /* how that is shown */
	int64_t since;	  /* 0: not known */
	/* When what the sentence tells as the last was: a success, a verified
	 * event, a refusal; 0: it tells none. */
	int64_t last;
	/* The sentence: how it begins, which leads to where there is more of
	 * it, and the rest. */
	const char *begin;
	const char *text;
	/* Of no name: there is none, or, of what is refused, the chart of
	 * requests, which is the element "requests" of the same page. */
	struct html_pair link[PROBLEM_PAIRS];
};

struct problems {
	struct problem *list; /* the worst first */
	size_t n;
};

/* So many pipelines of a state have a sentence of their own. */
enum { PROBLEM_PIPELINES = 20 };

/* What problems are looked for in; of the journal more is asked. */
struct problems_asked {
	struct pipeline_list *pipelines; /* the worst first */
	const struct journal_requests *requests;
	const struct journal_totals *totals;
};

/* From the page's pool.  As journal_list: with RC_CORRUPT there is what could be
 * found. */
enum rc problems_gather(const struct page *page,
    const struct problems_asked *asked, struct problems *problems);
/* Where nothing is wrong, one line says so. */
void problems_put(struct html *html, const struct problems *problems);
/* A member: problems, an array. */
void problems_write(struct json *json, const struct problems *problems);

#endif
