/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "journal/search.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "event/rule.h"
#include "journal/operate.h"
#include "journal/report.h"
#include "journal/sql.h"
#include "journal/transaction.h"

/* Milliseconds: what is no more than that ahead of the clock may have changed
 * just now. */
enum { AHEAD = 60 * 1000 };

struct searching {
	const struct journal_search *search;
	enum rc (*each)(void *context, const struct journal_row *row);
	void *context;
	struct journal_search_end *end;
};

struct counting_matches {
	const struct journal_search *search;
	struct journal_search_count *count;
};

/* Greater than any ID. */
static const char after_ids[] = "g";

/*
 * Whether an event e matches, but for its deliveries.  What is not asked for
 * is said first, so that the row itself need not be looked at for it.  Where a
 * glob or a group is asked for, its name is told, which is matched here.
 */
#define MATCHES                                                                \
	" CASE WHEN (?1 IS NULL OR e.hook = ?1)"                               \
	" AND (?2 IS NULL OR e.name = ?2)"                                     \
	" AND (?3 <= 0 OR e.received >= ?3) AND (?4 <= 0 OR e.received < ?4)"  \
	" AND (?5 IS NULL OR e.pipeline = ?5 OR e.shown = ?5)"                 \
	" AND (?6 <= 0 OR e.seq <= ?6)"                                        \
	" AND (?7 IS NULL OR substr(e.id, " SQL_SMALL(                         \
	    "?8") ") = ?7) AND e.seq > 0"                                      \
		  " THEN 1 ELSE 0 END, CASE WHEN ?9 <> 0 THEN e.name END"

/* As they were stored, which is the cheapest: rows are beside each other. */
static const char along_events[] = SQL(SQL_WALK "SELECT e.seq," MATCHES
    " FROM events e WHERE e.seq < ?10 ORDER BY e.seq DESC");

/* Along the IDs, which begin with the time of receipt. */
static const char along_ids[] = SQL(SQL_WALK "SELECT e.seq," MATCHES
    " FROM events e WHERE e.id >= ?10 AND e.id < ?11 ORDER BY e.id DESC");

/* Along the states that are few. */
static const char along_state[] = SQL(SQL_WALK "SELECT d.event," MATCHES
    " FROM deliveries d LEFT JOIN events e ON e.seq = d.event"
    " WHERE d.state = ?10" USES_deliveries_open("d.")
    " AND d.seq < ?11 ORDER BY d.seq DESC");

/* The same where all that is asked for is in the index. */
static const char along_index[] = SQL(SQL_WALK "SELECT d.event,"
    " CASE WHEN (?1 IS NULL OR d.hook = ?1)"
    " AND (?6 <= 0 OR d.event <= ?6) THEN 1 ELSE 0 END FROM deliveries d"
    " WHERE d.state = ?10" USES_deliveries_open("d.")
    " AND d.seq < ?11 ORDER BY d.seq DESC");

/* Those of an event that match: what ended since, began to wait or was put back
 * by hand was not what was shown.  What is ahead of the clock was so before that
 * was set back. */
#define NOT_SINCE(time) time " NOT BETWEEN ?3 + 1 AND ?4"
#define OF_EVENT                                                               \
	" WHERE d.event = ?1 AND (?2 < 0 OR d.state = ?2)"                     \
	" AND (?3 <= 0 OR (" NOT_SINCE(                                        \
	    "d.revived") " AND CASE d.state"                                   \
			 " WHEN " SQL_RUNNING " THEN 1 = 1 WHEN " SQL_QUEUED   \
			 " THEN " NOT_SINCE("d.since") " ELSE " NOT_SINCE(     \
			     "d.finished") " END))"

