/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/counts.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/order.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct settling {
	const struct journal_settlement *list;
	struct claimed *claimed; /* room for as many */
	size_t n;
};

/* One delivery that is being settled. */
struct claimed {
	int64_t seq;
	int64_t event;
	int64_t attempts;
	bool ordered;
	uint8_t key[JOURNAL_KEY];
};

static bool
find_claimed(struct journal *journal,
    const struct journal_settlement *settlement, struct claimed *claimed)
{
	int64_t runner = settlement->runner == 0 ? journal->runner :
						   settlement->runner;
	struct journal_reader reader = {
		.journal = journal,
		.table = "deliveries",
		.number = settlement->seq,
		.row = journal_query(journal,
		    "SELECT event, attempts, key FROM deliveries"
		    " WHERE seq = ?1 AND state = " SQL_RUNNING
		    " AND runner = ?2",
		    BIND(INT(settlement->seq), INT(runner))),
	};

	if (!journal_next(journal, reader.row))
		return false;
	claimed->seq = settlement->seq;
	claimed->event = journal_int(&reader, 0, JOURNAL_IS_ROW);
	claimed->attempts = journal_int(&reader, 1, JOURNAL_IS_SMALL);
	claimed->ordered = journal_key_into(&reader, 2, claimed->key);
	journal_end_query(reader.row);
	return true;
}

const char *
journal_settlement_outcome(const struct journal_settlement *settlement)
{
	switch (settlement->attempted) {
	case JOURNAL_NOT_RUN:
		break;
	case JOURNAL_IGNORED:
		return outcome_word(OUTCOME_IGNORED);
	case JOURNAL_RAN:
		return run_end_name(settlement->end);
	}
	return NULL;
}

static void
note_attempt(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	journal_do(journal,
	    "INSERT INTO attempts(delivery, turn, number, started, ended,"
	    " outcome, code, tail) VALUES(?1,"
	    " (SELECT coalesce(max(turn), 0) + 1 FROM attempts"
	    " WHERE delivery = ?1), ?2, ?3, ?4, ?5, ?6, ?7)",
	    BIND(INT(claimed->seq), INT(claimed->attempts),
		INT(settlement->started), INT(settlement->ended),
		TEXT(journal_settlement_outcome(settlement)),
		INT(settlement->code), BYTES(settlement->tail)));
}

static void
leave(struct journal *journal, const struct claimed *claimed,
    enum journal_state state, int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = ?1, finished = ?2, runner = 0,"
	    " claim = 0, pid = 0 WHERE seq = ?3",
	    BIND(INT(state), INT(now), INT(claimed->seq)));
	journal_delivery_left(journal, claimed->event, (int)state);
}

/* The claim made no try, or none that counts. */
static void
take_back_try(struct journal *journal, const struct claimed *claimed)
{
	journal_do(journal,
	    "UPDATE deliveries SET attempts = attempts - 1 WHERE seq = ?1",
	    BIND(INT(claimed->seq)));
}

/* A pause on tries that were lost leaves their count: so counts the next. */
static void
delay(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	int64_t since = settlement->ended > 0 ? settlement->ended : 1;

	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_QUEUED ", since = ?1,"
	    " due = ?2, held = ?3, step = step + 1, runner = 0, claim = 0,"
	    " pid = 0, lost = CASE WHEN ?4 <> 0 THEN lost - 1 ELSE 0 END"
	    " WHERE seq = ?5",
	    BIND(INT(since), INT(since + settlement->pause),
		INT(claimed->ordered), INT(settlement->earlier),
		INT(claimed->seq)));
}

/* An ordered one goes back after those that came before it. */
static void
release(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_QUEUED ","
	    " since = " SQL_SINCE_DUE ", held = ?1, runner = 0,"
	    " claim = 0, pid = 0, lost = lost + ?2 WHERE seq = ?3",
	    BIND(INT(claimed->ordered),
		INT(settlement->attempted == JOURNAL_RAN), INT(claimed->seq)));
}

static void
go_on(struct journal *journal, const struct claimed *claimed, int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET attempts = attempts + 1, started = ?1,"
	    " lost = 0 WHERE seq = ?2",
	    BIND(INT(now), INT(claimed->seq)));
}

static void
settle_one(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	if (settlement->attempted != JOURNAL_NOT_RUN)
		note_attempt(journal, claimed, settlement);
	if (settlement->earlier ||
	    (settlement->verdict == JOURNAL_GIVE_BACK && !settlement->counts))
		take_back_try(journal, claimed);
	switch (settlement->verdict) {
	case JOURNAL_FINISH:
		leave(journal, claimed, JOURNAL_DONE, settlement->ended);
		break;
	case JOURNAL_MARK_DEAD:
		leave(journal, claimed, JOURNAL_DEAD, settlement->ended);
		break;
	case JOURNAL_DELAY:
		delay(journal, claimed, settlement);
		break;
	case JOURNAL_GIVE_BACK:
		release(journal, claimed, settlement);
		break;
	case JOURNAL_RETRY_NOW:
		go_on(journal, claimed, settlement->ended);
		return;
	}
	if (claimed->ordered)
		journal_order_advance(journal, journal_key_bytes(claimed->key));
}

/* Settling one changes nothing of another that is claimed. */
static enum rc
settle(struct journal *journal, void *arguments)
{
	const struct settling *settling = arguments;

	for (size_t i = 0; i < settling->n; i++)
		if (!find_claimed(journal, &settling->list[i],
			&settling->claimed[i]))
			return RC_MISSING;
	for (size_t i = 0; i < settling->n; i++)
		settle_one(journal, &settling->claimed[i], &settling->list[i]);
	return RC_OK;
}

enum rc
journal_settle(struct journal *journal,
    const struct journal_settlement *settlements, size_t n)
{
	struct settling settling = { .list = settlements, .n = n };
	enum rc rc;

	settling.claimed = calloc(n, sizeof(*settling.claimed));
	if (settling.claimed == NULL)
		return RC_MEMORY;
	rc = journal_write(journal, settle, &settling);
	free(settling.claimed);
	return rc;
}
