/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/parts.h"

#include "page/query.h"

/* What the catalog's words mean to who looks; page.css has a colour for each
 * of the meanings. */
static const struct {
	const char *word;
	const char *class;
} states[] = {
	{ "queued", "badge wait" },
	{ "running", "badge busy" },
	{ "open", "badge busy" },
	{ "done", "badge good" },
	{ "success", "badge good" },
	{ "fine", "badge good" },
	{ "dead", "badge bad" },
	{ "failing", "badge bad" },
	{ "failure", "badge bad" },
	{ "stuck", "badge bad" },
	{ "silent", "badge bad" },
	{ "late", "badge warn" },
	{ "partial", "badge warn" },
	{ NULL, "badge quiet" },
};

void
parts_state(struct html *html, const char *word)
{
	size_t i = 0;

	while (states[i].word != NULL && strcmp(states[i].word, word) != 0)
		i++;
	HTML(html, "span")
	{
		html_attribute(html, "class", states[i].class);
		html_text(html, word);
	}
}

void
parts_id(struct html *html, const char *id)
{
	HTML(html, "code")
	{
		html_attribute(html, "class", "id");
		html_attribute(html, "title", id);
		html_foreign(html, id);
	}
}

struct html_scope
parts_begin_classed(struct html *html, const char *element, const char *class)
{
	struct html_scope scope = html_begin(html, element);

	html_attribute(html, "class", class);
	return scope;
}

void
parts_break(struct html *html)
{
	HTML(html, "br")
	{
	}
}

struct html_scope
parts_begin_below(struct html *html)
{
	parts_break(html);
	return parts_begin_classed(html, "span", "muted");
}

struct html_scope
parts_begin_section(struct html *html, const char *title)
{
	struct html_scope scope = parts_begin_classed(html, "section", "card");

	html_element(html, "h2", title);
	return scope;
}

static void
put_head(struct html *html, const struct parts_column *columns, size_t n)
{
	HTML(html, "thead")
	HTML(html, "tr")
	for (size_t i = 0; i < n; i++)
		HTML(html, "th")
		{
			html_attribute(html, "scope", "col");
			html_attribute(html, "class",
			    columns[i].number ? "num" : NULL);
			html_text(html, columns[i].word);
		}
}

/* The ends of what is begun in it come with the end of the region. */
struct html_scope
parts_begin_table(struct html *html, const char *label,
    const struct parts_column *columns, size_t n)
{
	struct html_scope scope = parts_begin_classed(html, "div", "region");

	html_attribute(html, "role", "region");
	html_attribute(html, "aria-label", label);
	html_attribute(html, "tabindex", "0");
	parts_begin_classed(html, "table", "list rows");
	put_head(html, columns, n);
	html_begin(html, "tbody");
	html->table = (struct html_table){ .depth = html->depth };
	for (; html->table.n < n && html->table.n < HTML_COLUMNS;
	     html->table.n++)
		html->table.words[html->table.n] = columns[html->table.n].word;
	return scope;
}

/* What the next cell is called, or NULL; html->bare: it is a row's first. */
static const char *
next_label(struct html *html)
{
	struct html_table *table = &html->table;

	if (html->depth != table->depth + 1)
		return NULL;
	if (html->bare) {
		table->next = table->rows > 0 ? table->spanned : 0;
		table->rows -= table->rows > 0;
	}
	return table->next < table->n ? table->words[table->next++] : NULL;
}

struct html_scope
parts_begin_cell(struct html *html, const char *class)
{
	const char *label = next_label(html);
	struct html_scope scope = parts_begin_classed(html, "td", class);

	html_attribute(html, "data-label", label);
	return scope;
}

void
parts_span(struct html *html, size_t rows)
{
	if (rows <= 1)
		return;
	html_attribute_number(html, "rowspan", (int64_t)rows);
	html->table.spanned = html->table.next;
	html->table.rows = rows - 1;
}

void
parts_number(struct html *html, int64_t number)
{
	PARTS_NUMBER(html) html_number(html, number);
}

struct html_scope
parts_begin_fact(struct html *html, const char *term)
{
	struct html_scope scope = html_begin(html, "div");

	html_element(html, "dt", term);
	html_begin(html, "dd");
	return scope;
}

void
parts_empty(struct html *html, const char *text)
{
	PARTS_CLASS(html, "p", "empty")
	html_text(html,
	    html->damaged ? "Nothing to show: what is damaged is left out." :
			    text);
}

void
parts_tile(struct html *html, const struct parts_tile *tile)
{
	HTML(html, "li")
	{
		html_attribute(html, "class", tile->kind);
		HTML(html, "strong") html_number(html, tile->number);
		html_text(html, " ");
		html_element(html, "span", tile->word);
	}
}

void
parts_view_only(struct html *html)
{
	PARTS_CLASS(html, "p", "muted")
	html_text(html,
	    "You may only look here. To retry or drop events, use this "
	    "page's address for operators, if you were given one.");
}

void
parts_field(struct html *html, const struct parts_field *field)
{
	HTML(html, "label")
	{
		html_element(html, "span", field->label);
		HTML(html, "input")
		{
			html_attribute(html, "type", "text");
			html_attribute(html, "name", field->name);
			html_attribute(html, "value", field->value);
			html_attribute(html, "placeholder", field->hint);
			html_attribute(html, "autocomplete", "off");
			html_attribute(html, "spellcheck", "false");
		}
	}
}

void
parts_choice(struct html *html, const struct parts_field *field,
    const char *const *words)
{
	HTML(html, "label")
	{
		html_element(html, "span", field->label);
		HTML(html, "select")
		{
			html_attribute(html, "name", field->name);
			for (; *words != NULL; words++)
				HTML(html, "option")
				{
					html_attribute(html, "value", *words);
					if (field->value != NULL &&
					    strcmp(field->value, *words) == 0)
						html_flag(html, "selected");
					html_text(html,
					    **words == '\0' ? "any" : *words);
				}
		}
	}
}

void
parts_button(struct html *html, const char *text, const char *kind)
{
	HTML(html, "button")
	{
		html_attribute(html, "type", "submit");
		html_attribute(html, "class", kind[0] == '\0' ? NULL : kind);
		html_text(html, text);
	}
}

struct html_scope
parts_begin_filters(struct html *html, const char *view)
{
	struct html_scope scope = parts_begin_classed(html, "form", "filters");

	html_attribute(html, "method", "get");
	html_action(html, NULL, 0);
	html_hidden(html, HTML_PAIRS({ "view", view }));
	return scope;
}

struct html_scope
parts_begin_form(struct html *html, const struct html_pair *pairs, size_t n)
{
	struct html_scope scope = html_begin(html, "form");

	html_attribute(html, "method", "post");
	html_action(html, pairs, n);
	return scope;
}

void
parts_page(struct html *html, const struct query *query, const char *before,
    const char *text)
{
	struct html_pair pairs[QUERY_PAIRS];
	size_t n = query_pairs(query, pairs);

	query_set(pairs, n, "before", before);
	HTML(html, "a")
	{
		html_href(html, pairs, n);
		html_text(html, text);
	}
}

void
parts_pager(struct html *html, const struct query *query, const char *next)
{
	bool more = next != NULL && next[0] != '\0';

	if (!more && query->before[0] == '\0')
		return;
	HTML(html, "nav")
	{
		html_attribute(html, "class", "pager");
		html_attribute(html, "aria-label", "Pages of this list");
		if (query->before[0] != '\0')
			parts_page(html, query, "", "Newest");
		if (more)
			parts_page(html, query, next, "Older");
	}
}
