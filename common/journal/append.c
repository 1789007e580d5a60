/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "journal/journal.h"

#include "base/buf.h"
#include "base/log.h"
#include "journal/counts.h"
#include "journal/dedupe.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/order.h"
#include "journal/room.h"
#include "journal/rules.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct storing {
	const struct journal_entry *entry;
	struct bytes order;
	struct bytes dedupe;
};

static int64_t
add(int64_t time, int64_t span)
{
	return span > INT64_MAX - time ? INT64_MAX : time + span;
}

static enum rc
admit(struct journal *journal, const struct storing *storing)
{
	const struct journal_entry *entry = storing->entry;
	enum rc rc;

	if (storing->dedupe.len > 0) {
		rc = journal_dedupe_state(journal, storing->dedupe,
		    entry->receipt->received);
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
insert_event(struct journal *journal, const struct journal_entry *entry)
{
	const struct receipt *receipt = entry->receipt;
	int changed = journal_do(journal,
	    "INSERT INTO events(id, hook, name, received, digest, verified,"
	    " remote, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
	    " ON CONFLICT DO NOTHING",
	    BIND(TEXT(receipt->id), TEXT(entry->hook), TEXT(entry->event),
		INT(receipt->received), TEXT(receipt->digest),
		INT(receipt->verified), TEXT(receipt->remote_addr),
		BYTES(entry->body)));

	return changed == 0 ? 0 : journal_inserted(journal);
}

static void
insert_delivery(struct journal *journal, const struct storing *storing,
    int64_t event, int64_t ordinal)
{
	bool held = storing->order.len > 0 &&
	    journal_order_is_taken(journal, storing->order);

	journal_do(journal,
	    "INSERT INTO deliveries(event, hook, ordinal, state, held, key,"
	    " since, due, step, attempts, runner, claim, started, pid,"
	    " start, finished)"
	    " VALUES(?1, ?2, ?3, " SQL_QUEUED ", ?4, ?5, 0, ?6, 0, 0, 0, 0,"
	    " 0, 0, 0, 0)",
	    BIND(INT(event), TEXT(storing->entry->hook), INT(ordinal),
		INT(held), BYTES(storing->order),
		INT(storing->entry->receipt->received)));
}

static enum rc
append(struct journal *journal, void *arguments)
{
	const struct storing *storing = arguments;
	const struct journal_entry *entry = storing->entry;
	int64_t now = entry->receipt->received;
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
	event = insert_event(journal, entry);
	if (event == 0)
		return RC_SYSTEM;
	if (owner == JOURNAL_OWNER_NOBODY)
		journal_source_note(journal, entry->hook, entry->file);
	if (storing->dedupe.len > 0)
		journal_dedupe_take(journal, storing->dedupe, now,
		    add(now, entry->dedupe_window));
	for (unsigned i = 0; i < entry->deliveries; i++)
		insert_delivery(journal, storing, event, i);
	journal_backlog_add(journal, entry->hook, 1);
	journal->stored = true;
	return RC_OK;
}

/* The key's hook is part of it, whatever the caller made it of. */
static enum rc
order_digest(const struct journal_entry *entry, uint8_t into[JOURNAL_KEY],
    struct bytes *digest)
{
	struct buf text = { 0 };
	enum rc rc = RC_OK;

	*digest = (struct bytes){ 0 };
	if (entry->order_key.len > 0) {
		buf_text(&text, entry->hook);
		buf_char(&text, '\0');
		buf_add(&text, entry->order_key);
		rc = text.rc;
		if (rc == RC_OK)
			rc = journal_key_digest(buf_view(&text), into, digest);
	}
	buf_free(&text);
	return rc;
}

static void
log_known(const struct journal_entry *entry)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, "journal: an ID was there before");
	log_text(&line, "hook", entry->hook);
	log_text(&line, "id", entry->receipt->id);
	log_end(&line);
}

enum rc
journal_append(struct journal *journal, const struct journal_entry *entry)
{
	uint8_t order[JOURNAL_KEY];
	uint8_t dedupe[JOURNAL_KEY];
	struct storing storing = { .entry = entry };
	enum rc rc;

	if (entry->body.len > INT_MAX / 2 || entry->body.len == 0)
		return RC_RANGE;
	rc = order_digest(entry, order, &storing.order);
	if (rc == RC_OK)
		rc = journal_key_digest(entry->dedupe_key, dedupe,
		    &storing.dedupe);
	if (rc == RC_OK)
		rc = journal_write(journal, append, &storing);
	if (rc == RC_SYSTEM)
		log_known(entry);
	return rc;
}
