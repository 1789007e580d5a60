/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/report.h"

#include "base/uuid.h"
#include "event/rule.h"
#include "journal/column.h"
#include "journal/lookup.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { PREFIX_SIZE = UUID_SIZE };

struct listing {
	const struct journal_filter *filter;
	enum rc (*each)(void *context, const struct journal_row *row);
	void *context;
	char from[PREFIX_SIZE]; /* the least ID of that time */
	const char *last;	/* up to this ID, and of that */
	int64_t ordinal;	/* what has a greater one, or */
	int64_t seq;		/* after this one, in its event too */
};

struct showing {
	const char *id;
	struct pool *pool;
	struct journal_event_report *report;
	bool whole; /* the event could be read */
};

struct counting {
	enum rc (*count)(void *context, const struct journal_count *count);
	enum rc (*lanes)(void *context, const struct journal_lane_count *count);
	enum rc (
	    *backlog)(void *context, const struct journal_backlog *backlog);
	void *context;
};

/* Greater than any ID. */
static const char after_ids[] = "g";

#define ROW_FILTER                                                             \
	" (?1 IS NULL OR e.hook = ?1) AND (?2 IS NULL OR e.name = ?2)"         \
	" AND e.received >= ?3"                                                \
	" AND (?8 IS NULL OR e.pipeline = ?8 OR e.shown = ?8)"

/* Along the IDs, which begin with the time of receipt. */
static const char list_all[] = SQL_WALK JOURNAL_ROW_COLUMNS
    "events e" SQL_THEN_JOIN
    "deliveries d ON d.event = e.seq" JOURNAL_LANE_OF JOURNAL_ROW_ATTEMPT
    " WHERE" ROW_FILTER " AND e.id >= ?4 AND (?5 < 0 OR d.state = ?5)"
    " AND e.id <= ?6 AND (e.id < ?6 OR d.ordinal > ?7)"
    " ORDER BY e.id DESC, d.ordinal";

/*
 * Along the states that are few: each event by its last delivery in that
 * state, so that its deliveries keep their order.
 */
static const char list_state[] = SQL(SQL_WALK JOURNAL_ROW_COLUMNS
    "deliveries f" SQL_THEN_JOIN "events e ON e.seq = f.event"
    SQL_THEN_JOIN "deliveries d ON d.event = f.event AND d.state = f.state"
    JOURNAL_LANE_OF JOURNAL_ROW_ATTEMPT
    " WHERE" ROW_FILTER " AND e.id >= ?4 AND f.state = ?5"
    USES_deliveries_open("f.") " AND f.seq <= coalesce((SELECT max(o.seq)"
    " FROM deliveries p JOIN deliveries o ON o.event = p.event"
    " WHERE p.seq = ?6), ?6)"
    " AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.event = f.event"
    " AND o.state = f.state AND o.seq > f.seq)"
    " AND (d.ordinal > ?7 OR f.event" SQL_DIFFERS
    "(SELECT event FROM deliveries WHERE seq = ?6))"
    " ORDER BY f.seq DESC, d.ordinal");

/* When what is queued has waited; 0: it does not wait for a retry. */
static int64_t
pause_end(int64_t since, int64_t due)
{
	return since != 0 && due != since ? due : 0;
}

/* One that is damaged is told, but is no reason to leave out what is in it. */
static const char *
text_of_lane(struct journal *journal, struct journal_statement *rows,
    int column)
{
	struct journal_reader reader = journal_lenient_reader(journal, rows,
	    "lanes");

	return journal_text(&reader, column, JOURNAL_TEXT_LANE);
}

enum rc
journal_row_keep(struct pool *pool, struct journal_row *row)
{
	const char **texts[] = { &row->id, &row->hook, &row->event, &row->lane,
		&row->pipeline, &row->pipeline_id, &row->run, &row->outcome };

	return pool_keep(pool, texts, sizeof(texts) / sizeof(texts[0]));
}

