/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/internal.h"

/* Most bytes of bodies that one run takes, but for its first event. */
enum { BODIES = 16 * 1024 * 1024 };

/* No pause of a schedule is longer, milliseconds: a bit over ten years. */
static const int64_t longest = INT64_C(3660) * 24 * 3600000;

struct claiming {
	const struct journal_wants *wants;
	int64_t now;
	struct journal_claim *claim;
	size_t bodies;
};

/* What is due first, of one hook or of several. */
struct candidate {
	const struct journal_want *want;
	int64_t seq;			/* 0: none */
	int64_t due;
	int64_t now;
};

struct settling {
	const struct journal_settlement *list;
	struct claimed *claimed;	/* room for as many */
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

/* Whose event it is, and what it is called. */
struct names {
	char hook[HOOK_NAME_SIZE];
	char name[EVENT_NAME_SIZE];
};

struct asking {
	const struct journal_wants *wants;
	int64_t now;
	int64_t due;
};

static struct bytes
key_of(const uint8_t key[JOURNAL_KEY])
{
	return (struct bytes){(const char *)key, JOURNAL_KEY};
}

/* The first queued delivery of a key that is held, or is not. */
static int64_t
first_of_key(struct journal *journal, struct bytes key, int64_t held)
{
	return journal_number(journal, 0,
	    "SELECT seq FROM deliveries WHERE key = ? AND state = 0"
	    " AND state < 2 AND held = ? ORDER BY seq LIMIT 1", "bi", key,
	    held);
}

static void
hold(struct journal *journal, int64_t seq, int64_t held)
{
	journal_do(journal, "UPDATE deliveries SET held = ? WHERE seq = ?",
	    "ii", held, seq);
}

static void
let_first_go(struct journal *journal, struct bytes key)
{
	int64_t held = first_of_key(journal, key, 1);
	int64_t free = first_of_key(journal, key, 0);

	if (held == 0 || (free != 0 && free < held))
		return;
	if (free != 0)
		hold(journal, free, 1);
	hold(journal, held, 0);
}

void
journal_rekey(struct journal *journal, struct bytes key)
{
	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE key = ? AND state = 1"
	    " AND state < 2 LIMIT 1", "b", key) == 0)
		let_first_go(journal, key);
}

static bool
has_open(struct journal *journal, int64_t event)
{
	return journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE event = ? AND state IN (0, 1)"
	    " LIMIT 1", "i", event) != 0;
}

static void
write_opens(struct journal *journal)
{
	const struct journal_opens *opens = &journal->opens;

	if (opens->hook[0] != '\0' && opens->by != 0)
		journal_do(journal,
		    "INSERT INTO opens(hook, events) VALUES(?1, ?2)"
		    " ON CONFLICT(hook) DO UPDATE"
		    " SET events = events + ?2", "ti", opens->hook,
		    opens->by);
	journal->opens.hook[0] = '\0';
}

static void
write_tally(struct journal *journal)
{
	const struct journal_tally *tally = &journal->tally;

	if (tally->hook[0] != '\0' && tally->by != 0)
		journal_do(journal,
		    "INSERT INTO tallies(hook, name, state, deliveries)"
		    " VALUES(?1, ?2, ?3, ?4)"
		    " ON CONFLICT(hook, name, state) DO UPDATE"
		    " SET deliveries = deliveries + ?4", "ttii",
		    tally->hook, tally->name, (int64_t)tally->state,
		    tally->by);
	journal->tally.hook[0] = '\0';
}

void
journal_count(struct journal *journal)
{
	write_opens(journal);
	write_tally(journal);
}

/* The count of a hook, in place of another's. */
static struct journal_opens *
opens_of(struct journal *journal, const char *hook)
{
	struct journal_opens *opens = &journal->opens;

	if (strcmp(opens->hook, hook) == 0)
		return opens;
	write_opens(journal);
	*opens = (struct journal_opens){.before = -1};
	snprintf(opens->hook, sizeof(opens->hook), "%s", hook);
	return opens;
}

