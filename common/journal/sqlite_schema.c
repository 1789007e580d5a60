/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "journal/sqlite_schema.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/sqlite.h"
#include "journal/statement.h"
#include "journal/turn.h"

enum { APPLICATION = 0x706c686b }; /* "plhk", for file(1) */

/*
 * A row of deliveries, by state:
 *
 *	queued	  since 0: due at once, as it never waited.  Otherwise it
 *		  waits for a retry: since when, and due when; the two tell
 *		  the pause, so that it can begin anew if the clock is set
 *		  back before since.  There is none where they are the same:
 *		  due at once, too, but after what is due earlier.
 *		  held: an earlier one of its key is queued or running.  Of
 *		  the queued ones of a key at most one is not held, and none
 *		  while one is running.
 *	running	  runner, claim (the same for all of a batch), started; pid
 *		  and start of the command once it exists
 *	else	  finished
 *
 * The partial indexes hold only what is not done, so that what the queue
 * does costs the same however much is done.  opens is the number of events
 * of a hook with a queued or running delivery; tallies counts deliveries
 * that are done or dropped, the two states that are many.
 */
static const char first_tables[] =
    "CREATE TABLE events("
    " seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " hook TEXT NOT NULL, name TEXT NOT NULL, received INTEGER NOT NULL,"
    " digest TEXT NOT NULL, verified INTEGER NOT NULL,"
    " remote TEXT NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE deliveries("
    " seq INTEGER PRIMARY KEY, event INTEGER NOT NULL,"
    " hook TEXT NOT NULL, ordinal INTEGER NOT NULL,"
    " state INTEGER NOT NULL, held INTEGER NOT NULL, key BLOB,"
    " since INTEGER NOT NULL, due INTEGER NOT NULL,"
    " step INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " runner INTEGER NOT NULL, claim INTEGER NOT NULL,"
    " started INTEGER NOT NULL, pid INTEGER NOT NULL,"
    " start INTEGER NOT NULL, finished INTEGER NOT NULL);"
    "CREATE INDEX deliveries_event ON deliveries(event);"
    "CREATE INDEX deliveries_fresh ON deliveries(hook, seq)"
    " WHERE state = 0 AND held = 0 AND since = 0;"
    "CREATE INDEX deliveries_waiting ON deliveries(hook, due, seq)"
    " WHERE state = 0 AND held = 0 AND since > 0;"
    "CREATE INDEX deliveries_since ON deliveries(since)"
    " WHERE state = 0 AND since > 0;"
    "CREATE INDEX deliveries_key ON deliveries(key, state, held, seq)"
    " WHERE state < 2 AND key IS NOT NULL;"
    "CREATE INDEX deliveries_running ON deliveries(hook, claim)"
    " WHERE state = 1;"
    "CREATE INDEX deliveries_open ON deliveries(state, seq)"
    " WHERE state <> 2;"
    "CREATE TABLE attempts("
    " delivery INTEGER NOT NULL, turn INTEGER NOT NULL,"
    " number INTEGER NOT NULL, started INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, outcome TEXT NOT NULL,"
    " code INTEGER NOT NULL, tail BLOB,"
    " PRIMARY KEY(delivery, turn)) WITHOUT ROWID;"
    "CREATE TABLE keys("
    " key BLOB PRIMARY KEY, expires INTEGER NOT NULL,"
    " runner INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX keys_expires ON keys(expires);"
    "CREATE TABLE opens("
    " hook TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tallies("
    " hook TEXT NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL,"
    " deliveries INTEGER NOT NULL,"
    " PRIMARY KEY(hook, name, state)) WITHOUT ROWID;"
    "CREATE TABLE runners("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL,"
    " pid INTEGER NOT NULL);"
    "CREATE TABLE notes("
    " name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;";

/*
 * lost: tries in a row that did not end by themselves.  A runner says what
 * tells whether its commands can be looked at: the file its lock is in, its
 * PID namespace and whether it is the first process there.  region and slot:
 * where the note of a run is (runner.c); pid and start of deliveries
 * are of runners of the first release.  rules: by which rules each hook's
 * events are run and kept.
 */
