/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/filter.h"

static const char *
known(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

void
filter_search(const struct query *query, struct journal_search *search)
{
	enum journal_state state;

	*search = (struct journal_search){
		.state = -1,
		.hook = known(query->hook),
		.event = known(query->event),
		.pipeline = known(query->pipeline),
		.id = known(query->q),
		.since = query->since_time,
		.until = query->until_time,
		.before = known(query->before),
	};
	if (journal_state_find(query->state, &state) == RC_OK)
		search->state = (int)state;
}

bool
filter_is_set(const struct query *query)
{
	const char *const texts[] = { query->hook, query->event,
		query->pipeline, query->state, query->since, query->until,
		query->q };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i][0] != '\0')
			return true;
	return false;
}

void
filter_pairs(const struct query *query, const char *action,
    struct html_pair pairs[FILTER_PAIRS])
{
	const struct html_pair list[FILTER_PAIRS] = {
		{ "view", action[0] == '\0' ? "events" : "confirm" },
		{ "action", action },
		{ "hook", query->hook },
		{ "event", query->event },
		{ "pipeline", query->pipeline },
		{ "state", query->state },
		{ "since", query->since },
		{ "until", query->until },
		{ "q", query->q },
	};

	memcpy(pairs, list, sizeof(list));
}

/* A condition, after those before it. */
static bool
put(struct html *html, bool before, const char *label, const char *value)
{
	if (value[0] == '\0')
		return before;
	html_text(html, before ? ", " : "");
	html_text(html, label);
	html_text(html, " ");
	html_foreign(html, value);
	return true;
}

/* The time that was meant, where it is known. */
static bool
put_time(struct html *html, bool before, const char *label, int64_t time)
{
	if (time == 0)
		return before;
	html_text(html, before ? ", " : "");
	html_text(html, label);
	html_text(html, " ");
	html_planned_time(html, time);
	return true;
}

void
filter_words(struct html *html, const struct query *query)
{
	bool before = put(html, false, "state", query->state);

	before = put(html, before, "hook", query->hook);
	before = put(html, before, "event", query->event);
	before = put(html, before, "pipeline", query->pipeline);
	before = put_time(html, before, "received since", query->since_time);
	before = put_time(html, before, "received before", query->until_time);
	before = put(html, before, "ID begins or ends with", query->q);
	if (!before)
		html_text(html, "all of them");
}