/* A count that cannot be right is made anew. */
static int64_t
count_opens(struct journal *journal, const char *hook)
{
	journal_do(journal,
	    "INSERT OR REPLACE INTO opens(hook, events) SELECT ?1,"
	    " count(DISTINCT event) FROM deliveries WHERE hook = ?1"
	    " AND state <> 2 AND state IN (0, 1)", "t", hook);
	return journal_number(journal, 0,
	    "SELECT events FROM opens WHERE hook = ?", "t", hook);
}

static int64_t
read_opens(struct journal *journal, const char *hook)
{
	struct journal_reader reader = {
		.journal = journal, .table = "opens", .lenient = true,
		.row = journal_query(journal,
		    "SELECT events FROM opens WHERE hook = ?", "t", hook)
	};
	int64_t events;

	if (!journal_next(journal, reader.row))
		return 0;
	events = journal_int(&reader, 0, JOURNAL_IS_COUNT);
	journal_over(reader.row);
	return reader.damaged ? count_opens(journal, hook) : events;
}

int64_t
journal_opened(struct journal *journal, const char *hook)
{
	struct journal_opens *opens = opens_of(journal, hook);

	if (opens->before < 0)
		opens->before = read_opens(journal, hook);
	return opens->before + opens->by;
}

void
journal_open_one(struct journal *journal, const char *hook)
{
	opens_of(journal, hook)->by++;
}

static bool
read_names(struct journal *journal, int64_t event, struct names *names)
{
	struct journal_reader reader = {
		.journal = journal, .table = "events", .number = event,
		.row = journal_query(journal,
		    "SELECT hook, name FROM events WHERE seq = ?", "i",
		    event)
	};

	if (!journal_next(journal, reader.row))
		return false;
	journal_text_into(&reader, 0, JOURNAL_TEXT_HOOK, names->hook);
	journal_text_into(&reader, 1, JOURNAL_TEXT_EVENT, names->name);
	journal_over(reader.row);
	return !reader.damaged;
}

static void
tally(struct journal *journal, const struct names *names, int state, int by)
{
	struct journal_tally *now = &journal->tally;

	if (now->state != state || strcmp(now->hook, names->hook) != 0 ||
	    strcmp(now->name, names->name) != 0) {
		write_tally(journal);
		*now = (struct journal_tally){.state = state};
		memcpy(now->hook, names->hook, sizeof(now->hook));
		memcpy(now->name, names->name, sizeof(now->name));
	}
	now->by += by;
}

void
journal_event_closed(struct journal *journal, int64_t event)
{
	struct names names;

	if (!has_open(journal, event) && read_names(journal, event, &names))
		opens_of(journal, names.hook)->by--;
}

void
journal_event_opens(struct journal *journal, int64_t event)
{
	struct names names;

	if (!has_open(journal, event) && read_names(journal, event, &names))
		opens_of(journal, names.hook)->by++;
}

void
journal_tally(struct journal *journal, int64_t event, int state, int by)
{
	struct names names;

	if (state != JOURNAL_DONE && state != JOURNAL_DROPPED)
		return;
	if (read_names(journal, event, &names))
		tally(journal, &names, state, by);
}

/*
 * The clock was set back behind the beginning of a pause: the pause begins
 * anew, so that nothing waits longer than one pause of its schedule.  What
 * is no pause is over.
 */
static void
begin_pauses_anew(struct journal *journal, int64_t now)
{
	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE state = 0 AND since > 0"
	    " AND since > ? LIMIT 1", "i", now) != 0)
		journal_do(journal,
		    "UPDATE deliveries SET due = ?1 + iif(typeof(due) ="
		    " 'integer' AND due - since BETWEEN 0 AND ?2,"
		    " due - since, 0), since = ?1 WHERE state = 0"
		    " AND since > 0 AND since > ?1", "ii", now, longest);
}

