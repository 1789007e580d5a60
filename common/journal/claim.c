/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/lookup.h"
#include "journal/move.h"
#include "journal/order.h"
#include "journal/rules.h"
#include "journal/runner.h"
#include "journal/set_aside.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/* Most bytes of bodies that one run takes, but for its first event. */
enum { BODIES = 16 * 1024 * 1024 };

/* No pause of a schedule is longer, milliseconds: a bit over ten years. */
static const int64_t longest = INT64_C(3660) * 24 * 3600000;

struct claiming {
	const struct journal_limits *limits;
	int64_t now;
	struct journal_claim *claim;
	size_t bodies;
	int64_t next;
	bool unmoved;
};

/* What is due first, of one lane or of several. */
struct candidate {
	int64_t now;
	int64_t latest; /* what is due later is none */
	bool any;	/* also where no more may run */
	const struct journal_limit *limit;
	int64_t seq; /* 0: none */
	int64_t due;
};

/*
 * A walk over the lanes that have something in an index, from one of them to
 * the next: those that have nothing cost nothing.
 */
struct walk {
	struct journal *journal;
	const struct journal_limits *limits;
	const char *text; /* the first row from a lane on */
	size_t next;	  /* of limits */
	struct journal_statement *row;
};

/* What never waited is due whatever the clock says: it has its own index. */
static const char fresh[] =
    "SELECT lane, seq, due FROM deliveries WHERE state = " SQL_QUEUED
    " AND held = 0 AND since = 0 AND line IS NOT NULL AND lane >= ?1"
    " ORDER BY lane, seq LIMIT 1";

static const char waiting[] =
    "SELECT lane, seq, due FROM deliveries WHERE state = " SQL_QUEUED
    " AND held = 0 AND since > 0 AND line IS NOT NULL AND lane >= ?1"
    " ORDER BY lane, due, seq LIMIT 1";

struct asking {
	const struct journal_limits *limits;
	int64_t now;
	int64_t due;
	bool unmoved;
};

/* Whether a pause began after now. */
static bool
is_set_back(struct journal *journal, int64_t now)
{
	return journal_number(journal, 0,
	    SQL("SELECT 1 FROM deliveries WHERE state = " SQL_QUEUED
		USES_deliveries_since("") " AND since > ?1 LIMIT 1"),
		BIND(INT(now))) != 0;
}

/*
 * The clock was set back to before the beginning of a pause: the pause begins
 * anew, so that nothing waits longer than one pause of its schedule.  What
 * is no pause is over.
 */
static void
begin_pauses_anew(struct journal *journal, int64_t now)
{
	if (is_set_back(journal, now))
		journal_do(journal,
		    SQL("UPDATE deliveries SET due = ?1 + CASE WHEN "
		    SQL_IS_INTEGER("due") " AND due - since BETWEEN 0 AND ?2"
		    " THEN due - since ELSE 0 END, since = ?1"
		    " WHERE state = " SQL_QUEUED USES_deliveries_since("")
		    " AND since > ?1"),
			BIND(INT(now), INT(longest)));
}

/* Goes on after the lane of the walk's row.  NULL: it is not one of those
 * that are walked over. */
static const struct journal_limit *
go_past_row(struct walk *walk)
{
	const struct journal_limit *list = walk->limits->list;
	size_t asked = walk->next;
	size_t end = walk->limits->n;
	int64_t lane;
	size_t middle;

	/* What is no number sorts after all numbers. */
	if (journal_column_type(walk->row, 0) != JOURNAL_TYPE_INT) {
		walk->next = end;
		return NULL;
	}
	lane = journal_column_int(walk->row, 0);
	while (walk->next < end) {
		middle = walk->next + (end - walk->next) / 2;
		if (lane > list[middle].lane)
			walk->next = middle + 1;
		else
			end = middle;
	}
	if (end < walk->limits->n && list[end].lane == lane)
		return &list[walk->next++];
	if (end == asked)
		journal_fail(walk->journal, JOURNAL_FAILED_INDEX);
	return NULL;
}

