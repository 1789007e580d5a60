/* SPDX-License-Identifier: ISC */
#include "../writing.h"

#include "base/codec.h"
#include "base/crypto.h"

#define REPLACED "\xef\xbf\xbd"
#define DASH "\xe2\x80\x93"
#define THIN "\xe2\x80\xaf"

static void
assert_is_refused(enum rc rc)
{
	assert_int_equal(out.rc, rc);
	assert_int_equal(html.depth, 0);
	end(NULL);
	begin(NULL);
}

static const struct {
	const char *name;
	struct bytes text;
	const char *want;
} texts[] = {
	{ "nothing", RAW(""), "" },
	{ "words", RAW("plain words"), "plain words" },
	{ "an element", RAW("<script>alert(1)</script>"),
	    "&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "an entity", RAW("&lt; &amp;amp;"), "&amp;lt; &amp;amp;amp;" },
	{ "the end of an attribute", RAW("\" onload='x'"),
	    "&#34; onload=&#39;x&#39;" },
	{ "the end of a comment", RAW("--><!--"), "--&gt;&lt;!--" },
	{ "tab and line feed", RAW("a\tb\nc"), "a\tb\nc" },
	{ "carriage return", RAW("a\r\nb"), "a&#13;\nb" },
	{ "carriage returns alone", RAW("\r\r"), "&#13;&#13;" },
	{ "NUL", RAW("a\0b"), "a" REPLACED "b" },
	{ "escape and delete", RAW("\033[1m\177"), REPLACED "[1m" REPLACED },
	{ "C1", RAW("a\xc2\x9b\xc2\x80z\xc2\xa0"),
	    "a" REPLACED REPLACED "z\xc2\xa0" },
	{ "a lone byte", RAW("a\xff<"), "a" REPLACED "&lt;" },
	{ "too long an encoding of <", RAW("\xc0\xbcx"),
	    REPLACED REPLACED "x" },
	{ "a surrogate", RAW("\xed\xa0\x80"), REPLACED REPLACED REPLACED },
	{ "a character that is cut off", RAW("a\xe2\x82"),
	    "a" REPLACED REPLACED },
	{ "markup in a character that is cut off", RAW("\xf0\x9f<b>"),
	    REPLACED REPLACED "&lt;b&gt;" },
	{ "the highest", RAW("\xf4\x8f\xbf\xbf\xf4\x90\x80\x80"),
	    "\xf4\x8f\xbf\xbf" REPLACED REPLACED REPLACED REPLACED },
	{ "other scripts", RAW("\xd7\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"),
	    "\xd7\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80" },
	{ "what reorders",
	    RAW("a\u202e"
		"EVIL\u2066"
		"b"),
	    "a" REPLACED "EVIL" REPLACED "b" },
	{ "all that turns text",
	    RAW("\u202a\u202b\u202c\u202d\u202e"
		"\u2066\u2067\u2068\u2069"),
	    REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED
		REPLACED REPLACED },
	{ "what is beside that", RAW("\u2029\u202f\u2065\u206a"),
	    "\u2029\u202f\u2065\u206a" },
	{ "marks of a direction", RAW("\u200e\u200f\u061c\u200d"),
	    "\u200e\u200f\u061c\u200d" },
	{ "half of what turns text", RAW("\xe2\x80"), REPLACED REPLACED },
};

static void
text_is_escaped(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		html_bytes(&html, texts[i].text);
		wrong += case_text(texts[i].name, written(), texts[i].want);
	}
	assert_int_equal(wrong, 0);
}

/* The same, but that the text ends at a NUL. */
static void
attributes_are_escaped(void **state)
{
	unsigned wrong = 0;
	char want[256];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (memchr(texts[i].text.data, '\0', texts[i].text.len) != NULL)
			continue;
		HTML(&html, "p")
		html_attribute(&html, "title", texts[i].text.data);
		snprintf(want, sizeof(want), "<p title=\"%s\"></p>",
		    texts[i].want);
		wrong += case_text(texts[i].name, written(), want);
	}
	assert_int_equal(wrong, 0);
}

