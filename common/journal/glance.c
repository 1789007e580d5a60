/* SPDX-License-Identifier: ISC */
#include "journal/journal.h"

#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/*
 * For who looks at what goes on: each from an index, however much there is.
 */

struct looking {
	int64_t now;
	enum rc (*each)(void *context, const struct journal_wait *wait);
	void *context;
};

struct asking {
	const char *hook;
	struct journal_silence *silence;
};

/*
 * Of each lane the first that could run, of those that never waited and of
 * those that did, and the first that runs; what has no lane yet is one of its
 * hook.
 */
static const char all_waits[] = SQL(
    "SELECT l.hook, l.key,"
    " coalesce((SELECT e.received FROM deliveries d"
    " JOIN events e ON e.seq = d.event WHERE d.lane = l.id"
    " AND d.state = " SQL_QUEUED " AND d.held = 0 AND d.since = 0"
    " AND d.line IS NOT NULL ORDER BY d.seq LIMIT 1), 0) AS fresh,"
    " coalesce((SELECT d.due FROM deliveries d WHERE d.lane = l.id"
    " AND d.state = " SQL_QUEUED " AND d.held = 0 AND d.since > 0"
    " AND d.line IS NOT NULL ORDER BY d.due, d.seq LIMIT 1), 0) AS waiting,"
    " coalesce((SELECT min(d.started) FROM deliveries d"
    " WHERE d.lane = l.id AND d.state = " SQL_RUNNING "), 0) AS running"
    " FROM lanes l UNION ALL"
    " SELECT o.hook, '', 0, coalesce((SELECT CASE WHEN d.since > 0"
    " THEN d.due ELSE e.received END FROM deliveries d"
    " JOIN events e ON e.seq = d.event WHERE d.hook = o.hook"
    " AND d.state = " SQL_QUEUED " AND d.line IS NULL"
    " ORDER BY d.seq LIMIT 1), 0), 0 FROM opens o"
    " ORDER BY 1, 2");

/* The earlier of two times of which either may be none. */
static int64_t
first_of(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static enum rc
look_for_waits(struct journal *journal, void *arguments)
{
	const struct looking *looking = arguments;
	struct journal_statement *rows = journal_query(journal, all_waits,
	    NO_VALUES);
	enum rc rc = RC_OK;

	while (rc == RC_OK && journal_next(journal, rows)) {
		struct journal_reader reader = journal_lenient_reader(journal,
		    rows, "lanes");
		struct journal_wait wait = {
			.hook = journal_text(&reader, 0, JOURNAL_TEXT_HOOK),
			.lane = journal_text(&reader, 1, JOURNAL_TEXT_LANE),
			.running = journal_int(&reader, 4, JOURNAL_IS_TIME),
		};
		int64_t fresh = journal_int(&reader, 2, JOURNAL_IS_TIME);
		int64_t waiting = journal_int(&reader, 3, JOURNAL_IS_TIME);

		wait.due = first_of(fresh,
		    waiting <= looking->now ? waiting : 0);
		if (!reader.damaged && (wait.due != 0 || wait.running != 0))
			rc = looking->each(looking->context, &wait);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

enum rc
journal_waits(struct journal *journal, int64_t now,
    enum rc (*each)(void *context, const struct journal_wait *wait),
    void *context)
{
	struct looking looking = { now, each, context };

	return journal_read(journal, look_for_waits, &looking);
}

static enum rc
ask_for_silence(struct journal *journal, void *arguments)
{
	const struct asking *asking = arguments;
	struct journal_silence *silence = asking->silence;
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		SQL("SELECT w.event, w.anew, w.muted,"
		" coalesce((SELECT min(j.since) FROM judgements j"
		" WHERE j.hook = w.hook AND j.pipeline = '' AND j.kind = ?2"
		" AND j.over = 0), 0) FROM watches w WHERE w.hook = ?1"),
		    BIND(TEXT(asking->hook), INT(JOURNAL_SILENT))),
		"watches");

	*silence = (struct journal_silence){ 0 };
	if (!journal_next(journal, reader.row))
		return RC_OK;
	silence->event = journal_int(&reader, 0, JOURNAL_IS_TIME);
	silence->anew = journal_int(&reader, 1, JOURNAL_IS_TIME);
	silence->muted = journal_int(&reader, 2, JOURNAL_IS_TIME);
	silence->since = journal_int(&reader, 3, JOURNAL_IS_TIME);
	journal_end_query(reader.row);
	if (reader.damaged)
		*silence = (struct journal_silence){ 0 };
	return RC_OK;
}

enum rc
journal_silence(struct journal *journal, const char *hook,
    struct journal_silence *silence)
{
	struct asking asking = { hook, silence };

	return journal_read(journal, ask_for_silence, &asking);
}
