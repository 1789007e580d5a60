/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/counts.h"
#include "journal/lookup.h"
#include "journal/rules.h"
#include "journal/runner.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	STEP = 50,	/* rows of one small transaction */
	RUNNERS = 1000, /* most that one takes out: mere numbers */
};

static const int64_t hour = 3600000;
static const int64_t keep_otherwise = 30 * 24 * 3600000LL;

struct purging {
	struct journal_purge *purge;
	int64_t now;
	int64_t least; /* how long the hook that keeps least does */
};

struct timing {
	int64_t now;
	bool due;
};

/* A last purge that is still to come means that the clock was set back; what
 * is no time is written anew. */
static enum rc
purge_due(struct journal *journal, void *arguments)
{
	struct timing *timing = arguments;
	int64_t last = journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = 'purged'"
	    " AND " SQL_IS_INTEGER("number")),
		NO_VALUES);

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
		    "INSERT INTO notes(name, number) VALUES('purged', ?1)"
		    " ON CONFLICT(name) DO UPDATE"
		    " SET number = excluded.number",
		    BIND(INT(timing->now)));
	return RC_OK;
}

enum rc
journal_purge_due(struct journal *journal, int64_t now, bool *due)
{
	struct timing timing = { .now = now };
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
		if (strcmp(purge->keeps[i].hook, hook) == 0 &&
		    journal_source_owner(journal, hook, purge->file) !=
			JOURNAL_OWNER_OTHER)
			return journal_rules_keep(journal, hook, purge->time,
			    purge->keeps[i].keep);
	return journal_rules_keep(journal, hook, INT64_MIN, keep_otherwise);
}

static int64_t
least_keep(struct journal *journal, const struct journal_purge *purge)
{
	int64_t least = journal_rules_keep_least(journal, keep_otherwise);

	for (size_t i = 0; i < purge->n; i++)
		if (purge->keeps[i].keep < least)
			least = purge->keeps[i].keep;
	return least;
}

static bool
is_over(struct journal *journal, int64_t event, int64_t before)
{
	return journal_number(journal, 0,
		   "SELECT 1 FROM deliveries WHERE event = ?1 AND CASE"
		   " WHEN state IN " SQL_FINISHED_STATES " AND finished <= ?2"
		   " THEN 0 ELSE 1 END = 1 LIMIT 1",
		   BIND(INT(event), INT(before))) == 0;
}

static void
remove_event(struct journal *journal, int64_t event)
{
	struct journal_found found = { 0 };

	while (journal_find_next(journal, event, &found)) {
		journal_finished_add(journal, event, found.state, -1);
		journal_do(journal, "DELETE FROM attempts WHERE delivery = ?1",
		    BIND(INT(found.seq)));
	}
	journal_do(journal, "DELETE FROM deliveries WHERE event = ?1",
	    BIND(INT(event)));
	journal_do(journal, "DELETE FROM events WHERE seq = ?1",
	    BIND(INT(event)));
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
		.journal = journal,
		.table = "events",
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT seq, hook, name, received FROM events"
		    " WHERE seq > ?1 ORDER BY seq LIMIT 1",
		    BIND(INT(purging->purge->from))),
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
		*before = purging->now - keep_of(journal, purging->purge, hook);
	journal_end_query(reader.row);
	return journal_advances(journal, purging->purge->from, seq) ? seq : 0;
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

/* Those with claims are left: to recover the claims takes them out, too. */
static int
find_dead_runners(struct journal *journal, int64_t dead[RUNNERS])
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "runners",
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT number FROM runners r WHERE NOT EXISTS(SELECT 1"
		    " FROM deliveries WHERE state = " SQL_RUNNING
		    " AND runner = r.number)",
		    NO_VALUES),
	};
	int n = 0;

	while (n < RUNNERS && journal_next(journal, reader.row)) {
		dead[n] = journal_int(&reader, 0, JOURNAL_IS_RUNNER);
		if (dead[n] != 0 && !journal_runner_lives(journal, dead[n]))
			n++;
	}
	journal_end_query(reader.row);
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
	    " WHERE expires <= ?1 AND runner = 0 LIMIT ?2)",
	    BIND(INT(purging->now), INT(STEP)));
	for (int i = 0; i < n; i++)
		journal_runner_delete(journal, dead[i]);
	return RC_OK;
}

enum rc
journal_purge_step(struct journal *journal, struct journal_purge *purge,
    int64_t now)
{
	struct purging purging = { .purge = purge, .now = now };
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
