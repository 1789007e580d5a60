/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "journal/journal.h"

#include "journal/internal.h"
#include "base/log.h"

enum { EXPIRED_AT_ONCE = 4 };	/* keys tidied up with each new one */

struct storing {
	const struct journal_entry *entry;
	struct bytes order;
	struct bytes dedupe;
};

struct keying {
	struct bytes key;
	int64_t time;
};

/*
 * Whether a key may be taken.  A key whose runner is gone is nobody's; so is
 * one that is over.
 */
static enum rc
key_state(struct journal *journal, struct bytes key, int64_t now)
{
	struct journal_reader reader = {
		.journal = journal, .table = "keys",
		.row = journal_query(journal,
		    "SELECT expires, runner FROM keys WHERE key = ?", "b",
		    key)
	};
	int64_t expires;
	int64_t runner;

	if (!journal_next(journal, reader.row))
		return RC_OK;
	expires = journal_int(&reader, 0, JOURNAL_IS_EXPIRY);
	runner = journal_int(&reader, 1, JOURNAL_IS_RUNNER);
	journal_over(reader.row);
	if (runner != 0)
		return journal_runner_lives(journal, runner) ? RC_PENDING :
		    RC_OK;
	return expires > now ? RC_DUPLICATE : RC_OK;
}

/* A few that are over, so that the table stays small without a runner. */
static void
tidy_keys(struct journal *journal, int64_t now)
{
	journal_do(journal,
	    "DELETE FROM keys WHERE key IN (SELECT key FROM keys"
	    " WHERE expires <= ? AND runner = 0 ORDER BY expires LIMIT ?)",
	    "ii", now, (int64_t)EXPIRED_AT_ONCE);
}

static void
put_key(struct journal *journal, struct bytes key, int64_t expires,
    int64_t runner)
{
	journal_do(journal,
	    "INSERT OR REPLACE INTO keys(key, expires, runner)"
	    " VALUES(?, ?, ?)", "bii", key, expires, runner);
}

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
		rc = key_state(journal, storing->dedupe,
		    entry->receipt->received);
		if (rc != RC_OK)
			return rc;
	}
	return journal_opened(journal, entry->hook) >=
	    (int64_t)entry->max_queue ? RC_QUEUE_FULL : RC_OK;
}

/* An ID is given once; to meet one again means that it was not. */
static int64_t
insert_event(struct journal *journal, const struct journal_entry *entry)
{
	const struct receipt *receipt = entry->receipt;
	int changed = journal_do(journal,
	    "INSERT OR IGNORE INTO events(id, hook, name, received, digest,"
	    " verified, remote, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
	    "tttititb", receipt->id, entry->hook, entry->event,
	    receipt->received, receipt->digest, (int64_t)receipt->verified,
	    receipt->remote_addr, entry->body);

	return changed == 0 ? 0 : sqlite3_last_insert_rowid(journal->db);
}

static void
insert_delivery(struct journal *journal, const struct storing *storing,
    int64_t event, int64_t ordinal)
{
	int64_t held = storing->order.len > 0 ? journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE key = ? AND state < 2 LIMIT 1",
	    "b", storing->order) : 0;

	journal_do(journal,
	    "INSERT INTO deliveries(event, hook, ordinal, state, held, key,"
	    " since, due, step, attempts, runner, claim, started, pid,"
	    " start, finished)"
	    " VALUES(?, ?, ?, 0, ?, ?, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0)",
	    "itiibi", event, storing->entry->hook, ordinal, held,
	    storing->order, storing->entry->receipt->received);
}

static enum rc
append(struct journal *journal, void *arguments)
{
	const struct storing *storing = arguments;
	const struct journal_entry *entry = storing->entry;
	int64_t now = entry->receipt->received;
	int64_t event;
	enum rc rc = admit(journal, storing);

	if (rc != RC_OK)
		return rc;
	event = insert_event(journal, entry);
	if (event == 0)
		return RC_SYSTEM;
	if (storing->dedupe.len > 0) {
		tidy_keys(journal, now);
		put_key(journal, storing->dedupe,
		    add(now, entry->dedupe_window), 0);
	}
	for (unsigned i = 0; i < entry->deliveries; i++)
		insert_delivery(journal, storing, event, i);
	journal_open_one(journal, entry->hook);
	journal->stored = true;
	return RC_OK;
}

/* The key's hook is part of it, whatever the caller made it of. */
static enum rc
order_digest(const struct journal_entry *entry, uint8_t into[JOURNAL_KEY],
    struct bytes *digest)
{
	struct buf text = {0};
	enum rc rc = RC_OK;

	*digest = (struct bytes){0};
	if (entry->order_key.len > 0) {
		rc = buf_text(&text, entry->hook);
		if (rc == RC_OK)
			rc = buf_char(&text, '\0');
		if (rc == RC_OK)
			rc = buf_add(&text, entry->order_key);
		if (rc == RC_OK)
			rc = journal_digest(buf_view(&text), into, digest);
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
	struct storing storing = {.entry = entry};
	enum rc rc;

	if (entry->body.len > INT_MAX / 2 || entry->body.len == 0)
		return RC_RANGE;
	rc = order_digest(entry, order, &storing.order);
	if (rc == RC_OK)
		rc = journal_digest(entry->dedupe_key, dedupe,
		    &storing.dedupe);
	if (rc == RC_OK)
		rc = journal_write(journal, append, &storing);
	if (rc == RC_SYSTEM)
		log_known(entry);
	return rc;
}

static enum rc
claim_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;
	enum rc rc = key_state(journal, keying->key, keying->time);

	if (rc != RC_OK)
		return rc;
	tidy_keys(journal, keying->time);
	journal_runner_begin(journal);
	put_key(journal, keying->key, 0, journal->runner);
	return RC_OK;
}

static enum rc
finish_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;

	put_key(journal, keying->key, keying->time, 0);
	return RC_OK;
}

static enum rc
free_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;

	journal_do(journal, "DELETE FROM keys WHERE key = ? AND runner = ?",
	    "bi", keying->key, journal->runner);
	return RC_OK;
}

static enum rc
change_key(struct journal *journal, struct bytes key, int64_t time,
    enum rc (*apply)(struct journal *journal, void *arguments))
{
	uint8_t digest[JOURNAL_KEY];
	struct keying keying = {.time = time};
	enum rc rc = journal_digest(key, digest, &keying.key);

	return rc != RC_OK ? rc : journal_write(journal, apply, &keying);
}

enum rc
journal_key_claim(struct journal *journal, struct bytes key, int64_t now)
{
	return change_key(journal, key, now, claim_key);
}

enum rc
journal_key_done(struct journal *journal, struct bytes key, int64_t expires)
{
	return change_key(journal, key, expires, finish_key);
}

enum rc
journal_key_free(struct journal *journal, struct bytes key)
{
	return change_key(journal, key, 0, free_key);
}
