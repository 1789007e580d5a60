/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_TEST_H
#define PELIHOOK_JOURNAL_TEST_H

#include <pthread.h>
#include <signal.h>

#include "queue.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/postgresql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/* What the tests of the journal share: claims and what they come to, what is
 * told of the events, and the journal's files. */

/* The lane of the samples of hook h, which is the first that is noted. */
static const struct journal_rules of_h = { .hook = "h" };
static const struct journal_limit want_one = { 1, 1, 1, &of_h };
static const struct journal_limit want_many = { 1, 1000, 1, &of_h };
static const struct journal_limit want_batch = { 1, 1000, 10, &of_h };
static const struct journal_limits one = { &want_one, 1, &of_h, 1 };
static const struct journal_limits many = { &want_many, 1, &of_h, 1 };
static const struct journal_limits batch = { &want_batch, 1, &of_h, 1 };

/* Rules that are older than any of a file. */
static inline struct journal_rules
old_rules(const char *hook, struct journal_lane *lanes, size_t n)
{
	return (struct journal_rules){
		.hook = hook,
		.digest = "0",
		.routing = sample_routing,
		.lanes = lanes,
		.lanes_len = n,
		.time = -1,
		.keep = 30 * 24 * 3600000LL,
		.keep_dead = CLOCK_NEVER,
	};
}

static inline void
note_lanes(struct journal *journal, const char *hook,
    struct journal_lane *lanes, size_t n)
{
	struct journal_rules rules = old_rules(hook, lanes, n);

	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
}

/* The number of the lane of a hook's samples. */
static inline int64_t
note_hook(struct journal *journal, const char *hook)
{
	struct journal_lane lane = { .key = sample_lane };

	note_lanes(journal, hook, &lane, 1);
	return lane.id;
}

/* With the lane of h. */
static inline struct journal *
open_lane(void)
{
	struct journal *journal = open_journal();

	assert_int_equal(note_hook(journal, "h"), 1);
	return journal;
}

static inline int64_t
now(void)
{
	return clock_wall();
}

/* What an earlier release stored is none of those who call this. */
static inline enum rc
tell_nothing(void *context, const struct journal_event *event,
    struct pool *pool, struct journal_subject *subject, bool *any)
{
	(void)context;
	(void)pool;
	(void)subject;
	(void)any;
	fail_msg("%s is of no earlier release", event->receipt.id);
	return RC_OK;
}

/* Puts all together that came; how many steps that took. */
static inline unsigned
assemble_by(struct journal *journal, const struct journal_teller *teller)
{
	struct journal_assembly assembly = { .more = true };
	unsigned steps = 0;

	for (; assembly.more; steps++)
		assert_int_equal(journal_assemble(journal, teller, &assembly),
		    RC_OK);
	return steps;
}

static inline unsigned
assemble_all(struct journal *journal)
{
	static const struct journal_teller teller = { tell_nothing, NULL };

	return assemble_by(journal, &teller);
}

/* Machines that share a journal purge by what is noted of its hooks. */
static inline void
note_keeps(const struct journal_purge *purge)
{
	char text[256];

	for (size_t i = 0; journal_server() != NULL && i < purge->n; i++) {
		snprintf(text, sizeof(text),
		    "UPDATE rules SET keep = %lld, keep_dead = %lld"
		    " WHERE hook = '%s'",
		    (long long)purge->keeps[i].keep,
		    (long long)purge->keeps[i].keep_dead, purge->keeps[i].hook);
		execute(text);
	}
}

/* All steps of a purge, once all was put together that came. */
static inline void
purge_all(struct journal *journal, struct journal_purge *purge, int64_t at)
{
	assemble_all(journal);
	note_keeps(purge);
	do {
		assert_int_equal(journal_purge_step(journal, purge, at), RC_OK);
	} while (purge->more);
}

static inline int64_t
count_rows(struct journal *journal, const char *text)
{
	return journal_number(journal, -1, text, NO_VALUES);
}