/* The next lane that has a row, which is then open; NULL: there is none. */
static const struct journal_limit *
walk_on(struct walk *walk)
{
	const struct journal_limit *limit;

	while (walk->next < walk->limits->n) {
		limit = &walk->limits->list[walk->next];
		walk->row = journal_query(walk->journal, walk->text,
		    BIND(INT(limit->lane)));
		if (!journal_next(walk->journal, walk->row))
			break;
		limit = go_past_row(walk);
		if (limit != NULL)
			return limit;
		journal_end_query(walk->row);
	}
	return NULL;
}

/* Whether more of a lane may run: by older rules, or before what has to be
 * moved is, there may not. */
static bool
is_open(struct journal *journal, const struct journal_limit *limit)
{
	return !journal_rules_hold_up(journal, limit->rules) &&
	    journal_number(journal, 0,
		"SELECT count(DISTINCT claim) FROM deliveries"
		" WHERE state = " SQL_RUNNING " AND lane = ?1",
		BIND(INT(limit->lane))) < (int64_t)limit->concurrency;
}

/* Whether a row is one to wait, or goes after the best so far. */
static bool
goes_later(struct journal_statement *row, const struct candidate *best)
{
	int64_t seq;
	int64_t due;

	if (journal_column_type(row, 2) != JOURNAL_TYPE_INT)
		return false;
	seq = journal_column_int(row, 1);
	due = journal_column_int(row, 2);
	if (due > JOURNAL_TIME_MAX)
		return false;
	return due > best->latest ||
	    (best->seq != 0 &&
		(due > best->due || (due == best->due && seq > best->seq)));
}

/* What a row of lane, seq and due offers, which is over then.  False: it was
 * set aside, look again. */
static bool
consider(struct journal *journal, struct journal_statement *row,
    const struct journal_limit *limit, struct candidate *best)
{
	struct journal_reader reader = {
		.journal = journal,
		.row = row,
		.table = "deliveries",
		.number = journal_column_int(row, 1),
		.lenient = true,
	};
	int64_t seq;
	int64_t due;

	if (goes_later(row, best) || (!best->any && !is_open(journal, limit))) {
		journal_end_query(row);
		return true;
	}
	seq = journal_int(&reader, 1, JOURNAL_IS_ROW);
	due = journal_int(&reader, 2, JOURNAL_IS_TIME);
	journal_end_query(row);
	if (reader.damaged) {
		journal_set_queued_aside(journal, reader.number,
		    limit->rules->hook, best->now);
		return false;
	}
	best->limit = limit;
	best->seq = seq;
	best->due = due;
	return true;
}

/* What is no time at all sorts after the last one, and comes last. */
static void
set_untimely_aside(struct journal *journal, const struct journal_limit *limit,
    struct candidate *best)
{
	struct journal_statement *row;

	for (;;) {
		row = journal_query(journal,
		    "SELECT lane, seq, due FROM deliveries WHERE lane = ?1"
		    " AND state = " SQL_QUEUED " AND held = 0 AND since > 0"
		    " AND line IS NOT NULL AND due > ?2"
		    " ORDER BY due, seq LIMIT 1",
		    BIND(INT(limit->lane), INT(JOURNAL_TIME_MAX)));
		if (!journal_next(journal, row) ||
		    consider(journal, row, limit, best))
			return;
	}
}

/* The first of these lanes; any: also of those of which no more may run. */
static struct candidate
find_due(struct journal *journal, const struct journal_limits *limits,
    int64_t now, bool any)
{
	struct candidate best = { .now = now, .latest = INT64_MAX, .any = any };
	const struct journal_limit *limit;
	struct walk walk = { journal, limits, fresh, 0, NULL };

	while ((limit = walk_on(&walk)) != NULL)
		if (!consider(journal, walk.row, limit, &best))
			walk.next--;
	best.latest = now;
	walk = (struct walk){ journal, limits, waiting, 0, NULL };
	while ((limit = walk_on(&walk)) != NULL)
		if (!consider(journal, walk.row, limit, &best))
			walk.next--;
		else if (best.seq == 0)
			set_untimely_aside(journal, limit, &best);
	return best;
}

/* The columns of a delivery; first is the number of the first one. */
#define SQL_DELIVERY(of)                                                       \
	of "seq, " of "event, " of "ordinal, " of "step, " of "attempts, " of  \
	   "key, " of "lost, " of "line"

