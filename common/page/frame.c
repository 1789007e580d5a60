/* SPDX-License-Identifier: ISC */
#include "page/frame.h"

#include "page/chart.h"
#include "page/told.h"
#include "page/view.h"

/* What is in the navigation, and which views belong to it. */
static const struct {
	const char *word;
	enum query_view view;
	enum query_view also[2];
} places[] = {
	{ "Overview", QUERY_OVERVIEW, { QUERY_OVERVIEW, QUERY_OVERVIEW } },
	{ "Events", QUERY_EVENTS, { QUERY_EVENT, QUERY_CONFIRM } },
	{ "Pipelines", QUERY_PIPELINES, { QUERY_PIPELINE, QUERY_PIPELINE } },
	{ "Actions", QUERY_ACTIONS, { QUERY_ACTIONS, QUERY_ACTIONS } },
};

static void
put_meta(struct html *html, const char *name, const char *content)
{
	HTML(html, "meta")
	{
		html_attribute(html, "name", name);
		html_attribute(html, "content", content);
	}
}

/* A question is not asked anew. */
static bool
may_refresh(const struct query *query)
{
	return query->view != QUERY_CONFIRM;
}

static void
put_head(struct html *html, const struct query *query, const char *title)
{
	HTML(html, "head")
	{
		HTML(html, "meta") html_attribute(html, "charset", "utf-8");
		put_meta(html, "viewport",
		    "width=device-width, initial-scale=1");
		put_meta(html, "robots", "noindex, nofollow");
		if (query != NULL && query->refresh > 0 && may_refresh(query))
			HTML(html, "meta")
			{
				html_attribute(html, "http-equiv", "refresh");
				html_attribute_number(html, "content",
				    query->refresh);
			}
		HTML(html, "title")
		{
			html_text(html, title);
			html_text(html, " - pelihook");
		}
		html_style(html);
	}
}

/* A hook. */
static void
put_brand(struct html *html)
{
	HTML(html, "a")
	{
		html_attribute(html, "class", "brand");
		html_href(html, NULL, 0);
		HTML(html, "svg")
		{
			html_attribute(html, "aria-hidden", "true");
			html_attribute(html, "viewBox", "0 0 20 20");
			html_attribute(html, "width", "20");
			html_attribute(html, "height", "20");
			HTML(html, "path")
			html_attribute(html, "d",
			    "M13 2v10a4.5 4.5 0 1 1-9 0V9.5l3 3");
			HTML(html, "circle")
			{
				html_attribute(html, "cx", "13");
				html_attribute(html, "cy", "3");
				html_attribute(html, "r", "1.5");
			}
		}
		html_element(html, "span", "pelihook");
	}
}

static void
put_places(struct html *html, const struct query *query)
{
	const char *current;

	HTML(html, "nav")
	{
		html_attribute(html, "aria-label", "Views");
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]);
		     i++) {
			current = NULL;
			if (query != NULL && query->view == places[i].view)
				current = "page";
			else if (query != NULL &&
			    (query->view == places[i].also[0] ||
				query->view == places[i].also[1]))
				current = "true";
			HTML(html, "a")
			{
				html_href(html,
				    HTML_PAIRS({ "view",
					query_view_name(places[i].view) }));
				html_attribute(html, "aria-current", current);
				html_text(html, places[i].word);
			}
		}
	}
}

static void
put_who(struct html *html, const struct access *access)
{
	HTML(html, "p")
	{
		html_attribute(html, "class", "who");
		html_foreign(html, access->user);
		html_text(html, " ");
		HTML(html, "span")
		{
			html_attribute(html, "class", "right");
			html_text(html,
			    access->right == ACCESS_OPERATE ? "operate" :
							      "view only");
		}
	}
}

static void
put_header(struct html *html, const struct page *page,
    const struct query *query)
{
	HTML(html, "a")
	{
		html_attribute(html, "class", "skip");
		html_href_within(html, "main");
		html_text(html, "Skip to the content");
	}
	HTML(html, "header")
	{
		put_brand(html);
		if (page != NULL && page->access->right != ACCESS_NONE) {
			put_places(html, query);
			put_who(html, page->access);
		}
	}
}

