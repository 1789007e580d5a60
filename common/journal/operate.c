/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/internal.h"

enum {
	STEP = 50,		/* rows of one small transaction */
	RUNNERS = 1000		/* most that one takes out: mere numbers */
};

static const int64_t hour = 3600000;
static const int64_t keep_otherwise = 30 * 24 * 3600000LL;

struct naming {
	const char *prefix;
	int64_t now;
};

struct reviving {
	const struct journal_filter *filter;
	int64_t now;
	int64_t from;		/* a delivery's seq */
	int64_t count;
	bool damaged;		/* some were passed over */
};

struct purging {
	struct journal_purge *purge;
	int64_t now;
	int64_t least;		/* how long the hook that keeps least does */
};

struct timing {
	int64_t now;
	bool due;
};

/* A delivery as an operator's word finds it. */
struct found {
	int64_t seq;
	int64_t event;
	int state;
	bool waits;
	bool damaged;
	bool ordered;
	uint8_t key[JOURNAL_KEY];
};

/* Damaged or not: then only its seq counts. */
static bool
find_delivery(struct journal *journal, int64_t seq, struct found *found)
{
	struct journal_reader reader = {
		.journal = journal, .table = "deliveries", .number = seq,
		.lenient = true, .row = journal_query(journal,
		    "SELECT d.event, d.state, d.since, d.key, e.hook, e.name"
		    " FROM deliveries d LEFT JOIN events e"
		    " ON e.seq = d.event WHERE d.seq = ?", "i", seq)
	};

	if (!journal_next(journal, reader.row))
		return false;
	found->seq = seq;
	found->event = journal_int(&reader, 0, JOURNAL_IS_ROW);
	found->state = (int)journal_int(&reader, 1, JOURNAL_IS_STATE);
	found->waits = journal_int(&reader, 2, JOURNAL_IS_TIME) != 0 &&
	    found->state == JOURNAL_QUEUED;
	found->ordered = journal_key_into(&reader, 3, found->key);
	journal_text(&reader, 4, JOURNAL_TEXT_HOOK);
	journal_text(&reader, 5, JOURNAL_TEXT_EVENT);
	found->damaged = reader.damaged;
	journal_over(reader.row);
	return true;
}

static void
free_key(struct journal *journal, const struct found *found)
{
	if (found->ordered)
		journal_rekey(journal, (struct bytes){
		    (const char *)found->key, JOURNAL_KEY});
}

static void
revive(struct journal *journal, const struct found *found, int64_t now)
{
	if (found->state != JOURNAL_QUEUED)
		journal_event_opens(journal, found->event);
	journal_tally(journal, found->event, found->state, -1);
	journal_do(journal,
	    "UPDATE deliveries SET state = 0, since = 0, due = ?, step = 0,"
	    " lost = 0, held = ?, finished = 0 WHERE seq = ?", "iii", now,
	    (int64_t)found->ordered, found->seq);
	free_key(journal, found);
	journal->stored = true;
}

/* The next delivery of an event behind one of its deliveries. */
static bool
next_at_all(struct journal *journal, int64_t event, struct found *found)
{
	int64_t seq = journal_number(journal, 0,
	    "SELECT seq FROM deliveries WHERE event = ? AND seq > ?"
	    " ORDER BY seq LIMIT 1", "ii", event, found->seq);

	return seq != 0 && find_delivery(journal, seq, found);
}

/* The same; a damaged one ends all. */
static bool
next_of_event(struct journal *journal, int64_t event, struct found *found)
{
	if (!next_at_all(journal, event, found))
		return false;
	if (found->damaged && journal->error == SQLITE_OK)
		journal->error = JOURNAL_DAMAGED;
	return !found->damaged;
}

static bool
is_failed(const struct found *found)
{
	return found->state == JOURNAL_DEAD ||
	    found->state == JOURNAL_DROPPED || found->waits;
}

static enum rc
retry_event(struct journal *journal, void *arguments)
{
	const struct naming *naming = arguments;
	struct found found = {0};
	bool failed = false;
	bool busy = false;
	int64_t event;
	enum rc rc = journal_find(journal, naming->prefix, &event);

	if (rc != RC_OK)
		return rc;
	while (next_of_event(journal, event, &found)) {
		failed = failed || is_failed(&found);
		busy = busy || found.state <= JOURNAL_RUNNING;
	}
	if (!failed && busy)
		return RC_PENDING;
	found = (struct found){0};
	while (next_of_event(journal, event, &found))
		if (!failed || is_failed(&found))
			revive(journal, &found, naming->now);
	return RC_OK;
}

enum rc
journal_retry(struct journal *journal, const char *prefix, int64_t now)
{
	struct naming naming = {prefix, now};

	return journal_write(journal, retry_event, &naming);
}