/* The event's seq. */
static int64_t
fill_delivery(struct journal_reader *reader, int first,
    struct journal_delivery *delivery)
{
	*delivery = (struct journal_delivery){
		.seq = journal_int(reader, first, JOURNAL_IS_ROW),
		.ordinal = (unsigned)journal_int(reader, first + 2,
		    JOURNAL_IS_SMALL),
		.step = (unsigned)journal_int(reader, first + 3,
		    JOURNAL_IS_SMALL),
		.attempt = (unsigned)journal_int(reader, first + 4,
			       JOURNAL_IS_SMALL) +
		    1,
		.lost = (unsigned)journal_int(reader, first + 6,
		    JOURNAL_IS_SMALL),
		.line = (int)journal_int(reader, first + 7, JOURNAL_IS_LINE),
	};
	delivery->ordered = journal_key_into(reader, first + 5, delivery->key);
	return journal_int(reader, first + 1, JOURNAL_IS_ROW);
}

/* Room for the next one of a claim. */
static struct journal_delivery *
next_delivery(struct journal *journal, struct journal_claim *claim)
{
	return journal_need(journal,
	    pool_next(&claim->pool, &claim->deliveries, claim->n));
}

/* Whether the next one may be taken, as far as its event goes: that is of
 * the same hook. */
static bool
take_next(struct claiming *claiming, const struct journal_limit *limit)
{
	struct journal_claim *claim = claiming->claim;
	const struct journal_event *event = &claim->deliveries[claim->n].event;

	if (strcmp(event->hook, limit->rules->hook) != 0)
		return false;
	claiming->bodies += event->body.len;
	claim->n++;
	return true;
}

/* Whether it could be taken: it is sound, and so is its event. */
static bool
read_claimed(struct journal_reader *reader, const struct journal_limit *limit,
    struct claiming *claiming)
{
	struct journal *journal = reader->journal;
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *delivery = next_delivery(journal, claim);
	int64_t event;

	if (delivery == NULL)
		return false;
	event = fill_delivery(reader, 0, delivery);
	journal_end_query(reader->row);
	return !reader->damaged &&
	    journal_read_event(journal, event, &claim->pool,
		&delivery->event) &&
	    take_next(claiming, limit);
}

/*
 * No other run has this number: what left a batch that was taken apart may
 * be claimed anew while the rest of it still runs under its number.
 */
static int64_t
pick_number(struct journal *journal, int64_t seq)
{
	if (journal_number(journal, 0,
		"SELECT 1 FROM deliveries WHERE state = " SQL_RUNNING
		" AND claim = ?1 LIMIT 1",
		BIND(INT(seq))) == 0)
		return seq;
	return journal_number(journal, seq,
	    "SELECT 1 + max(n.number) FROM (SELECT max(seq) AS number"
	    " FROM deliveries UNION ALL SELECT max(claim) FROM deliveries"
	    " WHERE state = " SQL_RUNNING ") n",
	    NO_VALUES);
}

/* What cannot be taken is set aside, and the claim has nothing of it. */
static void
claim_delivery(struct journal *journal, const struct candidate *candidate,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	struct journal_reader reader = {
		.journal = journal,
		.table = "deliveries",
		.number = candidate->seq,
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT " SQL_DELIVERY("") " FROM deliveries WHERE seq = ?1"
					       " AND state = " SQL_QUEUED,
		    BIND(INT(candidate->seq))),
	};

	if (claim->n == 0)
		claim->number = pick_number(journal, candidate->seq);
	if (!journal_next(journal, reader.row)) {
		/* It was just found as queued, by an index. */
		journal_fail(journal, JOURNAL_FAILED_INDEX);
		return;
	}
	if (!read_claimed(&reader, candidate->limit, claiming)) {
		journal_set_queued_aside(journal, candidate->seq,
		    candidate->limit->rules->hook, claiming->now);
		return;
	}
	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_RUNNING ","
	    " attempts = attempts + 1, runner = ?1, claim = ?2, slot = ?3,"
	    " started = ?4, pid = 0, start = 0 WHERE seq = ?5",
	    BIND(INT(journal->runner), INT(claim->number), INT(claim->slot),
		INT(claiming->now), INT(candidate->seq)));
}