void
journal_set_aside(struct journal *journal, int64_t seq, const char *hook,
    int64_t now)
{
	if (journal_do(journal,
	    "UPDATE deliveries SET state = 3, finished = ?, held = 0,"
	    " since = 0, runner = 0, claim = 0, pid = 0 WHERE seq = ?"
	    " AND (state = 0 OR (state = 1 AND NOT ("
	    "typeof(runner) = 'integer' AND runner > 0 AND"
	    " typeof(claim) = 'integer' AND claim > 0)))", "ii", now, seq) !=
	    1)
		return;
	log_say(LOG_LEVEL_ERROR, "journal: %s: delivery %lld, of hook %s, is "
	    "damaged and therefore dead", journal->path, (long long)seq,
	    hook);
	journal_do(journal,
	    "INSERT OR REPLACE INTO attempts(delivery, turn, number, started,"
	    " ended, outcome, code, tail) SELECT ?1, ifnull(max(turn), 0) + 1,"
	    " ifnull(max(turn), 0) + 1, ?2, ?2, 'damaged', 0, NULL"
	    " FROM attempts WHERE delivery = ?1", "ii", seq, now);
	journal_do(journal,
	    "UPDATE deliveries AS d SET held = 0 WHERE hook = ? AND state = 0"
	    " AND state <> 2 AND held <> 0 AND NOT EXISTS (SELECT 1"
	    " FROM deliveries o WHERE o.key = d.key AND o.state < 2"
	    " AND (o.state = 1 OR o.seq < d.seq))", "t", hook);
	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE event = (SELECT event"
	    " FROM deliveries WHERE seq = ?) AND state IN (0, 1) LIMIT 1",
	    "i", seq) == 0 && hook[0] != '\0')
		opens_of(journal, hook)->by--;
}

/* Here it was just found as queued, by an index: that may be wrong too. */
static void
set_aside(struct journal *journal, int64_t seq, const char *hook,
    int64_t now)
{
	journal_set_aside(journal, seq, hook, now);
	if (journal->error == SQLITE_OK && journal_number(journal, 0,
	    "SELECT state FROM deliveries WHERE seq = ?", "i", seq) !=
	    JOURNAL_DEAD)
		journal->error = SQLITE_CORRUPT_INDEX;
}

/* What a row of seq and due offers.  False: it was set aside, look again. */
static bool
consider(struct journal *journal, sqlite3_stmt *row,
    const struct journal_want *want, struct candidate *best)
{
	struct journal_reader reader = {
		.journal = journal, .row = row, .table = "deliveries",
		.lenient = true
	};
	int64_t seq;
	int64_t due;

	if (!journal_next(journal, row))
		return true;
	seq = sqlite3_column_int64(row, 0);
	reader.number = seq;
	journal_int(&reader, 0, JOURNAL_IS_ROW);
	due = journal_int(&reader, 1, JOURNAL_IS_TIME);
	journal_over(row);
	if (reader.damaged) {
		set_aside(journal, seq, want->hook, best->now);
		return false;
	}
	if (best->seq == 0 || due < best->due ||
	    (due == best->due && seq < best->seq))
		*best = (struct candidate){want, seq, due, best->now};
	return true;
}

/* What never waited is due whatever the clock says: it has its own index. */
static void
find_due(struct journal *journal, const struct journal_want *want,
    int64_t now, struct candidate *best)
{
	best->now = now;
	while (!consider(journal, journal_query(journal,
	    "SELECT seq, due FROM deliveries WHERE hook = ? AND state = 0"
	    " AND held = 0 AND since = 0 ORDER BY seq LIMIT 1", "t",
	    want->hook), want, best))
		continue;
	while (!consider(journal, journal_query(journal,
	    "SELECT seq, due FROM deliveries WHERE hook = ? AND state = 0"
	    " AND held = 0 AND since > 0 AND due <= ?"
	    " ORDER BY due, seq LIMIT 1", "ti", want->hook, now), want,
	    best))
		continue;
	/* What is no time at all sorts behind the last one. */
	while (!consider(journal, journal_query(journal,
	    "SELECT seq, due FROM deliveries WHERE hook = ? AND state = 0"
	    " AND held = 0 AND since > 0 AND due > ?"
	    " ORDER BY due, seq LIMIT 1", "ti", want->hook,
	    JOURNAL_TIME_MOST), want, best))
		continue;
}