static void
no_text_is_an_empty_one(void **state)
{
	(void)state;
	html_text(&html, NULL);
	html_bytes(&html, (struct bytes){ NULL, 0 });
	html_foreign(&html, NULL);
	assert_string_equal(written(), "<bdi></bdi>");
}

static void
a_line_of_a_megabyte_is_written_whole(void **state)
{
	enum { SIZE = 1 << 20 };
	char *line = malloc(SIZE);

	(void)state;
	assert_non_null(line);
	memset(line, '<', SIZE);
	html_bytes(&html, (struct bytes){ line, SIZE });
	assert_int_equal(out.len, 4 * SIZE);
	assert_memory_equal(out.data + out.len - 8, "&lt;&lt;", 8);
	out.len = 0;
	memset(line, 'x', SIZE);
	html_bytes(&html, (struct bytes){ line, SIZE });
	assert_int_equal(out.len, SIZE);
	assert_int_equal(out.rc, RC_OK);
	free(line);
}

static void
what_is_foreign_reorders_nothing_round_it(void **state)
{
	(void)state;
	html_foreign(&html, "<b>\xd7\xa9");
	assert_string_equal(written(), "<bdi>&lt;b&gt;\xd7\xa9</bdi>");
	/* One more than is ended would take the end of the element. */
	html_foreign(&html,
	    "a\u202e"
	    "EVIL\u2066"
	    "b");
	assert_string_equal(written(),
	    "<bdi>a" REPLACED "EVIL" REPLACED "b</bdi>");
	html_element(&html, "title", "\u2067x");
	html_element(&html, "pre", "\u2067x");
	assert_string_equal(written(),
	    "<title>" REPLACED "x</title><pre>" REPLACED "x</pre>");
}

static void
it_is_known_what_is_shown_as_something_else(void **state)
{
	(void)state;
	assert_true(html_shows_all(bytes_of("")));
	assert_true(html_shows_all(bytes_of("<a&\"'>\t\n\u200f\u00e9")));
	assert_false(html_shows_all(bytes_of("a\xff")));
	assert_true(html_shows_all(bytes_of("a\r\n")));
	assert_false(html_shows_all(bytes_of("a\033")));
	assert_false(html_shows_all(bytes_of("a\u2066")));
	assert_false(html_shows_all((struct bytes){ "a\0b", 3 }));
}

static void
the_reader_of_the_tests_knows_what_turns_text(void **state)
{
	size_t at;

	(void)state;
	assert_null(html_wrong(bytes_of("<bdi>\u200f\u202f</bdi>"), &at));
	assert_non_null(html_wrong(bytes_of("<bdi>\u2066</bdi>"), &at));
	assert_non_null(html_wrong(bytes_of("<p title=\"\u202e\"></p>"), &at));
	assert_non_null(
	    html_wrong(bytes_of("<p title=\"&#x202E;\"></p>"), &at));
	assert_non_null(html_wrong(bytes_of("<p>&#x202E;</p>"), &at));
	assert_non_null(html_wrong(bytes_of("<input value=\"\u202e\">"), &at));
	assert_null(html_wrong(bytes_of("<input value=\"&#x202E;\">"), &at));
	assert_null(html_wrong(bytes_of("<p>&#13;</p>"), &at));
	assert_non_null(html_wrong(bytes_of("<p>\r</p>"), &at));
}

static void
elements_are_nested_as_statements_are(void **state)
{
	(void)state;
	HTML(&html, "ul")
	{
		html_attribute(&html, "class", "a");
		for (int i = 0; i < 2; i++)
			HTML(&html, "li") html_number(&html, i);
		/* In one line. */
		HTML(&html, "li")
		HTML(&html, "b") html_element(&html, "i", "c");
	}
	html_element(&html, "p", "after");
	assert_string_equal(written(),
	    "<ul class=\"a\"><li>0</li><li>1</li>"
	    "<li><b><i>c</i></b></li></ul><p>after</p>");
}

