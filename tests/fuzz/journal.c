/* SPDX-License-Identifier: ISC */
/*
 * A journal that somebody else wrote to: a good one is damaged, in its rows
 * and in its pages, and then every operation of the journal is tried on it.
 * Each has to end as it is said to, and what it gives has to be in range.
 *
 * The input is a list of damages of four bytes and, for texts, a line.
 */
#include "../answer.h"
#include "../careless.h"
#include "../one_lane.h"
#include "fuzz.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "base/uuid.h"
#include "base/utf8.h"
#include "config/conf.h"
#include "journal/journal.h"

enum {
	EVENTS = 8,
	DAMAGES = 12,
	CLAIMS = 40,
	MOVES = 40,
	FILE_MOST = 1 << 20,
	SPAN = 60000,
};

/* A file of the journal as it was, and as it becomes. */
struct file {
	const char *end;
	uint8_t good[FILE_MOST];
	size_t good_len;
	uint8_t bad[FILE_MOST];
	size_t bad_len;
};

static struct file files[] = { { .end = "journal.db" },
	{ .end = "journal.db-wal" } };
static char ids[EVENTS][UUID_SIZE];

static const char *const columns[] = { "events.id", "events.hook",
	"events.name", "events.received", "events.digest", "events.verified",
	"events.remote", "events.body", "deliveries.event", "deliveries.hook",
	"deliveries.ordinal", "deliveries.state", "deliveries.held",
	"deliveries.key", "deliveries.since", "deliveries.due",
	"deliveries.step", "deliveries.attempts", "deliveries.runner",
	"deliveries.claim", "deliveries.started", "deliveries.pid",
	"deliveries.start", "deliveries.finished", "deliveries.lost",
	"deliveries.seq", "events.seq", "attempts.turn", "attempts.number",
	"attempts.started", "attempts.ended", "attempts.outcome",
	"attempts.code", "attempts.tail", "attempts.delivery", "keys.expires",
	"keys.runner", "opens.hook", "opens.events", "tallies.hook",
	"tallies.name", "tallies.state", "tallies.deliveries", "runners.boot",
	"runners.pid", "runners.number", "notes.number", "rules.hook",
	"rules.digest", "rules.time", "rules.keep", "rules.keep_dead",
	"sources.hook", "sources.file" };

static const int64_t numbers[] = { 0, 1, -1, 2, 3, 4, 5, 7, 100, 255, 65536,
	INT32_MAX, INT32_MIN, (int64_t)INT32_MAX + 1, UINT32_MAX, INT64_MAX,
	INT64_MIN, INT64_MAX - 1, 1700000000000, 253402300799999,
	253402300800000, -1700000000000, (int64_t)1 << 53, (int64_t)1 << 62 };

static struct journal_key
dedupe_key(const char *text)
{
	struct journal_key key;

	holds(journal_dedupe_key(bytes_of(text), &key) == RC_OK);
	return key;
}

static void
append(struct journal *journal, unsigned i)
{
	struct journal_key dedupe;
	struct journal_route routes[2] = { one_lane_route(NULL),
		one_lane_route(NULL) };
	struct receipt receipt = {
		.received = clock_wall() - 1000 * i,
		.verified = true,
		.remote_addr = "192.0.2.7",
	};
	struct journal_entry entry = {
		.receipt = &receipt,
		.hook = "h",
		.event = "pipeline_run_error",
		.body = bytes_of("{\"n\":1}"),
		.dedupe = &dedupe,
		.dedupe_window = SPAN,
		.max_queue = 1000,
		.routes = routes,
		.routes_len = 1 + i % 2,
		.routing = ONE_ROUTING,
	};
	uint8_t random[10] = { 0 };

	random[9] = (uint8_t)i;
	uuid7(receipt.received, random, receipt.id);
	memcpy(ids[i], receipt.id, sizeof(receipt.id));
	memset(receipt.digest, 'a', sizeof(receipt.digest) - 1);
	holds(
	    journal_order_key("h", ONE_LANE, bytes_of(i % 2 == 0 ? "key" : ""),
		&routes[0].order) == RC_OK);
	dedupe = dedupe_key(ids[i]);
	holds(append_and_wait(journal, &entry) == RC_OK);
}

