/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal.h"

#include "encode.h"
#include "journal_internal.h"

enum { PREFIX_SIZE = ENCODE_UUID };

struct listing {
	const struct journal_filter *filter;
	enum rc (*each)(void *context, const struct journal_row *row);
	void *context;
	char from[PREFIX_SIZE];		/* the least ID of that time */
	const char *last;		/* up to this ID, and of that */
	int64_t ordinal;		/* what has a greater one, or */
	int64_t seq;			/* behind this one, in its event too */
};

struct showing {
	const char *prefix;
	struct pool *pool;
	struct journal_story *story;
};

struct counting {
	enum rc (*count)(void *context, const struct journal_count *count);
	enum rc (*backlog)(void *context, const char *hook, int64_t events);
	void *context;
};

/* Greater than any ID. */
static const char behind_ids[] = "g";

#define ROW_COLUMNS \
	"SELECT e.id, e.hook, e.name, e.received, d.ordinal, d.state," \
	" d.attempts, d.since, d.due, ifnull(a.outcome, '')," \
	" ifnull(a.code, 0), d.seq FROM "
#define ROW_ATTEMPT \
	" LEFT JOIN attempts a ON a.delivery = d.seq AND a.turn =" \
	" (SELECT max(turn) FROM attempts WHERE delivery = d.seq)"
#define ROW_FILTER \
	" (?1 IS NULL OR e.hook = ?1) AND (?2 IS NULL OR e.name = ?2)" \
	" AND e.received >= ?3"

/* Along the IDs, which begin with the time of receipt. */
static const char list_all[] = ROW_COLUMNS
    "events e CROSS JOIN deliveries d ON d.event = e.seq" ROW_ATTEMPT
    " WHERE" ROW_FILTER " AND e.id >= ?4 AND (?5 < 0 OR d.state = ?5)"
    " AND e.id <= ?7 AND (e.id < ?7 OR d.ordinal > ?8)"
    " ORDER BY e.id DESC, d.ordinal LIMIT ?6";

/*
 * Along the states that are few: each event by its last delivery in that
 * state, so that its deliveries keep their order.
 */
static const char list_state[] = ROW_COLUMNS
    "deliveries l CROSS JOIN events e ON e.seq = l.event"
    " CROSS JOIN deliveries d ON d.event = l.event AND d.state = l.state"
    ROW_ATTEMPT
    " WHERE" ROW_FILTER " AND e.id >= ?4 AND l.state = ?5"
    " AND l.state <> 2 AND l.seq <= ifnull((SELECT max(o.seq)"
    " FROM deliveries p JOIN deliveries o ON o.event = p.event"
    " WHERE p.seq = ?7), ?7)"
    " AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.event = l.event"
    " AND o.state = l.state AND o.seq > l.seq)"
    " AND (d.ordinal > ?8 OR l.event IS NOT"
    " (SELECT event FROM deliveries WHERE seq = ?7))"
    " ORDER BY l.seq DESC, d.ordinal LIMIT ?6";

static enum rc
tell_row(sqlite3_stmt *statement, const struct listing *listing)
{
	bool waits = sqlite3_column_int64(statement, 5) == JOURNAL_QUEUED &&
	    sqlite3_column_int64(statement, 7) != 0;
	struct journal_row row = {
		.id = (const char *)sqlite3_column_text(statement, 0),
		.hook = (const char *)sqlite3_column_text(statement, 1),
		.event = (const char *)sqlite3_column_text(statement, 2),
		.received = sqlite3_column_int64(statement, 3),
		.ordinal = (unsigned)sqlite3_column_int64(statement, 4),
		.state = (enum journal_state)sqlite3_column_int(statement,
		    5),
		.attempts = (unsigned)sqlite3_column_int64(statement, 6),
		.due = waits ? sqlite3_column_int64(statement, 8) : 0,
		.outcome = (const char *)sqlite3_column_text(statement, 9),
		.code = sqlite3_column_int(statement, 10),
		.seq = sqlite3_column_int64(statement, 11)
	};

	return listing->each(listing->context, &row);
}