static void
return_in_elements(void)
{
	HTML(&html, "div")
	HTML(&html, "p")
	{
		html_text(&html, "in");
		return;
	}
}

static void
an_element_ends_however_it_is_left(void **state)
{
	(void)state;
	return_in_elements();
	assert_string_equal(written(), "<div><p>in</p></div>");
	HTML(&html, "p")
	{
		HTML(&html, "b")
		{
			html_text(&html, "x");
			if (out.len > 0)
				break;
			html_text(&html, "never");
		}
		html_text(&html, "y");
		if (out.len > 0)
			continue;
		html_text(&html, "never");
	}
	assert_string_equal(written(), "<p><b>x</b>y</p>");
	for (int i = 0; i < 3; i++)
		HTML(&html, "p")
		{
			HTML(&html, "i") goto out;
		}
out:
	assert_string_equal(written(), "<p><i></i></p>");
	assert_int_equal(html.depth, 0);
}

static void
the_end_of_one_ends_what_is_in_it(void **state)
{
	(void)state;
	HTML(&html, "table")
	{
		html_begin(&html, "tbody");
		html_begin(&html, "tr");
		html_text(&html, "x");
	}
	assert_string_equal(written(),
	    "<table><tbody><tr>x</tr></tbody></table>");
}

static void
what_is_empty_has_no_end_tag(void **state)
{
	(void)state;
	HTML(&html, "p")
	{
		HTML(&html, "br");
		HTML(&html, "input")
		{
			html_attribute(&html, "type", "checkbox");
			html_flag(&html, "checked");
		}
		html_text(&html, "x");
	}
	HTML(&html, "p");
	assert_string_equal(written(),
	    "<p><br><input type=\"checkbox\" checked=\"\">x</p><p></p>");
}

static void
what_is_empty_holds_nothing(void **state)
{
	(void)state;
	HTML(&html, "br") html_text(&html, "x");
	assert_is_refused(RC_SYNTAX);
	HTML(&html, "input") HTML(&html, "b");
	assert_is_refused(RC_SYNTAX);
}

static void
deep(int levels)
{
	HTML(&html, "i")
	{
		if (levels > 1)
			deep(levels - 1);
		else
			html_text(&html, "x");
	}
}

static void
deeper_than_the_limit_is_refused(void **state)
{
	(void)state;
	deep(HTML_DEPTH);
	assert_int_equal(out.rc, RC_OK);
	assert_int_equal(out.len, HTML_DEPTH * strlen("<i></i>") + 1);
	deep(HTML_DEPTH + 1);
	assert_is_refused(RC_RANGE);
}

