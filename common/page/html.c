/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "page/html.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "page/page_css.h"

enum {
	SECOND = 1000, /* milliseconds */
	MINUTE = 60 * SECOND,
	MADE = 5 * SECOND, /* any page is, in no more */
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
};

static const char replaced[] = "\xef\xbf\xbd";	 /* U+FFFD */
static const char dash[] = "\xe2\x80\x93";	 /* U+2013 */
static const char thin_space[] = "\xe2\x80\xaf"; /* U+202F, which keeps */

/* What has no end tag. */
static const char *const empty[] = { "area", "br", "col", "hr", "img", "input",
	"meta", "wbr", NULL };

/* What would load, run or open something, and what is read by rules of its own:
 * no view needs any of it. */
static const char *const no_elements[] = { "base", "embed", "frame", "iframe",
	"link", "noembed", "noframes", "noscript", "object", "plaintext",
	"script", "style", "template", "xmp", NULL };

/* Links, styles and scripts; those that begin with "on" are none either. */
static const char *const no_attributes[] = { "action", "archive",
	"attributename", "background", "cite", "classid", "codebase", "data",
	"dynsrc", "formaction", "href", "icon", "imagesrcset", "longdesc",
	"lowsrc", "manifest", "nonce", "ping", "poster", "profile", "src",
	"srcdoc", "srcset", "style", "usemap", "xmlns", NULL };