/* What the database has done since the last call, which grows with the rows
 * that are looked at: steps of SQLite's machine, or those rows. */
static inline int64_t
steps_done(struct journal *journal)
{
	sqlite3_stmt *statement = NULL;
	int64_t steps = 0;

	while ((statement = sqlite3_next_stmt(journal->db, statement)) != NULL)
		steps += sqlite3_stmt_status(statement,
		    SQLITE_STMTSTATUS_VM_STEP, 1);
	return steps;
}

/* Rows that were changed are looked at until then, which has to wait for those
 * who may still see them. */
static inline void
sweep_up(void)
{
	int64_t deadline = clock_steady() + 20000;

	do
		execute("VACUUM runs, deliveries, events");
	while (query("SELECT sum(n_dead_tup) FROM pg_stat_user_tables"
		     " WHERE schemaname = current_schema()"
		     " AND relname IN ('runs', 'deliveries', 'events')") > 0 &&
	    clock_left(deadline) > 0);
}

static inline int64_t
rows_read(struct journal *journal)
{
	static int64_t before;
	struct other itself = { .session = journal->postgresql->session };
	int64_t before_that = before;

	sweep_up();
	ask_server(&itself, "SELECT pg_stat_force_next_flush()", NULL);
	before = query("SELECT sum(seq_tup_read) + (SELECT"
		       " sum(idx_scan + idx_tup_read) FROM pg_stat_user_indexes"
		       " WHERE schemaname = current_schema())"
		       " FROM pg_stat_user_tables"
		       " WHERE schemaname = current_schema()");
	return before - before_that;
}

static inline int64_t
work_done(struct journal *journal)
{
	return journal_server() == NULL ? steps_done(journal) :
					  rows_read(journal);
}

/* The number in the body of a claim's first delivery; -1: nothing. */
static inline int
claim_number(struct journal *journal, const struct journal_limits *limits,
    struct journal_claim *claim)
{
	enum rc rc = journal_claim_due(journal, limits, now(), claim);
	int number = -1;

	if (rc == RC_MISSING)
		return -1;
	assert_int_equal(rc, RC_OK);
	assert_int_equal(sscanf(claim->deliveries[0].event.body.data,
			     "{\"n\":%d}", &number),
	    1);
	return number;
}

static inline void
settle_at(struct journal *journal, struct journal_claim *claim,
    enum journal_verdict verdict, int64_t ended)
{
	struct journal_settlement settlement = {
		.verdict = verdict,
		.pause = 60000,
		.started = ended - 5,
		.ended = ended,
		.attempted = JOURNAL_RAN,
		.end = RUN_EXIT,
		.code = 3,
		.tail = LIT("said\n"),
	};

	for (size_t i = 0; i < claim->n; i++) {
		settlement.seq = claim->deliveries[i].seq;
		assert_int_equal(journal_settle(journal, &settlement, 1),
		    RC_OK);
	}
	journal_claim_free(claim);
}

static inline void
settle(struct journal *journal, struct journal_claim *claim,
    enum journal_verdict verdict)
{
	settle_at(journal, claim, verdict, now());
}

/* Claims what is due, which has to be this one, and settles it. */
static inline void
expect(struct journal *journal, const struct journal_limits *limits, int number,
    enum journal_verdict verdict)
{
	struct journal_claim claim;

	assert_int_equal(claim_number(journal, limits, &claim), number);
	settle(journal, &claim, verdict);
}

static inline void
expect_nothing(struct journal *journal, const struct journal_limits *limits)
{
	struct journal_claim claim;

	assert_int_equal(claim_number(journal, limits, &claim), -1);
}

/* Where a router lets go what is moved. */
struct way {
	const char *lane;
	const char *order; /* text of its order key; NULL: none */
	unsigned calls;
};

