/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_TOLD_H
#define PELIHOOK_PAGE_TOLD_H

#include <stdbool.h>

#include "base/rc.h"
#include "page/query.h"

struct html;
struct journal_action;
struct json;
struct page;

/* What was done by hand, as it is told to who did it and to others. */

/* Looks up what query->done names, for page->told; NULL where it names nothing
 * that is known, or something that was about another view. */
enum rc told_gather(struct page *page);
/* On top of a view: a good one only where all that matched was done. */
void told_html(const struct page *page, struct html *html);
void told_json(const struct page *page, struct json *json);

/* "Retried 12 of 15 deliveries: 2 are running, 1 was dropped before." */
void told_sentence(struct html *html, const struct journal_action *action);
/* Whether all that was found was done, and something was. */
bool told_is_whole(const struct journal_action *action);
/* What it was about, which is a query of this page, as it was written then. */
struct told_target {
	struct query query;
	bool links;	  /* that can be shown */
	const char *name; /* how a pipeline is shown; "": not known */
	/* What it names is there: an event was taken out, a pipeline may have
	 * been forgotten since. */
	bool there;
};

/* From the page's pool, of a page with a journal.  RC_CORRUPT: it is told
 * without what is damaged. */
enum rc told_target_gather(struct page *page,
    const struct journal_action *action, struct told_target *target);
/* A link with what it leads to, where that is there. */
void told_target_put(struct html *html, const struct journal_action *action,
    const struct told_target *target);
/* Its members of an object that is open. */
void told_write(struct json *json, const struct journal_action *action);

#endif
