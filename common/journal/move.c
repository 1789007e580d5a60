/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/lanes.h"
#include "journal/lookup.h"
#include "journal/move.h"
#include "journal/order.h"
#include "journal/rules.h"
#include "journal/set_aside.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/*
 * Two kinds of deliveries are moved: queued ones of which nobody has said yet
 * where they go, which have an index; and all that were open when the noted
 * routing changed, along the index of what is open.  That one has the rows of
 * all hooks, and so all hooks that are being moved go along it together: each
 * has its own place in it, and the step begins at the least of them.  To write
 * all places in each step would be dear with many hooks: those of which
 * nothing was met may lag, by some rows that are looked at again.
 */
enum {
	STEP_ROWS = 2000, /* that a step looks at */
	LAG_ROWS = 1000,
	MET_ROWS = 200,		 /* of hooks that are being moved */
	STEP_EVENTS = 50,	 /* that it reads */
	STEP_BYTES = 1024 * 1024 /* of their bodies, but for the last one */
};

/* After all places in the index. */
#define PLACES_END (INT64_C(1) << 53)

/* A hook that is being moved along the index. */
struct course {
	const struct journal_rules *rules; /* NULL: it is not */
	int64_t moved;
	int64_t end;
	bool met; /* something of it, in this step */
};

struct moving {
	const struct journal_limits *limits;
	const struct journal_router *router;
	int64_t now;
	struct pool pool;
	struct course *courses; /* of all rules of limits; NULL: of none */
	int events;
	size_t bytes;
	int64_t last; /* the event that was moved last */
	bool more;
};

/* What a delivery is in an index. */
struct open_row {
	int64_t seq;
	int64_t event; /* 0: what is there is none */
	const struct journal_rules *rules;
	struct course *course; /* where it was met */
	size_t place;	       /* of all rows that were looked at */
};

/* A delivery of an event that is moved, as it is stored. */
struct stored {
	int64_t seq;
	int64_t state;
	int64_t lane;
	int64_t line;
	bool routed;
	struct journal_key key;
};

/* As the database compares them. */
static int
compare_hooks(struct bytes hook, const char *other)
{
	size_t len = strlen(other);
	int order = memcmp(hook.data, other, hook.len < len ? hook.len : len);

	return order != 0 ? order : (hook.len > len) - (hook.len < len);
}