static enum rc
list_rows(struct journal *journal, void *arguments)
{
	const struct listing *listing = arguments;
	const struct journal_filter *filter = listing->filter;
	bool few = filter->state >= 0 && filter->state != JOURNAL_DONE;
	sqlite3_stmt *row;
	enum rc rc = RC_OK;

	if (few)
		row = journal_query(journal, list_state, "ttitiiii",
		    filter->hook, filter->event, filter->since,
		    listing->from, (int64_t)filter->state, filter->limit,
		    listing->seq, listing->ordinal);
	else
		row = journal_query(journal, list_all, "ttitiiti",
		    filter->hook, filter->event, filter->since,
		    listing->from, (int64_t)filter->state, filter->limit,
		    listing->last, listing->ordinal);

	while (rc == RC_OK && journal_next(journal, row))
		rc = tell_row(row, listing);
	if (rc != RC_OK)
		journal_over(row);
	return rc;
}

enum rc
journal_list(struct journal *journal, const struct journal_filter *filter,
    enum rc (*each)(void *context, const struct journal_row *row),
    void *context)
{
	static const uint8_t nothing[10];
	const struct journal_row *after = filter->after;
	struct listing listing = {
		filter, each, context, "", behind_ids, 0, INT64_MAX
	};

	if (after != NULL) {
		listing.last = after->id;
		listing.ordinal = after->ordinal;
		listing.seq = after->seq;
	}
	if (filter->since > 0) {
		encode_uuid7(filter->since, nothing, listing.from);
		/* Only the time counts, not the version behind it. */
		listing.from[13] = '\0';
	}
	return journal_read(journal, list_rows, &listing);
}

enum rc
journal_find(struct journal *journal, const char *prefix, int64_t *event)
{
	struct buf end = {0};
	sqlite3_stmt *row;
	int found = 0;
	enum rc rc = buf_printf(&end, "%s\x7f", prefix);

	if (rc != RC_OK)
		return rc;
	row = journal_query(journal,
	    "SELECT seq FROM events WHERE id >= ? AND id < ? LIMIT 2", "tt",
	    prefix, end.data);
	while (journal_next(journal, row)) {
		*event = sqlite3_column_int64(row, 0);
		found++;
	}
	buf_free(&end);
	if (prefix[0] == '\0' || found == 0)
		return RC_MISSING;
	return found == 1 ? RC_OK : RC_RANGE;
}

static void
read_attempt(struct journal *journal, sqlite3_stmt *row, struct pool *pool,
    struct journal_history *history)
{
	struct journal_attempt *list = pool_grow(pool, history->list,
	    history->n, sizeof(*list));
	struct journal_attempt *attempt;

	if (list == NULL) {
		journal->error = SQLITE_NOMEM;
		return;
	}
	history->list = list;
	attempt = &list[history->n++];
	attempt->number = (unsigned)sqlite3_column_int64(row, 0);
	attempt->started = sqlite3_column_int64(row, 1);
	attempt->ended = sqlite3_column_int64(row, 2);
	attempt->outcome = journal_text(journal, row, 3, pool);
	attempt->code = sqlite3_column_int(row, 4);
	attempt->tail.data = journal_text(journal, row, 5, pool);
	attempt->tail.len = journal_column(row, 5).len;
}

static void
read_attempts(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_history *history)
{
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT number, started, ended, outcome, code, tail"
	    " FROM attempts WHERE delivery = ? ORDER BY turn", "i", seq);

	while (journal_next(journal, row))
		read_attempt(journal, row, pool, history);
}

static void
read_history(struct journal *journal, sqlite3_stmt *row,
    struct showing *showing)
{
	struct journal_story *story = showing->story;
	struct journal_history *list = pool_grow(showing->pool,
	    story->deliveries, story->n, sizeof(*list));
	struct journal_history *history;
	bool queued;

