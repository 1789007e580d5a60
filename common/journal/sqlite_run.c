/* SPDX-License-Identifier: ISC */
#include <sqlite3.h>

#include "journal/sqlite.h"

#include "base/log.h"
#include "journal/internal.h"
#include "journal/statement.h"

/* Texts that are run once, and what SQLite's errors mean. */

/* In the log what the journal itself saw has SQLite's words. */
static const int words[JOURNAL_FAILED_STORE + 1] = {
	[JOURNAL_FAILED_MEMORY] = SQLITE_NOMEM,
	[JOURNAL_FAILED_INDEX] = SQLITE_CORRUPT_INDEX,
	[JOURNAL_FAILED_LOOK] = SQLITE_IOERR_FSTAT,
	[JOURNAL_FAILED_LOCK] = SQLITE_IOERR_LOCK,
	[JOURNAL_FAILED_NOTE] = SQLITE_IOERR_WRITE,
	[JOURNAL_FAILED_TURN] = SQLITE_BUSY,
	[JOURNAL_FAILED_STORE] = SQLITE_FULL,
};

static enum journal_failure
failure_of(int error)
{
	switch (error & 0xff) {
	case SQLITE_OK:
		return JOURNAL_FINE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return JOURNAL_FAILED_LOCKED;
	case SQLITE_NOMEM:
		return JOURNAL_FAILED_MEMORY;
	case SQLITE_INTERRUPT:
		return JOURNAL_FAILED_TIME;
	case SQLITE_TOOBIG:
		return JOURNAL_FAILED_LARGE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return JOURNAL_FAILED_DAMAGED;
	default:
		return error == SQLITE_IOERR_NOMEM ? JOURNAL_FAILED_MEMORY :
						     JOURNAL_FAILED_STORE;
	}
}

void
sqlite_keep_error(struct journal *journal, int error)
{
	if (journal_failed(journal) || error == SQLITE_OK)
		return;
	journal->error = error;
	journal_fail(journal, failure_of(error));
}

enum rc
sqlite_meaning(int error)
{
	return journal_meaning(failure_of(error));
}

/* A statement that the store does not take was written for other tables. */
void
sqlite_log_error(const struct journal *journal)
{
	int error = journal->error;

	/* What has no word was logged where it was seen. */
	if (error == 0)
		error = words[journal->failure];
	if (journal->gone || error == 0 || error == SQLITE_INTERRUPT)
		return;
	if (sqlite_meaning(error) == RC_CORRUPT)
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: is damaged: %s (%d): "
		    "put a copy back, or save with sqlite3's .recover what "
		    "can be read",
		    journal->path,
		    (error & 0xff) == SQLITE_ERROR ?
			sqlite3_errmsg(journal->db) :
			sqlite3_errstr(error),
		    error);
	else
		log_say(LOG_LEVEL_ERROR, "journal: %s: %s (%d)", journal->path,
		    sqlite3_errstr(error), error);
}

int
sqlite_run(struct journal *journal, const char *text)
{
	return sqlite3_exec(journal->db, text, NULL, NULL, NULL);
}

int
sqlite_pragma(struct journal *journal, const char *text, int64_t *out)
{
	sqlite3_stmt *statement;
	int error = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);

	if (error != SQLITE_OK)
		return error;
	error = sqlite3_step(statement);
	if (error == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return error == SQLITE_ROW ? SQLITE_OK : error;
}

bool
sqlite_is_open(struct journal *journal)
{
	return !sqlite3_get_autocommit(journal->db);
}
