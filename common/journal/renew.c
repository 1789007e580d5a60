/* SPDX-License-Identifier: ISC */
#include "journal/journal.h"

#include "journal/column.h"
#include "journal/room.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	STEP = 50,		      /* rows of one small transaction */
	STEP_BYTES = 8 * 1024 * 1024, /* of their bodies */
};

struct renewing {
	int64_t last; /* event that may have an early body; 0: none has */
};

/* What is no number may be any. */
static enum rc
look(struct journal *journal, void *arguments)
{
	struct renewing *renewing = arguments;

	renewing->last = journal_number(journal, 0,
	    SQL("SELECT CASE WHEN " SQL_IS_INTEGER("number") " THEN"
	    " CASE WHEN number > 0 THEN number ELSE 1 END"
	    " ELSE 9223372036854775807 END FROM notes"
	    " WHERE name = 'early_bodies'"),
		NO_VALUES);
	return RC_OK;
}

/* The first event, from the last one down, of those that a step may move; 0:
 * there is none. */
static int64_t
find_first(struct journal *journal, int64_t last, int64_t *bytes)
{
	struct journal_statement *row = journal_query(journal,
	    "SELECT seq, coalesce(length(early), 0) FROM events"
	    " WHERE seq <= ?1 ORDER BY seq DESC LIMIT ?2",
	    BIND(INT(last), INT(STEP)));
	int64_t first = 0;

	*bytes = 0;
	while (*bytes < STEP_BYTES && journal_next(journal, row)) {
		first = journal_column_int(row, 0);
		*bytes += journal_column_int(row, 1);
	}
	journal_end_query(row);
	return first;
}

static void
note_last(struct journal *journal, int64_t last)
{
	if (last > 0)
		journal_do(journal,
		    "UPDATE notes SET number = ?1 WHERE name = 'early_bodies'",
		    BIND(INT(last)));
	else
		journal_do(journal,
		    "DELETE FROM notes WHERE name = 'early_bodies'", NO_VALUES);
}

/* A disk that is nearly full is left to what comes next. */
static enum rc
renew(struct journal *journal, void *arguments)
{
	struct renewing *renewing = arguments;
	int64_t bytes;
	int64_t first;

	look(journal, renewing);
	if (renewing->last == 0)
		return RC_OK;
	first = find_first(journal, renewing->last, &bytes);
	if (!journal_room_take(journal, bytes)) {
		renewing->last = 0;
		return RC_OK;
	}
	if (first > 0) {
		journal_do(journal,
		    "INSERT INTO bodies(event, body) SELECT seq, early"
		    " FROM events WHERE seq BETWEEN ?1 AND ?2"
		    " AND early <> " SQL_NOTHING_EARLY
		    " ON CONFLICT(event) DO NOTHING",
		    BIND(INT(first), INT(renewing->last)));
		journal_do(journal,
		    "UPDATE events SET early = " SQL_NOTHING_EARLY
		    " WHERE seq BETWEEN ?1 AND ?2"
		    " AND early <> " SQL_NOTHING_EARLY,
		    BIND(INT(first), INT(renewing->last)));
	}
	renewing->last = first > 0 ? first - 1 : 0;
	note_last(journal, renewing->last);
	return RC_OK;
}

enum rc
journal_renew(struct journal *journal, bool *more)
{
	struct renewing renewing = { 0 };
	enum rc rc = journal_read(journal, look, &renewing);

	if (rc == RC_OK && renewing.last > 0)
		rc = journal_write_chore(journal, renew, &renewing);
	if (rc == RC_OK)
		*more = renewing.last > 0;
	return rc;
}
