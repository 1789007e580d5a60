/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_EVENT_REPORT_H
#define PELIHOOK_PAGE_EVENT_REPORT_H

#include <stdbool.h>

#include "event/subject.h"
#include "journal/journal.h"

struct conf;
struct json;
struct rule;

/* All that is told of one event, by `pelihookctl show' and by the page. */
struct event_report {
	const struct conf *conf; /* borrowed, with the rules */
	struct journal_event_report stored;
	bool configured; /* the configuration has its hook */
	/* The line that takes each delivery by the configuration as it is now,
	 * or NULL. */
	const struct rule **rules;
	/* What is stored of it, and where in the body that is found by the
	 * configuration as it is now, or, where that does not have the hook, by
	 * what is known of the sender. */
	struct event_subject subject;
	const char *sentence; /* for a person */
	bool whole;	      /* the body was looked at: it is not over parse */
};

/*
 * From the pool, by the ID in full.  parse: a body of more bytes is not looked
 * into, as that takes many times its memory: no lines are known then, nor where
 * anything is found.  As journal_show for the rest; with RC_CORRUPT there is a
 * report where stored.event.hook is not NULL.
 */
struct event_asked {
	const struct conf *conf;
	struct journal *journal;
	const char *id;
	size_t parse;
};

enum rc event_report_gather(const struct event_asked *asked, struct pool *pool,
    struct event_report *report);
/* Members of an object.  all: with what commands printed, and what arguments
 * they have.  RC_MEMORY. */
enum rc event_report_write(struct json *json, const struct event_report *report,
    bool all);

#endif
