/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_HTML_H
#define PELIHOOK_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { HTML_DEPTH = 32, HTML_COLUMNS = 12 };

/* The columns of the last table that page/parts began: what its cells are
 * called where they are not below a head. */
struct html_table {
	const char *words[HTML_COLUMNS]; /* literals */
	size_t n;
	size_t depth;	/* of its rows */
	size_t next;	/* the column of the next cell */
	size_t spanned; /* that many columns are of an earlier row... */
	size_t rows;	/* ...in that many rows more */
};

/*
 * Writes HTML, and SVG in it, into a buffer, whose error is sticky.  Nothing
 * writes markup that comes from elsewhere: elements and the names of attributes
 * are literals of the program, and all else is escaped on its way.  What is no
 * UTF-8, control characters but tab, line feed and carriage return, and what
 * turns the direction of the text that follows (U+202A to U+202E, U+2066 to
 * U+2069) become U+FFFD; but in value, which is what a form sends, what turns
 * text stays what it is.  Of zeroes but for these three.
 */
struct html {
	struct buf *into;
	int64_t now; /* what "3 min ago" is counted from */
	/* Not all could be read: of nothing it is said that there is none. */
	bool damaged;
	const char *open[HTML_DEPTH];
	size_t depth;
	bool in_tag; /* attributes may follow */
	bool bare;   /* nothing is in the innermost element yet */
	struct html_table table;
};

struct html_scope {
	struct html *html;
	size_t depth; /* outside of it */
	bool entered;
};

struct html_scope html_begin(struct html *html, const char *element);
/* Closes what was begun, and all that is open in it. */
void html_end(struct html_scope *scope);
bool html_enter(struct html_scope *scope);

#define HTML_JOIN_(a, b) a##b
#define HTML_JOIN(a, b) HTML_JOIN_(a, b)
#define HTML_SCOPE_(name, scope)                                               \
	for (__attribute__((cleanup(html_end))) struct html_scope name =       \
		 scope;                                                        \
	     html_enter(&name);)
/* HTML_SCOPE(scope) statement: what began lasts for the statement. */
#define HTML_SCOPE(scope)                                                      \
	HTML_SCOPE_(HTML_JOIN(html_scope_, __COUNTER__), scope)
/*
 * HTML(html, "p") statement: an element and in it what the statement writes,
 * its attributes first.  It ends with the statement, also by return or break.
 * One that is empty by definition (br, meta, input) gets no end tag.  Deeper
 * than HTML_DEPTH, or where there may be no such element (script, style,
 * iframe...), the buffer's error becomes RC_RANGE or RC_SYNTAX, and the
 * statement is passed over.
 */
#define HTML(html, element) HTML_SCOPE(html_begin(html, "" element ""))

/*
 * An attribute of the element that was just begun; of value NULL none.  Not
 * one that is a link, a style or a script: those that are not asked for by
 * name here are refused (the buffer's error becomes RC_SYNTAX).
 */
#define html_attribute(html, name, value)                                      \
	html_put_attribute(html, "" name "", value)
void html_put_attribute(struct html *html, const char *name, const char *value);
#define html_attribute_number(html, name, number)                              \
	html_put_attribute_number(html, "" name "", number)
void html_put_attribute_number(struct html *html, const char *name,
    int64_t number);
/* One without a value: disabled, checked. */
#define html_flag(html, name) html_put_attribute(html, "" name "", "")

/* A parameter of a link; of one without a value nothing is written. */
struct html_pair {
	const char *name;
	const char *value; /* NULL or "": none */
};

/* HTML_PAIRS({ "view", "event" }, { "id", id }): for the calls below. */
#define HTML_PAIRS(...)                                                        \
	(const struct html_pair[]){ __VA_ARGS__ },                             \
	    sizeof((const struct html_pair[]){ __VA_ARGS__ }) /                \
	    sizeof(struct html_pair)

/* href, and action, of the element that was just begun: to this page with that
 * query and none else.  Nothing links to anywhere else. */
void html_href(struct html *html, const struct html_pair *pairs, size_t n);
void html_action(struct html *html, const struct html_pair *pairs, size_t n);
/* href to the element of that id on the same page. */
#define html_href_within(html, id) html_put_href_within(html, "" id "")
void html_put_href_within(struct html *html, const char *id);
/* The query as it is in a link, "?view=event&id=...", unescaped. */
void html_print_query(struct buf *into, const struct html_pair *pairs,
    size_t n);
/* Hidden inputs of a form: of words and numbers, while what may be any text is
 * in its action, where every byte stays what it is. */
void html_hidden(struct html *html, const struct html_pair *pairs, size_t n);

void html_text(struct html *html, const char *text);
void html_bytes(struct html *html, struct bytes bytes);
/* Whether nothing of it becomes U+FFFD. */
bool html_shows_all(struct bytes text);
/* With a thin space, that keeps together, at every thousand. */
void html_number(struct html *html, int64_t number);
/* What came from outside, in a bdi element: it reorders nothing round it. */
void html_foreign(struct html *html, const char *text);
/* A time element: exact to the millisecond for programs, and to the second for
 * people, with its zone, and how long ago that is, or by how much the clock was
 * ahead.  Of 0, which is no time, a dash. */
void html_time(struct html *html, int64_t wall);
/* The same, with the milliseconds for people as well. */
void html_exact_time(struct html *html, int64_t wall);
/* Both of what may be to come, as the next try: in 3 min. */
void html_planned_time(struct html *html, int64_t wall);
void html_exact_planned_time(struct html *html, int64_t wall);
/* The time alone, where there can be no element: in a title. */
void html_plain_time(struct html *html, int64_t wall);
/* The same for a sentence: "2026-11-30 16:24:19 UTC (3 min ago)". */
void html_print_time(struct buf *into, int64_t wall, int64_t now);
/* How long something takes, for people: 340 ms, 4.2 s, 3 min 20 s, 2 h 5 min,
 * 4 days 1 h; a dash for less than no time. */
void html_duration(struct html *html, int64_t milliseconds);
/* The same, for a sentence. */
void html_print_duration(struct buf *into, int64_t milliseconds);

/* HTML(html, "h1") html_text(html, "...") and the like. */
#define html_element(html, element, text)                                      \
	HTML(html, element)                                                    \
	html_text(html, text)
/* A link with its text. */
#define html_link(html, text, ...)                                             \
	HTML(html, "a")                                                        \
	{                                                                      \
		html_href(html, HTML_PAIRS(__VA_ARGS__));                      \
		html_text(html, text);                                         \
	}

/* <!doctype html>, and the style that is built in, in its element. */
void html_doctype(struct html *html);
void html_style(struct html *html);
/* Its SHA-256 in base64, as a Content-Security-Policy names it. */
const char *html_style_hash(void);

#endif