static enum rc
retry_some(struct journal *journal, void *arguments)
{
	struct reviving *reviving = arguments;
	const struct journal_filter *filter = reviving->filter;
	struct found found;
	int64_t seq;

	for (int i = 0; i < STEP; i++) {
		seq = journal_number(journal, 0,
		    "SELECT d.seq FROM deliveries d JOIN events e"
		    " ON e.seq = d.event WHERE d.state = 3 AND d.state <> 2"
		    " AND d.seq > ?1 AND (?2 IS NULL OR e.hook = ?2)"
		    " AND (?3 IS NULL OR e.name = ?3) AND e.received >= ?4"
		    " ORDER BY d.seq LIMIT 1", "itti", reviving->from,
		    filter->hook, filter->event, filter->since);
		reviving->from = seq;
		if (seq == 0 || !find_delivery(journal, seq, &found))
			break;
		if (found.damaged) {
			reviving->damaged = true;
			continue;
		}
		revive(journal, &found, reviving->now);
		reviving->count++;
	}
	return RC_OK;
}

enum rc
journal_retry_dead(struct journal *journal,
    const struct journal_filter *filter, int64_t now, int64_t *count)
{
	struct reviving reviving = {.filter = filter, .now = now};
	enum rc rc;

	do {
		rc = journal_write(journal, retry_some, &reviving);
		if (rc == RC_OK)
			*count = reviving.count;
	} while (rc == RC_OK && reviving.from != 0);
	return rc == RC_OK && reviving.damaged ? RC_CORRUPT : rc;
}

static void
drop_one(struct journal *journal, const struct found *found, int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = 4, finished = ? WHERE seq = ?",
	    "ii", now, found->seq);
	if (found->state == JOURNAL_QUEUED)
		journal_event_closed(journal, found->event);
	journal_tally(journal, found->event, JOURNAL_DROPPED, 1);
	free_key(journal, found);
}

static enum rc
drop_event(struct journal *journal, void *arguments)
{
	const struct naming *naming = arguments;
	struct found found = {0};
	int64_t event;
	enum rc rc = journal_find(journal, naming->prefix, &event);

	if (rc != RC_OK)
		return rc;
	while (next_of_event(journal, event, &found))
		if (found.state == JOURNAL_RUNNING)
			return RC_PENDING;
	found = (struct found){0};
	while (next_of_event(journal, event, &found))
		if (found.state == JOURNAL_QUEUED ||
		    found.state == JOURNAL_DEAD)
			drop_one(journal, &found, naming->now);
	return RC_OK;
}

enum rc
journal_drop(struct journal *journal, const char *prefix, int64_t now)
{
	struct naming naming = {prefix, now};

	return journal_write(journal, drop_event, &naming);
}

/* A last purge that is still to come means that the clock was set back; what
 * is no time is written anew. */
static enum rc
purge_due(struct journal *journal, void *arguments)
{
	struct timing *timing = arguments;
	int64_t last = journal_number(journal, 0,
	    "SELECT number FROM notes WHERE name = 'purged'"
	    " AND typeof(number) = 'integer'", "");

	timing->due = last <= 0 || last > timing->now ||
	    timing->now - last >= hour;
	return RC_OK;
}

static enum rc
purge_begins(struct journal *journal, void *arguments)
{
	struct timing *timing = arguments;

	purge_due(journal, timing);
	if (timing->due)
		journal_do(journal,
		    "INSERT OR REPLACE INTO notes(name, number)"
		    " VALUES('purged', ?)", "i", timing->now);
	return RC_OK;
}

enum rc
journal_purge_due(struct journal *journal, int64_t now, bool *due)
{
	struct timing timing = {.now = now};
	enum rc rc = journal_read(journal, purge_due, &timing);

	if (rc == RC_OK && timing.due)
		rc = journal_write(journal, purge_begins, &timing);
	if (rc == RC_OK)
		*due = timing.due;
	return rc;
}

static int64_t
keep_of(struct journal *journal, const struct journal_purge *purge,
    const char *hook)
{
	for (size_t i = 0; i < purge->n; i++)
		if (strcmp(purge->keeps[i].hook, hook) == 0)
			return journal_kept(journal, hook, purge->time,
			    purge->keeps[i].keep);
	return journal_kept(journal, hook, INT64_MIN, keep_otherwise);
}

static int64_t
least_keep(struct journal *journal, const struct journal_purge *purge)
{
	int64_t least = journal_kept_least(journal, keep_otherwise);

	for (size_t i = 0; i < purge->n; i++)
		if (purge->keeps[i].keep < least)
			least = purge->keeps[i].keep;
	return least;
}