/* The text where it is given. */
static const char *
given(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *
later(const char *a, const char *b)
{
	return strcmp(a, b) < 0 ? b : a;
}

static const char *
earlier(const char *a, const char *b)
{
	return strcmp(a, b) < 0 ? a : b;
}

/* The beginning of all IDs of a time. */
static const char *
id_of_time(int64_t time, char into[UUID_SIZE])
{
	static const uint8_t nothing[10];

	uuid7(time < JOURNAL_TIME_MAX ? time : JOURNAL_TIME_MAX, nothing, into);
	/* Only the time counts, not the version after it. */
	into[13] = '\0';
	return into;
}

static void
bound_by_id(struct journal *journal, struct journal_walk *walk)
{
	const struct journal_part *part = &walk->part;

	if (given(walk->search->id) == NULL)
		return;
	journal_part_read(walk->search->id, &walk->part);
	if (part->begins &&
	    journal_number(journal, 0,
		"SELECT 1 FROM events WHERE id >= ?1 AND id < ?2 LIMIT 1",
		BIND(TEXT(part->text), TEXT(part->after))) != 0) {
		walk->from = later(walk->from, part->text);
		walk->to = earlier(walk->to, part->after);
		walk->by_state = false;
		walk->by_id = true;
	} else if (part->ends) {
		walk->by_end = walk->by_id = true;
	} else {
		walk->nothing = true;
	}
}

static void
set_bounds(struct journal *journal, struct journal_walk *walk)
{
	const struct journal_search *search = walk->search;

	walk->from = "";
	walk->to = after_ids;
	walk->by_id = search->since > 0 || search->until > 0;
	if (search->since > 0)
		walk->from = id_of_time(search->since, walk->since);
	if (search->until > 0)
		walk->to = id_of_time(search->until, walk->until);
	if (given(search->before) != NULL) {
		snprintf(walk->before, sizeof(walk->before), "%s",
		    search->before);
		for (char *at = walk->before; *at != '\0'; at++)
			*at = (char)tolower((unsigned char)*at);
		walk->to = earlier(walk->to, walk->before);
	}
	bound_by_id(journal, walk);
}

/* It goes no further than what was looked at when it was shown. */
static void
set_last(struct journal *journal, struct journal_walk *walk)
{
	const struct journal_search *search = walk->search;

	if (search->shown.last[0] == '\0')
		return;
	walk->last = journal_number(journal, 0,
	    "SELECT seq FROM events WHERE id = ?1",
	    BIND(TEXT(search->shown.last)));
	if (strcmp(walk->before, search->shown.last) == 0)
		walk->nothing = true;
}

/* The event where it is to go on; where that was taken out since, what comes
 * after the one before. */
static int64_t
events_before(struct journal *journal, const char *id)
{
	int64_t seq = journal_number(journal, 0,
	    "SELECT seq FROM events WHERE id = ?1", BIND(TEXT(id)));

	if (seq > 0)
		return seq;
	return journal_number(journal, 0,
	    "SELECT seq + 1 FROM events WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	    BIND(TEXT(id)));
}

/* The same, the first delivery of that. */
static int64_t
deliveries_before(struct journal *journal, const char *id)
{
	int64_t event = events_before(journal, id);
	int64_t seq = journal_number(journal, 0,
	    "SELECT min(seq) FROM deliveries WHERE event = ?1",
	    BIND(INT(event)));

	if (seq > 0)
		return seq;
	return journal_number(journal, 0,
	    "SELECT max(seq) + 1 FROM deliveries WHERE event ="
	    " (SELECT seq FROM events WHERE seq < ?1 ORDER BY seq DESC LIMIT 1)",
	    BIND(INT(event)));
}

/* The statement of a walk, and what it is bounded by. */
static const char *
walk_text(struct journal *journal, const struct journal_walk *walk,
    struct journal_value bounds[2])
{
	const struct journal_search *search = walk->search;
	bool begins = walk->before[0] == '\0';

	if (walk->by_state) {
		bounds[0] = (struct journal_value)INT(search->state);
		bounds[1] = (struct journal_value)INT(begins ?
			INT64_MAX :
			deliveries_before(journal, walk->before));
		return given(search->event) == NULL &&
			given(search->pipeline) == NULL && !walk->by_id &&
			!walk->by_end ?
		    along_index :
		    along_state;
	}
	if (walk->by_id) {
		bounds[0] = (struct journal_value)TEXT(walk->from);
		bounds[1] = (struct journal_value)TEXT(walk->to);
		return along_ids;
	}
	bounds[0] = (struct journal_value)INT(
	    begins ? INT64_MAX : events_before(journal, walk->before));
	if (search->shown.seen > 0 && search->shown.seen < bounds[0].number)
		bounds[0].number = search->shown.seen + 1;
	return along_events;
}

static struct journal_statement *
walk_rows(struct journal *journal, const struct journal_walk *walk)
{
	const struct journal_search *search = walk->search;
	struct journal_value values[] = {
		TEXT(given(search->hook)),
		TEXT(walk->pattern ? NULL : given(search->event)),
		INT(search->since),
		INT(search->until),
		TEXT(given(search->pipeline)),
		INT(search->shown.seen),
		TEXT(walk->by_end ? walk->part.text : NULL),
		INT((int64_t)(UUID_SIZE - walk->part.n)),
		INT(walk->pattern),
		INT(0),
		INT(0),
	};
	size_t n = sizeof(values) / sizeof(values[0]);
	const char *text = walk_text(journal, walk, values + n - 2);

	return journal_query(journal, text,
	    (struct journal_values){ values,
		text == along_events ? n - 1 : n });
}

void
journal_walk_begin(struct journal *journal, const struct journal_search *search,
    struct journal_walk *walk)
{
	*walk = (struct journal_walk){
		.journal = journal,
		.search = search,
		.by_state = search->state >= 0 && search->state != JOURNAL_DONE,
		.looks = search->looks > 0 ? search->looks : INT64_MAX,
		.pattern = given(search->event) != NULL &&
		    rule_is_pattern(search->event),
	};
	set_bounds(journal, walk);
	set_last(journal, walk);
	if (!walk->nothing)
		walk->rows = walk_rows(journal, walk);
}

bool
journal_walk_place(struct journal *journal, int64_t event, char into[UUID_SIZE])
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal, "SELECT id FROM events WHERE seq = ?1",
		BIND(INT(event))),
	    "events");
	const char *id;

	/* Who tells of the event says that it is damaged. */
	reader.quiet = true;
	if (!journal_next(journal, reader.row))
		return false;
	id = journal_text(&reader, 0, JOURNAL_TEXT_ID);
	if (!reader.damaged)
		memcpy(into, id, UUID_SIZE);
	journal_end_query(reader.row);
	return !reader.damaged;
}