static const char orphans_and_rules[] =
    "ALTER TABLE deliveries ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE deliveries ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runners ADD COLUMN region INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runners ADD COLUMN space TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runners ADD COLUMN first INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE rules("
    " hook TEXT PRIMARY KEY, digest TEXT NOT NULL, time INTEGER NOT NULL,"
    " keep INTEGER NOT NULL) WITHOUT ROWID;";

/* keep_dead: how long the events of a hook's rules are kept that died; for
 * ever where an earlier release noted them. */
static const char dead_that_end[] =
    "ALTER TABLE rules ADD COLUMN keep_dead INTEGER NOT NULL"
    " DEFAULT 9223372036854775807;";

/* sources: whose events those of a hook are, by the file of the configuration
 * that has the hook. */
static const char sources[] =
    "CREATE TABLE sources("
    " hook TEXT PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID;";

/*
 * lane: one of lanes, by its hook and its key (0: of an earlier release).
 * line: the number of the `on` line that takes the delivery, by the rules
 * whose routing is noted, from 0; -1: none of them does; null: that was not
 * looked at yet, and so the delivery cannot be claimed.  Deliveries up to
 * move_to are moved when the routing changes, and those up to moved were.
 *
 * A body is in bodies, or where an earlier release put it: then early is not
 * empty.  Under the new name that release does not read what it would not
 * find.  The note early_bodies is the last event that may have one.
 */
static const char lanes_and_bodies[] =
    "ALTER TABLE events RENAME COLUMN body TO early;"
    "CREATE TABLE bodies(event INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "INSERT INTO notes(name, number) SELECT 'early_bodies', seq"
    " FROM events ORDER BY seq DESC LIMIT 1;"
    "CREATE TABLE lanes("
    " id INTEGER PRIMARY KEY, hook TEXT NOT NULL, key TEXT NOT NULL,"
    " UNIQUE(hook, key));"
    "ALTER TABLE deliveries ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE deliveries ADD COLUMN line INTEGER;"
    "DROP INDEX deliveries_fresh;"
    "CREATE INDEX deliveries_fresh ON deliveries(lane, seq)"
    " WHERE state = 0 AND held = 0 AND since = 0 AND line IS NOT NULL;"
    "DROP INDEX deliveries_waiting;"
    "CREATE INDEX deliveries_waiting ON deliveries(lane, due, seq)"
    " WHERE state = 0 AND held = 0 AND since > 0 AND line IS NOT NULL;"
    "DROP INDEX deliveries_key;"
    "CREATE INDEX deliveries_key ON deliveries(key, state, held, seq)"
    " WHERE +state < 2 AND key IS NOT NULL;"
    "DROP INDEX deliveries_running;"
    "CREATE INDEX deliveries_running ON deliveries(lane, claim)"
    " WHERE state = 1;"
    "CREATE INDEX deliveries_unrouted ON deliveries(hook, seq)"
    " WHERE state = 0 AND line IS NULL;"
    "ALTER TABLE rules ADD COLUMN routing TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE rules ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rules ADD COLUMN move_to INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX rules_moving ON rules(hook) WHERE moved < move_to;";

