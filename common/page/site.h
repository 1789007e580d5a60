/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_SITE_H
#define PELIHOOK_PAGE_SITE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

struct journal;
struct page;
struct page_site;
struct shared_journal;
struct view;

/*
 * What the answers of a page share: connections to the journal, opened when
 * they are first needed, with a patience of their own.  Once the files that
 * they, or the process's shared journal, have open are taken away or replaced,
 * there is nothing but RC_STORE from it.  One thread at a time uses it.
 */

enum {
	/* What a view may do with the journal, opening included, ms. */
	PAGE_VIEW_TIME = 2000,
	PAGE_ASSEMBLE_TIME = 300, /* of it, to put runs together */
	/* Before something is done to a pipeline, milliseconds. */
	PAGE_ASSEMBLE_FIRST = 5000,
};

/* journal: for actions; it stays the caller's.  RC_MEMORY. */
enum rc page_site_open(struct shared_journal *journal, struct page_site **out);
/* NULL is fine. */
void page_site_close(struct page_site *site);
/* From any thread: an action that takes long ends soon, with what it has done
 * by then. */
void page_site_stop(struct page_site *site);
/* Whether that was called; it lives as long as the site. */
const atomic_bool *page_site_stopping(const struct page_site *site);

/* Whether files of the journal were taken away or replaced, which is for
 * good. */
bool page_site_is_gone(struct page_site *site);

/*
 * Has a view gather its report, in PAGE_VIEW_TIME; where it tells of runs they
 * are put together before, and page->behind says that this is not done yet.
 * page->journal: the site's, or NULL where nothing was stored yet.
 * page->damaged: there is a report, and damaged rows are left out of it.
 * RC_SLOW: it took too long; what the view and the journal say.
 */
enum rc page_site_look(struct page_site *site, struct page *page,
    const struct view *view);

/*
 * The shared journal, for an action.  RC_MISSING where nothing was stored yet:
 * there is nothing to be done, and no journal to be made; what the journal
 * says.
 */
enum rc page_site_act(struct page_site *site, const char *path,
    struct journal **out);

/* Puts runs together until a moment of clock_steady; page->behind: some are
 * left. */
void page_site_assemble(struct page_site *site, struct page *page,
    int64_t until);

#endif