/* The first of these that is not before a hook. */
static size_t
place_of(const struct journal_limits *limits, struct bytes hook)
{
	size_t begin = 0;
	size_t end = limits->rules_len;
	size_t middle;

	while (begin < end) {
		middle = begin + (end - begin) / 2;
		if (compare_hooks(hook, limits->rules[middle].hook) > 0)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static const struct journal_rules *
rules_of(const struct journal_limits *limits, struct bytes hook)
{
	size_t at = place_of(limits, hook);

	return at < limits->rules_len &&
		bytes_is(hook, limits->rules[at].hook) ?
	    &limits->rules[at] :
	    NULL;
}

/* A text of a row that may be anything; what is no text is none of ours. */
static struct bytes
column_bytes(struct journal *journal, struct journal_statement *row, int column)
{
	struct bytes text = { "", 0 };

	if (journal_column_type(row, column) != JOURNAL_TYPE_TEXT)
		return text;
	text = journal_column_text(row, column);
	if (text.data == NULL) {
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
		text = (struct bytes){ "", 0 };
	}
	return text;
}

/*
 * The next hook of which something is not routed yet, and whose noted rules
 * are these; from is where it goes on.  NULL: there is none.
 */
static const struct journal_rules *
next_unrouted(struct journal *journal, const struct journal_limits *limits,
    size_t *from)
{
	const struct journal_rules *rules;
	struct journal_statement *row;
	size_t at;

	while (*from < limits->rules_len) {
		row = journal_query(journal,
		    "SELECT hook FROM deliveries WHERE state = " SQL_QUEUED
		    " AND line IS NULL AND hook >= ?1"
		    " ORDER BY hook, seq LIMIT 1",
		    BIND(TEXT(limits->rules[*from].hook)));
		if (!journal_next(journal, row))
			return NULL;
		rules = NULL;
		at = limits->rules_len;
		/* What is no text sorts after all texts. */
		if (journal_column_type(row, 0) == JOURNAL_TYPE_TEXT) {
			at = place_of(limits, column_bytes(journal, row, 0));
			rules = rules_of(limits, column_bytes(journal, row, 0));
		}
		journal_end_query(row);
		if (at < *from || (at == *from && rules == NULL))
			journal_fail(journal, JOURNAL_FAILED_INDEX);
		*from = at + (rules != NULL);
		if (rules != NULL && !journal_rules_changed(journal, rules))
			return rules;
	}
	return NULL;
}

/* Whose moves are not over yet. */
static const char all_moves[] =
    "SELECT hook, digest, routing, moved, move_to FROM rules"
    " WHERE moved < move_to ORDER BY hook";

/* The rules of such a row, where they are the same. */
static const struct journal_rules *
rules_of_move(struct journal *journal, const struct journal_limits *limits,
    struct journal_statement *row)
{
	const struct journal_rules *rules = rules_of(limits,
	    column_bytes(journal, row, 0));

	if (rules == NULL || rules->digest == NULL)
		return rules;
	return bytes_is(column_bytes(journal, row, 1), rules->digest) &&
		(rules->routing == NULL ||
		    bytes_is(column_bytes(journal, row, 2), rules->routing)) ?
	    rules :
	    NULL;
}

bool
journal_is_unmoved(struct journal *journal, const struct journal_limits *limits)
{
	struct journal_statement *row;
	bool is = false;
	size_t from = 0;

	if (limits->rules_len == 0 || !journal_rules_may_move(journal))
		return false;
	if (next_unrouted(journal, limits, &from) != NULL)
		return true;
	row = journal_query(journal, all_moves, NO_VALUES);
	while (!is && journal_next(journal, row))
		is = rules_of_move(journal, limits, row) != NULL;
	if (is)
		journal_end_query(row);
	return is;
}

/* Where a delivery is by now. */
static bool
read_stored(struct journal_reader *reader, struct stored *stored,
    struct journal_moving *moving)
{
	*stored = (struct stored){
		.seq = journal_int(reader, 0, JOURNAL_IS_ROW),
		.state = journal_int(reader, 2, JOURNAL_IS_STATE),
		.routed = journal_column_type(reader->row, 5) ==
		    JOURNAL_TYPE_INT,
	};
	/* What is none of these goes where it has to be anyway. */
	stored->lane = journal_column_int(reader->row, 3);
	stored->line = journal_column_int(reader->row, 5);
	stored->key.is = journal_key_into(reader, 6, stored->key.digest);
	*moving = (struct journal_moving){
		.ordinal = (unsigned)journal_int(reader, 1, JOURNAL_IS_SMALL),
		.open = stored->state <= JOURNAL_RUNNING,
	};
	return !reader->damaged;
}

/* The key of a delivery's lane, of which the row may be damaged or none. */
static void
read_lane(struct journal_reader *reader, struct pool *pool,
    struct journal_moving *moving)
{
	struct journal_reader lane = {
		.journal = reader->journal,
		.row = reader->row,
		.table = "lanes",
		.lenient = true,
		.quiet = true,
	};
	const char *key;

	if (journal_column_type(reader->row, 4) == JOURNAL_TYPE_NULL)
		return;
	key = journal_text_copy(&lane, 4, JOURNAL_TEXT_LANE, pool);
	if (!lane.damaged)
		moving->lane = key;
}

struct deliveries {
	struct stored *stored;
	struct journal_moving *moving;
	size_t n;
	int64_t damaged; /* one that is to be set aside; 0: none */
};

static bool
add_delivery(struct journal_reader *reader, struct pool *pool,
    struct deliveries *deliveries)
{
	struct journal *journal = reader->journal;
	size_t n = deliveries->n;
	struct stored *stored = journal_need(journal,
	    pool_next(pool, &deliveries->stored, n));
	struct journal_moving *moving = journal_need(journal,
	    pool_next(pool, &deliveries->moving, n));

	if (stored == NULL || moving == NULL)
		return false;
	reader->number = journal_column_int(reader->row, 0);
	if (read_stored(reader, stored, moving)) {
		read_lane(reader, pool, moving);
		deliveries->n++;
	} else if (journal_column_type(reader->row, 2) == JOURNAL_TYPE_INT &&
	    journal_column_int(reader->row, 2) == JOURNAL_QUEUED) {
		deliveries->damaged = reader->number;
	}
	return true;
}

/* All of an event's that are sound. */
static void
read_deliveries(struct journal *journal, int64_t event, struct pool *pool,
    struct deliveries *deliveries)
{
	struct journal_reader reader;
	struct journal_statement *row = journal_query(journal,
	    SQL("SELECT d.seq, d.ordinal, d.state, d.lane, l.key, d.line, d.key"
	    " FROM deliveries d LEFT JOIN lanes l ON l.id = d.lane"
	    " AND l.hook = d.hook WHERE d.event = ?1 ORDER BY d.ordinal"),
		BIND(INT(event)));

	*deliveries = (struct deliveries){ 0 };
	while (journal_next(journal, row)) {
		reader = journal_lenient_reader(journal, row, "deliveries");
		if (!add_delivery(&reader, pool, deliveries))
			return;
	}
}

/*
 * A key that another one takes the place of: the first of each goes on.  One
 * that runs comes before all that are queued, and keeps them back.
 */
static void
change_order(struct journal *journal, const struct stored *stored,
    const struct journal_key *order)
{
	struct bytes new = journal_key_view(order);
	struct bytes old = journal_key_view(&stored->key);

	if (new.len > 0 && stored->state == JOURNAL_RUNNING)
		journal_order_block(journal, new);
	else if (new.len > 0)
		journal_order_advance(journal, new);
	if (old.len > 0)
		journal_order_advance(journal, old);
}

static void
move_delivery(struct journal *journal, const char *hook,
    const struct stored *stored, const struct journal_route *route)
{
	int64_t lane = journal_lane_make(journal, hook, route->lane);
	struct bytes key = journal_key_view(&route->order);
	bool reordered = !bytes_equal(key, journal_key_view(&stored->key));

	if (stored->lane == lane && stored->routed &&
	    stored->line == route->line && !reordered)
		return;
	journal_do(journal,
	    "UPDATE deliveries SET lane = ?1, line = ?2, key = ?3,"
	    " held = CASE WHEN ?4 = 0 OR state <> " SQL_QUEUED
	    " THEN held ELSE ?5 END WHERE seq = ?6",
	    BIND(INT(lane), INT(route->line), BYTES(key), INT(reordered),
		INT(key.len > 0), INT(stored->seq)));
	if (reordered)
		change_order(journal, stored, &route->order);
	journal->stored = true;
}

/* False: what was met of it cannot be moved. */
static bool
move_event(struct journal *journal, struct moving *moving,
    const struct open_row *row)
{
	const struct journal_router *router = moving->router;
	struct journal_event event;
	struct deliveries deliveries;

	if (row->event == 0 ||
	    !journal_read_event(journal, row->event, &moving->pool, &event) ||
	    strcmp(event.hook, row->rules->hook) != 0)
		return false;
	moving->events++;
	moving->bytes += event.body.len;
	for (;;) {
		read_deliveries(journal, row->event, &moving->pool,
		    &deliveries);
		if (deliveries.damaged == 0 || journal_failed(journal))
			break;
		journal_set_queued_aside(journal, deliveries.damaged,
		    row->rules->hook, moving->now);
	}
	if (journal_failed(journal))
		return true;
	if (router->route(router->context, row->rules, &event,
		deliveries.moving, deliveries.n) != RC_OK)
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
	for (size_t i = 0; i < deliveries.n && !journal_failed(journal); i++)
		if (deliveries.moving[i].open)
			move_delivery(journal, row->rules->hook,
			    &deliveries.stored[i], &deliveries.moving[i].route);
	moving->last = row->event;
	return true;
}

/* Whether there is time for another one. */
static bool
is_short(const struct moving *moving)
{
	return moving->events < STEP_EVENTS && moving->bytes < STEP_BYTES;
}

/* All rows of an event come one after the other. */
static void
move_row(struct journal *journal, struct moving *moving,
    const struct open_row *row)
{
	if (row->event != 0 && row->event == moving->last)
		return;
	if (!move_event(journal, moving, row) && !journal_failed(journal)) {
		moving->events++;
		journal_set_aside(journal, row->seq, row->rules->hook,
		    moving->now);
	}
}

/* A row of seq and event. */
static void
read_open_row(struct journal *journal, struct journal_statement *statement,
    const struct journal_rules *rules, struct open_row *row)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    statement, "deliveries");

	row->rules = rules;
	row->seq = reader.number = journal_column_int(statement, 0);
	row->event = journal_int(&reader, 1, JOURNAL_IS_ROW);
	if (reader.damaged)
		row->event = 0;
}