static bool
is_among(const char *name, const char *const *list)
{
	while (*list != NULL && strcasecmp(name, *list) != 0)
		list++;
	return *list != NULL;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A colon would be a namespace's, as in xlink:href. */
static bool
is_name(const char *name)
{
	if (!is_letter(name[0]))
		return false;
	while (
	    is_letter(*name) || (*name >= '0' && *name <= '9') || *name == '-')
		name++;
	return *name == '\0';
}

static void
refuse(struct html *html, enum rc rc)
{
	if (html->into->rc == RC_OK)
		html->into->rc = rc;
}

static bool
is_empty(const struct html *html)
{
	return html->depth > 0 && is_among(html->open[html->depth - 1], empty);
}

/* What follows is content, and no attribute any more. */
static void
begin_content(struct html *html)
{
	if (is_empty(html))
		refuse(html, RC_SYNTAX);
	if (html->in_tag)
		buf_char(html->into, '>');
	html->in_tag = false;
	html->bare = false;
}

/* U+202A to U+202E and U+2066 to U+2069 say in which direction all that follows
 * is to be read, beyond the element that they are in: one that ends an isolation
 * ends a bdi's.  Marks, that say it of their own place, pass. */
static bool
turns_text(const char *character)
{
	const uint8_t *c = (const uint8_t *)character;

	return c[0] == 0xe2 &&
	    ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
		(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

/* The length of the character at the start of a text if it is written as it
 * is; 0. */
static size_t
passes(struct bytes text)
{
	size_t n = utf8_length(text);
	uint8_t first = (uint8_t)text.data[0];

	if (n == 1 && first < 0x20)
		return first == '\t' || first == '\n';
	if (n == 1)
		return first != 0x7f && strchr("&<>\"'", first) == NULL;
	if (n == 2 && first == 0xc2 && (uint8_t)text.data[1] < 0xa0)
		return 0;
	return n == 3 && turns_text(text.data) ? 0 : n;
}

static const char *
stand_in(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&#34;";
	case '\'':
		return "&#39;";
	/* As it is, a reader would take it for a line feed (HTML Standard,
	 * 13.2.3.5 "Preprocessing the input stream"), but not as a reference,
	 * which is resolved later: that is an error of who writes it
	 * (control-character-reference, 13.2.5.84), and is read as what it
	 * says. */
	case '\r':
		return "&#13;";
	default:
		return replaced;
	}
}

bool
html_shows_all(struct bytes text)
{
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = passes(text);
		if (n == 0 && stand_in(text.data[0]) == replaced)
			return false;
		n += n == 0;
	}
	return true;
}

/* A character that is not written as it is. */
static void
add_stand_in(struct html *html, struct bytes character, bool exact)
{
	const uint8_t *c = (const uint8_t *)character.data;

	if (exact && character.len == 3 && turns_text(character.data))
		buf_printf(html->into, "&#x%X;",
		    0x2000u | (unsigned)(c[1] & 0x3f) << 6 | (c[2] & 0x3f));
	else
		buf_text(html->into, stand_in(character.data[0]));
}

/* The one place where a text becomes HTML, of an element or an attribute.
 * exact: what turns text is kept, where nobody reads it but who sends it
 * back. */
static void
add_escaped(struct html *html, struct bytes text, bool exact)
{
	size_t plain = 0;
	size_t n;

	while (plain < text.len) {
		n = passes(bytes_skip(text, plain));
		plain += n;
		if (n > 0)
			continue;
		buf_add(html->into, (struct bytes){ text.data, plain });
		text = bytes_skip(text, plain);
		/* One for all the bytes of a character. */
		n = utf8_length(text);
		n = n > 0 ? n : 1;
		add_stand_in(html, (struct bytes){ text.data, n }, exact);
		text = bytes_skip(text, n);
		plain = 0;
	}
	buf_add(html->into, text);
}

struct html_scope
html_begin(struct html *html, const char *element)
{
	struct html_scope scope = { html, html->depth, true };

	begin_content(html);
	if (html->depth == HTML_DEPTH) {
		refuse(html, RC_RANGE);
		return scope;
	}
	if (!is_name(element) || is_among(element, no_elements)) {
		refuse(html, RC_SYNTAX);
		return scope;
	}
	buf_char(html->into, '<');
	buf_text(html->into, element);
	html->open[html->depth++] = element;
	html->in_tag = true;
	html->bare = true;
	scope.entered = false;
	return scope;
}

/* Content of an element that is empty was refused; what it is in ends all the
 * same. */
static void
close_last(struct html *html)
{
	if (html->in_tag)
		buf_char(html->into, '>');
	html->in_tag = false;
	html->bare = false;
	if (!is_empty(html)) {
		buf_text(html->into, "</");
		buf_text(html->into, html->open[html->depth - 1]);
		buf_char(html->into, '>');
	}
	html->depth--;
}

void
html_end(struct html_scope *scope)
{
	while (scope->html->depth > scope->depth)
		close_last(scope->html);
}

bool
html_enter(struct html_scope *scope)
{
	bool entered = scope->entered;

	scope->entered = true;
	return !entered;
}

/* Begins an attribute whose name was looked at. */
static bool
begin_attribute(struct html *html, const char *name)
{
	if (!html->in_tag) {
		refuse(html, RC_SYNTAX);
		return false;
	}
	buf_char(html->into, ' ');
	buf_text(html->into, name);
	buf_text(html->into, "=\"");
	return true;
}

void
html_put_attribute(struct html *html, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (!is_name(name) || strncasecmp(name, "on", 2) == 0 ||
	    is_among(name, no_attributes)) {
		refuse(html, RC_SYNTAX);
		return;
	}
	if (!begin_attribute(html, name))
		return;
	add_escaped(html, bytes_of(value), strcmp(name, "value") == 0);
	buf_char(html->into, '"');
}

void
html_put_attribute_number(struct html *html, const char *name, int64_t number)
{
	char text[BYTES_DECIMAL];

	snprintf(text, sizeof(text), "%" PRId64, number);
	html_put_attribute(html, name, text);
}

/* A name or value of a query: nothing of it is left that HTML would escape. */
static void
print_encoded(struct buf *into, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text != '\0'; text++) {
		uint8_t byte = (uint8_t)*text;
		char encoded[3] = { '%', digits[byte >> 4], digits[byte & 15] };

		if (is_letter(*text) || (*text >= '0' && *text <= '9') ||
		    strchr("-._~", *text) != NULL)
			buf_char(into, *text);
		else
			buf_add(into, (struct bytes){ encoded, 3 });
	}
}

static bool
is_given(const struct html_pair *pair)
{
	return pair->value != NULL && pair->value[0] != '\0';
}

static void
print_query(struct buf *into, const struct html_pair *pairs, size_t n,
    const char *separator)
{
	const char *before = "";

	buf_char(into, '?');
	for (size_t i = 0; i < n; i++) {
		if (!is_given(&pairs[i]))
			continue;
		buf_text(into, before);
		print_encoded(into, pairs[i].name);
		buf_char(into, '=');
		print_encoded(into, pairs[i].value);
		before = separator;
	}
}

void
html_print_query(struct buf *into, const struct html_pair *pairs, size_t n)
{
	print_query(into, pairs, n, "&");
}