bool
journal_row_fill(struct journal_reader *reader, struct journal_row *row)
{
	int64_t since;
	int64_t due;

	row->seq = journal_int(reader, 11, JOURNAL_IS_ROW);
	reader->number = row->seq;
	row->id = journal_text(reader, 0, JOURNAL_TEXT_ID);
	row->hook = journal_text(reader, 1, JOURNAL_TEXT_HOOK);
	row->event = journal_text(reader, 2, JOURNAL_TEXT_EVENT);
	row->received = journal_int(reader, 3, JOURNAL_IS_TIME);
	row->ordinal = (unsigned)journal_int(reader, 4, JOURNAL_IS_SMALL);
	row->state = (enum journal_state)journal_int(reader, 5,
	    JOURNAL_IS_STATE);
	row->attempts = (unsigned)journal_int(reader, 6, JOURNAL_IS_SMALL);
	since = journal_int(reader, 7, JOURNAL_IS_TIME);
	due = journal_int(reader, 8, JOURNAL_IS_TIME);
	row->due = row->state == JOURNAL_QUEUED ? pause_end(since, due) : 0;
	row->outcome = journal_text(reader, 9, JOURNAL_TEXT_OUTCOME);
	if (strcmp(row->outcome, "none") == 0)
		row->outcome = "";
	row->code = (int)journal_int(reader, 10, JOURNAL_IS_CODE);
	row->lane = text_of_lane(reader->journal, reader->row, 12);
	row->pipeline_id = journal_text_aside(reader, 13,
	    JOURNAL_TEXT_IDENTITY);
	row->pipeline = journal_text_aside(reader, 14, JOURNAL_TEXT_IDENTITY);
	row->run = journal_text_aside(reader, 15, JOURNAL_TEXT_IDENTITY);
	row->pipeline_known = journal_int(reader, 16, JOURNAL_IS_FLAG) != 0;
	return !reader->damaged;
}

static enum rc
list_rows(struct journal *journal, void *arguments)
{
	const struct listing *listing = arguments;
	const struct journal_filter *filter = listing->filter;
	bool pattern = filter->event != NULL && rule_is_pattern(filter->event);
	const char *name = pattern ? NULL : filter->event;
	bool few = filter->state >= 0 && filter->state != JOURNAL_DONE;
	struct journal_reader reader;
	struct journal_row row;
	struct journal_statement *rows;
	int64_t left = filter->limit;
	enum rc rc = RC_OK;

	if (few)
		rows = journal_query(journal, list_state,
		    BIND(TEXT(filter->hook), TEXT(name), INT(filter->since),
			TEXT(listing->from), INT(filter->state),
			INT(listing->seq), INT(listing->ordinal),
			TEXT(filter->pipeline)));
	else
		rows = journal_query(journal, list_all,
		    BIND(TEXT(filter->hook), TEXT(name), INT(filter->since),
			TEXT(listing->from), INT(filter->state),
			TEXT(listing->last), INT(listing->ordinal),
			TEXT(filter->pipeline)));

	while (rc == RC_OK && left > 0 && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		if (!journal_row_fill(&reader, &row) ||
		    (pattern && !rule_finds(filter->event, row.event)))
			continue;
		left--;
		rc = listing->each(listing->context, &row);
	}
	journal_end_query(rows);
	return rc;
}

enum rc
journal_list(struct journal *journal, const struct journal_filter *filter,
    enum rc (*each)(void *context, const struct journal_row *row),
    void *context)
{
	static const uint8_t nothing[10];
	const struct journal_row *after = filter->after;
	struct listing listing = { filter, each, context, "", after_ids, 0,
		INT64_MAX };

	if (after != NULL) {
		listing.last = after->id;
		listing.ordinal = after->ordinal;
		listing.seq = after->seq;
	}
	if (filter->since > 0) {
		uuid7(filter->since, nothing, listing.from);
		/* Only the time counts, not the version after it. */
		listing.from[13] = '\0';
	}
	return journal_read(journal, list_rows, &listing);
}

static void
read_attempt(struct journal_reader *reader, struct pool *pool,
    struct journal_delivery_report *delivery)
{
	struct journal_attempt *attempt = journal_need(reader->journal,
	    pool_next(pool, &delivery->list, delivery->n));

	if (attempt == NULL)
		return;
	attempt->number = (unsigned)journal_int(reader, 0, JOURNAL_IS_SMALL);
	attempt->started = journal_int(reader, 1, JOURNAL_IS_TIME);
	attempt->ended = journal_int(reader, 2, JOURNAL_IS_TIME);
	attempt->outcome = journal_text_copy(reader, 3, JOURNAL_TEXT_OUTCOME,
	    pool);
	attempt->code = (int)journal_int(reader, 4, JOURNAL_IS_CODE);
	attempt->tail = journal_tail_copy(reader, 5, pool);
	if (!reader->damaged)
		delivery->n++;
}

static void
read_attempts(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_delivery_report *delivery)
{
	struct journal_statement *rows = journal_query(journal,
	    "SELECT number, started, ended, outcome, code, tail"
	    " FROM attempts WHERE delivery = ?1 ORDER BY turn",
	    BIND(INT(seq)));
	struct journal_reader reader;

	while (journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "attempts");
		reader.number = seq;
		read_attempt(&reader, pool, delivery);
	}
}

/* The columns of show's row; the delivery's seq. */
static int64_t
fill_delivery(struct journal_reader *reader,
    struct journal_delivery_report *delivery)
{
	int64_t seq = journal_int(reader, 0, JOURNAL_IS_ROW);
	int64_t since;
	int64_t due;
	int64_t finished;
	bool queued;
	bool held;