/* Each leaves the index, or that is wrong. */
static void
move_unrouted_of(struct journal *journal, struct moving *moving,
    const struct journal_rules *rules)
{
	struct open_row rows[STEP_EVENTS];
	struct journal_statement *row = journal_query(journal,
	    "SELECT seq, event FROM deliveries WHERE hook = ?1"
	    " AND state = " SQL_QUEUED " AND line IS NULL"
	    " ORDER BY seq LIMIT ?2",
	    BIND(TEXT(rules->hook), INT(STEP_EVENTS)));
	size_t n = 0;

	while (n < STEP_EVENTS && journal_next(journal, row))
		read_open_row(journal, row, rules, &rows[n++]);
	journal_end_query(row);
	for (size_t i = 0; i < n && is_short(moving); i++)
		move_row(journal, moving, &rows[i]);
	if (n > 0 &&
	    journal_number(journal, 0,
		"SELECT seq FROM deliveries WHERE hook = ?1"
		" AND state = " SQL_QUEUED " AND line IS NULL"
		" ORDER BY hook, seq LIMIT 1",
		BIND(TEXT(rules->hook))) == rows[0].seq)
		journal_fail(journal, JOURNAL_FAILED_INDEX);
}

/* What is no place in the index begins anew. */
static bool
read_course(struct journal_reader *reader, const struct journal_rules *rules,
    struct course *course)
{
	*course = (struct course){
		.rules = rules,
		.moved = journal_int(reader, 3, JOURNAL_IS_COUNT),
		.end = journal_int(reader, 4, JOURNAL_IS_COUNT),
	};
	return !reader->damaged;
}