	if (list == NULL) {
		journal->error = SQLITE_NOMEM;
		return;
	}
	story->deliveries = list;
	history = &list[story->n++];
	history->ordinal = (unsigned)sqlite3_column_int64(row, 1);
	history->state = (enum journal_state)sqlite3_column_int(row, 2);
	history->attempts = (unsigned)sqlite3_column_int64(row, 3);
	queued = history->state == JOURNAL_QUEUED;
	if (queued && sqlite3_column_int64(row, 4) != 0)
		history->due = sqlite3_column_int64(row, 5);
	history->held = queued && sqlite3_column_int64(row, 6) != 0;
	if (history->state >= JOURNAL_DONE)
		history->finished = sqlite3_column_int64(row, 7);
	read_attempts(journal, sqlite3_column_int64(row, 0), showing->pool,
	    history);
}

static enum rc
show(struct journal *journal, void *arguments)
{
	struct showing *showing = arguments;
	sqlite3_stmt *row;
	int64_t event;
	enum rc rc = journal_find(journal, showing->prefix, &event);

	if (rc != RC_OK)
		return rc;
	journal_read_event(journal, event, showing->pool,
	    &showing->story->event);
	row = journal_query(journal,
	    "SELECT seq, ordinal, state, attempts, since, due, held,"
	    " finished FROM deliveries WHERE event = ? ORDER BY ordinal",
	    "i", event);
	while (journal_next(journal, row))
		read_history(journal, row, showing);
	return RC_OK;
}

enum rc
journal_show(struct journal *journal, const char *prefix, struct pool *pool,
    struct journal_story *story)
{
	struct journal_story found = {0};
	struct showing showing = {prefix, pool, &found};
	enum rc rc = journal_read(journal, show, &showing);

	if (rc == RC_OK)
		*story = found;
	return rc;
}

static enum rc
count_all(struct journal *journal, void *arguments)
{
	const struct counting *counting = arguments;
	struct journal_count count;
	enum rc rc = RC_OK;
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT hook, name, state, deliveries, 0 FROM tallies"
	    " WHERE deliveries > 0 UNION ALL"
	    " SELECT e.hook, e.name, d.state, count(*), min(e.received)"
	    " FROM deliveries d JOIN events e ON e.seq = d.event"
	    " WHERE d.state <> 2 AND d.state IN (0, 1, 3)"
	    " GROUP BY e.hook, e.name, d.state ORDER BY 1, 2, 3", "");

	while (rc == RC_OK && journal_next(journal, row)) {
		count.hook = (const char *)sqlite3_column_text(row, 0);
		count.event = (const char *)sqlite3_column_text(row, 1);
		count.state = (enum journal_state)sqlite3_column_int(row,
		    2);
		count.count = sqlite3_column_int64(row, 3);
		count.oldest = sqlite3_column_int64(row, 4);
		rc = counting->count(counting->context, &count);
	}
	if (rc != RC_OK)
		journal_over(row);
	return rc;
}

enum rc
journal_counts(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_count *count),
    void *context)
{
	struct counting counting = {.count = each, .context = context};

	return journal_read(journal, count_all, &counting);
}

static enum rc
backlog(struct journal *journal, void *arguments)
{
	const struct counting *counting = arguments;
	enum rc rc = RC_OK;
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT hook, events FROM opens WHERE events > 0 ORDER BY hook",
	    "");

	while (rc == RC_OK && journal_next(journal, row))
		rc = counting->backlog(counting->context,
		    (const char *)sqlite3_column_text(row, 0),
		    sqlite3_column_int64(row, 1));
	if (rc != RC_OK)
		journal_over(row);
	return rc;
}

enum rc
journal_backlog(struct journal *journal,
    enum rc (*each)(void *context, const char *hook, int64_t events),
    void *context)
{
	struct counting counting = {.backlog = each, .context = context};

	return journal_read(journal, backlog, &counting);
}