void
html_href(struct html *html, const struct html_pair *pairs, size_t n)
{
	if (!begin_attribute(html, "href"))
		return;
	print_query(html->into, pairs, n, "&amp;");
	buf_char(html->into, '"');
}

void
html_put_href_within(struct html *html, const char *id)
{
	if (!begin_attribute(html, "href"))
		return;
	buf_char(html->into, '#');
	print_encoded(html->into, id);
	buf_char(html->into, '"');
}

void
html_action(struct html *html, const struct html_pair *pairs, size_t n)
{
	if (!begin_attribute(html, "action"))
		return;
	print_query(html->into, pairs, n, "&amp;");
	buf_char(html->into, '"');
}

void
html_hidden(struct html *html, const struct html_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_given(&pairs[i]))
			continue;
		HTML(html, "input")
		{
			html_attribute(html, "type", "hidden");
			html_put_attribute(html, "name", pairs[i].name);
			html_put_attribute(html, "value", pairs[i].value);
		}
	}
}

void
html_bytes(struct html *html, struct bytes bytes)
{
	bool bare = html->bare;

	begin_content(html);
	html->bare = bare && bytes.len == 0;
	/* A reader of HTML drops a line feed that comes first in these. */
	if (bare && html->depth > 0 && bytes_begin(bytes, "\n") &&
	    (strcmp(html->open[html->depth - 1], "pre") == 0 ||
		strcmp(html->open[html->depth - 1], "textarea") == 0))
		buf_char(html->into, '\n');
	add_escaped(html, bytes, false);
}

void
html_text(struct html *html, const char *text)
{
	html_bytes(html, bytes_of(text != NULL ? text : ""));
}

void
html_number(struct html *html, int64_t number)
{
	char text[BYTES_DECIMAL];
	const char *digits = text;

	begin_content(html);
	snprintf(text, sizeof(text), "%" PRId64, number);
	if (*digits == '-')
		buf_char(html->into, *digits++);
	for (size_t left = strlen(digits); left > 0; left--) {
		buf_char(html->into, *digits++);
		if (left > 1 && left % 3 == 1)
			buf_text(html->into, thin_space);
	}
}

void
html_foreign(struct html *html, const char *text)
{
	html_element(html, "bdi", text);
}

/* What an age is told in.  Two of a unit are the first that are told in it: half
 * of what "1 day" may be would be left out. */
static int64_t
age_unit(int64_t milliseconds)
{
	return milliseconds < 2 * MINUTE ? SECOND :
	    milliseconds < 2 * HOUR	 ? MINUTE :
	    milliseconds < 2 * DAY	 ? HOUR :
					   DAY;
}

/* Cut off: what is exact is beside it. */
static void
print_age(struct buf *into, int64_t milliseconds)
{
	int64_t unit = age_unit(milliseconds);

	buf_printf(into, "%lld %s", (long long)(milliseconds / unit),
	    unit == SECOND     ? "s" :
		unit == MINUTE ? "min" :
		unit == HOUR   ? "h" :
				 "days");
}

static void
print_ago(struct buf *into, int64_t age)
{
	if (age > -SECOND && age < SECOND) {
		buf_text(into, "now");
	} else if (age < 0) {
		buf_text(into, "in ");
		/* A mute of 8 h that begins now ends in 8 h. */
		print_age(into, -age + age_unit(-age) / 2);
	} else {
		print_age(into, age);
		buf_text(into, " ago");
	}
}

/* "2026-11-30T16:24:19.500Z"; false where that is no time. */
static bool
print_time(int64_t wall, char into[TIMESTAMP_SIZE])
{
	/* The last of the year 9999, which is the last that can be written. */
	static const int64_t end = INT64_C(253402300799999);

	if (wall <= 0 || wall > end)
		return false;
	timestamp_print(wall, into);
	return true;
}

/* The same for people, up to the second or to its thousandths. */
static void
print_plain_time(struct buf *into, const char *time, bool exact)
{
	buf_add(into, (struct bytes){ time, 10 });
	buf_char(into, ' ');
	buf_add(into, (struct bytes){ time + 11, exact ? 12 : 8 });
	buf_text(into, " UTC");
}