/* The lines by their numbers. */
static inline enum rc
go_this_way(void *context, const struct journal_rules *rules,
    const struct journal_event *event, struct journal_moving *list, size_t n)
{
	struct way *way = context;

	assert_string_equal(event->hook, rules->hook);
	way->calls++;
	for (size_t i = 0; i < n; i++) {
		list[i].route = (struct journal_route){
			.lane = way->lane,
			.line = (int)list[i].ordinal,
		};
		assert_int_equal(journal_order_key(rules->hook, way->lane,
				     bytes_of(
					 way->order == NULL ? "" : way->order),
				     &list[i].route.order),
		    RC_OK);
	}
	return RC_OK;
}

/* How many steps that takes. */
static inline unsigned
move_all(struct journal *journal, const struct journal_limits *limits,
    struct way *way)
{
	const struct journal_router router = { go_this_way, way };
	unsigned steps = 0;
	bool more = true;

	for (; more; steps++)
		assert_int_equal(journal_move(journal, limits, &router, now(),
				     &more),
		    RC_OK);
	return steps;
}

/* Back to where the samples were, with this text as their key. */
static inline void
route_again(struct journal *journal, const char *order)
{
	struct way way = { .lane = sample_lane, .order = order };

	move_all(journal, &many, &way);
}

static inline void
expect_counts(struct journal *journal, const char *text)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_counts(journal, add_count, &got), RC_OK);
	assert_string_equal(got.data == NULL ? "" : got.data, text);
	buf_free(&got);
}

static inline enum rc
add_backlog(void *context, const struct journal_backlog *backlog)
{
	return buf_printf(context, "%s %lld ", backlog->hook,
	    (long long)backlog->events);
}

static inline void
expect_backlog(struct journal *journal, const char *text)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_backlog(journal, add_backlog, &got), RC_OK);
	assert_string_equal(got.data == NULL ? "" : got.data, text);
	buf_free(&got);
}

struct ids {
	char list[16][UUID_SIZE];
	size_t n;
	enum journal_state states[16];
	int64_t due[16];
	char outcomes[16][16];
};

static inline enum rc
add_id(void *context, const struct journal_row *row)
{
	struct ids *ids = context;

	if (ids->n == COUNT(ids->list))
		return RC_RANGE;
	snprintf(ids->outcomes[ids->n], sizeof(ids->outcomes[0]), "%s",
	    row->outcome);
	ids->states[ids->n] = row->state;
	ids->due[ids->n] = row->due;
	snprintf(ids->list[ids->n++], UUID_SIZE, "%s", row->id);
	return RC_OK;
}

static inline struct ids
list(struct journal *journal, int state)
{
	struct journal_filter filter = { .state = state, .limit = 16 };
	struct ids ids = { 0 };

	assert_int_equal(journal_list(journal, &filter, add_id, &ids), RC_OK);
	return ids;
}

static inline enum rc
write_note(const struct journal_claim *claim, pid_t pid)
{
	struct journal_note note = { "0123456789abcdef0123456789abcdef", pid,
		815, 5, 12, 34 };

	return journal_note_run(claim, &note);
}

static inline void
note_run(const struct journal_claim *claim, pid_t pid)
{
	assert_int_equal(write_note(claim, pid), RC_OK);
}

/* A child that opens the journal, does something and is killed. */
static inline void
kill_after(void (*act)(struct journal *journal))
{
	int ready[2];
	int status = 0;
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		act(open_lane());
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static inline void
claim_and_start(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1 ||
	    write_note(&claim, 4711) != RC_OK)
		_exit(1);
}

/* What another thread does, from its start to its end. */
struct meanwhile {
	void *(*act)(void *context);
	void *context;
};

static inline enum rc
let_act(struct journal *journal, void *arguments)
{
	const struct meanwhile *meanwhile = arguments;
	pthread_t thread;

	(void)journal;
	assert_int_equal(pthread_create(&thread, NULL, meanwhile->act,
			     meanwhile->context),
	    0);
	pthread_join(thread, NULL);
	return RC_OK;
}

/* A change of this thread's own, during which another thread acts: what that
 * asks for finds somebody leading. */