/*
 * What is put together from events.  hours: counts by the hour, of a source
 * that counts on its own (stats.h), as far as it has counted.
 *
 * Of events pipeline and run are identities, and shown is the pipeline's name
 * where it has one; all are null where they are not known, and in what an
 * earlier release stored until that is read.  records: what is kept of an event
 * that is not stored, until it is put to the runs; place is the last event that
 * was stored before it.  Of notes, read_events is the last event that was put
 * to them, earlier_events the last one of an earlier release, until that is
 * read, and earlier_runs the last run that came of those.
 *
 * pipelines: what of a hook is watched.  Times are of receipt, 0 is not known.
 * first and seen: the first and the last event; success: the last success;
 * failures, failed, failure: how many runs ended without one since, when the
 * first of them did, and the last one's event.  due: when it has to be judged,
 * 0 at once.  mutes: until when nothing is told of a pipeline, also where it was
 * taken out meanwhile.  runs: began and ended are 0 where they are not known, first and
 * last are the IDs of the events.  An identity that is not known is empty.
 * successes: their times.
 *
 * judgements: what is wrong with a pipeline, with a run of it (the seq of runs,
 * else 0), or with a hook (no pipeline): since when, found when, told when last
 * (0: not yet), over when (0: not yet), and when it is to be told next.
 * watches: of a hook the digest of what its watch goes by, when somebody judged
 * last, since when what nobody could see is held against nobody, the last
 * verified event, and until when nothing is told.  actions: what somebody did
 * by hand.
 */
static const char reports[] =
    "CREATE TABLE hours("
    " hook TEXT NOT NULL, hour INTEGER NOT NULL, what TEXT NOT NULL,"
    " source INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY(hook, hour, what, source)) WITHOUT ROWID;"
    "CREATE INDEX hours_hour ON hours(hour);"
    "ALTER TABLE events ADD COLUMN pipeline TEXT;"
    "ALTER TABLE events ADD COLUMN run TEXT;"
    "ALTER TABLE events ADD COLUMN shown TEXT;"
    "INSERT INTO notes(name, number) SELECT 'earlier_events', seq"
    " FROM events ORDER BY seq DESC LIMIT 1;"
    "CREATE TABLE records("
    " seq INTEGER PRIMARY KEY, place INTEGER NOT NULL, id TEXT NOT NULL,"
    " hook TEXT NOT NULL, name TEXT NOT NULL, received INTEGER NOT NULL,"
    " pipeline TEXT, run TEXT, shown TEXT);"
    "CREATE TABLE pipelines("
    " hook TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,"
    " first INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " success INTEGER NOT NULL, failures INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, failure TEXT NOT NULL,"
    " due INTEGER NOT NULL,"
    " PRIMARY KEY(hook, id)) WITHOUT ROWID;"
    "CREATE INDEX pipelines_due ON pipelines(hook, due);"
    "CREATE TABLE mutes("
    " hook TEXT NOT NULL, pipeline TEXT NOT NULL, until INTEGER NOT NULL,"
    " PRIMARY KEY(hook, pipeline)) WITHOUT ROWID;"
    "CREATE TABLE runs("
    " seq INTEGER PRIMARY KEY, hook TEXT NOT NULL, pipeline TEXT NOT NULL,"
    " run TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " event TEXT NOT NULL, outcome TEXT NOT NULL,"
    " first TEXT NOT NULL, last TEXT NOT NULL);"
    "CREATE INDEX runs_pipeline ON runs(hook, pipeline, seq);"
    "CREATE INDEX runs_run ON runs(hook, run, pipeline, seq)"
    " WHERE run <> '';"
    "CREATE INDEX runs_open ON runs(hook, pipeline, seq) WHERE ended = 0;"
    "CREATE TABLE successes("
    " hook TEXT NOT NULL, pipeline TEXT NOT NULL, time INTEGER NOT NULL,"
    " PRIMARY KEY(hook, pipeline, time)) WITHOUT ROWID;"
    "CREATE TABLE judgements("
    " hook TEXT NOT NULL, pipeline TEXT NOT NULL, kind INTEGER NOT NULL,"
    " run INTEGER NOT NULL, since INTEGER NOT NULL, found INTEGER NOT NULL,"
    " expected INTEGER NOT NULL, usual INTEGER NOT NULL,"
    " told INTEGER NOT NULL, over INTEGER NOT NULL, due INTEGER NOT NULL,"
    " PRIMARY KEY(hook, pipeline, kind, run, since)) WITHOUT ROWID;"
    "CREATE INDEX judgements_due ON judgements(hook, due);"
    "CREATE TABLE watches("
    " hook TEXT PRIMARY KEY, settings TEXT NOT NULL,"
    " judged INTEGER NOT NULL, anew INTEGER NOT NULL,"
    " event INTEGER NOT NULL, muted INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE actions("
    " seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL,"
    " action TEXT NOT NULL, target TEXT NOT NULL, matched INTEGER NOT NULL,"
    " done INTEGER NOT NULL);";

