/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "page/view.h"

#include "journal/journal.h"
#include "page/parts.h"
#include "page/told.h"

enum { ACTIONS = 50 }; /* of one page */

struct action {
	struct journal_action action;
	struct told_target target;
};

struct actions {
	struct action *list;
	size_t n;
	const char *next; /* where the list goes on, or "" */
};

struct gathering {
	struct page *page;
	struct actions *actions;
};

static const struct parts_column columns[] = { { "When", false },
	{ "Who", false }, { "What was done", false }, { "To what", false },
	{ "Matched", true }, { "Done", true } };

static enum rc
add_action(void *context, const struct journal_action *found)
{
	const struct gathering *gathering = context;
	struct actions *actions = gathering->actions;
	struct pool *pool = gathering->page->pool;
	struct action *action;
	enum rc rc;

	/* One more than is shown tells that there are more. */
	if (actions->n == ACTIONS) {
		actions->next = pool_printf(pool, "%lld",
		    (long long)actions->list[ACTIONS - 1].action.seq);
		return actions->next == NULL ? RC_MEMORY : RC_OK;
	}
	action = pool_next(pool, &actions->list, actions->n);
	if (action == NULL)
		return RC_MEMORY;
	*action = (struct action){ .action = *found };
	const char **texts[] = { &action->action.who, &action->action.action,
		&action->action.target, &action->action.why };
	rc = pool_keep(pool, texts, sizeof(texts) / sizeof(texts[0]));
	if (rc == RC_OK)
		actions->n++;
	return rc;
}

static enum rc
gather_targets(struct page *page, const struct actions *actions)
{
	bool damaged = false;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < actions->n && rc == RC_OK; i++) {
		struct action *action = &actions->list[i];

		rc = told_target_gather(page, &action->action, &action->target);
		damaged |= rc == RC_CORRUPT;
		if (rc == RC_CORRUPT)
			rc = RC_OK;
	}
	return rc == RC_OK && damaged ? RC_CORRUPT : rc;
}

static enum rc
gather(struct page *page)
{
	struct actions *actions = pool_alloc(page->pool, 1, sizeof(*actions));
	struct gathering gathering = { page, actions };
	unsigned long long before = 0;
	enum rc damaged, rc;

	if (actions == NULL)
		return RC_MEMORY;
	page->report = actions;
	actions->next = "";
	if (page->query->before[0] != '\0' &&
	    bytes_number(bytes_of(page->query->before), INT64_MAX, &before) !=
		RC_OK)
		return RC_SYNTAX;
	if (page->journal == NULL)
		return RC_OK;
	damaged = journal_actions(page->journal, (int64_t)before, ACTIONS + 1,
	    add_action, &gathering);
	if (damaged != RC_OK && damaged != RC_CORRUPT)
		return damaged;
	rc = gather_targets(page, actions);
	return rc == RC_OK ? damaged : rc;
}

static const char *
title(struct page *page)
{
	(void)page;
	return "Actions";
}

static void
put_row(struct html *html, const struct action *action)
{
	HTML(html, "tr")
	{
		PARTS_CLASSED(html, "time")
		html_time(html, action->action.time);
		PARTS_CELL(html) html_foreign(html, action->action.who);
		PARTS_CELL(html) told_sentence(html, &action->action);
		PARTS_CELL(html)
		told_target_put(html, &action->action, &action->target);
		parts_number(html, action->action.matched);
		parts_number(html, action->action.done);
	}
}

static void
put_html(const struct page *page, struct html *html)
{
	const struct actions *actions = page->report;

	if (actions->n == 0)
		parts_empty(html,
		    page->query->before[0] != '\0' ?
			"There are no older actions." :
			"Nothing has been done on this page yet. What "
			"operators retry, drop or mute here is listed.");
	else
		PARTS_TABLE(html, "Actions", columns)
	for (size_t i = 0; i < actions->n; i++)
		put_row(html, &actions->list[i]);
	parts_pager(html, page->query, actions->next);
}

static void
put_json(const struct page *page, struct json *json)
{
	const struct actions *actions = page->report;

	json_open(json, "actions", '[');
	for (size_t i = 0; i < actions->n; i++) {
		json_open(json, NULL, '{');
		told_write(json, &actions->list[i].action);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_bool(json, "more", actions->next[0] != '\0');
	json_known(json, "before", actions->next);
}

const struct view view_actions = {
	.gather = gather,
	.title = title,
	.html = put_html,
	.json = put_json,
};
