/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

#include "journal/append.h"

#include "base/log.h"
#include "journal/column.h"
#include "journal/counts.h"
#include "journal/dedupe.h"
#include "journal/internal.h"
#include "journal/journal.h"
#include "journal/key.h"
#include "journal/lanes.h"
#include "journal/lookup.h"
#include "journal/order.h"
#include "journal/room.h"
#include "journal/rules.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct storing {
	struct journal_entry entry;
	struct journal_waiter *waiter;
	int64_t received; /* by the journal's clock */
};

static int64_t
add(int64_t time, int64_t span)
{
	return span > INT64_MAX - time ? INT64_MAX : time + span;
}

static enum rc
admit(struct journal *journal, const struct storing *storing)
{
	const struct journal_entry *entry = &storing->entry;
	struct bytes key = journal_key_view(entry->dedupe);
	enum rc rc;

	if (key.len > 0) {
		rc = journal_dedupe_state(journal, key, storing->received);
		if (rc != RC_OK)
			return rc;
	}
	return journal_backlog_count(journal, entry->hook) >=
		(int64_t)entry->max_queue ?
	    RC_QUEUE_FULL :
	    RC_OK;
}

/* An ID is given once; to meet one again means that it was not. */
static int64_t
insert_event(struct journal *journal, const struct storing *storing)
{
	const struct journal_entry *entry = &storing->entry;
	const struct journal_subject_columns says = journal_subject_columns(
	    entry->subject);
	const struct receipt *receipt = entry->receipt;
	int64_t event;

	event = journal_number(journal, 0,
	    "INSERT INTO events(id, hook, name, received, digest,"
	    " verified, remote, early, pipeline, run, shown)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, " SQL_NOTHING_EARLY ","
	    " ?8, ?9, ?10) ON CONFLICT DO NOTHING RETURNING seq",
	    BIND(TEXT(receipt->id), TEXT(entry->hook), TEXT(entry->event),
		INT(storing->received), TEXT(receipt->digest),
		INT(receipt->verified), TEXT(receipt->remote_addr),
		TEXT(says.pipeline), TEXT(says.run), TEXT(says.shown)));
	if (event == 0)
		return 0;
	memcpy(journal->event, receipt->id, sizeof(journal->event));
	journal_do(journal, "INSERT INTO bodies(event, body) VALUES(?1, ?2)",
	    BIND(INT(event), BYTES(entry->body)));
	return event;
}

static void
log_known(const struct journal *journal, const struct journal_entry *entry)
{
	struct log_line line;

	if (journal_failed(journal))
		return;
	log_begin(&line, LOG_LEVEL_ERROR, "journal: an ID was there before");
	log_text(&line, "hook", entry->hook);
	log_text(&line, "id", entry->receipt->id);
	log_end(&line);
}

static void
release_body(struct journal_waiter *waiter)
{
	if (waiter != NULL && waiter->taken != NULL)
		waiter->taken(waiter);
}

static void
insert_delivery(struct journal *journal, const struct storing *storing,
    int64_t event, size_t ordinal)
{
	const struct journal_entry *entry = &storing->entry;
	const struct journal_route *route = &entry->routes[ordinal];
	struct bytes order = journal_key_view(&route->order);
	bool held = order.len > 0 && journal_order_is_taken(journal, order);
	bool routed = journal_routing_is_noted(journal, entry->hook,
	    entry->routing);

	journal_do(journal,
	    "INSERT INTO deliveries(event, hook, ordinal, state, held, key,"
	    " since, due, step, attempts, runner, claim, started, pid,"
	    " start, finished, lane, line)"
	    " VALUES(?1, ?2, ?3, " SQL_QUEUED ", ?4, ?5, 0, ?6, 0, 0, 0, 0,"
	    " 0, 0, 0, 0, ?7, CASE WHEN ?8 <> 0 THEN ?9 END)",
	    BIND(INT(event), TEXT(entry->hook), INT((int64_t)ordinal),
		INT(held), BYTES(order), INT(storing->received),
		INT(journal_lane_make(journal, entry->hook, route->lane)),
		INT(routed), INT(route->line)));
}

/* That a body is one that a journal holds. */
static bool
fits(const struct journal_entry *entry)
{
	return entry->body.len > 0 && entry->body.len <= INT_MAX / 2;
}

static enum rc
append(struct journal *journal, void *arguments)
{
	const struct storing *storing = arguments;
	const struct journal_entry *entry = &storing->entry;
	struct bytes dedupe = journal_key_view(entry->dedupe);
	int64_t now = storing->received;
	int64_t event;
	enum journal_owner owner = journal_source_owner(journal, entry->hook,
	    entry->file);
	enum rc rc;

	if (owner == JOURNAL_OWNER_OTHER)
		return RC_CONFIG;
	if (!journal_room_take(journal, (int64_t)entry->body.len)) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: its disk is full, but for what the events "
		    "need that are stored",
		    journal->path);
		return RC_STORE;
	}
	rc = admit(journal, storing);
	if (rc != RC_OK)
		return rc;
	event = insert_event(journal, storing);
	release_body(storing->waiter);
	if (event == 0) {
		log_known(journal, entry);
		return RC_SYSTEM;
	}
	if (owner == JOURNAL_OWNER_NOBODY)
		journal_source_note(journal, entry->hook, entry->file);
	if (dedupe.len > 0)
		journal_dedupe_take(journal, dedupe, now,
		    add(now, entry->dedupe_window));
	for (size_t i = 0; i < entry->routes_len; i++)
		insert_delivery(journal, storing, event, i);
	journal_backlog_add(journal, entry->hook, 1);
	journal->stored = true;
	return RC_OK;
}

enum rc
journal_append_here(struct journal *journal, const struct journal_entry *entry)
{
	struct storing storing = { *entry, NULL, entry->receipt->received };

	return fits(entry) ? append(journal, &storing) : RC_RANGE;
}

void
journal_append(struct journal *journal, const struct journal_entry *entry,
    struct journal_waiter *waiter)
{
	struct storing storing = { *entry, waiter,
		entry->receipt->received + journal_ahead(journal) };

	if (!fits(entry)) {
		waiter->done(waiter, RC_RANGE);
		return;
	}
	journal_write_later(journal, append,
	    (struct bytes){ (const char *)&storing, sizeof(storing) }, waiter);
}