static inline void
write_while(struct journal *journal, void *(*act)(void *context), void *context)
{
	struct meanwhile meanwhile = { act, context };

	assert_int_equal(journal_write(journal, let_act, &meanwhile), RC_OK);
}

/* A journal of the first release: tests/fault/earlier.sql, from wherever the
 * test is run. */
static inline void
make_earlier(void)
{
	static const char *const variables[] = { "abs_top_srcdir", "top_srcdir",
		"srcdir" };
	static char text[64 * 1024];
	char path[PATH_MAX];
	FILE *file = NULL;
	size_t len;

	only_of_a_file();
	for (size_t i = 0; file == NULL && i < COUNT(variables); i++) {
		const char *top = getenv(variables[i]);

		snprintf(path, sizeof(path), "%s/tests/fault/earlier.sql",
		    top == NULL ? "." : top);
		file = fopen(path, "r");
	}
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	execute(text);
	assert_int_equal(chmod(journal_path, 0600), 0);
}

static inline enum rc
claim_key(struct journal *journal, const char *text, int64_t at)
{
	struct journal_key key = dedupe_key(text);
	struct answer answer;

	journal_key_claim(journal, &key, at, ask(&answer));
	return get(&answer);
}

static inline enum rc
finish_key(struct journal *journal, const char *text, int64_t expires)
{
	struct journal_key key = dedupe_key(text);
	struct answer answer;

	journal_key_done(journal, &key, expires, ask(&answer));
	return get(&answer);
}

static inline enum rc
free_key(struct journal *journal, const char *text)
{
	struct journal_key key = dedupe_key(text);
	struct answer answer;

	journal_key_free(journal, &key, ask(&answer));
	return get(&answer);
}

/* What belongs to an open journal, and a leftover that is played back. */
static const char *const ends[] = { "", "-wal", "-shm", "-runners",
	"-journal" };

enum { STAYS = 4 }; /* the first ones */

static inline const char *
end_path(const char *end)
{
	char name[64];

	snprintf(name, sizeof(name), "journal.db%s", end);
	return scratch_path(name);
}

/* The next one will be new. */
static inline void
remove_journal(void)
{
	char path[sizeof(journal_path) + 16];

	if (journal_server() != NULL) {
		assert_int_equal(make_schema(), 0);
		return;
	}
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", journal_path, ends[i]);
		unlink(path);
	}
}

/* Changes the row of a number as a text says it: "TABLE SET ...".  False:
 * columns have types there, or bytes are nothing wrong. */
static inline bool
damage(const char *what, int row)
{
	char text[192];
	bool is_body = strncmp(what, "bodies", 6) == 0;

	if (journal_server() != NULL && (is_body || strstr(what, "x'") != NULL))
		return false;
	snprintf(text, sizeof(text), "UPDATE %s WHERE %s = %d", what,
	    is_body			       ? "event" :
		strncmp(what, "lanes", 5) == 0 ? "id" :
						 "seq",
	    row);
	return try_to_execute(text);
}

static inline void
move(const char *from, const char *to)
{
	assert_int_equal(rename(scratch_path(from), scratch_path(to)), 0);
}

/* How many lines the log has, all of which have to hold the text. */
static inline unsigned
lines_of_log(const char *text)
{
	char line[8192];
	unsigned n = 0;
	FILE *file = fopen(scratch_path("log"), "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_non_null(strstr(line, text));
		n++;
	}
	fclose(file);
	return n;
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_place, scratch_remove)

/* Somebody who is stopped while he puts the index of the write-ahead log
 * together: its locks, which SQLite has from byte 120 on, and no header. */
static inline int
hold_index(void)
{
	static const char nothing[136];
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 120,
		.l_len = 3,
	};
	int fd = open(end_path("-shm"), O_RDWR | O_CLOEXEC);

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(pwrite(fd, nothing, sizeof(nothing), 0),
	    sizeof(nothing));
	return fd;
}

#endif
