/* SPDX-License-Identifier: ISC */
#include "page/links.h"

#include "base/pool.h"
#include "config/conf.h"
#include "page/parts.h"

static const char dash[] = "\xe2\x80\x93"; /* U+2013 */

void
links_event(struct html *html, const char *id)
{
	if (id[0] == '\0') {
		html_text(html, dash);
		return;
	}
	HTML(html, "a")
	{
		html_href(html, HTML_PAIRS({ "view", "event" }, { "id", id }));
		parts_id(html, id);
	}
}

void
links_pipeline(struct html *html, const struct links_pipeline *pipeline)
{
	if (pipeline->name[0] == '\0' && pipeline->id[0] == '\0') {
		html_text(html, dash);
		return;
	}
	HTML(html, "a")
	{
		html_href(html,
		    HTML_PAIRS({ "view", "pipeline" },
			{ "hook", pipeline->hook }, { "id", pipeline->id }));
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