static void
find_courses(struct journal *journal, struct moving *moving)
{
	const struct journal_limits *limits = moving->limits;
	const struct journal_rules *rules;
	struct journal_reader reader;
	struct journal_statement *row = journal_query(journal, all_moves,
	    NO_VALUES);
	struct course *course;

	while (journal_next(journal, row)) {
		rules = rules_of_move(journal, limits, row);
		if (rules == NULL)
			continue;
		if (moving->courses == NULL)
			moving->courses = journal_need(journal,
			    pool_alloc(&moving->pool, limits->rules_len,
				sizeof(*course)));
		if (moving->courses == NULL)
			return;
		course = &moving->courses[rules - limits->rules];
		reader = journal_lenient_reader(journal, row, "rules");
		if (!read_course(&reader, rules, course))
			*course = (struct course){
				.rules = rules,
				.end = PLACES_END,
			};
		/* It was just found as one that is not over. */
		if (course->moved >= course->end)
			journal_fail(journal, JOURNAL_FAILED_INDEX);
	}
}

static struct course *
course_of(const struct moving *moving, struct bytes hook)
{
	const struct journal_limits *limits = moving->limits;
	const struct journal_rules *rules = rules_of(limits, hook);
	struct course *course;

	if (rules == NULL || moving->courses == NULL)
		return NULL;
	course = &moving->courses[rules - limits->rules];
	return course->rules == NULL ? NULL : course;
}

/* What a hook that is on its course has is mostly met there. */
static void
move_unrouted(struct journal *journal, struct moving *moving)
{
	const struct journal_rules *rules;
	size_t from = 0;

	while (is_short(moving) &&
	    (rules = next_unrouted(journal, moving->limits, &from)) != NULL)
		if (course_of(moving, bytes_of(rules->hook)) == NULL)
			move_unrouted_of(journal, moving, rules);
}

