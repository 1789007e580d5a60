/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_PARTS_H
#define PELIHOOK_PAGE_PARTS_H

#include "page/html.h"

struct query;

/* What views have in common; page.css says what it looks like. */

/* One of the catalog's words for how an event, a delivery, a run or a pipeline
 * is, as a badge: coloured by what it means. */
void parts_state(struct html *html, const char *word);
/* An event's ID, or a run's. */
void parts_id(struct html *html, const char *id);

/* PARTS_SECTION(html, "Deliveries") statement: a card with a heading. */
#define PARTS_SECTION(html, title)                                             \
	HTML_SCOPE(parts_begin_section(html, "" title ""))
struct html_scope parts_begin_section(struct html *html, const char *title);

/* A column of a table: numbers are aligned right. */
struct parts_column {
	const char *word;
	bool number;
};

/*
 * PARTS_TABLE(html, "Last events", columns) statement: a table with its head,
 * in a region of its own that scrolls where it is too wide.  The statement
 * writes rows: HTML(html, "tr") { PARTS_CELL(html) html_text(...); ... }.
 * columns is an array.
 */
#define PARTS_TABLE(html, label, columns)                                      \
	HTML_SCOPE(parts_begin_table(html, label, columns,                     \
	    sizeof(columns) / sizeof((columns)[0])))
struct html_scope parts_begin_table(struct html *html, const char *label,
    const struct parts_column *columns, size_t n);
#define PARTS_CELL(html) HTML_SCOPE(parts_begin_cell(html, NULL))
/* A cell with a number. */
void parts_number(struct html *html, int64_t number);
/* PARTS_NUMBER(html) statement: the same of what the statement writes. */
#define PARTS_NUMBER(html) HTML_SCOPE(parts_begin_cell(html, "num"))
/* PARTS_CLASSED(html, "time") statement: a cell of a class. */
#define PARTS_CLASSED(html, class)                                             \
	HTML_SCOPE(parts_begin_cell(html, "" class ""))
/* Each has its column's word in data-label: a telephone shows rows as cards. */
struct html_scope parts_begin_cell(struct html *html, const char *class);
/* The cell that was just begun is one of that many rows; those of a row that are
 * so come first in it. */
void parts_span(struct html *html, size_t rows);

/* PARTS_FACTS(html) { PARTS_FACT(html, "Received") html_time(...); ... }: what
 * is known of one thing. */
#define PARTS_FACTS(html) HTML_SCOPE(parts_begin_classed(html, "dl", "facts"))
#define PARTS_FACT(html, term) HTML_SCOPE(parts_begin_fact(html, "" term ""))
struct html_scope parts_begin_fact(struct html *html, const char *term);
/* HTML(html, element) with its class. */
struct html_scope parts_begin_classed(struct html *html, const char *element,
    const char *class);
struct html_scope parts_begin_below(struct html *html);
#define PARTS_CLASS(html, element, class)                                      \
	HTML_SCOPE(parts_begin_classed(html, "" element "", "" class ""))

/* Where the next line begins. */
void parts_break(struct html *html);
/* PARTS_BELOW(html) { ... }: less important than what it is below. */
#define PARTS_BELOW(html) HTML_SCOPE(parts_begin_below(html))

/* What there is instead of a list that has nothing in it: a sentence, or, where
 * damaged rows were met, that these are left out. */
void parts_empty(struct html *html, const char *text);
/* Something to be told on top of a view: kind is "bad", "warn", "good" or
 * "info". */
#define PARTS_NOTICE(html, kind)                                               \
	HTML_SCOPE(parts_begin_classed(html, "p", "notice " kind ""))

/* A number that is looked at first, with its word; kind as of a badge ("bad",
 * "warn", "good", "quiet"), or "".  In PARTS_CLASS(html, "ul", "tiles"). */
struct parts_tile {
	const char *word;
	const char *kind;
	int64_t number;
};

void parts_tile(struct html *html, const struct parts_tile *tile);

/* For who may not act, where others have buttons for events. */
void parts_view_only(struct html *html);

/* A field of a form with its label: a line of text. */
struct parts_field {
	const char *label;
	const char *name;
	const char *value;
	const char *hint; /* placeholder; NULL: none */
};

void parts_field(struct html *html, const struct parts_field *field);
/* One of a list that ends with NULL, of which "" is any. */
void parts_choice(struct html *html, const struct parts_field *field,
    const char *const *words);
/* A button that sends the form; kind: "primary", "danger" or "". */
void parts_button(struct html *html, const char *text, const char *kind);
/* PARTS_FILTERS(html, "events") statement: the form of a view that chooses what
 * is shown; it is sent by GET. */
#define PARTS_FILTERS(html, view)                                              \
	HTML_SCOPE(parts_begin_filters(html, "" view ""))
struct html_scope parts_begin_filters(struct html *html, const char *view);
/* PARTS_FORM(html, pairs, n) statement: a form that is sent to this page by
 * POST.  What it is about, which may be any text, is in its address, as in a
 * link's; what it does is in hidden inputs (html_hidden). */
#define PARTS_FORM(html, pairs, n) HTML_SCOPE(parts_begin_form(html, pairs, n))
struct html_scope parts_begin_form(struct html *html,
    const struct html_pair *pairs, size_t n);

/* A link to the same list from there on; before "": to its beginning. */
void parts_page(struct html *html, const struct query *query,
    const char *before, const char *text);
/* Links below a list: back to its beginning where the query has a before, and
 * on from the ID next; "" or NULL: there are no more. */
void parts_pager(struct html *html, const struct query *query,
    const char *next);

#endif
