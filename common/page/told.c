/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "page/told.h"

#include "base/json_writer.h"
#include "journal/journal.h"
#include "page/filter.h"
#include "page/html.h"
#include "page/links.h"
#include "page/parts.h"
#include "page/view.h"
#include "watch/pipeline_list.h"

/* How each action is told. */
static const struct {
	const char *action;
	const char *done;
	const char *one; /* of what */
	const char *several;
} words[] = {
	{ "retry", "Retried", "delivery", "deliveries" },
	{ "drop", "Dropped", "delivery", "deliveries" },
	{ "mute", "Muted", "pipeline", "pipelines" },
	{ "unmute", "Unmuted", "pipeline", "pipelines" },
	{ NULL, "Changed", "row", "rows" },
};

static enum rc
read_target(const struct page *page, const struct journal_action *action,
    struct told_target *target)
{
	const char *text = action->target;
	const char *error;
	enum rc rc = query_parse(text[0] == '?' ? text + 1 : text, page->now,
	    page->pool, &target->query, &error);

	target->links = rc == RC_OK;
	target->name = "";
	return rc == RC_SYNTAX ? RC_OK : rc;
}

/* Whether what was done leads to this view, which tells of nothing else: an
 * address is written by anybody. */
static enum rc
judge_target(const struct page *page, const struct journal_action *action,
    bool *here)
{
	struct told_target target;
	enum rc rc = read_target(page, action, &target);

	*here = rc == RC_OK && target.links &&
	    query_is_same(&target.query, page->query);
	return rc;
}

enum rc
told_gather(struct page *page)
{
	struct journal_action *action;
	bool here = false;
	enum rc rc;

	if (page->query->done == 0 || page->journal == NULL)
		return RC_OK;
	action = pool_alloc(page->pool, 1, sizeof(*action));
	if (action == NULL)
		return RC_MEMORY;
	rc = journal_action_find(page->journal, page->query->done, page->pool,
	    action);
	if (rc == RC_OK)
		rc = judge_target(page, action, &here);
	if (rc == RC_OK && here)
		page->told = action;
	return rc == RC_MISSING ? RC_OK : rc;
}

bool
told_is_whole(const struct journal_action *action)
{
	return action->matched > 0 && action->done == action->matched &&
	    action->why[0] == '\0';
}

static size_t
word_of(const struct journal_action *action)
{
	size_t i = 0;

	while (words[i].action != NULL &&
	    strcmp(words[i].action, action->action) != 0)
		i++;
	return i;
}

/* "Retried 12 of 15 deliveries" */
static void
put_count(struct html *html, const struct journal_action *action)
{
	size_t word = word_of(action);

	html_text(html, words[word].done);
	html_text(html, " ");
	if (action->matched == 0) {
		html_text(html, "nothing: nothing matched any more");
		return;
	}
	if (action->done == 0 && action->matched == 1) {
		html_text(html, "nothing");
		return;
	}
	if (action->done == 0) {
		html_text(html, "none of ");
	} else if (action->done != action->matched) {
		html_number(html, action->done);
		html_text(html, " of ");
	}
	links_count(html, action->matched, words[word].one,
	    words[word].several);
	if (action->until != 0) {
		html_text(html, " until ");
		html_planned_time(html, action->until);
	}
}

void
told_sentence(struct html *html, const struct journal_action *action)
{
	put_count(html, action);
	if (action->why[0] != '\0') {
		html_text(html, ": ");
		html_foreign(html, action->why);
	}
	html_text(html, ".");
}

/* It is shown as the list of pipelines does, whose memory is the page's. */
static enum rc
find_name(struct page *page, struct told_target *target)
{
	const struct pipeline_filter filter = {
		.hook = target->query.hook,
		.id = target->query.id,
		.now = page->now,
		.brief = true,
	};
	struct pipeline_list list = { .pool = *page->pool };
	enum rc rc = pipeline_list_gather(&list, &filter, page->conf,
	    page->journal);

	*page->pool = list.pool;
	target->there = list.n > 0;
	if (target->there)
		target->name = list.rows[0].name;
	return rc;
}

