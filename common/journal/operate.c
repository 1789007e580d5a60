/* SPDX-License-Identifier: ISC */
#include "journal/operate.h"

#include "event/rule.h"
#include "journal/column.h"
#include "journal/counts.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/lookup.h"
#include "journal/order.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { STEP = 50 }; /* rows of one small transaction */

struct reviving {
	const struct journal_filter *filter;
	int64_t now;
	int64_t from; /* a delivery's seq */
	int64_t count;
	bool damaged; /* some were passed over */
};

static void
free_key(struct journal *journal, const struct journal_found *found)
{
	if (found->ordered)
		journal_order_advance(journal, journal_key_bytes(found->key));
}

/* Due now, and so after all that is due already; and it goes where the rules
 * of now say. */
void
journal_revive(struct journal *journal, const struct journal_found *found,
    int64_t now)
{
	int64_t due = now > 0 ? now : 1;

	if (found->state != JOURNAL_QUEUED)
		journal_event_opens(journal, found->event);
	journal_finished_add(journal, found->event, found->state, -1);
	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_QUEUED ", since = ?1,"
	    " due = ?1, revived = ?1, step = 0, lost = 0, held = ?2,"
	    " finished = 0,"
	    " line = NULL"
	    " WHERE seq = ?3",
	    BIND(INT(due), INT(found->ordered), INT(found->seq)));
	free_key(journal, found);
	journal->stored = true;
}

/* Of the deliveries of an event; a damaged one ends all. */
static bool
next_of_event(struct journal *journal, int64_t event,
    struct journal_found *found)
{
	if (!journal_find_next(journal, event, found))
		return false;
	if (found->damaged)
		journal_fail(journal, JOURNAL_FAILED_ROW);
	return !found->damaged;
}

bool
journal_is_failed(const struct journal_found *found)
{
	return found->state == JOURNAL_DEAD ||
	    found->state == JOURNAL_DROPPED || found->waits;
}

bool
journal_takes(const struct journal_search *search,
    const struct journal_found *found)
{
	switch (search->deed) {
	case JOURNAL_DEED_RETRY:
		return journal_is_failed(found) ||
		    (found->state == JOURNAL_DONE &&
			search->state == JOURNAL_DONE);
	case JOURNAL_DEED_DROP:
		return journal_is_droppable(found);
	case JOURNAL_DEED_NONE:
		break;
	}
	return false;
}

static enum rc
change_event(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    struct journal_naming *naming, struct journal_states *done)
{
	enum rc rc = journal_write(journal, apply, naming);

	if (done != NULL)
		*done = naming->done;
	return rc;
}

enum rc
journal_retry_event(struct journal *journal, void *arguments)
{
	struct journal_naming *naming = arguments;
	struct journal_found found = { 0 };
	bool failed = false;
	bool busy = false;
	int64_t event;
	enum rc rc = journal_find(journal, naming->id, &event);

	naming->done = naming->left = (struct journal_states){ 0 };
	if (rc != RC_OK)
		return rc;
	while (next_of_event(journal, event, &found)) {
		failed = failed || journal_is_failed(&found);
		busy = busy || found.state <= JOURNAL_RUNNING;
		naming->left.was[found.state]++;
	}
	if (!failed && busy)
		return RC_PENDING;
	found = (struct journal_found){ 0 };
	while (next_of_event(journal, event, &found))
		if (!failed || journal_is_failed(&found)) {
			journal_revive(journal, &found, naming->now);
			naming->done.was[found.state]++;
			naming->left.was[found.state]--;
		}
	return RC_OK;
}

enum rc
journal_retry(struct journal *journal, const char *id, int64_t now,
    struct journal_states *done)
{
	return change_event(journal, journal_retry_event,
	    &(struct journal_naming){ .id = id, .now = now }, done);
}

/* The next that is dead, but for its event's name where a glob or a group is
 * asked for.  0: there is none. */