	reader->number = seq;
	*delivery = (struct journal_delivery_report){
		.ordinal = (unsigned)journal_int(reader, 1, JOURNAL_IS_SMALL),
		.state = (enum journal_state)journal_int(reader, 2,
		    JOURNAL_IS_STATE),
		.attempts = (unsigned)journal_int(reader, 3, JOURNAL_IS_SMALL),
	};
	since = journal_int(reader, 4, JOURNAL_IS_TIME);
	due = journal_int(reader, 5, JOURNAL_IS_TIME);
	held = journal_int(reader, 6, JOURNAL_IS_FLAG) != 0;
	finished = journal_int(reader, 7, JOURNAL_IS_TIME);
	queued = delivery->state == JOURNAL_QUEUED;
	delivery->due = queued ? pause_end(since, due) : 0;
	delivery->held = queued && held;
	delivery->finished = delivery->state >= JOURNAL_DONE ? finished : 0;
	return seq;
}

/* One that is damaged is left out. */
static void
read_delivery(struct journal_reader *reader, struct showing *showing)
{
	struct journal_event_report *report = showing->report;
	struct journal *journal = reader->journal;
	struct journal_delivery_report *delivery = journal_need(journal,
	    pool_next(showing->pool, &report->deliveries, report->n));
	int64_t seq;

	if (delivery == NULL)
		return;
	seq = fill_delivery(reader, delivery);
	delivery->lane = journal_need(journal,
	    pool_text(showing->pool, text_of_lane(journal, reader->row, 8)));
	if (reader->damaged)
		return;
	read_attempts(journal, seq, showing->pool, delivery);
	report->n++;
}

/* Of what it speaks. */
static bool
is_known(struct journal *journal, const struct journal_event *event)
{
	return journal_number(journal, 0,
		   "SELECT " SQL_PIPELINE_IS_KNOWN("?1", "?2"),
		   BIND(TEXT(event->hook), TEXT(event->pipeline))) != 0;
}

static enum rc
show(struct journal *journal, void *arguments)
{
	struct showing *showing = arguments;
	struct journal_reader reader;
	struct journal_statement *rows;
	int64_t event;
	enum rc rc = journal_find(journal, showing->id, &event);

	if (rc != RC_OK)
		return rc;
	if (!journal_read_event(journal, event, showing->pool,
		&showing->report->event))
		return RC_CORRUPT;
	showing->whole = true;
	showing->report->pipeline_known = is_known(journal,
	    &showing->report->event);
	rows = journal_query(journal,
	    "SELECT d.seq, d.ordinal, d.state, d.attempts, d.since, d.due,"
	    " d.held, d.finished," JOURNAL_LANE_COLUMN
	    " FROM deliveries d" JOURNAL_LANE_OF
	    " WHERE d.event = ?1 ORDER BY d.ordinal",
	    BIND(INT(event)));
	while (journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		read_delivery(&reader, showing);
	}
	return RC_OK;
}

enum rc
journal_show(struct journal *journal, const char *id, struct pool *pool,
    struct journal_event_report *report)
{
	struct journal_event_report found = { 0 };
	struct showing showing = { id, pool, &found, false };
	enum rc rc = journal_read(journal, show, &showing);

	if (rc == RC_OK || (rc == RC_CORRUPT && showing.whole))
		*report = found;
	return rc;
}

struct reading_body {
	const char *id;
	struct pool *pool;
	struct bytes *body;
};

static enum rc
read_body(struct journal *journal, void *arguments)
{
	const struct reading_body *reading = arguments;
	struct journal_event found;
	int64_t event;
	enum rc rc = journal_find(journal, reading->id, &event);

	if (rc != RC_OK)
		return rc;
	if (!journal_read_event(journal, event, reading->pool, &found))
		return RC_CORRUPT;
	*reading->body = found.body;
	return RC_OK;
}

enum rc
journal_body(struct journal *journal, const char *id, struct pool *pool,
    struct bytes *body)
{
	struct reading_body reading = { id, pool, body };

	return journal_read(journal, read_body, &reading);
}

/*
 * What is done and dropped, from its counters; what is in the other states,
 * by an index; and what is in no state at all, which is damage.
 */
static const char all_counts[] = SQL(
    "SELECT hook, name, state, deliveries, 0, 0 FROM tallies"
    " WHERE deliveries <> 0 UNION ALL"
    " SELECT e.hook, e.name, d.state, count(*), min(e.received),"
    " min(d.seq) FROM deliveries d JOIN events e ON e.seq = d.event"
    " WHERE d.state IN (" SQL_QUEUED ", " SQL_RUNNING ", " SQL_DEAD ")"
    USES_deliveries_open("d.")
    " GROUP BY e.hook, e.name, d.state UNION ALL"
    " SELECT d.hook, 'unknown', d.state, 1, 0, d.seq FROM deliveries d"
    " WHERE (d.state < " SQL_QUEUED " OR d.state > " SQL_DROPPED ")"
    USES_deliveries_open("d.")
    " ORDER BY 1, 2, 3");

