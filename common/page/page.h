/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_PAGE_H
#define PELIHOOK_PAGE_PAGE_H

#include <stdbool.h>

#include "base/rc.h"

struct exchange;
struct page_site;
struct shared_journal;

/*
 * The page: what is in the journal, for those whom the web server lets in.
 * A site is what its answers share: connections to the journal, opened when
 * they are first needed.  Once the files that they, or the process's shared
 * journal, have open are taken away or replaced, there is nothing but 503 from
 * it.  One thread at a time uses it.
 */

enum {
	PAGE_BODY = 64 * 1024,	   /* bytes of a form, at most */
	PAGE_READ_TIMEOUT = 10000, /* milliseconds */
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

/*
 * Where the page is asked for and no hook (access_is_asked), in place of
 * serve_admit: says by the variables alone whether a body may be read.
 * Anything but RC_OK is to be answered with page_refuse, or serve_refuse.
 */
enum rc page_admit(struct exchange *exchange);
/* Reads what body there is to be read: that of a form.  The same. */
enum rc page_read(struct exchange *exchange);
/*
 * Acts or looks, replies and closes the exchange.  Whether something of the
 * queue may have become due.
 */
bool page_serve(struct page_site *site, struct exchange *exchange);
/* Replies that it cannot: an error page.  Closes the exchange. */
void page_refuse(struct exchange *exchange, enum rc reason);

#endif
