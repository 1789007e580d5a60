/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_FRAME_H
#define PELIHOOK_PAGE_FRAME_H

#include "base/buf.h"

struct page;
struct view;

/* A whole document: its head, what leads from view to view, what has to be said
 * on top, the view's title as h1 and its HTML. */
void frame_view(const struct page *page, const struct view *view,
    const char *title, struct buf *into);

/* What there is instead of a view: a title, and a sentence of what to do. */
struct frame_error {
	int status;
	const char *title;
	const char *text;
};

/* page: NULL where it is not known who asks. */
void frame_error(const struct page *page, const struct frame_error *error,
    struct buf *into);

#endif
