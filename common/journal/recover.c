/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "base/procfs.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/order.h"
#include "journal/runner.h"
#include "journal/set_aside.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct reclaiming {
	const struct journal_orphan *orphan;
	int64_t now;
};

/*
 * A runner of the first release, or one whose row is gone, says nothing of
 * its namespace, and has no notes but in the row of the delivery.  Without
 * its row it is taken to be of this boot.
 */
static void
note_runner(struct journal_reader *reader, struct journal_orphan *orphan)
{
	int64_t region = journal_int(reader, 10, JOURNAL_IS_COUNT);
	const char *then = journal_text(reader, 7, JOURNAL_TEXT_NOTE);
	const char *there = journal_text(reader, 11, JOURNAL_TEXT_NOTE);
	char boot[PROCFS_BOOT_SIZE];
	char here[JOURNAL_PLACE_SIZE];
	size_t file;

	procfs_boot_id(boot);
	journal_runner_place(reader->journal, here);
	file = strcspn(here, " ") + 1;
	orphan->same_boot = then[0] == '\0' || strcmp(then, boot) == 0;
	orphan->same_space = region == 0 ||
	    (here[file] != '\0' && strcmp(there, here) == 0);
	orphan->first = strncmp(there, here, file) == 0 &&
	    journal_int(reader, 12, JOURNAL_IS_FLAG) != 0;
	orphan->noted = true;
	if (region != 0) {
		journal_note_find(reader->journal, region,
		    journal_int(reader, 13, JOURNAL_IS_SMALL), orphan);
		return;
	}
	orphan->note.pid = (pid_t)journal_int(reader, 3, JOURNAL_IS_PID);
	orphan->note.start = (uint64_t)journal_int(reader, 4, JOURNAL_IS_START);
}

/* Whose it is.  What nobody can hold is known by its first delivery. */
static void
fill_orphan(struct journal_reader *reader, struct journal_orphan *orphan)
{
	int64_t seq = journal_int(reader, 9, JOURNAL_IS_ANY);

	reader->number = seq;
	*orphan = (struct journal_orphan){
		.claim = journal_int(reader, 0, JOURNAL_IS_ROW),
		.runner = journal_int(reader, 1, JOURNAL_IS_ROW),
		.n = (size_t)journal_int(reader, 2, JOURNAL_IS_COUNT),
	};
	orphan->damaged = reader->damaged ? seq : 0;
	/* The rest is for the log, but for the hook. */
	orphan->attempt = (unsigned)journal_int(reader, 8, JOURNAL_IS_SMALL);
	journal_text_into(reader, 5, JOURNAL_TEXT_ID, orphan->id);
	journal_text_into(reader, 6, JOURNAL_TEXT_HOOK, orphan->hook);
}

/*
 * Whether somebody has a claim.  One of this process may be there that it does
 * not have: nobody could know that its commit was made, or it was left to
 * others as the lease was going to be over, which then it was not.
 */
static bool
is_held(struct journal_reader *reader, const struct journal_orphan *orphan)
{
	struct journal *journal = reader->journal;

	if (orphan->runner == journal->runner)
		return journal_slot_is_of(journal,
		    journal_int(reader, 13, JOURNAL_IS_SMALL), orphan->claim);
	return orphan->damaged == 0 &&
	    journal_runner_lives(journal, orphan->runner);
}

static void
note_orphan(struct journal_reader *reader, struct journal_orphans *orphans)
{
	struct journal *journal = reader->journal;
	struct journal_orphan *orphan = journal_need(journal,
	    pool_next(&orphans->pool, &orphans->list, orphans->n));

	if (orphan == NULL)
		return;
	fill_orphan(reader, orphan);
	if (is_held(reader, orphan)) {
		orphans->foreign = orphans->foreign ||
		    orphan->runner != journal->runner;
		return;
	}
	note_runner(reader, orphan);
	orphans->n++;
}