/* Both indexes go along the rows' numbers. */
static const char open_after[] = SQL(
    SQL_PART "SELECT seq, event, hook FROM deliveries WHERE state = " SQL_QUEUED
    USES_deliveries_open("") " AND seq > ?1" SQL_PART_BY_SEQ " UNION ALL "
    SQL_PART "SELECT seq, event, hook FROM deliveries WHERE state = "
    SQL_RUNNING USES_deliveries_open("") " AND seq > ?1" SQL_PART_BY_SEQ
    " ORDER BY 1 LIMIT ?2");

/* What a step looks at, and up to where that reaches. */
struct stretch {
	struct open_row rows[MET_ROWS];
	size_t n;
	int64_t reaches;
	bool whole; /* all rows that a step looks at, or that there are */
};

static void
look_along(struct journal *journal, const struct moving *moving, int64_t from,
    struct stretch *stretch)
{
	struct journal_statement *row = journal_query(journal, open_after,
	    BIND(INT(from), INT(STEP_ROWS)));
	struct course *course;
	struct open_row *met;
	int64_t seq;
	size_t looked = 0;

	stretch->n = 0;
	stretch->reaches = INT64_MAX;
	while (stretch->n < MET_ROWS && journal_next(journal, row)) {
		looked++;
		seq = journal_column_int(row, 0);
		stretch->reaches = seq;
		course = course_of(moving, column_bytes(journal, row, 2));
		if (course == NULL || seq <= course->moved || seq > course->end)
			continue;
		met = &stretch->rows[stretch->n++];
		read_open_row(journal, row, course->rules, met);
		met->course = course;
		met->place = looked;
	}
	if (stretch->n == MET_ROWS)
		journal_end_query(row);
	else if (looked < STEP_ROWS)
		stretch->reaches = INT64_MAX;
	stretch->whole = stretch->n < MET_ROWS;
}

/* True: it changed something. */
static bool
note_course(struct journal *journal, const struct course *course,
    int64_t reached)
{
	return journal_change_rows(journal,
		   "UPDATE rules SET moved = ?1, move_to = ?2 WHERE hook = ?3",
		   BIND(INT(reached < course->end ? reached : course->end),
		       INT(course->end), TEXT(course->rules->hook))) == 1;
}

static void
note_moved(struct journal *journal, const struct moving *moving,
    int64_t reached, bool all)
{
	const struct course *course;

	for (size_t i = 0; i < moving->limits->rules_len; i++) {
		course = &moving->courses[i];
		if (course->rules != NULL && reached > course->moved &&
		    (all || course->met) &&
		    !note_course(journal, course, reached))
			journal_fail(journal, JOURNAL_FAILED_INDEX);
	}
}

static void
move_stretch(struct journal *journal, struct moving *moving,
    const struct stretch *stretch)
{
	const struct open_row *row = NULL;
	size_t i = 0;

	for (; i < stretch->n && is_short(moving); i++) {
		row = &stretch->rows[i];
		move_row(journal, moving, row);
		row->course->met = true;
	}
	if (i == stretch->n && stretch->whole)
		note_moved(journal, moving, stretch->reaches, true);
	else if (row != NULL)
		note_moved(journal, moving, row->seq, row->place > LAG_ROWS);
	/* Those that wait for its end do not look before they are told. */
	journal->stored = true;
}

static void
move_along(struct journal *journal, struct moving *moving)
{
	const struct course *course = moving->courses;
	struct stretch stretch;
	int64_t from = INT64_MAX;

	if (course == NULL)
		return;
	for (size_t n = moving->limits->rules_len; n > 0; n--, course++)
		if (course->rules != NULL && course->moved < from)
			from = course->moved;
	look_along(journal, moving, from, &stretch);
	move_stretch(journal, moving, &stretch);
}

static enum rc
move(struct journal *journal, void *arguments)
{
	struct moving *moving = arguments;

	find_courses(journal, moving);
	move_unrouted(journal, moving);
	if (is_short(moving))
		move_along(journal, moving);
	moving->more = journal_is_unmoved(journal, moving->limits);
	return RC_OK;
}

enum rc
journal_move(struct journal *journal, const struct journal_limits *limits,
    const struct journal_router *router, int64_t now, bool *more)
{
	struct moving moving = {
		.limits = limits,
		.router = router,
		.now = now,
	};
	enum rc rc = journal_write(journal, move, &moving);

	pool_free(&moving.pool);
	if (rc == RC_OK)
		*more = moving.more;
	return rc;
}
