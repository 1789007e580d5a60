/* SPDX-License-Identifier: ISC */
/*
 * What is written as HTML, read by a reader of its own: there are the elements
 * and attributes that were asked for, in that order, and no others, and their
 * texts are what they were but for what no text of HTML can hold.
 *
 * An input is steps: what is done, how many bytes it takes, and these.
 */
#include "fuzz.h"

#include "../html_reader.h"
#include "page/html.h"

enum {
	STEPS = 512,
	WANTED = STEPS * 16,
};

/* What has to be read. */
struct wanted {
	enum html_token token;
	const char *name;
	const char *value; /* NULL: whatever it is */
};

/* What is open, and what it was given. */
struct opened {
	struct html_scope scope;
	const char *name;
	unsigned attributes; /* bits */
};

struct play {
	struct html html;
	struct buf out;
	struct pool pool;
	struct wanted wanted[WANTED];
	size_t n;
	struct opened opened[HTML_DEPTH];
	size_t depth;
	bool in_tag;
};

static const char *const elements[] = { "p", "div", "pre", "input", "td", "a",
	"textarea", "svg" };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void
want(struct play *play, enum html_token token, const char *name,
    const char *value)
{
	holds(play->n < WANTED);
	play->wanted[play->n++] = (struct wanted){ token, name, value };
}

/* Texts that follow each other are one. */
static void
want_text(struct play *play, const char *text)
{
	struct wanted *last = &play->wanted[play->n > 0 ? play->n - 1 : 0];

	play->in_tag = false;
	if (text != NULL && text[0] == '\0')
		return;
	if (play->n == 0 || last->token != HTML_TOKEN_TEXT)
		want(play, HTML_TOKEN_TEXT, "", text);
	else if (text == NULL || last->value == NULL)
		last->value = NULL;
	else
		last->value = pool_printf(&play->pool, "%s%s", last->value,
		    text);
}

/* The code point at the start of a text and how many bytes it has; false where
 * there is none.  Another way than base/utf8 goes. */
static bool
decode(struct bytes text, uint32_t *point, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)text.data[0];
	size_t n = first < 0x80	   ? 1 :
	    (first & 0xe0) == 0xc0 ? 2 :
	    (first & 0xf0) == 0xe0 ? 3 :
	    (first & 0xf8) == 0xf0 ? 4 :
				     0;

	if (n == 0 || text.len < n)
		return false;
	*point = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (((uint8_t)text.data[i] & 0xc0) != 0x80)
			return false;
		*point = *point << 6 | ((uint8_t)text.data[i] & 0x3f);
	}
	*len = n;
	return *point >= least[n] && *point <= 0x10ffff &&
	    (*point < 0xd800 || *point > 0xdfff);
}

/* What is left of a text where it is shown; exact: where it is sent back. */
static const char *
left_of(struct play *play, struct bytes text, bool exact)
{
	struct buf into = { 0 };
	uint32_t point = 0;
	size_t n = 1;
	const char *copy;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = 1;
		if (!decode(text, &point, &n)) {
			n = 1;
			point = 0;
		}
		if ((point < 0x20 && point != '\t' && point != '\n' &&
			point != '\r') ||
		    (point >= 0x7f && point < 0xa0) ||
		    (!exact &&
			((point >= 0x202a && point <= 0x202e) ||
			    (point >= 0x2066 && point <= 0x2069))))
			buf_text(&into, "\xef\xbf\xbd");
		else
			buf_add(&into, (struct bytes){ text.data, n });
	}
	copy = pool_copy(&play->pool, buf_view(&into));
	holds(into.rc == RC_OK && copy != NULL);
	buf_free(&into);
	return copy;
}

static const char *
shown(struct play *play, struct bytes text)
{
	return left_of(play, text, false);
}

static void
end_last(struct play *play)
{
	struct opened *last = &play->opened[--play->depth];

	html_end(&last->scope);
	if (!html_has_no_end(bytes_of(last->name)))
		want(play, HTML_TOKEN_CLOSE, last->name, NULL);
	play->in_tag = false;
}