/*
 * why: what of an action was not done, for people.  until: when a mute ends, 0
 * for what is none.  revived: when a delivery was last put back into the queue
 * by hand, 0 never.  deliveries_open leads to
 * the events of a state without a look at the deliveries, which may each be on
 * a page of their own; runs_ended is all that is looked at to count how runs
 * ended since a time.
 */
static const char page[] =
    "ALTER TABLE actions ADD COLUMN why TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE actions ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE deliveries ADD COLUMN revived INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX deliveries_open;"
    "CREATE INDEX deliveries_open ON deliveries(state, seq, event, hook)"
    " WHERE state <> 2;"
    "CREATE INDEX runs_ended ON runs(hook, pipeline, ended, outcome)"
    " WHERE ended <> 0;";

/* Step i brings version i to i + 1; what was released is never changed. */
static const char *const steps[] = { first_tables, orphans_and_rules,
	dead_that_end, sources, lanes_and_bodies, reports, page };

enum { VERSION = sizeof(steps) / sizeof(steps[0]) };

/* Whose file it is; outside any cached statement. */
struct identity {
	int64_t application;
	int64_t version;
	int64_t tables;
	int64_t strangers; /* views, triggers, virtual tables */
};

static int
read_identity(struct journal *journal, struct identity *identity)
{
	int error = sqlite_pragma(journal, "PRAGMA application_id",
	    &identity->application);

	if (error == SQLITE_OK)
		error = sqlite_pragma(journal, "PRAGMA user_version",
		    &identity->version);
	if (error == SQLITE_OK)
		error = sqlite_pragma(journal,
		    "SELECT count(*) FROM sqlite_master", &identity->tables);
	if (error == SQLITE_OK)
		error = sqlite_pragma(journal,
		    "SELECT count(*) FROM sqlite_master WHERE type NOT IN"
		    " ('table', 'index') OR rootpage < 2",
		    &identity->strangers);
	return error;
}

/* All of it as of one moment: another process may be making the tables. */
static int
identify(struct journal *journal, struct identity *identity)
{
	int error = sqlite_run(journal, "BEGIN");

	if (error != SQLITE_OK)
		return error;
	error = read_identity(journal, identity);
	if (error == SQLITE_OK)
		error = sqlite_run(journal, "COMMIT");
	if (error != SQLITE_OK && sqlite_is_open(journal))
		sqlite_run(journal, "ROLLBACK");
	return error;
}

/* A file that could be opened but for a want that ends. */
static bool
passes(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EMFILE ||
	    error == ENFILE || error == ENOMEM;
}

static enum rc
report_error(struct journal *journal, int error)
{
	const char *text = sqlite3_errstr(error);

	if ((error & 0xff) == SQLITE_NOTADB)
		text = "is no journal";
	else if ((error & 0xff) == SQLITE_ERROR)
		text = "its tables are not those of the version that it "
		       "says: put a copy back";
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", journal->path, text);
	switch (error & 0xff) {
	case SQLITE_CANTOPEN:
		return passes(sqlite3_system_errno(journal->db)) ? RC_STORE :
								   RC_CONFIG;
	case SQLITE_NOTADB:
		return RC_CONFIG;
	default:
		return sqlite_meaning(error);
	}
}

