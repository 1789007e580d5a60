/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/* Of deliveries that were put back by hand so many are looked at. */
enum { REVIVED = 1000 };

/* Of a state that an index leads to, up to one more than is told. */
static void
count_state(struct journal *journal, enum journal_state state,
    struct journal_totals *totals)
{
	int64_t n = journal_number(journal, 0,
	    SQL("SELECT count(*) FROM (SELECT 1 FROM deliveries"
	    " WHERE state = ?1" USES_deliveries_open("") " LIMIT ?2) AS few"),
		BIND(INT(state), INT(JOURNAL_COUNTED + 1)));

	totals->more[state] = n > JOURNAL_COUNTED;
	totals->count[state] = n < JOURNAL_COUNTED ? n : JOURNAL_COUNTED;
}

/* The one of that state that waits for longest, where that is longer than what
 * was found before: the first, but what was put back by hand waits since then. */
static void
find_oldest(struct journal *journal, enum journal_state state,
    struct journal_totals *totals)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		SQL(SQL_WALK "SELECT d.seq, e.received, e.id, d.revived"
		" FROM deliveries d"
		SQL_THEN_JOIN "events e ON e.seq = d.event WHERE d.state = ?1"
		USES_deliveries_open("d.") " ORDER BY d.seq"),
		    BIND(INT(state))),
		"events");
	int64_t since;
	int64_t revived;
	const char *id;

	for (int n = 0; n < REVIVED && journal_next(journal, reader.row); n++) {
		reader.damaged = false;
		reader.number = journal_int(&reader, 0, JOURNAL_IS_ROW);
		since = journal_int(&reader, 1, JOURNAL_IS_TIME);
		id = journal_text(&reader, 2, JOURNAL_TEXT_ID);
		revived = journal_int(&reader, 3, JOURNAL_IS_TIME);
		if (reader.damaged)
			continue;
		if (since < revived)
			since = revived;
		if (totals->oldest_id[0] == '\0' || since < totals->oldest) {
			totals->oldest = since;
			memcpy(totals->oldest_id, id, UUID_SIZE);
		}
		if (revived == 0)
			break;
	}
	journal_end_query(reader.row);
}

static void
count_finished(struct journal *journal, struct journal_totals *totals)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal, "SELECT state, deliveries FROM tallies",
		NO_VALUES),
	    "tallies");
	int64_t n;
	int state;

	while (journal_next(journal, reader.row)) {
		reader.damaged = false;
		state = (int)journal_int(&reader, 0, JOURNAL_IS_STATE);
		n = journal_int(&reader, 1, JOURNAL_IS_COUNT);
		if (!reader.damaged &&
		    (state == JOURNAL_DONE || state == JOURNAL_DROPPED))
			totals->count[state] += n;
	}
}

static enum rc
count_totals(struct journal *journal, void *arguments)
{
	struct journal_totals *totals = arguments;

	count_state(journal, JOURNAL_QUEUED, totals);
	count_state(journal, JOURNAL_RUNNING, totals);
	count_state(journal, JOURNAL_DEAD, totals);
	/* Of one moment, what runs came first. */
	find_oldest(journal, JOURNAL_RUNNING, totals);
	find_oldest(journal, JOURNAL_QUEUED, totals);
	count_finished(journal, totals);
	return RC_OK;
}

enum rc
journal_totals(struct journal *journal, struct journal_totals *totals)
{
	struct journal_totals found = { 0 };
	enum rc rc = journal_read(journal, count_totals, &found);

	if (rc == RC_OK || rc == RC_CORRUPT)
		*totals = found;
	return rc;
}