/* Nothing is written into what is empty. */
static void
begin_content(struct play *play)
{
	if (play->depth > 0 &&
	    html_has_no_end(bytes_of(play->opened[play->depth - 1].name)))
		end_last(play);
	play->in_tag = false;
}

static void
begin_element(struct play *play, uint8_t which)
{
	struct opened *next = &play->opened[play->depth];
	const char
	    *name = elements[which % (sizeof(elements) / sizeof(elements[0]))];

	begin_content(play);
	next = &play->opened[play->depth];
	if (play->depth == HTML_DEPTH - 4)
		return;
	*next = (struct opened){ html_begin(&play->html, name), name, 0 };
	holds(html_enter(&next->scope) && !html_enter(&next->scope));
	play->depth++;
	want(play, HTML_TOKEN_BEGIN, name, NULL);
	play->in_tag = true;
}

/* Once an element, where one may be. */
static bool
may_have(struct play *play, unsigned bit)
{
	struct opened
	    *last = &play->opened[play->depth > 0 ? play->depth - 1 : 0];

	if (play->depth == 0 || !play->in_tag || (last->attributes & bit) != 0)
		return false;
	last->attributes |= bit;
	return true;
}

static const char *
encoded(struct play *play, const char *text)
{
	struct buf into = { 0 };
	const char *copy;

	buf_text(&into, "?view=event");
	for (const char *at = text; *at != '\0'; at++) {
		buf_text(&into, at == text ? "&id=" : "");
		if (strchr("-._~", *at) != NULL || (*at >= '0' && *at <= '9') ||
		    (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'))
			buf_char(&into, *at);
		else
			buf_printf(&into, "%%%02X", (uint8_t)*at);
	}
	copy = pool_copy(&play->pool, buf_view(&into));
	holds(into.rc == RC_OK && copy != NULL);
	buf_free(&into);
	return copy;
}

static void
add_attribute(struct play *play, uint8_t which, struct bytes bytes)
{
	struct html *html = &play->html;
	const char *text = pool_copy(&play->pool, bytes);
	bool link = which % 4 >= 2;

	holds(text != NULL);
	if (!may_have(play, 1u << which % 4))
		return;
	if (which % 4 == 0)
		html_attribute(html, "title", text);
	else if (which % 4 == 1)
		html_attribute(html, "value", text);
	else if (which % 4 == 2)
		html_href(html,
		    HTML_PAIRS({ "view", "event" }, { "id", text }));
	else
		html_action(html,
		    HTML_PAIRS({ "view", "event" }, { "id", text }));
	want(play, HTML_TOKEN_ATTRIBUTE,
	    (const char *[]){ "title", "value", "href", "action" }[which % 4],
	    link ? encoded(play, text) :
		   left_of(play, bytes_of(text), which % 4 == 1));
}

static int64_t
number_of(struct bytes bytes)
{
	int64_t number = 0;

	memcpy(&number, bytes.data, bytes.len < 8 ? bytes.len : 8);
	return number;
}

static void
add_time(struct play *play, int64_t wall)
{
	size_t before = play->out.len;

	if (wall % 2 == 0)
		html_time(&play->html, wall);
	else
		html_exact_time(&play->html, wall);
	if (play->out.len - before < 16) { /* a dash, and the tag's end */
		want_text(play, NULL);
		return;
	}
	want(play, HTML_TOKEN_BEGIN, "time", NULL);
	want(play, HTML_TOKEN_ATTRIBUTE, "datetime", NULL);
	want_text(play, NULL);
	want(play, HTML_TOKEN_CLOSE, "time", NULL);
	want_text(play, " ");
	want(play, HTML_TOKEN_BEGIN, "span", NULL);
	want(play, HTML_TOKEN_ATTRIBUTE, "class", "ago");
	want_text(play, NULL);
	want(play, HTML_TOKEN_CLOSE, "span", NULL);
}

static void
add_hidden(struct play *play, const char *text)
{
	html_hidden(&play->html, HTML_PAIRS({ "q", text }));
	if (text[0] == '\0')
		return;
	want(play, HTML_TOKEN_BEGIN, "input", NULL);
	want(play, HTML_TOKEN_ATTRIBUTE, "type", "hidden");
	want(play, HTML_TOKEN_ATTRIBUTE, "name", "q");
	want(play, HTML_TOKEN_ATTRIBUTE, "value",
	    left_of(play, bytes_of(text), true));
}

static void
add_foreign(struct play *play, const char *text)
{
	html_foreign(&play->html, text);
	want(play, HTML_TOKEN_BEGIN, "bdi", NULL);
	want_text(play, shown(play, bytes_of(text)));
	want(play, HTML_TOKEN_CLOSE, "bdi", NULL);
}

static void
add_content(struct play *play, uint8_t what, struct bytes bytes)
{
	const char *text = pool_copy(&play->pool, bytes);

	holds(text != NULL);
	begin_content(play);
	switch (what) {
	case 0:
		html_bytes(&play->html, bytes);
		want_text(play, shown(play, bytes));
		break;
	case 1:
		add_foreign(play, text);
		break;
	case 2:
		add_time(play, number_of(bytes));
		break;
	case 3:
		html_number(&play->html, number_of(bytes));
		want_text(play, NULL);
		break;
	case 4:
		html_duration(&play->html, number_of(bytes));
		want_text(play, NULL);
		break;
	case 5:
		/* It is nothing of its own where it is empty. */
		if (text[0] != '\0')
			add_hidden(play, text);
		break;
	}
}

static void
step(struct play *play, uint8_t what, struct bytes bytes)
{
	if (what % 16 < 6)
		add_content(play, what % 16, bytes);
	else if (what % 16 < 10)
		begin_element(play, what >> 4);
	else if (what % 16 < 14)
		add_attribute(play, what >> 4, bytes);
	else if (play->depth > 0)
		end_last(play);
}

static void
run(struct play *play, struct bytes rest, size_t max)
{
	play->out.max = max;
	play->html = (struct html){ .into = &play->out, .now = 1 };
	for (size_t i = 0; i < STEPS && rest.len >= 2; i++) {
		uint8_t what = (uint8_t)rest.data[0];
		size_t len = (uint8_t)rest.data[1];

		rest = bytes_skip(rest, 2);
		len = len < rest.len ? len : rest.len;
		step(play, what, (struct bytes){ rest.data, len });
		rest = bytes_skip(rest, len);
	}
	while (play->depth > 0)
		end_last(play);
	holds(play->html.depth == 0);
}

/* Token by token. */
static void
check(const struct play *play)
{
	struct html_reader reader = { .rest = buf_view(&play->out) };
	size_t at;

	for (size_t i = 0; i < play->n; i++) {
		const struct wanted *wanted = &play->wanted[i];

		holds(html_read(&reader) == wanted->token);
		holds(wanted->token == HTML_TOKEN_TEXT ||
		    bytes_is(reader.name, wanted->name));
		holds(wanted->value == NULL ||
		    bytes_is(buf_view(&reader.value), wanted->value));
	}
	holds(html_read(&reader) == HTML_TOKEN_END);
	holds(html_wrong(buf_view(&play->out), &at) == NULL);
	buf_free(&reader.value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play play;
	struct bytes rest = { (const char *)data, size };
	size_t whole;

	memset(&play, 0, sizeof(play));
	run(&play, rest, 0);
	holds(play.out.rc == RC_OK);
	check(&play);
	whole = play.out.len;
	/* The same where there is room for half of it. */
	buf_free(&play.out);
	pool_free(&play.pool);
	memset(&play, 0, sizeof(play));
	if (whole > 1) {
		run(&play, rest, whole / 2);
		holds(play.out.rc == RC_RANGE && play.out.len <= whole / 2);
	}
	buf_free(&play.out);
	pool_free(&play.pool);
	return 0;
}