static enum rc
judge(struct journal *journal, const struct identity *identity, int newest)
{
	bool empty = identity->application == 0 && identity->version == 0 &&
	    identity->tables == 0;

	if ((!empty && identity->application != APPLICATION) ||
	    identity->version < 0) {
		log_say(LOG_LEVEL_ERROR, "journal: %s: is no journal",
		    journal->path);
		return RC_CONFIG;
	}
	if (empty && journal->made) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: was emptied, or its -wal was taken away: "
		    "put a copy of all its files back, or stop all that uses "
		    "it and remove what is left of it",
		    journal->path);
		return RC_CONFIG;
	}
	/* The version is written with the first tables. */
	if (!empty && identity->version == 0) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: says that its schema has version 0, and no "
		    "journal's has: put a copy back",
		    journal->path);
		return RC_CONFIG;
	}
	if (identity->strangers > 0) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: holds views, triggers "
		    "or virtual tables, which no journal has: put a copy "
		    "back",
		    journal->path);
		return RC_CONFIG;
	}
	if (identity->version > newest) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: was made by a newer "
		    "release (schema %" PRId64 ", this one knows %d)",
		    journal->path, identity->version, newest);
		return RC_CONFIG;
	}
	return RC_OK;
}

/* Somebody else may have done it while the lock was waited for. */
static int
migrate_step(struct journal *journal, const char *const *all, int from)
{
	char stamp[96];
	int64_t version = -1;
	int error = sqlite_run(journal, "BEGIN IMMEDIATE");

	if (error != SQLITE_OK)
		return error;
	error = sqlite_pragma(journal, "PRAGMA user_version", &version);
	if (error == SQLITE_OK && version == from) {
		snprintf(stamp, sizeof(stamp),
		    "PRAGMA application_id=%d;PRAGMA user_version=%d",
		    APPLICATION, from + 1);
		error = sqlite_run(journal, all[from]);
		if (error == SQLITE_OK)
			error = sqlite_run(journal, stamp);
	}
	if (error == SQLITE_OK)
		error = sqlite_run(journal, "COMMIT");
	if (error != SQLITE_OK && sqlite_is_open(journal))
		sqlite_run(journal, "ROLLBACK");
	return error;
}

/* Two processes that begin at once may meet where nobody waits for them. */
static int
insist(struct journal *journal, const char *text)
{
	int error;

	do {
		error = sqlite_run(journal, text);
		if ((error & 0xff) == SQLITE_BUSY)
			sqlite3_sleep(5);
	} while ((error & 0xff) == SQLITE_BUSY &&
	    clock_steady() < journal->busy_until);
	return error;
}

/* All steps that nobody made while the turn was waited for. */
static int
migrate_from(struct journal *journal, const char *const *all, int from, int n)
{
	int error = SQLITE_OK;

	/* Before its first page, and so before the next: later it has no
	 * effect, but to write at every opening. */
	if (from == 0)
		error = insist(journal, "PRAGMA auto_vacuum=INCREMENTAL");
	if (error == SQLITE_OK)
		error = insist(journal, "PRAGMA journal_mode=WAL");
	if (error == SQLITE_OK)
		error = sqlite_run(journal, "PRAGMA synchronous=FULL");
	/* A copy that VACUUM INTO made had no log until now, and has its file
	 * from the first look at it on. */
	if (error == SQLITE_OK)
		error = insist(journal, "PRAGMA user_version");
	for (int i = from; error == SQLITE_OK && i < n; i++)
		error = migrate_step(journal, all, i);
	return error;
}

/* As those that come at once would meet where the store waits for nobody. */
static int
migrate_in_turn(struct journal *journal, const char *const *all, int from,
    int n)
{
	int error;

	journal_turn_take(journal);
	error = journal_failed(journal) ? SQLITE_BUSY : SQLITE_OK;
	journal->busy_until = clock_steady() + journal->busy_timeout;
	if (error == SQLITE_OK)
		error = migrate_from(journal, all, from, n);
	journal_turn_leave(journal);
	return error;
}