static void
put_notice(struct html *html, const char *class, const char *text)
{
	HTML(html, "p")
	{
		html_attribute(html, "class", class);
		html_text(html, text);
	}
}

static void
put_notices(struct html *html, const struct page *page)
{
	if (page->damaged)
		put_notice(html, "notice bad",
		    "The journal holds damaged rows. They are left out here, "
		    "so something may be missing and counts may be low. The "
		    "log says which rows they are.");
	if (page->behind)
		put_notice(html, "notice info",
		    "The latest events are still being put together into "
		    "runs. What is shown of pipelines may be a little behind; "
		    "reload in a moment.");
}

/* A link to the same view with other values of these two. */
static void
put_same(struct html *html, const struct query *query,
    const struct html_pair other[2], const char *text)
{
	struct html_pair pairs[QUERY_PAIRS];
	size_t n = query_pairs(query, pairs);

	query_set(pairs, n, other[0].name, other[0].value);
	query_set(pairs, n, other[1].name, other[1].value);
	HTML(html, "a")
	{
		html_href(html, pairs, n);
		html_text(html, text);
	}
}

static void
put_refresh(struct html *html, const struct query *query)
{
	const struct html_pair on[2] = { { "refresh", "30" },
		{ "format", "" } };
	const struct html_pair off[2] = { { "refresh", "" }, { "format", "" } };

	HTML(html, "span")
	{
		if (query->refresh == 0) {
			put_same(html, query, on, "Refresh every 30 s");
			continue;
		}
		html_text(html, "Refreshes every ");
		html_duration(html, (int64_t)query->refresh * 1000);
		html_text(html, ". ");
		put_same(html, query, off, "Stop refreshing");
	}
}

static void
put_footer(struct html *html, const struct page *page)
{
	const struct html_pair json[2] = { { "refresh", "" },
		{ "format", "json" } };

	HTML(html, "footer")
	{
		HTML(html, "span")
		{
			html_text(html, "As of ");
			html_plain_time(html, page->now);
		}
		if (may_refresh(page->query))
			put_refresh(html, page->query);
		put_same(html, page->query, json, "JSON");
		html_element(html, "span", "pelihook " PELIHOOK_VERSION);
	}
}

/* What is in an error's main element is as short as that. */
static void
put_main(struct html *html, const struct page *page, const struct view *view,
    const char *title)
{
	HTML(html, "main")
	{
		html_attribute(html, "id", "main");
		html_attribute(html, "tabindex", "-1");
		put_notices(html, page);
		told_html(page, html);
		html_element(html, "h1", title);
		view->html(page, html);
	}
}

void
frame_view(const struct page *page, const struct view *view, const char *title,
    struct buf *into)
{
	struct html html = {
		.into = into,
		.now = page->now,
		.damaged = page->damaged,
	};

	html_doctype(&html);
	HTML(&html, "html")
	{
		html_attribute(&html, "lang", "en");
		put_head(&html, page->query, title);
		HTML(&html, "body")
		{
			put_header(&html, page, page->query);
			chart_patterns(&html);
			put_main(&html, page, view, title);
			put_footer(&html, page);
		}
	}
}

void
frame_error(const struct page *page, const struct frame_error *error,
    struct buf *into)
{
	struct html html = { .into = into };

	html_doctype(&html);
	HTML(&html, "html")
	{
		html_attribute(&html, "lang", "en");
		put_head(&html, NULL, error->title);
		HTML(&html, "body")
		{
			put_header(&html, page, NULL);
			HTML(&html, "main")
			{
				html_attribute(&html, "id", "main");
				html_attribute(&html, "class", "error");
				html_attribute(&html, "tabindex", "-1");
				html_element(&html, "h1", error->title);
				html_element(&html, "p", error->text);
			}
		}
	}
}
