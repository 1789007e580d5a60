/* SPDX-License-Identifier: ISC */
#include "../writing.h"

#include "base/pool.h"
#include "page/parts.h"
#include "page/query.h"

static void
a_state_is_a_word_of_its_colour(void **state)
{
	static const struct {
		const char *word;
		const char *want;
	} cases[] = {
		{ "queued", "<span class=\"badge wait\">queued</span>" },
		{ "running", "<span class=\"badge busy\">running</span>" },
		{ "done", "<span class=\"badge good\">done</span>" },
		{ "dead", "<span class=\"badge bad\">dead</span>" },
		{ "dropped", "<span class=\"badge quiet\">dropped</span>" },
		{ "late", "<span class=\"badge warn\">late</span>" },
		{ "<i>", "<span class=\"badge quiet\">&lt;i&gt;</span>" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		parts_state(&html, cases[i].word);
		wrong += case_text(cases[i].word, written(), cases[i].want);
	}
	assert_int_equal(wrong, 0);
}

static void
a_table_has_a_region_and_a_head(void **state)
{
	static const struct parts_column columns[] = { { "Event", false },
		{ "Tries", true } };

	(void)state;
	PARTS_TABLE(&html, "Last <events>", columns)
	HTML(&html, "tr")
	{
		PARTS_CELL(&html) html_text(&html, "a");
		parts_number(&html, 1000);
	}
	html_text(&html, "after");
	assert_string_equal(written(),
	    "<div class=\"region\" role=\"region\" "
	    "aria-label=\"Last &lt;events&gt;\" tabindex=\"0\">"
	    "<table class=\"list rows\"><thead><tr><th scope=\"col\">Event</th>"
	    "<th scope=\"col\" class=\"num\">Tries</th></tr></thead><tbody>"
	    "<tr><td data-label=\"Event\">a</td>"
	    "<td class=\"num\" data-label=\"Tries\">1\xe2\x80\xaf"
	    "000</td></tr></tbody></table></div>after");
}

/* Those of a row that has fewer cells, too. */
static void
cells_have_the_words_of_their_columns(void **state)
{
	static const struct parts_column columns[] = { { "A", false },
		{ "B", false } };
	static const size_t spans[] = { 1, 2, 0, 1 }; /* 0: it is spanned */
	const char *text;

	(void)state;
	PARTS_TABLE(&html, "t", columns)
	for (size_t i = 0; i < COUNT(spans); i++)
		HTML(&html, "tr")
		{
			if (spans[i] > 0)
				PARTS_CELL(&html) parts_span(&html, spans[i]);
			PARTS_CELL(&html) PARTS_CLASS(&html, "b", "x");
		}
	PARTS_CELL(&html);
	text = strstr(written(), "<tbody>");
	assert_string_equal(text,
	    "<tbody><tr><td data-label=\"A\"></td>"
	    "<td data-label=\"B\"><b class=\"x\"></b></td></tr>"
	    "<tr><td data-label=\"A\" rowspan=\"2\"></td>"
	    "<td data-label=\"B\"><b class=\"x\"></b></td></tr>"
	    "<tr><td data-label=\"B\"><b class=\"x\"></b></td></tr>"
	    "<tr><td data-label=\"A\"></td>"
	    "<td data-label=\"B\"><b class=\"x\"></b></td></tr>"
	    "</tbody></table></div><td></td>");
}

static void
cells_have_their_classes(void **state)
{
	(void)state;
	HTML(&html, "tr")
	{
		PARTS_NUMBER(&html) html_text(&html, "1");
		PARTS_CLASSED(&html, "time") html_time(&html, 0);
	}
	assert_string_equal(written(),
	    "<tr><td class=\"num\">1</td><td class=\"time\">\xe2\x80\x93"
	    "</td></tr>");
}

static void
facts_are_terms_with_what_is_known(void **state)
{
	(void)state;
	PARTS_FACTS(&html)
	{
		PARTS_FACT(&html, "Hook") html_text(&html, "h");
		PARTS_FACT(&html, "ID") parts_id(&html, "0190<");
	}
	assert_string_equal(written(),
	    "<dl class=\"facts\"><div><dt>Hook</dt><dd>h</dd></div>"
	    "<div><dt>ID</dt><dd><code class=\"id\" title=\"0190&lt;\">"
	    "<bdi>0190&lt;</bdi></code>"
	    "</dd></div></dl>");
}

static void
sections_notices_and_tiles_are_written(void **state)
{
	(void)state;
	PARTS_SECTION(&html, "Events") parts_empty(&html, "None.");
	assert_string_equal(written(),
	    "<section class=\"card\"><h2>Events</h2>"
	    "<p class=\"empty\">None.</p></section>");
	html.damaged = true;
	parts_empty(&html, "None.");
	assert_string_equal(written(),
	    "<p class=\"empty\">Nothing to show: what "
	    "is damaged is left out.</p>");
	html.damaged = false;
	PARTS_NOTICE(&html, "good") html_text(&html, "Done.");
	assert_string_equal(written(), "<p class=\"notice good\">Done.</p>");
	PARTS_CLASS(&html, "ul", "tiles")
	parts_tile(&html, &(struct parts_tile){ "dead", "bad", 2 });
	assert_string_equal(written(),
	    "<ul class=\"tiles\"><li class=\"bad\"><strong>2</strong> "
	    "<span>dead</span></li></ul>");
}

static void
fields_keep_what_was_typed(void **state)
{
	static const char *const words[] = { "", "dead", "done", NULL };

	(void)state;
	parts_field(&html,
	    &(struct parts_field){ "ID", "q", "\"<x>", "its beginning" });
	assert_string_equal(written(),
	    "<label><span>ID</span><input type=\"text\" name=\"q\" "
	    "value=\"&#34;&lt;x&gt;\" placeholder=\"its beginning\" "
	    "autocomplete=\"off\" spellcheck=\"false\"></label>");
	parts_choice(&html,
	    &(struct parts_field){ "State", "state", "dead", NULL }, words);
	assert_string_equal(written(),
	    "<label><span>State</span><select name=\"state\">"
	    "<option value=\"\">any</option>"
	    "<option value=\"dead\" selected=\"\">dead</option>"
	    "<option value=\"done\">done</option></select></label>");
	parts_choice(&html,
	    &(struct parts_field){ "State", "state", NULL, NULL }, words);
	assert_null(strstr(written(), "selected"));
}

static void
forms_are_sent_to_this_page(void **state)
{
	const struct html_pair about[] = { { "id", "\u202e\r\n&" } };

	(void)state;
	PARTS_FORM(&html, about, 1)
	{
		parts_button(&html, "Retry", "");
		parts_button(&html, "Drop", "danger");
	}
	assert_string_equal(written(),
	    "<form method=\"post\" action=\"?id=%E2%80%AE%0D%0A%26\">"
	    "<button type=\"submit\">Retry</button>"
	    "<button type=\"submit\" class=\"danger\">Drop</button></form>");
}

static void
page_of(const char *text, const char *next)
{
	struct pool pool = { 0 };
	struct query query;
	const char *error = "";

	assert_int_equal(query_parse(text, 1, &pool, &query, &error), RC_OK);
	parts_pager(&html, &query, next);
	pool_free(&pool);
}

static void
a_pager_leads_on_and_back(void **state)
{
	const char *text;

	(void)state;
	page_of("view=events&hook=h", NULL);
	page_of("view=events&hook=h", "");
	assert_int_equal(out.len, 0);
	page_of("view=events&hook=h", "0190");
	text = written();
	assert_null(strstr(text, "Newest"));
	assert_non_null(strstr(text, "before=0190"));
	assert_non_null(strstr(text, "\">Older</a>"));
	assert_non_null(strstr(text, "?view=events&amp;hook=h&amp;"));
	page_of("view=events&hook=h"
		"&before=01900000-0000-7000-8000-000000000000",
	    "");
	assert_string_equal(written(),
	    "<nav class=\"pager\" aria-label=\"Pages of this list\">"
	    "<a href=\"?view=events&amp;hook=h\">Newest</a></nav>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_state_is_a_word_of_its_colour),
		TEST(a_table_has_a_region_and_a_head),
		TEST(cells_have_the_words_of_their_columns),
		TEST(cells_have_their_classes),
		TEST(facts_are_terms_with_what_is_known),
		TEST(sections_notices_and_tiles_are_written),
		TEST(fields_keep_what_was_typed),
		TEST(forms_are_sent_to_this_page),
		TEST(a_pager_leads_on_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
