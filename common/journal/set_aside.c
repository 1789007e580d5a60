/* SPDX-License-Identifier: ISC */
#include "journal/set_aside.h"

#include "base/log.h"
#include "journal/column.h"
#include "journal/counts.h"
#include "journal/internal.h"
#include "journal/order.h"
#include "journal/sql.h"
#include "journal/statement.h"

/* Whether it was one that has to be dead. */
static bool
bury(struct journal *journal, int64_t seq, int64_t now)
{
	return journal_change_rows(journal,
	    SQL("UPDATE deliveries SET state = " SQL_DEAD ", finished = ?1,"
	    " held = 0, since = 0, runner = 0, claim = 0, pid = 0"
	    " WHERE seq = ?2 AND (state = " SQL_QUEUED
	    " OR (state = " SQL_RUNNING " AND NOT ("
	    SQL_IS_INTEGER("runner") " AND runner > 0 AND "
	    SQL_IS_INTEGER("claim") " AND claim > 0)))"),
		    BIND(INT(now), INT(seq))) == 1;
}

static bool
event_is_open(struct journal *journal, int64_t seq)
{
	return journal_number(journal, 0,
		   "SELECT 1 FROM deliveries WHERE event = (SELECT event"
		   " FROM deliveries WHERE seq = ?1)"
		   " AND state IN " SQL_OPEN_STATES " LIMIT 1",
		   BIND(INT(seq))) != 0;
}

void
journal_set_aside(struct journal *journal, int64_t seq, const char *hook,
    int64_t now)
{
	if (!bury(journal, seq, now))
		return;
	log_say(LOG_LEVEL_ERROR,
	    "journal: %s: delivery %lld, of hook %s, is "
	    "damaged and therefore dead",
	    journal->path, (long long)seq, hook);
	journal_do(journal,
	    "INSERT INTO attempts(delivery, turn, number, started, ended,"
	    " outcome, code, tail) SELECT ?1, coalesce(max(turn), 0) + 1,"
	    " coalesce(max(turn), 0) + 1, ?2, ?2, 'damaged', 0, NULL"
	    " FROM attempts WHERE delivery = ?1" SQL_REPLACE_ATTEMPT,
	    BIND(INT(seq), INT(now)));
	journal_order_mend(journal, hook);
	if (!event_is_open(journal, seq) && hook[0] != '\0')
		journal_backlog_add(journal, hook, -1);
}

void
journal_set_queued_aside(struct journal *journal, int64_t seq, const char *hook,
    int64_t now)
{
	journal_set_aside(journal, seq, hook, now);
	if (!journal_failed(journal) &&
	    journal_number(journal, 0,
		"SELECT state FROM deliveries WHERE seq = ?1",
		BIND(INT(seq))) != JOURNAL_DEAD)
		journal_fail(journal, JOURNAL_FAILED_INDEX);
}