/* Each claim by its first delivery. */
static const char all_orphans[] = SQL(
    "SELECT d.claim, d.runner, c.deliveries, d.pid, d.start, e.id, d.hook,"
    SQL_COLUMN_OR("r.boot", "''") ", d.attempts, d.seq,"
    SQL_COLUMN_OR("r.region", "0") "," SQL_COLUMN_OR("r.space", "''") ","
    SQL_COLUMN_OR("r.first", "0") ", d.slot"
    " FROM (SELECT min(seq) AS seq, count(*) AS deliveries"
    " FROM deliveries WHERE state = " SQL_RUNNING
    " AND (runner" SQL_DIFFERS "?1 OR ?1 = 0) GROUP BY claim, runner) c"
    " JOIN deliveries d ON d.seq = c.seq"
    " LEFT JOIN events e ON e.seq = d.event"
    " LEFT JOIN runners r ON r.number = d.runner"
    " ORDER BY d.claim, d.runner");

/* A damaged one is to be recovered as well, and was told of. */
static enum rc
look_for_orphans(struct journal *journal, void *arguments)
{
	struct journal_orphans *orphans = arguments;
	struct journal_reader reader;
	struct journal_statement *rows = journal_query(journal, all_orphans,
	    BIND(INT(journal_is_shared(journal) ? 0 : journal->runner)));

	while (journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		note_orphan(&reader, orphans);
	}
	journal->damaged = 0;
	return RC_OK;
}

enum rc
journal_find_orphans(struct journal *journal, struct journal_orphans *out)
{
	enum rc rc;

	*out = (struct journal_orphans){ 0 };
	rc = journal_read(journal, look_for_orphans, out);
	if (rc != RC_OK)
		pool_free(&out->pool);
	return rc;
}

static void
reclaim_delivery(struct journal *journal, int64_t seq,
    const struct reclaiming *reclaiming)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "deliveries",
		.number = seq,
		.lenient = true,
	};
	uint8_t key[JOURNAL_KEY];
	bool ordered;

	journal_do(journal,
	    "INSERT INTO attempts(delivery, turn, number, started, ended,"
	    " outcome, code, tail) SELECT seq,"
	    " (SELECT coalesce(max(turn), 0) + 1 FROM attempts"
	    " WHERE delivery = ?1), attempts, started, ?2, 'lost', 0, NULL"
	    " FROM deliveries WHERE seq = ?1" SQL_REPLACE_ATTEMPT,
	    BIND(INT(seq), INT(reclaiming->now)));
	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_QUEUED ","
	    " since = " SQL_SINCE_DUE ","
	    " held = CASE WHEN key IS NULL THEN 0 ELSE 1 END,"
	    " runner = 0, claim = 0, pid = 0, lost = lost + ?1"
	    " WHERE seq = ?2",
	    BIND(INT(reclaiming->orphan->noted), INT(seq)));
	reader.row = journal_query(journal,
	    "SELECT key FROM deliveries WHERE seq = ?1", BIND(INT(seq)));
	if (!journal_next(journal, reader.row))
		return;
	ordered = journal_key_into(&reader, 0, key);
	journal_end_query(reader.row);
	if (ordered)
		journal_order_advance(journal, journal_key_bytes(key));
}

static enum rc
reclaim(struct journal *journal, void *arguments)
{
	struct reclaiming *reclaiming = arguments;
	const struct journal_orphan *orphan = reclaiming->orphan;
	int64_t seq;

	if (orphan->damaged != 0) {
		journal_set_aside(journal, orphan->damaged, orphan->hook,
		    reclaiming->now);
		return RC_OK;
	}
	do {
		seq = journal_number(journal, 0,
		    SQL("SELECT seq FROM deliveries WHERE state = " SQL_RUNNING
		    USES_deliveries_open("") " AND claim = ?1 AND runner = ?2"
		    " AND (hook = ?3 OR ?3 = '') ORDER BY seq LIMIT 1"),
			BIND(INT(orphan->claim), INT(orphan->runner),
			    TEXT(orphan->hook)));
		if (seq != 0)
			reclaim_delivery(journal, seq, reclaiming);
	} while (seq != 0 && !journal_failed(journal));
	if (orphan->runner != journal->runner)
		journal_runner_delete(journal, orphan->runner);
	journal->stored = true;
	return RC_OK;
}

enum rc
journal_reclaim(struct journal *journal, const struct journal_orphan *orphan,
    int64_t now)
{
	struct reclaiming reclaiming = { orphan, now };

	return journal_write(journal, reclaim, &reclaiming);
}