static enum rc
change_key(struct journal *journal, const char *text,
    void (*change)(struct journal *journal, const struct journal_key *key,
	int64_t time, struct journal_waiter *waiter))
{
	struct journal_key key = dedupe_key(text);
	struct answer answer;

	change(journal, &key, clock_wall(), ask(&answer));
	return get(&answer);
}

static void
free_key(struct journal *journal, const struct journal_key *key, int64_t time,
    struct journal_waiter *waiter)
{
	(void)time;
	journal_key_free(journal, key, waiter);
}

static enum rc
to_the_lane(void *context, const struct journal_rules *rules,
    const struct journal_event *event, struct journal_moving *list, size_t n)
{
	(void)context;
	(void)rules;
	holds(event->body.len > 0);
	for (size_t i = 0; i < n; i++)
		list[i].route = one_lane_route(NULL);
	return RC_OK;
}

/* A journal has few events: a move that does not come to its end is one that
 * goes in circles. */
static enum rc
claim(struct journal *journal, int64_t now, struct journal_claim *claim)
{
	static const struct journal_router router = { to_the_lane, NULL };
	struct one_lane one;
	bool more = true;
	enum rc rc = one_lane_note(&one, journal, "h", 100, 2);

	for (int steps = 0; rc == RC_OK && more; steps++) {
		holds(steps < MOVES);
		rc = journal_move(journal, &one.limits, &router, now, &more);
	}
	return rc == RC_OK ?
	    journal_claim_due(journal, &one.limits, now, claim) :
	    rc;
}

static enum rc
settle(struct journal *journal, const struct journal_claim *claim,
    unsigned verdict)
{
	struct journal_settlement settlement = {
		.verdict = (enum journal_verdict)(verdict % 5),
		.pause = SPAN,
		.started = clock_wall(),
		.ended = clock_wall(),
		.attempted = JOURNAL_RAN,
		.end = RUN_EXIT,
		.code = 3,
		.tail = bytes_of("said\n"),
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; i < claim->n && rc == RC_OK; i++) {
		settlement.seq = claim->deliveries[i].seq;
		rc = journal_settle(journal, &settlement, 1);
	}
	return rc;
}

