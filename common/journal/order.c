/* SPDX-License-Identifier: ISC */
#include "journal/order.h"

#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"

bool
journal_order_is_taken(struct journal *journal, struct bytes key)
{
	return journal_number(journal, 0,
		   "SELECT 1 FROM deliveries WHERE key = ?1 AND " SQL_IS_OPEN(
		       "") " LIMIT 1",
		   BIND(BYTES(key))) != 0;
}

/* The first queued delivery of a key that is held, or is not. */
static int64_t
first_of_key(struct journal *journal, struct bytes key, bool held)
{
	return journal_number(journal, 0,
	    SQL("SELECT seq FROM deliveries WHERE key = ?1"
	    " AND state = " SQL_QUEUED USES_deliveries_key("")
	    " AND held = ?2 ORDER BY seq LIMIT 1"),
		BIND(BYTES(key), INT(held)));
}

static void
set_held(struct journal *journal, int64_t seq, bool held)
{
	journal_do(journal, "UPDATE deliveries SET held = ?1 WHERE seq = ?2",
	    BIND(INT(held), INT(seq)));
}

void
journal_order_unblock_next(struct journal *journal, struct bytes key)
{
	int64_t held = first_of_key(journal, key, true);
	int64_t free = first_of_key(journal, key, false);

	if (held == 0 || (free != 0 && free < held))
		return;
	if (free != 0)
		set_held(journal, free, true);
	set_held(journal, held, false);
}

void
journal_order_advance(struct journal *journal, struct bytes key)
{
	if (journal_number(journal, 0,
		SQL("SELECT 1 FROM deliveries WHERE key = ?1"
	    " AND state = " SQL_RUNNING USES_deliveries_key("") " LIMIT 1"),
		    BIND(BYTES(key))) == 0)
		journal_order_unblock_next(journal, key);
}

void
journal_order_block(struct journal *journal, struct bytes key)
{
	int64_t free = first_of_key(journal, key, false);

	if (free != 0)
		set_held(journal, free, true);
}

void
journal_order_mend(struct journal *journal, const char *hook)
{
	journal_do(journal,
	    SQL("UPDATE deliveries AS d SET held = 0 WHERE hook = ?1"
	    " AND state = " SQL_QUEUED USES_deliveries_open("")
	    " AND held <> 0 AND NOT EXISTS (SELECT 1 FROM deliveries o"
	    " WHERE o.key = d.key AND " SQL_IS_OPEN("o.")
	    " AND (o.state = " SQL_RUNNING " OR o.seq < d.seq))"),
		BIND(TEXT(hook)));
}