static enum rc
find_event(const struct page *page, struct told_target *target)
{
	struct journal_mention event = { .id = target->query.id };
	enum rc rc = journal_find_kept(page->journal, &event, 1);

	target->there = event.kept;
	return rc;
}

enum rc
told_target_gather(struct page *page, const struct journal_action *action,
    struct told_target *target)
{
	enum rc rc = read_target(page, action, target);

	if (rc != RC_OK || !target->links)
		return rc;
	if (target->query.view == QUERY_PIPELINE)
		return find_name(page, target);
	if (target->query.view == QUERY_EVENT)
		return find_event(page, target);
	target->there = true;
	return RC_OK;
}

/* By its name, and by its identity where that is another. */
static void
put_pipeline(struct html *html, const struct told_target *target)
{
	const char *id = target->query.id;
	const char *name = target->name[0] != '\0' ? target->name : id;

	html_text(html, "Pipeline ");
	html_foreign(html, name[0] == '\0' ? "(unnamed)" : name);
	if (id[0] != '\0' && strcmp(id, name) != 0) {
		html_text(html, " (");
		html_foreign(html, id);
		html_text(html, ")");
	}
	html_text(html, " of hook ");
	html_foreign(html, target->query.hook);
}

static void
put_words(struct html *html, const struct told_target *target)
{
	switch (target->query.view) {
	case QUERY_EVENT:
		html_text(html, "Event ");
		parts_id(html, target->query.id);
		break;
	case QUERY_PIPELINE:
		put_pipeline(html, target);
		break;
	case QUERY_EVENTS:
	case QUERY_OVERVIEW:
	case QUERY_PIPELINES:
	case QUERY_CONFIRM:
	case QUERY_ACTIONS:
		html_text(html, "Events: ");
		filter_words(html, &target->query);
	}
}

/* Where it leads. */
static size_t
target_pairs(const struct told_target *target,
    struct html_pair pairs[QUERY_PAIRS])
{
	const struct query *query = &target->query;
	const struct links_pipeline pipeline = { query->hook, query->id,
		target->name, target->there };

	if (query->view != QUERY_PIPELINE)
		return query_pairs(query, pairs);
	links_pipeline_pairs(&pipeline, pairs);
	return LINKS_PIPELINE_PAIRS;
}

void
told_target_put(struct html *html, const struct journal_action *action,
    const struct told_target *target)
{
	struct html_pair pairs[QUERY_PAIRS];
	size_t n;

	if (!target->links) {
		HTML(html, "code") html_foreign(html, action->target);
		return;
	}
	if (!target->there && target->query.view == QUERY_EVENT) {
		put_words(html, target);
		return;
	}
	n = target_pairs(target, pairs);
	HTML(html, "a")
	{
		html_href(html, pairs, n);
		put_words(html, target);
	}
}

static void
put_notice(struct html *html, const struct journal_action *action)
{
	HTML(html, "strong") told_sentence(html, action);
	html_text(html, " By ");
	html_foreign(html, action->who);
	html_text(html, ", ");
	html_time(html, action->time);
	html_text(html, ". ");
	html_link(html, "All actions", { "view", "actions" });
}

void
told_html(const struct page *page, struct html *html)
{
	if (page->told == NULL)
		return;
	if (told_is_whole(page->told))
		PARTS_NOTICE(html, "good")
		{
			html_attribute(html, "role", "status");
			put_notice(html, page->told);
		}
	else
		PARTS_NOTICE(html, "warn")
		{
			html_attribute(html, "role", "status");
			put_notice(html, page->told);
		}
}

void
told_write(struct json *json, const struct journal_action *action)
{
	json_number(json, "seq", action->seq);
	json_time(json, "time", action->time);
	json_text(json, "who", action->who);
	json_text(json, "action", action->action);
	json_text(json, "target", action->target);
	json_time(json, "until", action->until);
	json_number(json, "matched", action->matched);
	json_number(json, "done", action->done);
	json_known(json, "why", action->why);
}

void
told_json(const struct page *page, struct json *json)
{
	if (page->told == NULL)
		return;
	json_open(json, "done", '{');
	told_write(json, page->told);
	json_close(json, '}');
}