void
journal_walk_end(struct journal_walk *walk)
{
	journal_end_query(walk->rows);
	walk->rows = NULL;
	walk->end.more = journal_walk_place(walk->journal, walk->event,
	    walk->end.next);
}

/* It may look at no more; but it ends only at an event by which it can go
 * on. */
static bool
has_to_stop(struct journal_walk *walk)
{
	char place[UUID_SIZE];

	if (walk->looks > 0 ||
	    !journal_walk_place(walk->journal, walk->event, place))
		return false;
	walk->end.stopped = true;
	journal_walk_end(walk);
	return true;
}

/* Whether the glob or group that is asked for takes the event. */
static bool
has_name(const struct journal_walk *walk)
{
	struct journal_reader reader = journal_lenient_reader(walk->journal,
	    walk->rows, "events");
	const char *name;

	/* Who tells of the event says that it is damaged. */
	reader.quiet = true;
	name = journal_text(&reader, 2, JOURNAL_TEXT_EVENT);
	return !reader.damaged && rule_finds(walk->search->event, name);
}

bool
journal_walk_row(struct journal_walk *walk)
{
	int64_t last = walk->matched;
	int64_t event;

	while (journal_next(walk->journal, walk->rows)) {
		event = journal_column_int(walk->rows, 0);
		if (event != walk->event && walk->last > 0 &&
		    walk->event == walk->last) {
			journal_end_query(walk->rows);
			break;
		}
		/* It goes on after an event, not within. */
		if (event != walk->event && has_to_stop(walk))
			return false;
		walk->looks--;
		walk->event = event;
		if (journal_column_int(walk->rows, 1) == 0 ||
		    (walk->pattern && !has_name(walk)))
			continue;
		walk->other = walk->event != last;
		walk->matched = walk->event;
		return true;
	}
	walk->rows = NULL;
	return false;
}