/* False: it is damaged. */
static bool
read_count(struct journal_reader *reader, struct journal_count *count)
{
	reader->number = journal_int(reader, 5, JOURNAL_IS_ANY);
	if (reader->number == 0)
		reader->table = "tallies";
	count->hook = journal_text(reader, 0, JOURNAL_TEXT_HOOK);
	count->event = journal_text(reader, 1, JOURNAL_TEXT_EVENT);
	count->state = (enum journal_state)journal_int(reader, 2,
	    JOURNAL_IS_STATE);
	count->count = journal_int(reader, 3, JOURNAL_IS_COUNT);
	count->oldest = journal_int(reader, 4, JOURNAL_IS_TIME);
	return !reader->damaged;
}

static enum rc
count_all(struct journal *journal, void *arguments)
{
	const struct counting *counting = arguments;
	struct journal_reader reader;
	struct journal_count count;
	enum rc rc = RC_OK;
	struct journal_statement *rows = journal_query(journal, all_counts,
	    NO_VALUES);

	while (rc == RC_OK && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		if (read_count(&reader, &count))
			rc = counting->count(counting->context, &count);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

enum rc
journal_counts(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_count *count),
    void *context)
{
	struct counting counting = { .count = each, .context = context };

	return journal_read(journal, count_all, &counting);
}

static const char lane_counts[] = SQL(
    "SELECT e.hook," JOURNAL_LANE_COLUMN ","
    " sum(CASE WHEN d.state = " SQL_QUEUED " THEN 1 ELSE 0 END),"
    " sum(CASE WHEN d.state = " SQL_RUNNING " THEN 1 ELSE 0 END),"
    " min(e.received), min(d.seq)"
    " FROM deliveries d JOIN events e ON e.seq = d.event" JOURNAL_LANE_OF
    " WHERE d.state IN " SQL_OPEN_STATES USES_deliveries_open("d.")
    " GROUP BY 1, 2 ORDER BY 1, 2");

static enum rc
count_lanes(struct journal *journal, void *arguments)
{
	const struct counting *counting = arguments;
	struct journal_reader reader;
	struct journal_lane_count count;
	enum rc rc = RC_OK;
	struct journal_statement *rows = journal_query(journal, lane_counts,
	    NO_VALUES);

	while (rc == RC_OK && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		reader.number = journal_int(&reader, 5, JOURNAL_IS_ANY);
		count.hook = journal_text(&reader, 0, JOURNAL_TEXT_HOOK);
		count.lane = text_of_lane(journal, rows, 1);
		count.queued = journal_int(&reader, 2, JOURNAL_IS_COUNT);
		count.running = journal_int(&reader, 3, JOURNAL_IS_COUNT);
		count.oldest = journal_int(&reader, 4, JOURNAL_IS_TIME);
		if (!reader.damaged)
			rc = counting->lanes(counting->context, &count);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

enum rc
journal_lane_counts(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_lane_count *count),
    void *context)
{
	struct counting counting = { .lanes = each, .context = context };

	return journal_read(journal, count_lanes, &counting);
}

/* A file that is damaged is as if none were noted. */
static const char *
text_of_file(struct journal *journal, struct journal_statement *rows)
{
	struct journal_reader reader = journal_lenient_reader(journal, rows,
	    "sources");
	const char *file = journal_text(&reader, 2, JOURNAL_TEXT_FILE);

	return reader.damaged ? "" : file;
}

static enum rc
backlog(struct journal *journal, void *arguments)
{
	const struct counting *counting = arguments;
	struct journal_backlog backlog;
	struct journal_reader reader;
	enum rc rc = RC_OK;
	struct journal_statement *rows = journal_query(journal,
	    "SELECT o.hook, o.events, s.file,"
	    " CASE WHEN s.hook IS NULL THEN 0 ELSE 1 END FROM opens o"
	    " LEFT JOIN sources s ON s.hook = o.hook"
	    " WHERE o.events <> 0 ORDER BY o.hook",
	    NO_VALUES);

	while (rc == RC_OK && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "opens");
		backlog.events = journal_int(&reader, 1, JOURNAL_IS_COUNT);
		backlog.hook = journal_text(&reader, 0, JOURNAL_TEXT_HOOK);
		backlog.file = journal_int(&reader, 3, JOURNAL_IS_ANY) == 0 ?
		    "" :
		    text_of_file(journal, rows);
		if (!reader.damaged)
			rc = counting->backlog(counting->context, &backlog);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

enum rc
journal_backlog(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_backlog *backlog),
    void *context)
{
	struct counting counting = { .backlog = each, .context = context };

	return journal_read(journal, backlog, &counting);
}