/* By older rules there is none. */
static bool
has_place(struct journal *journal, const struct journal_want *want)
{
	return !journal_is_overtaken(journal, want->hook, want->digest) &&
	    journal_number(journal, 0,
	    "SELECT count(DISTINCT claim) FROM deliveries"
	    " WHERE state = 1 AND hook = ?", "t", want->hook) <
	    (int64_t)want->concurrency;
}

static void
fill_event(struct journal_reader *reader, struct pool *pool,
    struct journal_event *event)
{
	struct receipt *receipt = &event->receipt;

	journal_text_into(reader, 0, JOURNAL_TEXT_ID, receipt->id);
	event->hook = journal_text_copy(reader, 1, JOURNAL_TEXT_HOOK, pool);
	event->name = journal_text_copy(reader, 2, JOURNAL_TEXT_EVENT, pool);
	receipt->received = journal_int(reader, 3, JOURNAL_IS_TIME);
	journal_text_into(reader, 4, JOURNAL_TEXT_DIGEST, receipt->digest);
	receipt->verified = journal_int(reader, 5, JOURNAL_IS_FLAG) != 0;
	journal_text_into(reader, 6, JOURNAL_TEXT_REMOTE,
	    receipt->remote_addr);
	event->body = journal_body_copy(reader, 7, pool);
}

bool
journal_read_event(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_event *event)
{
	struct journal_reader reader = {
		.journal = journal, .table = "events", .number = seq,
		.lenient = true, .row = journal_query(journal,
		    "SELECT id, hook, name, received, digest, verified,"
		    " remote, body FROM events WHERE seq = ?", "i", seq)
	};

	if (journal_next(journal, reader.row)) {
		fill_event(&reader, pool, event);
		journal_over(reader.row);
	} else if (journal->error == SQLITE_OK) {
		journal_damage(&reader, 0, "nothing: there is no such row");
	}
	return !reader.damaged && journal->error == SQLITE_OK;
}

/* The columns of take's row; the event's seq. */
static int64_t
fill_delivery(struct journal_reader *reader,
    struct journal_delivery *delivery)
{
	*delivery = (struct journal_delivery){
		.seq = journal_int(reader, 0, JOURNAL_IS_ROW),
		.ordinal = (unsigned)journal_int(reader, 2,
		    JOURNAL_IS_SMALL),
		.step = (unsigned)journal_int(reader, 3, JOURNAL_IS_SMALL),
		.attempt = (unsigned)journal_int(reader, 4,
		    JOURNAL_IS_SMALL) + 1,
		.lost = (unsigned)journal_int(reader, 6, JOURNAL_IS_SMALL)
	};
	delivery->ordered = journal_key_into(reader, 5, delivery->key);
	return journal_int(reader, 1, JOURNAL_IS_ROW);
}

/* Whether it could be taken: it is sound, and so is its event, of the same
 * hook. */
static bool
take_row(struct journal_reader *reader, const struct journal_want *want,
    struct claiming *claiming)
{
	struct journal *journal = reader->journal;
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *delivery;
	struct journal_delivery *list;
	int64_t event;

	list = pool_grow(&claim->pool, claim->deliveries, claim->n,
	    sizeof(*list));
	if (list == NULL) {
		journal->error = SQLITE_NOMEM;
		return false;
	}
	claim->deliveries = list;
	delivery = &list[claim->n];
	event = fill_delivery(reader, delivery);
	journal_over(reader->row);
	if (reader->damaged || !journal_read_event(journal, event,
	    &claim->pool, &delivery->event) ||
	    strcmp(delivery->event.hook, want->hook) != 0)
		return false;
	claiming->bodies += delivery->event.body.len;
	claim->n++;
	return true;
}