bool
journal_walk_next(struct journal_walk *walk)
{
	while (journal_walk_row(walk))
		if (walk->other)
			return true;
	return false;
}

/* Ends it where enough was found, and says whether there is anything after
 * the event where it is. */
static void
leave(struct journal_walk *walk)
{
	int64_t event = walk->event;

	while (journal_next(walk->journal, walk->rows))
		if (journal_column_int(walk->rows, 0) != event) {
			journal_walk_end(walk);
			return;
		}
	walk->rows = NULL;
}

/* What is later is ahead of the clock; where that was set back since something
 * was shown, nobody can tell, and all that is later than that changed. */
static int64_t
latest_change(const struct journal *journal,
    const struct journal_search *search)
{
	int64_t now = journal_now(journal);

	return now < search->shown.time ? INT64_MAX : now + AHEAD;
}

struct journal_statement *
journal_search_deliveries(struct journal *journal,
    const struct journal_search *search, int64_t event, int64_t after)
{
	return journal_query(journal,
	    "SELECT d.seq, d.state,"
	    " CASE WHEN d.since <> 0 AND d.due <> d.since THEN 1 ELSE 0 END"
	    " FROM deliveries d" OF_EVENT " AND d.seq > ?5 ORDER BY d.seq",
	    BIND(INT(event), INT(search->state), INT(search->shown.time),
		INT(latest_change(journal, search)), INT(after)));
}

/* How many it told of. */
static enum rc
tell_event(struct journal *journal, const struct searching *searching,
    int64_t event, unsigned *told)
{
	const struct journal_search *search = searching->search;
	struct journal_statement *rows = journal_query(journal,
	    JOURNAL_ROW_COLUMNS
	    "deliveries d" SQL_THEN_JOIN
	    "events e ON e.seq = d.event" JOURNAL_LANE_OF JOURNAL_ROW_ATTEMPT
		OF_EVENT " ORDER BY d.ordinal",
	    BIND(INT(event), INT(search->state), INT(search->shown.time),
		INT(latest_change(journal, search))));
	struct journal_reader reader;
	struct journal_row row;
	enum rc rc = RC_OK;

	*told = 0;
	while (rc == RC_OK && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "deliveries");
		if (!journal_row_fill(&reader, &row))
			continue;
		(*told)++;
		rc = searching->each(searching->context, &row);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

static enum rc
search_events(struct journal *journal, void *arguments)
{
	struct searching *searching = arguments;
	unsigned left = searching->search->limit;
	struct journal_walk walk;
	unsigned told;
	enum rc rc = RC_OK;

	journal_walk_begin(journal, searching->search, &walk);
	while (rc == RC_OK && journal_walk_next(&walk)) {
		rc = tell_event(journal, searching, walk.event, &told);
		if (told > 0 && --left == 0)
			break;
	}
	if (rc == RC_OK && walk.rows != NULL)
		leave(&walk);
	journal_end_query(walk.rows);
	*searching->end = walk.end;
	return rc;
}

enum rc
journal_search(struct journal *journal, const struct journal_search *search,
    enum rc (*each)(void *context, const struct journal_row *row),
    void *context, struct journal_search_end *end)
{
	struct journal_search_end found = { 0 };
	struct searching searching = { search, each, context, &found };
	enum rc rc = journal_read(journal, search_events, &searching);

	if (rc == RC_OK || rc == RC_CORRUPT)
		*end = found;
	return rc;
}

/* False: as many as may be taken were counted before, and this one would be,
 * too. */
static bool
count_delivery(const struct journal_search *search,
    const struct journal_found *found, struct journal_search_count *count)
{
	bool taken = journal_takes(search, found);

	if (taken && search->most > 0 && count->taken == search->most) {
		count->full = count->more = true;
		return false;
	}
	count->states.was[found->state]++;
	count->deliveries++;
	count->taken += taken;
	return true;
}

/* Those of an event that match.  False, as above. */
static bool
count_deliveries(struct journal *journal, const struct journal_search *search,
    int64_t event, struct journal_search_count *count)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_search_deliveries(journal, search, event, 0), "deliveries");
	int64_t before = count->deliveries;
	struct journal_found found;
	bool room = true;

	while (room && journal_next(journal, reader.row)) {
		reader.damaged = false;
		reader.number = journal_int(&reader, 0, JOURNAL_IS_ROW);
		found = (struct journal_found){
			.state = (int)journal_int(&reader, 1, JOURNAL_IS_STATE),
			.waits = journal_column_int(reader.row, 2) != 0,
		};
		found.waits = found.waits && found.state == JOURNAL_QUEUED;
		if (!reader.damaged)
			room = count_delivery(search, &found, count);
	}
	journal_end_query(reader.row);
	count->events += count->deliveries > before;
	return room;
}