static int64_t
next_dead(struct journal *journal, const struct reviving *reviving,
    bool *matches)
{
	const struct journal_filter *filter = reviving->filter;
	bool pattern = filter->event != NULL && rule_is_pattern(filter->event);
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		SQL("SELECT d.seq, e.name FROM deliveries d JOIN events e"
		" ON e.seq = d.event WHERE d.state = " SQL_DEAD
		USES_deliveries_open("d.") " AND d.seq > ?1"
		" AND (?2 IS NULL OR e.hook = ?2)"
		" AND (?3 IS NULL OR e.name = ?3) AND e.received >= ?4"
		" ORDER BY d.seq LIMIT 1"),
		    BIND(INT(reviving->from), TEXT(filter->hook),
			TEXT(pattern ? NULL : filter->event),
			INT(filter->since))),
		"events");
	const char *name;
	int64_t seq;

	if (!journal_next(journal, reader.row))
		return 0;
	seq = journal_column_int(reader.row, 0);
	reader.quiet = true;
	name = journal_text(&reader, 1, JOURNAL_TEXT_EVENT);
	*matches = !pattern || reader.damaged ||
	    rule_finds(filter->event, name);
	journal_end_query(reader.row);
	return journal_advances(journal, reviving->from, seq) ? seq : 0;
}

static enum rc
retry_some(struct journal *journal, void *arguments)
{
	struct reviving *reviving = arguments;
	struct journal_found found;
	bool matches = true;

	for (int i = 0; i < STEP; i++) {
		reviving->from = next_dead(journal, reviving, &matches);
		if (reviving->from == 0)
			break;
		if (!matches)
			continue;
		if (!journal_find_delivery(journal, reviving->from, &found))
			break;
		if (found.damaged) {
			reviving->damaged = true;
			continue;
		}
		journal_revive(journal, &found, reviving->now);
		reviving->count++;
	}
	return RC_OK;
}

enum rc
journal_retry_dead(struct journal *journal, const struct journal_filter *filter,
    int64_t now, int64_t *count)
{
	struct reviving reviving = { .filter = filter, .now = now };
	enum rc rc;

	do {
		rc = journal_write(journal, retry_some, &reviving);
		if (rc == RC_OK)
			*count = reviving.count;
	} while (rc == RC_OK && reviving.from != 0);
	return rc == RC_OK && reviving.damaged ? RC_CORRUPT : rc;
}

void
journal_give_up(struct journal *journal, const struct journal_found *found,
    int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = " SQL_DROPPED ", finished = ?1"
	    " WHERE seq = ?2",
	    BIND(INT(now), INT(found->seq)));
	if (found->state == JOURNAL_QUEUED)
		journal_delivery_left(journal, found->event, JOURNAL_DROPPED);
	else
		journal_finished_add(journal, found->event, JOURNAL_DROPPED, 1);
	free_key(journal, found);
}

bool
journal_is_droppable(const struct journal_found *found)
{
	return found->state == JOURNAL_QUEUED || found->state == JOURNAL_DEAD;
}

enum rc
journal_drop_event(struct journal *journal, void *arguments)
{
	struct journal_naming *naming = arguments;
	struct journal_found found = { 0 };
	bool droppable = false;
	bool runs = false;
	int64_t event;
	enum rc rc = journal_find(journal, naming->id, &event);

	naming->done = naming->left = (struct journal_states){ 0 };
	if (rc != RC_OK)
		return rc;
	while (next_of_event(journal, event, &found)) {
		runs = runs || found.state == JOURNAL_RUNNING;
		droppable = droppable || journal_is_droppable(&found);
		naming->left.was[found.state]++;
	}
	if (runs)
		return RC_PENDING;
	if (!droppable)
		naming->done = naming->left;
	found = (struct journal_found){ 0 };
	while (droppable && next_of_event(journal, event, &found))
		if (journal_is_droppable(&found)) {
			journal_give_up(journal, &found, naming->now);
			naming->done.was[found.state]++;
			naming->left.was[found.state]--;
		}
	return droppable ? RC_OK : RC_DUPLICATE;
}

enum rc
journal_drop(struct journal *journal, const char *id, int64_t now,
    struct journal_states *done)
{
	return change_event(journal, journal_drop_event,
	    &(struct journal_naming){ .id = id, .now = now }, done);
}