/*
 * No other run has this number: what left a batch that was taken apart may
 * be claimed anew while the rest of it still runs under its number.
 */
static int64_t
pick_number(struct journal *journal, int64_t seq)
{
	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE state = 1 AND claim = ? LIMIT 1",
	    "i", seq) == 0)
		return seq;
	return journal_number(journal, seq,
	    "SELECT 1 + max((SELECT max(seq) FROM deliveries),"
	    " (SELECT max(claim) FROM deliveries WHERE state = 1))", "");
}

/* What cannot be taken is set aside, and the claim has nothing of it. */
static void
take(struct journal *journal, const struct candidate *candidate,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	struct journal_reader reader = {
		.journal = journal, .table = "deliveries",
		.number = candidate->seq, .lenient = true,
		.row = journal_query(journal,
		    "SELECT seq, event, ordinal, step, attempts, key,"
		    " lost FROM deliveries WHERE seq = ? AND state = 0", "i",
		    candidate->seq)
	};

	if (claim->n == 0)
		claim->number = pick_number(journal, candidate->seq);
	if (!journal_next(journal, reader.row)) {
		/* It was just found as queued, by an index. */
		if (journal->error == SQLITE_OK)
			journal->error = SQLITE_CORRUPT_INDEX;
		return;
	}
	if (!take_row(&reader, candidate->want, claiming)) {
		set_aside(journal, candidate->seq, candidate->want->hook,
		    claiming->now);
		return;
	}
	journal_do(journal,
	    "UPDATE deliveries SET state = 1, attempts = attempts + 1,"
	    " runner = ?, claim = ?, slot = ?, started = ?, pid = 0,"
	    " start = 0 WHERE seq = ?", "iiiii", journal->runner,
	    claim->number, (int64_t)claim->slot, claiming->now,
	    candidate->seq);
}

/*
 * More for the same run.  The next one of a key is let go while this looks,
 * so that a batch takes several of a key in their order.
 */
static void
take_more(struct journal *journal, const struct journal_want *want,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *last;
	struct candidate next;

	while (journal->error == SQLITE_OK && claim->n < want->batch &&
	    claiming->bodies < BODIES) {
		last = &claim->deliveries[claim->n - 1];
		if (last->ordered)
			let_first_go(journal, key_of(last->key));
		next = (struct candidate){0};
		find_due(journal, want, claiming->now, &next);
		if (next.seq == 0)
			break;
		take(journal, &next, claiming);
	}
}

static void
hold_rest(struct journal *journal, const struct journal_claim *claim)
{
	int64_t free;

	for (size_t i = 0; i < claim->n && journal->error == SQLITE_OK; i++) {
		if (!claim->deliveries[i].ordered)
			continue;
		free = first_of_key(journal,
		    key_of(claim->deliveries[i].key), 0);
		if (free != 0)
			hold(journal, free, 1);
	}
}

static int
compare_age(const void *a, const void *b)
{
	const struct journal_delivery *left = a;
	const struct journal_delivery *right = b;

	return (left->seq > right->seq) - (left->seq < right->seq);
}

static enum rc
claim_due(struct journal *journal, void *arguments)
{
	struct claiming *claiming = arguments;
	const struct journal_wants *wants = claiming->wants;
	struct candidate best;

	begin_pauses_anew(journal, claiming->now);
	do {
		best = (struct candidate){0};
		for (size_t i = 0; i < wants->n; i++)
			if (has_place(journal, &wants->list[i]))
				find_due(journal, &wants->list[i],
				    claiming->now, &best);
		if (best.seq == 0 || (claiming->claim->slot == 0 &&
		    journal_slot_take(journal, claiming->claim) != RC_OK))
			return RC_MISSING;
		journal_runner_begin(journal);
		take(journal, &best, claiming);
	} while (claiming->claim->n == 0 && journal->error == SQLITE_OK);
	journal_slot_begin(journal, claiming->claim);
	if (claiming->claim->n > 0 && best.want->batch > 1) {
		take_more(journal, best.want, claiming);
		hold_rest(journal, claiming->claim);
		qsort(claiming->claim->deliveries, claiming->claim->n,
		    sizeof(struct journal_delivery), compare_age);
	}
	return RC_OK;
}