/* Whether an index says all there is to count. */
static bool
is_in_index(const struct journal_walk *walk)
{
	const struct journal_search *search = walk->search;

	return walk->by_state && search->shown.time <= 0 &&
	    (search->state != JOURNAL_QUEUED ||
		search->deed != JOURNAL_DEED_RETRY);
}

/* By what an index says, without a look at the deliveries.  The last event of
 * which something was counted. */
static int64_t
count_rows(struct journal_walk *walk, struct journal_search_count *count)
{
	const struct journal_search *search = walk->search;
	const struct journal_found found = { .state = search->state };
	int64_t last = 0;

	while (journal_walk_row(walk)) {
		if (walk->other && search->limit > 0 &&
		    count->events == search->limit) {
			count->more = true;
			break;
		}
		if (!count_delivery(search, &found, count))
			break;
		count->events += walk->other;
		last = walk->event;
	}
	return last;
}

/* The same. */
static int64_t
count_events(struct journal_walk *walk, struct journal_search_count *count)
{
	const struct journal_search *search = walk->search;
	int64_t last = 0;
	bool room = true;

	while (room && journal_walk_next(walk)) {
		int64_t before = count->events;

		room = count_deliveries(walk->journal, search, walk->event,
		    count);
		if (count->events > before)
			last = walk->event;
		if (room && search->limit > 0 &&
		    count->events == search->limit) {
			leave(walk);
			break;
		}
	}
	return last;
}

static enum rc
count_matches(struct journal *journal, void *arguments)
{
	const struct counting_matches *counting = arguments;
	const struct journal_search *search = counting->search;
	struct journal_search_count *count = counting->count;
	struct journal_walk walk;
	int64_t last;

	count->shown.seen = journal_number(journal, 0,
	    "SELECT max(seq) FROM events", NO_VALUES);
	journal_walk_begin(journal, search, &walk);
	last = is_in_index(&walk) ? count_rows(&walk, count) :
				    count_events(&walk, count);
	if (count->full) {
		walk.event = last;
		journal_walk_end(&walk);
	}
	journal_end_query(walk.rows);
	count->more = count->more || walk.end.more;
	memcpy(count->next, walk.end.next, UUID_SIZE);
	memcpy(count->shown.last, walk.end.next, UUID_SIZE);
	count->shown.count = count->taken;
	count->shown.matched = count->deliveries;
	return RC_OK;
}

enum rc
journal_search_count(struct journal *journal,
    const struct journal_search *search, struct journal_search_count *count)
{
	struct journal_search_count found = { .shown.time = journal_now(
						  journal) };
	struct counting_matches counting = { search, &found };
	enum rc rc = journal_read(journal, count_matches, &counting);

	if (rc == RC_OK || rc == RC_CORRUPT)
		*count = found;
	return rc;
}