void
html_plain_time(struct html *html, int64_t wall)
{
	char text[TIMESTAMP_SIZE];

	begin_content(html);
	if (print_time(wall, text))
		print_plain_time(html->into, text, false);
	else
		buf_text(html->into, dash);
}

void
html_print_time(struct buf *into, int64_t wall, int64_t now)
{
	char text[TIMESTAMP_SIZE];

	if (!print_time(wall, text)) {
		buf_text(into, dash);
		return;
	}
	print_plain_time(into, text, false);
	buf_text(into, " (");
	print_ago(into, now - wall);
	buf_char(into, ')');
}

/* Of what has been, no age is to come: then the clock was set back since.  What
 * came while the page was made is as old as that. */
static void
print_past_ago(struct buf *into, int64_t age)
{
	if (age > -MADE) {
		print_ago(into, age < 0 ? 0 : age);
		return;
	}
	print_age(into, -age);
	buf_text(into, " ahead of the clock");
}

static void
put_time(struct html *html, int64_t wall, bool exact,
    void (*print)(struct buf *into, int64_t age))
{
	char text[TIMESTAMP_SIZE];

	if (!print_time(wall, text)) {
		html_text(html, dash);
		return;
	}
	HTML(html, "time")
	{
		html_attribute(html, "datetime", text);
		begin_content(html);
		print_plain_time(html->into, text, exact);
	}
	html_text(html, " ");
	HTML(html, "span")
	{
		html_attribute(html, "class", "ago");
		begin_content(html);
		print(html->into, html->now - wall);
	}
}

void
html_time(struct html *html, int64_t wall)
{
	put_time(html, wall, false, print_past_ago);
}

void
html_planned_time(struct html *html, int64_t wall)
{
	put_time(html, wall, false, print_ago);
}

void
html_exact_planned_time(struct html *html, int64_t wall)
{
	put_time(html, wall, true, print_ago);
}

void
html_exact_time(struct html *html, int64_t wall)
{
	put_time(html, wall, true, print_past_ago);
}

/* The second unit only where there is something of it. */
static void
print_two(struct buf *into, const char *format, int64_t a, int64_t b)
{
	const char *rest = strchr(format, ';');
	int n = (int)(rest - format);

	buf_printf(into, "%lld", (long long)a);
	buf_printf(into, "%.*s", n, format);
	if (b > 0)
		buf_printf(into, " %lld%s", (long long)b, rest + 1);
}

void
html_print_duration(struct buf *into, int64_t milliseconds)
{
	long long ms = (long long)milliseconds;

	if (ms < 0)
		buf_text(into, dash);
	else if (ms < SECOND)
		buf_printf(into, "%lld ms", ms);
	else if (ms < 10 * SECOND)
		buf_printf(into, "%lld.%lld s", ms / SECOND, ms % SECOND / 100);
	else if (ms < MINUTE)
		buf_printf(into, "%lld s", ms / SECOND);
	else if (ms < HOUR)
		print_two(into, " min; s", ms / MINUTE, ms % MINUTE / SECOND);
	else if (ms < DAY)
		print_two(into, " h; min", ms / HOUR, ms % HOUR / MINUTE);
	else
		print_two(into, ms < 2 * DAY ? " day; h" : " days; h", ms / DAY,
		    ms % DAY / HOUR);
}

void
html_duration(struct html *html, int64_t milliseconds)
{
	begin_content(html);
	html_print_duration(html->into, milliseconds);
}

void
html_doctype(struct html *html)
{
	buf_text(html->into, "<!doctype html>\n");
}

void
html_style(struct html *html)
{
	begin_content(html);
	buf_text(html->into, "<style>");
	buf_add(html->into, (struct bytes){ page_css, page_css_len });
	buf_text(html->into, "</style>");
}

/* It is the same for all answers of a process, whichever thread asks first. */
static char style_hash[48];

static void
make_style_hash(void)
{
	struct bytes css = { page_css, page_css_len };
	uint8_t digest[CRYPTO_DIGEST];
	struct buf base64 = { 0 };

	if (crypto_sha256(css, digest) == RC_OK)
		encode_base64((struct bytes){ (const char *)digest,
				  sizeof(digest) },
		    &base64);
	bytes_copy(buf_view(&base64), style_hash, sizeof(style_hash));
	buf_free(&base64);
}

const char *
html_style_hash(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_style_hash);
	return style_hash;
}