enum rc
journal_claim(struct journal *journal, const struct journal_wants *wants,
    int64_t now, struct journal_claim *claim)
{
	struct claiming claiming = {
		.wants = wants, .now = now, .claim = claim
	};
	enum rc rc;

	*claim = (struct journal_claim){0};
	rc = journal_write(journal, claim_due, &claiming);
	if (rc != RC_OK)
		journal_claim_free(claim);
	return rc;
}

void
journal_claim_free(struct journal_claim *claim)
{
	journal_slot_leave(claim);
	pool_free(&claim->pool);
	*claim = (struct journal_claim){0};
}

static bool
find_claimed(struct journal *journal, int64_t seq, struct claimed *claimed)
{
	struct journal_reader reader = {
		.journal = journal, .table = "deliveries", .number = seq,
		.row = journal_query(journal,
		    "SELECT event, attempts, key FROM deliveries"
		    " WHERE seq = ? AND state = 1 AND runner = ?", "ii", seq,
		    journal->runner)
	};

	if (!journal_next(journal, reader.row))
		return false;
	claimed->seq = seq;
	claimed->event = journal_int(&reader, 0, JOURNAL_IS_ROW);
	claimed->attempts = journal_int(&reader, 1, JOURNAL_IS_SMALL);
	claimed->ordered = journal_key_into(&reader, 2, claimed->key);
	journal_over(reader.row);
	return true;
}

static void
note_attempt(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	journal_do(journal,
	    "INSERT INTO attempts(delivery, turn, number, started, ended,"
	    " outcome, code, tail) VALUES(?1, (SELECT ifnull(max(turn), 0)"
	    " + 1 FROM attempts WHERE delivery = ?1), ?2, ?3, ?4, ?5, ?6,"
	    " ?7)", "iiiitib", claimed->seq, claimed->attempts,
	    settlement->started, settlement->ended, settlement->outcome,
	    (int64_t)settlement->code, settlement->tail);
}

static void
leave(struct journal *journal, const struct claimed *claimed,
    enum journal_state state, int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = ?, finished = ?, runner = 0,"
	    " claim = 0, pid = 0 WHERE seq = ?", "iii", (int64_t)state, now,
	    claimed->seq);
	journal_event_closed(journal, claimed->event);
	journal_tally(journal, claimed->event, (int)state, 1);
}

/* The claim made no try, or none that counts. */
static void
take_back_try(struct journal *journal, const struct claimed *claimed)
{
	journal_do(journal,
	    "UPDATE deliveries SET attempts = attempts - 1 WHERE seq = ?",
	    "i", claimed->seq);
}

/* A pause on tries that were lost leaves their count: so counts the next. */
static void
delay(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	int64_t since = settlement->ended > 0 ? settlement->ended : 1;

	journal_do(journal,
	    "UPDATE deliveries SET state = 0, since = ?, due = ?, held = ?,"
	    " step = step + 1, runner = 0, claim = 0, pid = 0,"
	    " lost = CASE WHEN ? THEN lost - 1 ELSE 0 END"
	    " WHERE seq = ?", "iiiii", since, since + settlement->pause,
	    (int64_t)claimed->ordered, (int64_t)settlement->earlier,
	    claimed->seq);
}

