/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

#include "clock.h"
#include "journal_internal.h"

/* Most bytes of bodies that one run takes, but for its first event. */
enum { BODIES = 16 * 1024 * 1024 };

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
	char hook[JOURNAL_HOOK];
	char name[JOB_NAME];
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

static bool
copy_key(sqlite3_stmt *row, int column, uint8_t key[JOURNAL_KEY])
{
	struct bytes bytes = journal_column(row, column);

	if (bytes.len != JOURNAL_KEY)
		return false;
	memcpy(key, bytes.data, JOURNAL_KEY);
	return true;
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

/* A longer name than the configuration allows is nobody's. */
static bool
copy_name(struct journal *journal, const char *name, char *into, size_t room)
{
	size_t n = strlen(name);

	if (n == 0 || n >= room) {
		journal->error = SQLITE_CORRUPT;
		return false;
	}
	memcpy(into, name, n + 1);
	return true;
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
	copy_name(journal, hook, opens->hook, sizeof(opens->hook));
	return opens;
}

int64_t
journal_opened(struct journal *journal, const char *hook)
{
	struct journal_opens *opens = opens_of(journal, hook);

	if (opens->before < 0)
		opens->before = journal_number(journal, 0,
		    "SELECT events FROM opens WHERE hook = ?", "t", hook);
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
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT hook, name FROM events WHERE seq = ?", "i", event);
	bool fine;

	if (!journal_next(journal, row))
		return false;
	fine = copy_name(journal, (const char *)sqlite3_column_text(row, 0),
	    names->hook, sizeof(names->hook)) &&
	    copy_name(journal, (const char *)sqlite3_column_text(row, 1),
	    names->name, sizeof(names->name));
	journal_over(row);
	return fine;
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
 * anew, so that nothing waits longer than one pause of its schedule.
 */
static void
begin_pauses_anew(struct journal *journal, int64_t now)
{
	if (journal_number(journal, 0,
	    "SELECT 1 FROM deliveries WHERE state = 0 AND since > 0"
	    " AND since > ? LIMIT 1", "i", now) != 0)
		journal_do(journal,
		    "UPDATE deliveries SET due = ?1 + due - since,"
		    " since = ?1 WHERE state = 0 AND since > 0"
		    " AND since > ?1", "i", now);
}

static void
consider(struct journal *journal, sqlite3_stmt *row,
    const struct journal_want *want, struct candidate *best)
{
	int64_t seq;
	int64_t due;

	if (!journal_next(journal, row))
		return;
	seq = sqlite3_column_int64(row, 0);
	due = sqlite3_column_int64(row, 1);
	journal_over(row);
	if (best->seq == 0 || due < best->due ||
	    (due == best->due && seq < best->seq))
		*best = (struct candidate){want, seq, due};
}

/* What never waited is due whatever the clock says: it has its own index. */
static void
find_due(struct journal *journal, const struct journal_want *want,
    int64_t now, struct candidate *best)
{
	consider(journal, journal_query(journal,
	    "SELECT seq, due FROM deliveries WHERE hook = ? AND state = 0"
	    " AND held = 0 AND since = 0 ORDER BY seq LIMIT 1", "t",
	    want->hook), want, best);
	consider(journal, journal_query(journal,
	    "SELECT seq, due FROM deliveries WHERE hook = ? AND state = 0"
	    " AND held = 0 AND since > 0 AND due <= ?"
	    " ORDER BY due, seq LIMIT 1", "ti", want->hook, now), want,
	    best);
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
fill_event(struct journal *journal, sqlite3_stmt *row, struct pool *pool,
    struct journal_event *event)
{
	struct receipt *receipt = &event->receipt;
	struct bytes body;

	snprintf(receipt->id, sizeof(receipt->id), "%s",
	    (const char *)sqlite3_column_text(row, 0));
	event->hook = journal_text(journal, row, 1, pool);
	event->name = journal_text(journal, row, 2, pool);
	receipt->received = sqlite3_column_int64(row, 3);
	snprintf(receipt->digest, sizeof(receipt->digest), "%s",
	    (const char *)sqlite3_column_text(row, 4));
	receipt->verified = sqlite3_column_int(row, 5) != 0;
	snprintf(receipt->remote_addr, sizeof(receipt->remote_addr), "%s",
	    (const char *)sqlite3_column_text(row, 6));
	body = journal_column(row, 7);
	event->body.data = journal_text(journal, row, 7, pool);
	event->body.len = body.len;
}

void
journal_read_event(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_event *event)
{
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT id, hook, name, received, digest, verified, remote, body"
	    " FROM events WHERE seq = ?", "i", seq);

	if (journal_next(journal, row)) {
		fill_event(journal, row, pool, event);
		journal_over(row);
	} else if (journal->error == SQLITE_OK) {
		journal->error = SQLITE_CORRUPT;
	}
}

static void
take_row(struct journal *journal, sqlite3_stmt *row,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	struct journal_delivery *delivery;
	struct journal_delivery *list;
	int64_t event = sqlite3_column_int64(row, 1);

	list = pool_grow(&claim->pool, claim->deliveries, claim->n,
	    sizeof(*list));
	if (list == NULL) {
		journal->error = SQLITE_NOMEM;
		return;
	}
	claim->deliveries = list;
	delivery = &list[claim->n];
	*delivery = (struct journal_delivery){
		.seq = sqlite3_column_int64(row, 0),
		.ordinal = (unsigned)sqlite3_column_int64(row, 2),
		.step = (unsigned)sqlite3_column_int64(row, 3),
		.attempt = (unsigned)sqlite3_column_int64(row, 4) + 1,
		.lost = (unsigned)sqlite3_column_int64(row, 6)
	};
	delivery->ordered = copy_key(row, 5, delivery->key);
	journal_over(row);
	journal_read_event(journal, event, &claim->pool, &delivery->event);
	claiming->bodies += delivery->event.body.len;
	claim->n++;
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

static void
take(struct journal *journal, const struct candidate *candidate,
    struct claiming *claiming)
{
	struct journal_claim *claim = claiming->claim;
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT seq, event, ordinal, step, attempts, key, lost"
	    " FROM deliveries WHERE seq = ?", "i", candidate->seq);

	if (claim->n == 0)
		claim->number = pick_number(journal, candidate->seq);
	if (journal_next(journal, row))
		take_row(journal, row, claiming);
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
	struct candidate best = {0};

	begin_pauses_anew(journal, claiming->now);
	for (size_t i = 0; i < wants->n; i++)
		if (has_place(journal, &wants->list[i]))
			find_due(journal, &wants->list[i], claiming->now,
			    &best);
	if (best.seq == 0 ||
	    journal_slot_take(journal, claiming->claim) != RC_OK)
		return RC_MISSING;
	journal_runner_begin(journal);
	take(journal, &best, claiming);
	if (best.want->batch > 1) {
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
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT event, attempts, key FROM deliveries"
	    " WHERE seq = ? AND state = 1 AND runner = ?", "ii", seq,
	    journal->runner);

	if (!journal_next(journal, row))
		return false;
	claimed->seq = seq;
	claimed->event = sqlite3_column_int64(row, 0);
	claimed->attempts = sqlite3_column_int64(row, 1);
	claimed->ordered = copy_key(row, 2, claimed->key);
	journal_over(row);
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
		    "SELECT due FROM deliveries WHERE hook = ?"
		    " AND state = 0 AND held = 0 AND since > 0"
		    " ORDER BY due LIMIT 1", "t", hook);
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
