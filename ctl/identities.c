/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "identities.h"

#include "base/pool.h"
#include "base/uuid.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/keys.h"
#include "journal/journal.h"
#include "print.h"
#include "session.h"

enum {
	LOOK_AT = 100, /* deliveries at most, the newest */
	ENOUGH = 3,    /* events, to say that none has it */
};

/* What is sought in the events of a hook: by its `dedupe', and by the orders
 * of its lanes. */
struct sought {
	enum keyword keyword;
	const struct event_source *source;
	unsigned line; /* of the directive */
	bool found;
};

struct search {
	const struct hook *hook;
	struct sought *sought;
	size_t sought_len;
	struct pool pool; /* holds them */
	char ids[LOOK_AT][UUID_SIZE];
	size_t n;      /* ids */
	size_t events; /* that were looked at */
};

/* The deliveries of an event follow each other. */
static enum rc
add_id(void *context, const struct journal_row *row)
{
	struct search *search = context;

	if (search->n > 0 && strcmp(search->ids[search->n - 1], row->id) == 0)
		return RC_OK;
	snprintf(search->ids[search->n], UUID_SIZE, "%s", row->id);
	search->n++;
	return RC_OK;
}

static enum rc
look_into(struct search *search, const struct event *event)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc != RC_MEMORY && i < search->sought_len; i++) {
		rc = event_find_identity(event, search->sought[i].source);
		if (rc == RC_OK)
			search->sought[i].found = true;
	}
	return rc == RC_MEMORY ? rc : RC_OK;
}

/* What is damaged, or taken out meanwhile, says nothing, nor do events of
 * pelihook's own. */
static enum rc
look_at(struct search *search, struct journal *journal, const char *id)
{
	struct journal_event_report report = { 0 };
	struct pool pool = { 0 };
	struct event event;
	enum rc rc = journal_show(journal, id, &pool, &report);

	if (rc == RC_OK)
		rc = event_reparse(&search->hook->reading, report.event.body,
		    report.event.name, &event);
	if (rc == RC_OK) {
		if (!catalog_is_watch(event.row)) {
			search->events++;
			rc = look_into(search, &event);
		}
		event_free(&event);
	}
	pool_free(&pool);
	return rc == RC_MISSING || rc == RC_CORRUPT || rc == RC_JSON ? RC_OK :
								       rc;
}

static bool
is_over(const struct search *search)
{
	for (size_t i = 0; i < search->sought_len; i++)
		if (!search->sought[i].found)
			return false;
	return true;
}

static void
report(const struct search *search, const struct sought *sought)
{
	bool order = sought->keyword == KEYWORD_ORDER;

	if (sought->found || search->events < ENOUGH)
		return;
	print_note("warning: ",
	    "%s:%u: hook %s: none of its last %zu events in the journal has "
	    "an identity at %s, a string or a number: `%s' %s",
	    search->hook->file, sought->line, search->hook->name,
	    search->events, sought->source->pointer, order ? "order" : "dedupe",
	    order ? "keeps none of them in order" : "knows none of them again");
}

static bool
is_sought(const struct search *search, const struct event_source *source)
{
	for (size_t i = 0; i < search->sought_len; i++)
		if (search->sought[i].source->pointer == source->pointer)
			return true;
	return false;
}

/* What is no pointer is always found, and lanes may share the hook's. */
static enum rc
seek(struct search *search, enum keyword keyword,
    const struct event_source *source, unsigned line)
{
	struct sought *sought;

	if (source->from != EVENT_FROM_POINTER || is_sought(search, source))
		return RC_OK;
	sought = pool_next(&search->pool, &search->sought, search->sought_len);
	if (sought == NULL)
		return RC_MEMORY;
	*sought = (struct sought){ keyword, source, line, false };
	search->sought_len++;
	return RC_OK;
}

static enum rc
seek_all(struct search *search)
{
	const struct hook *hook = search->hook;
	const struct event_source *order = &hook->reading.order;
	unsigned line = conf_hook_line(hook, KEYWORD_ORDER);
	enum rc rc = seek(search, KEYWORD_DEDUPE, &hook->reading.dedupe,
	    conf_hook_line(hook, KEYWORD_DEDUPE));

	for (size_t i = 0; rc == RC_OK && i < hook->lanes_len; i++) {
		const struct lane *lane = &hook->lanes[i];
		bool own = lane->order.pointer != order->pointer;

		rc = seek(search, KEYWORD_ORDER, &lane->order,
		    own ? lane->line : line);
	}
	return rc;
}

static enum rc
look_for_all(struct search *search, struct journal *journal)
{
	const struct journal_filter filter = {
		.state = -1,
		.hook = search->hook->name,
		.limit = LOOK_AT,
	};
	enum rc rc = journal_list(journal, &filter, add_id, search);

	if (rc == RC_CORRUPT)
		rc = RC_OK;
	for (size_t i = 0; rc == RC_OK && !is_over(search) && i < search->n;
	     i++)
		rc = look_at(search, journal, search->ids[i]);
	for (size_t i = 0; rc == RC_OK && i < search->sought_len; i++)
		report(search, &search->sought[i]);
	return rc;
}

static enum rc
search_hook(const struct hook *hook, struct journal *journal)
{
	struct search search = { .hook = hook };
	enum rc rc = seek_all(&search);

	if (rc == RC_OK && !is_over(&search))
		rc = look_for_all(&search, journal);
	pool_free(&search.pool);
	return rc;
}

enum rc
identities_warn(const struct session *session, struct journal *journal)
{
	const struct conf *conf = session->conf;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++)
		rc = search_hook(&conf->hooks[i], journal);
	return rc;
}