/* An ordered one goes back behind those that came before it. */
static void
release(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	journal_do(journal,
	    "UPDATE deliveries SET state = 0, since = 0, held = ?,"
	    " runner = 0, claim = 0, pid = 0, lost = lost + ?"
	    " WHERE seq = ?", "iii", (int64_t)claimed->ordered,
	    (int64_t)(settlement->outcome != NULL), claimed->seq);
}

static void
go_on(struct journal *journal, const struct claimed *claimed, int64_t now)
{
	journal_do(journal,
	    "UPDATE deliveries SET attempts = attempts + 1, started = ?,"
	    " lost = 0 WHERE seq = ?", "ii", now, claimed->seq);
}

static void
settle_one(struct journal *journal, const struct claimed *claimed,
    const struct journal_settlement *settlement)
{
	if (settlement->outcome != NULL)
		note_attempt(journal, claimed, settlement);
	if (settlement->earlier || settlement->verdict == JOURNAL_RELEASE)
		take_back_try(journal, claimed);
	switch (settlement->verdict) {
	case JOURNAL_FINISH:
		leave(journal, claimed, JOURNAL_DONE, settlement->ended);
		break;
	case JOURNAL_BURY:
		leave(journal, claimed, JOURNAL_DEAD, settlement->ended);
		break;
	case JOURNAL_DELAY:
		delay(journal, claimed, settlement);
		break;
	case JOURNAL_RELEASE:
		release(journal, claimed, settlement);
		break;
	case JOURNAL_AGAIN:
		go_on(journal, claimed, settlement->ended);
		return;
	}
	if (claimed->ordered)
		journal_rekey(journal, key_of(claimed->key));
}

/* Settling one changes nothing of another that is claimed. */
static enum rc
settle(struct journal *journal, void *arguments)
{
	const struct settling *settling = arguments;

	for (size_t i = 0; i < settling->n; i++)
		if (!find_claimed(journal, settling->list[i].seq,
		    &settling->claimed[i]))
			return RC_MISSING;
	for (size_t i = 0; i < settling->n; i++)
		settle_one(journal, &settling->claimed[i],
		    &settling->list[i]);
	return RC_OK;
}

enum rc
journal_settle(struct journal *journal,
    const struct journal_settlement *settlements, size_t n)
{
	struct settling settling = {.list = settlements, .n = n};
	enum rc rc;

	settling.claimed = calloc(n, sizeof(*settling.claimed));
	if (settling.claimed == NULL)
		return RC_MEMORY;
	rc = journal_write(journal, settle, &settling);
	free(settling.claimed);
	return rc;
}

static enum rc
next_due(struct journal *journal, void *arguments)
{
	struct asking *asking = arguments;
	const char *hook;
	int64_t due;

	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE state = 0 AND since > 0"
	    " AND since > ? LIMIT 1", "i", asking->now) != 0)
		asking->due = asking->now;
	for (size_t i = 0; i < asking->wants->n; i++) {
		if (!has_place(journal, &asking->wants->list[i]))
			continue;
		hook = asking->wants->list[i].hook;
		if (journal_number(journal, 0,
		    "SELECT 1 FROM deliveries WHERE hook = ? AND state = 0"
		    " AND held = 0 AND since = 0 LIMIT 1", "t", hook) != 0)
			asking->due = asking->now;
		due = journal_number(journal, CLOCK_NEVER,
		    "SELECT CAST(due AS INTEGER) FROM deliveries"
		    " WHERE hook = ? AND state = 0 AND held = 0"
		    " AND since > 0 AND due <= ?"
		    " ORDER BY due LIMIT 1", "ti", hook,
		    JOURNAL_TIME_MOST);
		if (due < asking->due)
			asking->due = due;
	}
	return RC_OK;
}

enum rc
journal_next_due(struct journal *journal, const struct journal_wants *wants,
    int64_t now, int64_t *due)
{
	struct asking asking = {wants, now, CLOCK_NEVER};
	enum rc rc = journal_read(journal, next_due, &asking);

	if (rc == RC_OK)
		*due = asking.due;
	return rc;
}