/* The columns of take_fresh's row: those of its event come first. */
enum { FRESH_DUE = JOURNAL_EVENT_COLUMNS, FRESH_DELIVERY };

/* False: it has a key, or is not sound. */
static bool
read_fresh(struct journal_reader *reader, const struct journal_limit *limit,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *delivery = next_delivery(reader->journal,
	    claim);

	if (delivery == NULL)
		return false;
	fill_delivery(reader, FRESH_DELIVERY, delivery);
	journal_int(reader, FRESH_DUE, JOURNAL_IS_TIME);
	if (reader->damaged || delivery->ordered)
		return false;
	journal_fill_event(reader, &claim->pool, &delivery->event);
	return !reader->damaged && take_next(claiming, limit);
}

/* Those from the one that was the claim's nth to its last one: there is no
 * other one between them. */
static void
mark_fresh(struct journal *journal, int64_t lane,
    const struct claiming *claiming, size_t n)
{
	const struct journal_claim *claim = claiming->claim;

	if (claim->n > n &&
	    (size_t)journal_change_rows(journal,
		"UPDATE deliveries SET state = " SQL_RUNNING ","
		" attempts = attempts + 1, runner = ?1, claim = ?2, slot = ?3,"
		" started = ?4, pid = 0, start = 0 WHERE lane = ?5"
		" AND state = " SQL_QUEUED " AND held = 0 AND since = 0"
		" AND line IS NOT NULL AND seq BETWEEN ?6 AND ?7",
		BIND(INT(journal->runner), INT(claim->number), INT(claim->slot),
		    INT(claiming->now), INT(lane),
		    INT(claim->deliveries[n].seq),
		    INT(claim->deliveries[claim->n - 1].seq))) != claim->n - n)
		journal_fail(journal, JOURNAL_FAILED_INDEX);
}

/*
 * At once what follows the first one as a rule: what never waited and has no
 * key.  The first that is something else, or is damaged, ends it, and all of
 * it where some wait for a retry that may be due earlier.
 */
static void
take_fresh(struct journal *journal, const struct journal_limit *limit,
    struct claiming *claiming)
{
	struct journal_reader reader = {
		.journal = journal,
		.lenient = true,
		.quiet = true,
	};
	size_t n = claiming->claim->n;

	if (journal_number(journal, 0,
		"SELECT 1 FROM deliveries WHERE lane = ?1"
		" AND state = " SQL_QUEUED " AND held = 0 AND since > 0"
		" AND line IS NOT NULL AND due <= ?2 LIMIT 1",
		BIND(INT(limit->lane), INT(claiming->now))) != 0)
		return;
	reader.row = journal_query(journal,
	    SQL_WALK "SELECT " SQL_EVENT ", d.due, " SQL_DELIVERY(
		"d.") " FROM deliveries d LEFT JOIN events e ON e.seq = d.event" SQL_JOIN_BODY
		      " WHERE d.lane = ?1 AND d.state = " SQL_QUEUED
		      " AND d.held = 0 AND d.since = 0 AND d.line IS NOT NULL"
		      " ORDER BY d.seq LIMIT ?2",
	    BIND(INT(limit->lane), INT((int64_t)(limit->batch - n))));
	while (claiming->bodies < BODIES && journal_next(journal, reader.row) &&
	    read_fresh(&reader, limit, claiming))
		continue;
	journal_end_query(reader.row);
	mark_fresh(journal, limit->lane, claiming, n);
}

/*
 * More for the same run.  The next one of a key is let go while this looks,
 * so that a batch takes several of a key in their order.
 */
static void
claim_more(struct journal *journal, const struct journal_limit *limit,
    struct claiming *claiming)
{
	const struct journal_limits only = { .list = limit, .n = 1 };
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *last;
	struct candidate next;

	if (!claim->deliveries[0].ordered)
		take_fresh(journal, limit, claiming);
	while (!journal_failed(journal) && claim->n < limit->batch &&
	    claiming->bodies < BODIES) {
		last = &claim->deliveries[claim->n - 1];
		if (last->ordered)
			journal_order_unblock_next(journal,
			    journal_key_bytes(last->key));
		next = find_due(journal, &only, claiming->now, true);
		if (next.seq == 0)
			break;
		claim_delivery(journal, &next, claiming);
	}
}