static void
change(const char *sql)
{
	sqlite3 *db = NULL;

	holds(sqlite3_open(fuzz_path("journal.db"), &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA writable_schema=ON", NULL, NULL, NULL);
	holds(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static void
read_file(struct file *file)
{
	int fd = open(fuzz_path(file->end), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	holds(fd >= 0);
	n = read(fd, file->good, FILE_MOST);
	holds(n > 0 && n < FILE_MOST);
	file->good_len = (size_t)n;
	close(fd);
}

/* Every table has rows, and every state; the last changes are in the log. */
static void
make_journal(void)
{
	struct journal *journal = NULL;
	struct journal_claim held;
	struct one_lane one;

	holds(journal_open(fuzz_path("journal.db"), JOURNAL_CREATE, &journal) ==
	    RC_OK);
	holds(one_lane_note(&one, journal, "h", 100, 2) == RC_OK);
	for (unsigned i = 0; i < EVENTS; i++)
		append(journal, i);
	for (unsigned i = 0; i < 4; i++) {
		holds(claim(journal, clock_wall(), &held) == RC_OK);
		holds(settle(journal, &held, i) == RC_OK);
		journal_claim_free(&held);
	}
	holds(change_key(journal, "a", journal_key_claim) == RC_OK);
	journal_close(journal);
	change("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')"
	       " WHERE type = 'table'");
	change(
	    "UPDATE rules SET moved = 1, move_to = 4;"
	    "INSERT INTO sources VALUES('h', '/x');"
	    "INSERT OR REPLACE INTO notes VALUES('purged', 1);"
	    "INSERT INTO runners(number, boot, pid) VALUES(77, 'boot', 1);"
	    "UPDATE deliveries SET state = 1, runner = 77, claim = 5, pid = 1"
	    " WHERE seq = 5");
	holds(journal_open(fuzz_path("journal.db"), 0, &journal) == RC_OK);
	holds(journal_drop(journal, ids[7], clock_wall(), NULL) == RC_OK);
	holds(change_key(journal, "b", journal_key_done) == RC_OK);
	for (size_t i = 0; i < 2; i++)
		read_file(&files[i]);
	journal_close(journal);
}

static void
remove_journal(void)
{
	static const char *const names[] = { "journal.db", "journal.db-wal",
		"journal.db-shm", "journal.db-runners" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(fuzz_path(names[i]));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	careless = true;
	fuzz_begin();
	make_journal();
	remove_journal();
	return 0;
}

/* Damage. */

static void
bind_value(sqlite3_stmt *statement, const uint8_t *at, struct bytes *rest)
{
	struct bytes line = { 0 };

	switch (at[2] % 5) {
	case 0:
		sqlite3_bind_null(statement, 1);
		break;
	case 1:
		sqlite3_bind_int64(statement, 1,
		    numbers[at[3] % (sizeof(numbers) / sizeof(numbers[0]))]);
		break;
	case 2:
		sqlite3_bind_double(statement, 1, at[3] / 2.0 * 1e17);
		break;
	default:
		fuzz_line(rest, &line);
		if (at[2] % 5 == 3)
			sqlite3_bind_text(statement, 1,
			    line.len == 0 ? "" : line.data, (int)line.len,
			    SQLITE_TRANSIENT);
		else
			sqlite3_bind_blob(statement, 1,
			    line.len == 0 ? "" : line.data, (int)line.len,
			    SQLITE_TRANSIENT);
	}
}

/* The column of one row, of every row where they are not numbered. */
static void
damage_row(const uint8_t *at, struct bytes *rest)
{
	const char
	    *column = columns[at[0] % (sizeof(columns) / sizeof(columns[0]))];
	int table = (int)strcspn(column, ".");
	bool numbered = column[0] == 'e' || column[0] == 'd';
	char sql[160];
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;

	snprintf(sql, sizeof(sql),
	    "UPDATE OR IGNORE %.*s SET %s = ?1 WHERE "
	    "%s",
	    table, column, column + table + 1,
	    numbered ? "seq = ?2 OR ?2 > 250" : "?2 = ?2");
	if (sqlite3_open(fuzz_path("journal.db"), &db) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
		bind_value(statement, at, rest);
		sqlite3_bind_int(statement, 2,
		    at[1] % 16 == 15 ? 255 : at[1] % 16);
		sqlite3_step(statement);
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void
damage_file(struct file *file, const uint8_t *at)
{
	size_t place = (size_t)(at[0] << 8 | at[1]);

	if (file->bad_len == 0)
		return;
	/* The heads of the pages decide most. */
	if (at[2] % 2 == 0)
		place = (place % 64) * 4096 + place / 64 % 64;
	if (at[2] % 16 == 15)
		file->bad_len = place % file->bad_len;
	else
		file->bad[place % file->bad_len] = at[3];
}

static void
write_journal(void)
{
	for (size_t i = 0; i < 2; i++)
		if (files[i].bad_len > 0)
			fuzz_write(fuzz_path(files[i].end),
			    (struct bytes){ (const char *)files[i].bad,
				files[i].bad_len });
}

/* Pages first: they are written once, and rows may be damaged after that. */
static void
damage(struct bytes *rest)
{
	struct bytes rows = *rest;
	const uint8_t *at;

	for (size_t i = 0; i < 2; i++) {
		memcpy(files[i].bad, files[i].good, files[i].good_len);
		files[i].bad_len = files[i].good_len;
	}
	for (int i = 0; i < DAMAGES && rest->len >= 5; i++) {
		at = (const uint8_t *)rest->data;
		if (at[0] % 4 == 0)
			damage_file(&files[at[0] / 4 % 2], at + 1);
		*rest = bytes_skip(*rest, 5);
	}
	write_journal();
	for (int i = 0; i < DAMAGES && rows.len >= 5; i++) {
		at = (const uint8_t *)rows.data;
		rows = bytes_skip(rows, 5);
		if (at[0] % 4 != 0)
			damage_row(at + 1, &rows);
	}
}

/* What every operation may come to. */

static bool
is_known(enum rc rc)
{
	return rc == RC_OK || rc == RC_MISSING || rc == RC_RANGE ||
	    rc == RC_PENDING || rc == RC_DUPLICATE || rc == RC_QUEUE_FULL ||
	    rc == RC_CORRUPT || rc == RC_CONFIG || rc == RC_STORE ||
	    rc == RC_LOCKED || rc == RC_MEMORY || rc == RC_SYSTEM;
}

static enum rc
known(enum rc rc)
{
	holds(is_known(rc));
	return rc;
}

static bool
is_time(int64_t time)
{
	char text[TIMESTAMP_SIZE];

	timestamp_print(time, text);
	return time >= 0 && strlen(text) == TIMESTAMP_SIZE - 1;
}

static bool
is_named(const char *hook, const char *event)
{
	return conf_is_name(bytes_of(hook)) && event[0] != '\0' &&
	    strlen(event) < EVENT_NAME_SIZE && utf8_is_text(bytes_of(event));
}

struct seen {
	struct journal_row last;
	char id[UUID_SIZE];
	size_t n;
};

static enum rc
see_row(void *context, const struct journal_row *row)
{
	struct seen *seen = context;

	holds(journal_state_name(row->state) != NULL);
	holds(strlen(row->id) == UUID_SIZE - 1);
	holds(is_named(row->hook, row->event));
	holds(is_time(row->received) && is_time(row->due));
	holds(utf8_is_text(bytes_of(row->outcome)));
	holds(row->code >= 0 && row->ordinal + 1 > 0);
	memcpy(seen->id, row->id, sizeof(seen->id));
	seen->last = *row;
	seen->last.id = seen->id;
	seen->n++;
	return RC_OK;
}

static enum rc
see_count(void *context, const struct journal_count *count)
{
	(void)context;
	holds(journal_state_name(count->state) != NULL);
	holds(is_named(count->hook, count->event));
	holds(count->count >= 0 && is_time(count->oldest));
	return RC_OK;
}

static enum rc
see_lane(void *context, const struct journal_lane_count *count)
{
	(void)context;
	holds(is_named(count->hook, "-"));
	holds(strlen(count->lane) < JOURNAL_LANE_SIZE);
	holds(count->queued >= 0 && count->running >= 0);
	return RC_OK;
}

static enum rc
see_backlog(void *context, const struct journal_backlog *backlog)
{
	(void)context;
	holds(conf_is_name(bytes_of(backlog->hook)) && backlog->events >= 0);
	return RC_OK;
}

static void
list(struct journal *journal, int state)
{
	struct journal_filter filter = { .state = state, .limit = 5 };
	struct seen seen = { 0 };
	size_t before;

	/* Damaged indexes may lead in a circle. */
	for (int i = 0; i < 8; i++) {
		before = seen.n;
		known(journal_list(journal, &filter, see_row, &seen));
		if (seen.n == before)
			break;
		filter.after = &seen.last;
	}
}

static void
see_event(const struct journal_event *event)
{
	holds(strlen(event->receipt.id) == UUID_SIZE - 1);
	holds(strlen(event->receipt.digest) == CRYPTO_DIGEST * 2);
	holds(is_named(event->hook, event->name));
	holds(is_time(event->receipt.received) && event->body.len > 0);
	holds(event->body.data[event->body.len] == '\0');
}

static void
see_attempts(const struct journal_delivery_report *delivery)
{
	for (size_t i = 0; i < delivery->n; i++) {
		const struct journal_attempt *attempt = &delivery->list[i];

		holds(is_time(attempt->started) && is_time(attempt->ended));
		holds(attempt->outcome[0] != '\0');
		holds(attempt->tail.len == 0 || attempt->tail.data != NULL);
	}
}

static void
show(struct journal *journal, const char *id)
{
	struct pool pool = { 0 };
	struct journal_event_report report = { 0 };
	enum rc rc = known(journal_show(journal, id, &pool, &report));

	holds(rc != RC_OK || report.event.hook != NULL);
	if (report.event.hook != NULL)
		see_event(&report.event);
	for (size_t i = 0; i < report.n; i++) {
		holds(journal_state_name(report.deliveries[i].state) != NULL);
		holds(is_time(report.deliveries[i].due));
		holds(is_time(report.deliveries[i].finished));
		see_attempts(&report.deliveries[i]);
	}
	pool_free(&pool);
}

static void
look(struct journal *journal)
{
	for (int state = -1; state <= JOURNAL_DROPPED; state++)
		list(journal, state);
	for (size_t i = 0; i < EVENTS; i++)
		show(journal, ids[i]);
	show(journal, "0");
	known(journal_counts(journal, see_count, NULL));
	known(journal_backlog(journal, see_backlog, NULL));
	known(journal_lane_counts(journal, see_lane, NULL));
}

/* So does what an earlier release left. */
static void
renew(struct journal *journal)
{
	bool more = true;

	for (int steps = 0;
	     more && known(journal_renew(journal, &more)) == RC_OK; steps++)
		holds(steps < MOVES);
}

/* Claims come to an end: nothing is due for ever. */
static void
run_queue(struct journal *journal)
{
	struct journal_claim held;
	int64_t now = clock_wall() + SPAN;
	int i;

	for (i = 0; i < CLAIMS && known(claim(journal, now, &held)) == RC_OK;
	     i++) {
		holds(held.n > 0);
		for (size_t k = 0; k < held.n; k++) {
			see_event(&held.deliveries[k].event);
			holds(strcmp(held.deliveries[k].event.hook, "h") == 0);
			holds(held.deliveries[k].attempt > 0);
		}
		known(settle(journal, &held, (unsigned)i % 3));
		journal_claim_free(&held);
	}
	holds(i < CLAIMS);
}

static void
rescue_all(struct journal *journal)
{
	struct journal_orphans orphans;

	if (known(journal_find_orphans(journal, &orphans)) != RC_OK)
		return;
	for (size_t i = 0; i < orphans.n; i++)
		known(journal_reclaim(journal, &orphans.list[i], clock_wall()));
	pool_free(&orphans.pool);
}

static void
operate(struct journal *journal)
{
	struct one_lane one;
	struct journal_filter filter = { .state = -1, .limit = INT64_MAX };
	struct journal_keep keep = { "h", 1, CLOCK_NEVER };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };
	int64_t number = 0;
	bool due;

	renew(journal);
	known(change_key(journal, "a", journal_key_claim));
	known(change_key(journal, "a", journal_key_done));
	known(change_key(journal, "b", free_key));
	if (known(one_lane_note(&one, journal, "h", 100, 2)) == RC_OK)
		known(journal_next_due(journal, &one.limits, clock_wall(),
		    &number));
	known(journal_retry_dead(journal, &filter, clock_wall(), &number));
	for (size_t i = 0; i < EVENTS; i++) {
		if (i % 2 == 0)
			known(
			    journal_retry(journal, ids[i], clock_wall(), NULL));
		else
			known(
			    journal_drop(journal, ids[i], clock_wall(), NULL));
	}
	known(journal_purge_due(journal, clock_wall(), &due));
	for (int i = 0; i < 10; i++)
		if (known(journal_purge_step(journal, &purge,
			clock_wall() + 2 * SPAN)) != RC_OK ||
		    !purge.more)
			break;
	known(journal_changed(journal, &due));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { (const char *)data, size };
	struct journal *journal = NULL;

	damage(&rest);
	if (known(journal_open(fuzz_path("journal.db"), 0, &journal)) ==
	    RC_OK) {
		journal_set_busy_timeout(journal, 0);
		look(journal);
		rescue_all(journal);
		run_queue(journal);
		operate(journal);
		run_queue(journal);
		look(journal);
		journal_close(journal);
	}
	remove_journal();
	fuzz_read_log();
	return 0;
}