static void
elements_that_run_or_load_something_are_refused(void **state)
{
	static const char *const names[] = { "script", "SCRIPT", "style",
		"iframe", "object", "embed", "base", "link", "noscript",
		"plaintext", "template", "", "1", "a b", "a>", "svg:a", "-a" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct html_scope scope = html_begin(&html, names[i]);

		wrong += case_true(names[i], "that it is passed over",
		    !html_enter(&scope));
		wrong += case_rc(names[i], out.rc, RC_SYNTAX);
		wrong += case_number(names[i], (long long)out.len, 0);
		html_end(&scope);
		end(NULL);
		begin(NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
attributes_that_link_style_or_run_are_refused(void **state)
{
	static const char *const names[] = { "onclick", "ONLOAD", "on", "style",
		"Style", "href", "HREF", "src", "srcset", "srcdoc", "action",
		"formaction", "xlink:href", "xml:base", "data", "poster",
		"ping", "background", "manifest", "nonce", "", " ", "a b",
		"a=b", "a\"", "a>", "1a" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		HTML(&html, "a") html_put_attribute(&html, names[i], "x");
		wrong += case_rc(names[i], out.rc, RC_SYNTAX);
		wrong += case_text(names[i], out.data, "<a></a>");
		end(NULL);
		begin(NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
attributes_come_before_what_is_in_an_element(void **state)
{
	(void)state;
	html_attribute(&html, "class", "a");
	assert_is_refused(RC_SYNTAX);
	HTML(&html, "p")
	{
		html_text(&html, "");
		html_attribute(&html, "class", "a");
	}
	assert_is_refused(RC_SYNTAX);
	HTML(&html, "p")
	{
		html_text(&html, "x");
		html_href(&html, NULL, 0);
	}
	assert_is_refused(RC_SYNTAX);
	HTML(&html, "p")
	{
		HTML(&html, "br");
		html_action(&html, NULL, 0);
	}
	assert_is_refused(RC_SYNTAX);
	html_href_within(&html, "main");
	assert_is_refused(RC_SYNTAX);
}

static void
an_attribute_without_a_value_is_not_written(void **state)
{
	(void)state;
	HTML(&html, "p")
	{
		html_attribute(&html, "class", NULL);
		html_attribute(&html, "title", "");
		html_attribute_number(&html, "tabindex", -1);
		html_attribute_number(&html, "colspan", INT64_MIN);
	}
	assert_string_equal(written(),
	    "<p title=\"\" tabindex=\"-1\" "
	    "colspan=\"-9223372036854775808\"></p>");
}

static void
links_lead_to_this_page_alone(void **state)
{
	struct buf query = { 0 };

	(void)state;
	html_link(&html, "a", { "view", "event" },
	    { "id", "\"><script>&=?#%+ \xd7\xa9\xff" }, { "q", "" },
	    { "hook", NULL });
	assert_string_equal(written(),
	    "<a href=\"?view=event&amp;id=%22%3E%3Cscript%3E%26%3D%3F%23%25%2B"
	    "%20%D7%A9%FF\">a</a>");
	html_link(&html, "a", { "id", "" });
	assert_string_equal(written(), "<a href=\"?\">a</a>");
	HTML(&html, "form") html_action(&html, NULL, 0);
	assert_string_equal(written(), "<form action=\"?\"></form>");
	HTML(&html, "form")
	html_action(&html, HTML_PAIRS({ "a", "1" }, { "b", "2" }));
	assert_string_equal(written(), "<form action=\"?a=1&amp;b=2\"></form>");
	HTML(&html, "a") html_href_within(&html, "main");
	assert_string_equal(written(), "<a href=\"#main\"></a>");
	html_print_query(&query,
	    HTML_PAIRS({ "since", "" }, { "a", "javascript:" }, { "b", "~" }));
	assert_string_equal(query.data, "?a=javascript%3A&b=~");
	buf_free(&query);
}

static void
hidden_inputs_hold_what_is_given(void **state)
{
	(void)state;
	html_hidden(&html,
	    HTML_PAIRS({ "id", "\"<" }, { "q", "" }, { "a", "b" }));
	assert_string_equal(written(),
	    "<input type=\"hidden\" name=\"id\" value=\"&#34;&lt;\">"
	    "<input type=\"hidden\" name=\"a\" value=\"b\">");
}

/* What a form sends is what was there. */
static void
a_value_keeps_what_turns_text(void **state)
{
	(void)state;
	html_hidden(&html,
	    HTML_PAIRS({ "q",
		"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" }));
	assert_string_equal(written(),
	    "<input type=\"hidden\" name=\"q\" value=\"&#x202A;&#x202B;"
	    "&#x202C;&#x202D;&#x202E;&#x2066;&#x2067;&#x2068;&#x2069;\">");
	HTML(&html, "input")
	{
		html_attribute(&html, "value",
		    "a\u202e"
		    "b\r\033\xff");
		html_attribute(&html, "title", "\u202e");
	}
	assert_string_equal(written(),
	    "<input value=\"a&#x202E;b&#13;" REPLACED REPLACED
	    "\" title=\"" REPLACED "\">");
}

static void
a_first_line_feed_is_kept(void **state)
{
	(void)state;
	html_element(&html, "pre", "\nx");
	html_element(&html, "textarea", "\n");
	html_element(&html, "p", "\nx");
	HTML(&html, "pre")
	{
		html_text(&html, "x");
		html_text(&html, "\n");
	}
	HTML(&html, "pre")
	{
		html_text(&html, "");
		html_text(&html, "\n");
		html_text(&html, "\n");
	}
	HTML(&html, "pre")
	{
		HTML(&html, "b");
		html_text(&html, "\n");
	}
	assert_string_equal(written(),
	    "<pre>\n\nx</pre><textarea>\n\n</textarea><p>\nx</p>"
	    "<pre>x\n</pre><pre>\n\n\n</pre><pre><b></b>\n</pre>");
}

static const struct {
	int64_t number;
	const char *want;
} numbers[] = {
	{ 0, "0" },
	{ 999, "999" },
	{ 1000, "1" THIN "000" },
	{ -1, "-1" },
	{ -123456, "-123" THIN "456" },
	{ 12345678, "12" THIN "345" THIN "678" },
	{ INT64_MAX,
	    "9" THIN "223" THIN "372" THIN "036" THIN "854" THIN "775" THIN
	    "807" },
	{ INT64_MIN,
	    "-9" THIN "223" THIN "372" THIN "036" THIN "854" THIN "775" THIN
	    "808" },
};

static void
thousands_of_a_number_are_told_apart(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		html_number(&html, numbers[i].number);
		wrong += case_text(numbers[i].want, written(), numbers[i].want);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	int64_t before; /* milliseconds */
	const char *want;
} ages[] = {
	{ 0, "now" },
	{ 999, "now" },
	{ -999, "now" },
	{ 1000, "1 s ago" },
	{ 59999, "59 s ago" },
	{ 119999, "119 s ago" },
	{ 120000, "2 min ago" },
	{ 200000, "3 min ago" },
	{ 7199999, "119 min ago" },
	{ 7200000, "2 h ago" },
	{ 172799999, "47 h ago" },
	{ 172800000, "2 days ago" },
	{ INT64_C(86400000) * 365, "365 days ago" },
};

/* Of what may be to come, and of what has been by a clock that was set back. */
static const struct {
	int64_t ahead; /* milliseconds */
	const char *planned;
	const char *been;
} ahead[] = {
	{ 999, "now", "now" },
	{ 1000, "in 1 s", "now" },
	{ 4999, "in 5 s", "now" },
	{ 5000, "in 5 s", "5 s ahead of the clock" },
	{ 200000, "in 3 min", "3 min ahead of the clock" },
	{ 172799999, "in 2 days", "47 h ahead of the clock" },
	{ 28799000, "in 8 h", "7 h ahead of the clock" },
	{ INT64_C(86400000) * 9, "in 9 days", "9 days ahead of the clock" },
};

static bool
tells_age(const char *want)
{
	return holds_text(bytes_of(strstr(written(), "\"ago\">") + 6), want);
}

static void
times_are_exact_beside_how_long_ago_they_are(void **state)
{
	unsigned wrong = 0;

	(void)state;
	html_time(&html, NOW - 200000);
	assert_string_equal(written(),
	    "<time datetime=\"2026-11-30T16:20:59.500Z\">"
	    "2026-11-30 16:20:59 UTC"
	    "</time> <span class=\"ago\">3 min ago</span>");
	html_exact_time(&html, NOW - 199999);
	assert_string_equal(written(),
	    "<time datetime=\"2026-11-30T16:20:59.501Z\">"
	    "2026-11-30 16:20:59.501 UTC"
	    "</time> <span class=\"ago\">3 min ago</span>");
	for (size_t i = 0; i < COUNT(ages); i++) {
		html_time(&html, NOW - ages[i].before);
		wrong += case_true(ages[i].want, "the age",
		    tells_age(ages[i].want));
		html_planned_time(&html, NOW - ages[i].before);
		wrong += case_true(ages[i].want, "of what was planned",
		    tells_age(ages[i].want));
	}
	assert_int_equal(wrong, 0);
	html_plain_time(&html, NOW);
	assert_string_equal(written(), "2026-11-30 16:24:19 UTC");
	html_print_time(&out, NOW - 200000, NOW);
	assert_string_equal(written(), "2026-11-30 16:20:59 UTC (3 min ago)");
	html_print_time(&out, NOW + 200000, NOW);
	assert_string_equal(written(), "2026-11-30 16:27:39 UTC (in 3 min)");
}

static void
what_has_been_is_never_to_come(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ahead); i++) {
		html_time(&html, NOW + ahead[i].ahead);
		wrong += case_true(ahead[i].been, "what has been",
		    tells_age(ahead[i].been));
		html_exact_time(&html, NOW + ahead[i].ahead);
		wrong += case_true(ahead[i].been, "to the millisecond",
		    tells_age(ahead[i].been));
		html_planned_time(&html, NOW + ahead[i].ahead);
		wrong += case_true(ahead[i].planned, "what is planned",
		    tells_age(ahead[i].planned));
	}
	assert_int_equal(wrong, 0);
}

static void
what_is_no_time_is_a_dash(void **state)
{
	static const int64_t none[] = { 0, -1, INT64_MIN, INT64_MAX,
		INT64_C(253402300800000) };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		html_time(&html, none[i]);
		assert_string_equal(written(), DASH);
		html_exact_time(&html, none[i]);
		assert_string_equal(written(), DASH);
		html_planned_time(&html, none[i]);
		assert_string_equal(written(), DASH);
		html_plain_time(&html, none[i]);
		assert_string_equal(written(), DASH);
		html_print_time(&out, none[i], NOW);
		assert_string_equal(written(), DASH);
	}
	html_plain_time(&html, INT64_C(253402300799999));
	assert_string_equal(written(), "9999-12-31 23:59:59 UTC");
}

static const struct {
	int64_t milliseconds;
	const char *want;
} durations[] = {
	{ -1, DASH },
	{ INT64_MIN, DASH },
	{ 0, "0 ms" },
	{ 999, "999 ms" },
	{ 1000, "1.0 s" },
	{ 4290, "4.2 s" },
	{ 10000, "10 s" },
	{ 59999, "59 s" },
	{ 60000, "1 min" },
	{ 200000, "3 min 20 s" },
	{ 3600000, "1 h" },
	{ 7500000, "2 h 5 min" },
	{ 86400000, "1 day" },
	{ 90000000, "1 day 1 h" },
	{ 349200000, "4 days 1 h" },
	{ INT64_MAX, "106751991167 days 7 h" },
};

static void
durations_are_for_people(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		html_duration(&html, durations[i].milliseconds);
		wrong += case_text(durations[i].want, written(),
		    durations[i].want);
	}
	assert_int_equal(wrong, 0);
}

/* The style of the document, between the tags that html_style writes. */
static struct bytes
style(void)
{
	struct bytes css;

	html_style(&html);
	css = buf_view(&out);
	assert_true(bytes_begin(css, "<style>"));
	css = bytes_skip(css, strlen("<style>"));
	css.len -= strlen("</style>");
	assert_memory_equal(css.data + css.len, "</style>", 8);
	return css;
}

static void
the_style_is_what_its_hash_says(void **state)
{
	uint8_t digest[CRYPTO_DIGEST], named[CRYPTO_DIGEST];
	size_t len = 0;

	(void)state;
	assert_int_equal(crypto_sha256(style(), digest), RC_OK);
	assert_int_equal(decode_base64(bytes_of(html_style_hash()), named,
			     sizeof(named), &len),
	    RC_OK);
	assert_int_equal(len, sizeof(named));
	assert_memory_equal(digest, named, sizeof(named));
	assert_ptr_equal(html_style_hash(), html_style_hash());
}

/* Nothing in it ends it, loads something, or is a comment. */
static void
the_style_is_built_in_without_comments(void **state)
{
	struct bytes css = style();

	(void)state;
	assert_true(css.len > 1000);
	for (size_t i = 0; i < css.len; i++)
		assert_true((css.data[i] >= 0x20 && css.data[i] < 0x7f) ||
		    css.data[i] == '\n');
	assert_false(holds_text(css, "<"));
	assert_false(holds_text(css, "/*"));
	assert_false(holds_text(css, "*/"));
	assert_false(holds_text(css, "@import"));
	assert_false(holds_text(css, "http"));
	assert_false(holds_text(css, "\n\n"));
	assert_true(holds_text(css, "prefers-color-scheme: dark"));
}

static void
write_much(void)
{
	html_doctype(&html);
	HTML(&html, "div")
	{
		html_attribute(&html, "class", "<a>");
		html_link(&html, "a\xff", { "id", "&" });
		html_time(&html, NOW);
		html_exact_time(&html, NOW);
		html_duration(&html, 7500000);
		html_number(&html, -1000);
		html_hidden(&html, HTML_PAIRS({ "a", "b" }));
		HTML(&html, "form")
		html_action(&html, HTML_PAIRS({ "a", "b" }));
		html_foreign(&html, "x\n");
	}
}

/* Whatever it is that there is no room for. */
static void
what_does_not_fit_is_told(void **state)
{
	size_t whole;
	size_t at;

	(void)state;
	write_much();
	assert_int_equal(out.rc, RC_OK);
	whole = out.len;
	assert_null(html_wrong(buf_view(&out), &at));
	for (size_t max = 1; max <= whole; max++) {
		end(NULL);
		begin(NULL);
		out.max = max;
		write_much();
		assert_int_equal(out.rc, max < whole ? RC_RANGE : RC_OK);
		assert_int_equal(html.depth, 0);
		assert_true(out.len <= max);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_is_escaped),
		TEST(attributes_are_escaped),
		TEST(no_text_is_an_empty_one),
		TEST(a_line_of_a_megabyte_is_written_whole),
		TEST(what_is_foreign_reorders_nothing_round_it),
		TEST(it_is_known_what_is_shown_as_something_else),
		TEST(the_reader_of_the_tests_knows_what_turns_text),
		TEST(elements_are_nested_as_statements_are),
		TEST(an_element_ends_however_it_is_left),
		TEST(the_end_of_one_ends_what_is_in_it),
		TEST(what_is_empty_has_no_end_tag),
		TEST(what_is_empty_holds_nothing),
		TEST(deeper_than_the_limit_is_refused),
		TEST(elements_that_run_or_load_something_are_refused),
		TEST(attributes_that_link_style_or_run_are_refused),
		TEST(attributes_come_before_what_is_in_an_element),
		TEST(an_attribute_without_a_value_is_not_written),
		TEST(links_lead_to_this_page_alone),
		TEST(hidden_inputs_hold_what_is_given),
		TEST(a_value_keeps_what_turns_text),
		TEST(a_first_line_feed_is_kept),
		TEST(thousands_of_a_number_are_told_apart),
		TEST(times_are_exact_beside_how_long_ago_they_are),
		TEST(what_has_been_is_never_to_come),
		TEST(what_is_no_time_is_a_dash),
		TEST(durations_are_for_people),
		TEST(the_style_is_what_its_hash_says),
		TEST(the_style_is_built_in_without_comments),
		TEST(what_does_not_fit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