static bool
is_over(struct journal *journal, int64_t event, int64_t before)
{
	return journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE event = ? AND NOT ifnull("
	    " state IN (2, 4) AND finished <= ?, 0) LIMIT 1", "ii", event,
	    before) == 0;
}

static void
remove_event(struct journal *journal, int64_t event)
{
	struct found found = {0};

	while (next_at_all(journal, event, &found)) {
		journal_tally(journal, event, found.state, -1);
		journal_do(journal,
		    "DELETE FROM attempts WHERE delivery = ?", "i",
		    found.seq);
	}
	journal_do(journal, "DELETE FROM deliveries WHERE event = ?", "i",
	    event);
	journal_do(journal, "DELETE FROM events WHERE seq = ?", "i", event);
}

/*
 * Whether no hook lets go of an event yet.  One that was received in the
 * future came before the clock was set back, and tells nothing of the rest.
 */
static bool
is_young(const struct purging *purging, int64_t received)
{
	return received <= purging->now &&
	    received > purging->now - purging->least;
}

/* The next event: its seq, or 0 where there is none or it ends the purge;
 * before which it has to be over, or -1: it stays. */
static int64_t
next_to_purge(struct journal *journal, const struct purging *purging,
    int64_t *before)
{
	struct journal_reader reader = {
		.journal = journal, .table = "events", .lenient = true,
		.row = journal_query(journal,
		    "SELECT seq, hook, name, received FROM events"
		    " WHERE seq > ? ORDER BY seq LIMIT 1", "i",
		    purging->purge->from)
	};
	const char *hook;
	int64_t received;
	int64_t seq;

	*before = -1;
	if (!journal_next(journal, reader.row))
		return 0;
	seq = reader.number = journal_int(&reader, 0, JOURNAL_IS_ANY);
	received = journal_int(&reader, 3, JOURNAL_IS_TIME);
	journal_text(&reader, 2, JOURNAL_TEXT_EVENT);
	hook = journal_text(&reader, 1, JOURNAL_TEXT_HOOK);
	if (reader.damaged)
		purging->purge->damaged++;
	else if (is_young(purging, received))
		seq = 0;
	else
		*before = purging->now - keep_of(journal, purging->purge,
		    hook);
	journal_over(reader.row);
	return seq;
}

/*
 * Along the events from the oldest on, to the first that is too young for
 * any hook; an event that was received out of order is met the next time.
 */
static enum rc
purge_events(struct journal *journal, void *arguments)
{
	struct purging *purging = arguments;
	struct journal_purge *purge = purging->purge;
	int64_t before;

	purging->least = least_keep(journal, purge);
	for (int i = 0; i < STEP; i++) {
		purge->from = next_to_purge(journal, purging, &before);
		if (purge->from == 0)
			break;
		if (before < 0 || !is_over(journal, purge->from, before))
			continue;
		remove_event(journal, purge->from);
		purge->removed++;
	}
	return RC_OK;
}

/* Those with claims are left: who recovers these takes them out, too. */
static int
find_dead_runners(struct journal *journal, int64_t dead[RUNNERS])
{
	struct journal_reader reader = {
		.journal = journal, .table = "runners", .lenient = true,
		.row = journal_query(journal,
		    "SELECT number FROM runners r WHERE NOT EXISTS(SELECT 1"
		    " FROM deliveries WHERE state = 1"
		    " AND runner = r.number)", "")
	};
	int n = 0;

	while (n < RUNNERS && journal_next(journal, reader.row)) {
		dead[n] = journal_int(&reader, 0, JOURNAL_IS_RUNNER);
		if (dead[n] != 0 && !journal_runner_lives(journal, dead[n]))
			n++;
	}
	journal_over(reader.row);
	return n;
}

static enum rc
purge_keys(struct journal *journal, void *arguments)
{
	const struct purging *purging = arguments;
	int64_t dead[RUNNERS];
	int n = find_dead_runners(journal, dead);

	journal_do(journal,
	    "DELETE FROM keys WHERE key IN (SELECT key FROM keys"
	    " WHERE expires <= ? AND runner = 0 LIMIT ?)", "ii",
	    purging->now, (int64_t)STEP);
	for (int i = 0; i < n; i++)
		journal_runner_remove(journal, dead[i]);
	return RC_OK;
}

enum rc
journal_purge(struct journal *journal, struct journal_purge *purge,
    int64_t now)
{
	struct purging purging = {.purge = purge, .now = now};
	int64_t from = purge->from;
	int64_t removed = purge->removed;
	int64_t damaged = purge->damaged;
	enum rc rc = journal_write(journal, purge_events, &purging);

	if (rc != RC_OK) {
		purge->from = from;
		purge->removed = removed;
		purge->damaged = damaged;
		return rc;
	}
	return journal_write(journal, purge_keys, &purging);
}