static void
block_rest(struct journal *journal, const struct journal_claim *claim)
{
	for (size_t i = 0; i < claim->n; i++)
		if (claim->deliveries[i].ordered)
			journal_order_block(journal,
			    journal_key_bytes(claim->deliveries[i].key));
}

static int
compare_age(const void *a, const void *b)
{
	const struct journal_delivery *left = a;
	const struct journal_delivery *right = b;

	return (left->seq > right->seq) - (left->seq < right->seq);
}

static enum rc
take_due(struct journal *journal, struct claiming *claiming)
{
	struct candidate best;

	begin_pauses_anew(journal, claiming->now);
	do {
		best = find_due(journal, claiming->limits, claiming->now,
		    false);
		if (best.seq == 0 ||
		    (claiming->claim->slot == 0 &&
			journal_slot_take(journal, claiming->claim) != RC_OK))
			return RC_MISSING;
		journal_runner_begin(journal);
		claim_delivery(journal, &best, claiming);
	} while (claiming->claim->n == 0 && !journal_failed(journal));
	claiming->claim->runner = journal->runner;
	journal_slot_begin(journal, claiming->claim);
	claiming->claim->lane = best.limit->lane;
	if (claiming->claim->n > 0 && best.limit->batch > 1) {
		claim_more(journal, best.limit, claiming);
		block_rest(journal, claiming->claim);
		qsort(claiming->claim->deliveries, claiming->claim->n,
		    sizeof(struct journal_delivery), compare_age);
	}
	return RC_OK;
}

static bool
has_fresh(struct journal *journal, const struct journal_limits *limits)
{
	struct walk walk = { journal, limits, fresh, 0, NULL };
	const struct journal_limit *limit;

	while ((limit = walk_on(&walk)) != NULL) {
		journal_end_query(walk.row);
		if (is_open(journal, limit))
			return true;
	}
	return false;
}

static enum rc
next_due(struct journal *journal, void *arguments)
{
	struct asking *asking = arguments;
	struct walk walk = { journal, asking->limits, waiting, 0, NULL };
	const struct journal_limit *limit;
	int64_t due;

	asking->unmoved = journal_is_unmoved(journal, asking->limits);
	if (asking->unmoved || is_set_back(journal, asking->now) ||
	    has_fresh(journal, asking->limits))
		asking->due = asking->now;
	while ((limit = walk_on(&walk)) != NULL) {
		due = journal_column_int(walk.row, 2);
		journal_end_query(walk.row);
		if (due <= JOURNAL_TIME_MAX && due < asking->due &&
		    is_open(journal, limit))
			asking->due = due;
	}
	return RC_OK;
}

static enum rc
claim_due(struct journal *journal, void *arguments)
{
	struct claiming *claiming = arguments;
	struct asking asking = { claiming->limits, claiming->now, CLOCK_NEVER,
		false };
	enum rc rc = take_due(journal, claiming);

	(void)next_due(journal, &asking);
	claiming->next = asking.due;
	claiming->unmoved = asking.unmoved;
	return rc;
}

enum rc
journal_claim_due(struct journal *journal, const struct journal_limits *limits,
    int64_t now, struct journal_claim *claim)
{
	struct claiming claiming = {
		.limits = limits,
		.now = now,
		.claim = claim,
	};
	enum rc rc;

	*claim = (struct journal_claim){ 0 };
	rc = journal_write(journal, claim_due, &claiming);
	if (rc != RC_OK)
		journal_claim_free(claim);
	claim->next = claiming.next;
	claim->unmoved = claiming.unmoved;
	return rc;
}

void
journal_claim_free(struct journal_claim *claim)
{
	journal_slot_leave(claim);
	pool_free(&claim->pool);
	*claim = (struct journal_claim){ 0 };
}

enum rc
journal_next_due(struct journal *journal, const struct journal_limits *limits,
    int64_t now, int64_t *due)
{
	struct asking asking = { limits, now, CLOCK_NEVER, false };
	enum rc rc = journal_read(journal, next_due, &asking);

	if (rc == RC_OK)
		*due = asking.due;
	return rc;
}
