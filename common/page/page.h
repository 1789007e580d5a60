/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_PAGE_H
#define PELIHOOK_PAGE_PAGE_H

#include <stdbool.h>

#include "base/rc.h"

struct exchange;
struct page_site;

/*
 * The page: what is in the journal, for those whom the web server lets in.
 */

enum {
	PAGE_BODY = 64 * 1024,	   /* bytes of a form, at most */
	PAGE_READ_TIMEOUT = 10000, /* milliseconds */
};

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
