/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/postgresql.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/internal.h"
#include "journal/postgresql_schema.h"
#include "journal/statement.h"

/* Opening and closing a journal that is in a database. */

enum {
	CONNECT = 5000, /* milliseconds, to look for a pooler */
};

/* What is there, by the search path of the session. */
struct tables {
	bool ours;   /* there is one that is named journal */
	bool others; /* there is one that is named events */
	int64_t class;
	int64_t backend;
};

static enum rc
find_tables(struct journal *journal, struct tables *tables)
{
	struct postgresql_result result = { 0 };
	enum rc rc = postgresql_run(journal,
	    "SELECT to_regclass('journal') IS NOT NULL,"
	    " to_regclass('events') IS NOT NULL,"
	    " coalesce(CAST(CAST(to_regclass('runners') AS oid) AS bigint), 0),"
	    " CAST(pg_backend_pid() AS bigint)",
	    &result);

	if (rc != RC_OK)
		return rc;
	*tables = (struct tables){
		.ours = postgresql_column_int(&result, 0, 0) != 0,
		.others = postgresql_column_int(&result, 0, 1) != 0,
		/* Locks are of numbers with a sign. */
		.class = (int32_t)(uint32_t)postgresql_column_int(&result, 0,
		    2),
		.backend = postgresql_column_int(&result, 0, 3),
	};
	postgresql_result_free(&result);
	return RC_OK;
}

/* Whether two sessions that are open at once are one to the server. */
static enum rc
check_sessions(struct journal *journal, int64_t backend)
{
	struct postgresql *postgresql = journal->postgresql;
	const struct postgresql_options options = {
		.uri = postgresql->uri,
		.reads = true,
	};
	struct postgresql_session *other = NULL;
	struct postgresql_result result = { 0 };
	struct buf error = { 0 };
	bool same = false;

	if (postgresql_open(&options, clock_steady() + CONNECT, &other,
		&error) == POSTGRESQL_FINE &&
	    postgresql_exec(other, "SELECT CAST(pg_backend_pid() AS bigint)",
		clock_steady() + CONNECT, &result) == POSTGRESQL_FINE)
		same = postgresql_column_int(&result, 0, 0) == backend;
	postgresql_result_free(&result);
	postgresql_close(other);
	buf_free(&error);
	if (!same)
		return RC_OK;
	return postgresql_refuse(journal,
	    "a pooler is between here and the database that does not keep "
	    "sessions: a journal needs a connection of its own, or a pool of "
	    "sessions (pgbouncer: pool_mode=session)");
}

/* A pooler says of itself that it was another process. */
static enum rc
check_pooler(struct journal *journal, const struct tables *tables)
{
	if (tables->backend == postgresql_backend(journal->postgresql->session))
		return RC_OK;
	return check_sessions(journal, tables->backend);
}

/*
 * Two that come at once make them one after the other.  The session has noted
 * that there is no such table, and hears of others' where it locks one.
 */
static enum rc
make_tables(struct journal *journal, struct tables *tables, const char *end)
{
	enum rc rc = postgresql_run(journal,
	    "BEGIN; SELECT pg_advisory_xact_lock(1886152811, -1);"
	    " LOCK TABLE pg_catalog.pg_class IN ACCESS SHARE MODE",
	    NULL);

	if (rc == RC_OK)
		rc = find_tables(journal, tables);
	if (rc == RC_OK && !tables->ours)
		rc = postgresql_run(journal, journal_postgresql_tables, NULL);
	if (rc == RC_OK)
		rc = find_tables(journal, tables);
	if (rc == RC_OK)
		return postgresql_run(journal, end, NULL);
	if (rc == RC_CONFIG)
		(void)postgresql_refuse(journal,
		    "its tables cannot be made: let its user create tables "
		    "there, or have an administrator run what `pelihookctl "
		    "schema' prints, and grant that user all rights on them");
	if (journal->postgresql->session != NULL)
		(void)postgresql_exec(journal->postgresql->session, "ROLLBACK",
		    clock_steady() + POSTGRESQL_ANSWER, NULL);
	return rc;
}

static enum rc
check_version(struct journal *journal)
{
	struct postgresql_result result = { 0 };
	int64_t version = 0;
	enum rc rc = postgresql_run(journal, "SELECT version FROM journal",
	    &result);

	/* Most likely it may not read it. */
	if (rc == RC_CONFIG)
		(void)postgresql_inspect(journal);
	if (rc != RC_OK)
		return rc;
	if (postgresql_rows(&result) == 1)
		version = postgresql_column_int(&result, 0, 0);
	postgresql_result_free(&result);
	if (version > POSTGRESQL_VERSION) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: was made by a newer "
		    "release (schema %" PRId64 ", this one knows %d)",
		    journal->path, version, POSTGRESQL_VERSION);
		return RC_CONFIG;
	}
	return version == POSTGRESQL_VERSION ?
	    RC_OK :
	    postgresql_refuse(journal,
		"its table journal is that of no journal");
}

static enum rc
have_tables(struct journal *journal, struct tables *tables)
{
	bool makes = journal->flags & JOURNAL_CREATE &&
	    !(journal->flags & JOURNAL_LOOKS);

	if (tables->ours)
		return RC_OK;
	if (tables->others)
		return postgresql_refuse(journal,
		    "has a table events that is of something else: give "
		    "pelihook a database of its own");
	return makes ? make_tables(journal, tables, "COMMIT") : RC_MISSING;
}

static enum rc
look_around(struct journal *journal)
{
	struct tables tables = { 0 };
	enum rc rc = find_tables(journal, &tables);

	if (rc == RC_OK)
		rc = check_pooler(journal, &tables);
	if (rc == RC_OK)
		rc = have_tables(journal, &tables);
	if (rc == RC_OK)
		rc = check_version(journal);
	journal->postgresql->class = tables.class;
	return rc;
}

static struct postgresql *
new_postgresql(const char *uri)
{
	struct postgresql *new = calloc(1, sizeof(*new));

	if (new == NULL)
		return NULL;
	new->uri = strdup(uri);
	if (new->uri == NULL) {
		free(new);
		return NULL;
	}
	postgresql_life_begin(new);
	return new;
}

/* Whoever opens it has been told why it cannot be: that will not be said
 * again of a journal that is not open. */
enum rc
postgresql_open_journal(struct journal *journal, const char *uri)
{
	journal->postgresql = new_postgresql(uri);
	if (journal->postgresql == NULL)
		return RC_MEMORY;
	journal->path = journal->postgresql->uri;
	if (!postgresql_connect(journal))
		return journal->postgresql->refused ? RC_CONFIG : RC_STORE;
	return look_around(journal);
}

enum rc
postgresql_can_make(struct journal *journal)
{
	struct tables tables = { 0 };

	return make_tables(journal, &tables, "ROLLBACK");
}

void
postgresql_close_journal(struct journal *journal)
{
	struct postgresql *postgresql = journal->postgresql;

	if (postgresql == NULL)
		return;
	/* A server that is only left keeps its locks for a moment. */
	if (postgresql->life.drains)
		postgresql_drain_unlock(journal);
	postgresql_life_end(postgresql);
	postgresql_close(postgresql->session);
	free(postgresql->uri);
	free(postgresql);
}