enum rc
sqlite_migrate_steps(struct journal *journal, const char *const *all, int n)
{
	struct identity identity = { 0 };
	int error;
	enum rc rc;

	journal->busy_until = clock_steady() + journal->busy_timeout;
	error = identify(journal, &identity);
	if (error != SQLITE_OK)
		return report_error(journal, error);
	rc = judge(journal, &identity, n);
	if (rc != RC_OK)
		return rc;
	if (identity.version == n) {
		error = migrate_from(journal, all, n, n);
	} else {
		rc = journal_files_open_locks(journal);
		if (rc != RC_OK)
			return rc;
		error = migrate_in_turn(journal, all, (int)identity.version, n);
	}
	return error == SQLITE_OK ? RC_OK : report_error(journal, error);
}

enum rc
sqlite_migrate(struct journal *journal)
{
	return sqlite_migrate_steps(journal, steps, VERSION);
}

static enum rc
check_version(struct journal *journal, const struct identity *identity)
{
	enum rc rc = judge(journal, identity, VERSION);

	if (rc != RC_OK || identity->version == VERSION)
		return rc;
	return identity->version == 0 ? RC_MISSING : RC_RANGE;
}

enum rc
sqlite_check_version(struct journal *journal)
{
	struct identity identity = { 0 };
	int error;

	journal->busy_until = clock_steady() + journal->busy_timeout;
	error = identify(journal, &identity);
	return error == SQLITE_OK ? check_version(journal, &identity) :
				    report_error(journal, error);
}

/* Each column of a table and, behind them, each index, in an order. */
static const char parts_text[] =
    "SELECT m.type, m.name, coalesce(c.name, '') FROM sqlite_master m"
    " LEFT JOIN pragma_table_info(m.name) c WHERE m.sql IS NOT NULL"
    " ORDER BY 1 DESC, 2, 3";

enum { PARTS_COLUMNS = 3 };

/* What the steps make. */
static int
make_model(sqlite3 **model, sqlite3_stmt **parts)
{
	int error = sqlite3_open_v2(":memory:", model,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	for (int i = 0; error == SQLITE_OK && i < VERSION; i++)
		error = sqlite3_exec(*model, steps[i], NULL, NULL, NULL);
	if (error == SQLITE_OK)
		error = sqlite3_prepare_v2(*model, parts_text, -1, parts, NULL);
	return error;
}

static const char *
text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text == NULL ? "" : text;
}

static int
compare(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int order = strcmp(text_of(b, 0), text_of(a, 0));

	for (int i = 1; i < PARTS_COLUMNS && order == 0; i++)
		order = strcmp(text_of(a, i), text_of(b, i));
	return order;
}

/* Whether the journal has the part that the model has, which found comes to
 * next; what the store says of neither is left to who uses it. */
static enum rc
check_part(struct journal *journal, sqlite3_stmt *found, sqlite3_stmt *part)
{
	const char *column = text_of(part, 2);
	int result;

	do
		result = sqlite3_step(found);
	while (result == SQLITE_ROW && compare(found, part) < 0);
	if (result == SQLITE_ROW ? compare(found, part) == 0 :
				   result != SQLITE_DONE)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR,
	    "journal: %s: has no %s %s%s%s: put a copy back", journal->path,
	    text_of(part, 0), text_of(part, 1),
	    column[0] == '\0' ? "" : " with a column ", column);
	return RC_CONFIG;
}

enum rc
sqlite_check_schema(struct journal *journal)
{
	sqlite3 *model = NULL;
	sqlite3_stmt *parts = NULL;
	sqlite3_stmt *found = NULL;
	enum rc rc = RC_OK;
	int error = make_model(&model, &parts);

	if (error == SQLITE_OK)
		error = sqlite3_prepare_v2(journal->db, parts_text, -1, &found,
		    NULL);
	while (error == SQLITE_OK && rc == RC_OK &&
	    sqlite3_step(parts) == SQLITE_ROW)
		rc = check_part(journal, found, parts);
	if (error == SQLITE_NOMEM)
		rc = RC_MEMORY;
	sqlite3_finalize(found);
	sqlite3_finalize(parts);
	sqlite3_close(model);
	return rc;
}
