/* SPDX-License-Identifier: ISC */
#include "page/links.h"

#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "page/parts.h"

static const char dash[] = "\xe2\x80\x93"; /* U+2013 */

static void
put_event(struct html *html, const char *id, const char *text)
{
	if (text == NULL) {
		parts_id(html, id);
		return;
	}
	html_attribute(html, "title", id);
	html_text(html, text);
}

void
links_event(struct html *html, const struct journal_mention *event,
    const char *text)
{
	if (event->id[0] == '\0')
		return;
	if (event->kept)
		HTML(html, "a")
		{
			html_href(html,
			    HTML_PAIRS({ "view", "event" },
				{ "id", event->id }));
			put_event(html, event->id, text);
		}
	else
		PARTS_CLASS(html, "span", "muted")
	put_event(html, event->id, text);
}

void
links_pipeline_pairs(const struct links_pipeline *pipeline,
    struct html_pair pairs[LINKS_PIPELINE_PAIRS])
{
	bool known = pipeline->known;
	const char *id = pipeline->id;

	pairs[0] = (struct html_pair){ "view", known ? "pipeline" : "events" };
	pairs[1] = (struct html_pair){ "hook", pipeline->hook };
	pairs[2] = (struct html_pair){ known ? "id" : "pipeline",
		known || id[0] != '\0' ? id : pipeline->name };
}

void
links_pipeline(struct html *html, const struct links_pipeline *pipeline)
{
	struct html_pair pairs[LINKS_PIPELINE_PAIRS];

	if (pipeline->name[0] == '\0' && pipeline->id[0] == '\0') {
		html_text(html, dash);
		return;
	}
	links_pipeline_pairs(pipeline, pairs);
	HTML(html, "a")
	{
		html_href(html, pairs, LINKS_PIPELINE_PAIRS);
		html_foreign(html,
		    pipeline->name[0] != '\0' ? pipeline->name : pipeline->id);
	}
}

const char *const *
links_hooks(struct pool *pool, const struct conf *conf, const char *asked)
{
	const char **list = pool_alloc(pool, conf->hooks_len + 3,
	    sizeof(*list));
	size_t n = 0;

	if (list == NULL)
		return NULL;
	list[n++] = "";
	for (size_t i = 0; i < conf->hooks_len; i++)
		list[n++] = conf->hooks[i].name;
	if (asked[0] != '\0' && conf_find(conf, bytes_of(asked)) == NULL)
		list[n++] = asked;
	return list;
}

void
links_count(struct html *html, int64_t count, const char *one,
    const char *several)
{
	html_number(html, count);
	html_text(html, " ");
	html_text(html, count == 1 ? one : several);
}
