/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>

#include "../queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "journal/internal.h"

static const struct journal_want want_one = {"h", 1, 1, NULL};
static const struct journal_want want_many = {"h", 1000, 1, NULL};
static const struct journal_want want_batch = {"h", 1000, 10, NULL};
static const struct journal_wants one = {&want_one, 1};
static const struct journal_wants many = {&want_many, 1};
static const struct journal_wants batch = {&want_batch, 1};

static int64_t
now(void)
{
	return clock_wall();
}

/* The number in the body of a claim's first delivery; -1: nothing. */
static int
claim_number(struct journal *journal, const struct journal_wants *wants,
    struct journal_claim *claim)
{
	enum rc rc = journal_claim(journal, wants, now(), claim);
	int number = -1;

	if (rc == RC_MISSING)
		return -1;
	assert_int_equal(rc, RC_OK);
	assert_int_equal(sscanf(claim->deliveries[0].event.body.data,
	    "{\"n\":%d}", &number), 1);
	return number;
}

static void
settle_at(struct journal *journal, struct journal_claim *claim,
    enum journal_verdict verdict, int64_t ended)
{
	struct journal_settlement settlement = {
		.verdict = verdict, .pause = 60000, .started = ended - 5,
		.ended = ended, .outcome = "exit", .code = 3,
		.tail = LIT("said\n")
	};

	for (size_t i = 0; i < claim->n; i++) {
		settlement.seq = claim->deliveries[i].seq;
		assert_int_equal(journal_settle(journal, &settlement, 1),
		    RC_OK);
	}
	journal_claim_free(claim);
}

static void
settle(struct journal *journal, struct journal_claim *claim,
    enum journal_verdict verdict)
{
	settle_at(journal, claim, verdict, now());
}

/* Claims what is due, which has to be this one, and settles it. */
static void
expect(struct journal *journal, const struct journal_wants *wants,
    int number, enum journal_verdict verdict)
{
	struct journal_claim claim;

	assert_int_equal(claim_number(journal, wants, &claim), number);
	settle(journal, &claim, verdict);
}

static void
expect_nothing(struct journal *journal, const struct journal_wants *wants)
{
	struct journal_claim claim;

	assert_int_equal(claim_number(journal, wants, &claim), -1);
}

/* The counts of all states in one text: "queued 2 done 1 ". */
static enum rc
add_count(void *context, const struct journal_count *count)
{
	return buf_printf(context, "%s %s %lld ", count->hook,
	    journal_state_name(count->state), (long long)count->count);
}

static void
expect_counts(struct journal *journal, const char *text)
{
	struct buf got = {0};

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_counts(journal, add_count, &got), RC_OK);
	assert_string_equal(got.data == NULL ? "" : got.data, text);
	buf_free(&got);
}

static enum rc
add_backlog(void *context, const char *hook, int64_t events)
{
	return buf_printf(context, "%s %lld ", hook, (long long)events);
}

static void
expect_backlog(struct journal *journal, const char *text)
{
	struct buf got = {0};

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

static enum rc
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

static struct ids
list(struct journal *journal, int state)
{
	struct journal_filter filter = {.state = state, .limit = 16};
	struct ids ids = {0};

	assert_int_equal(journal_list(journal, &filter, add_id, &ids),
	    RC_OK);
	return ids;
}

/* Opening. */

static void
execute(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
a_journal_is_made_for_its_user_alone(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-runners"};
	struct journal *journal;
	struct stat about;
	char path[sizeof(journal_path) + 16];
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(journal_open(journal_path, 0, &journal),
	    RC_MISSING);
	journal = open_journal();
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", journal_path, ends[i]);
		assert_int_equal(stat(path, &about), 0);
		assert_int_equal(about.st_mode & 0777, 0600);
	}
	journal_close(journal);
	umask(mask);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_OK);
	journal_close(journal);
	journal_close(NULL);
	assert_non_null(strstr(journal_version(), "SQLite"));
}

static void
what_others_could_change_is_refused(void **state)
{
	struct journal *journal = open_journal();
	const char *link = scratch_path("link");

	(void)state;
	journal_close(journal);
	chmod(scratch, 0777);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	chmod(scratch, 0700);
	chmod(journal_path, 0622);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	chmod(journal_path, 0600);
	assert_int_equal(symlink(journal_path, link), 0);
	assert_int_equal(journal_open(link, 0, &journal), RC_CONFIG);
	assert_int_equal(journal_open(scratch, 0, &journal), RC_CONFIG);
	assert_int_equal(journal_open("/no/such/journal", JOURNAL_CREATE,
	    &journal), RC_CONFIG);
	assert_int_equal(journal_open("relative", JOURNAL_CREATE, &journal),
	    RC_CONFIG);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_OK);
	journal_close(journal);
}

static void
a_directory_of_another_user_is_refused(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	journal_close(journal);
	if (geteuid() != 0) {
		print_message("only root can give a directory away\n");
		skip();
	}
	assert_int_equal(chown(journal_path, 65534, 65534), 0);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	assert_int_equal(chown(journal_path, 0, 0), 0);
	assert_int_equal(chown(scratch, 65534, 65534), 0);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
}

/* What belongs to an open journal, and a leftover that is played back. */
static const char *const ends[] = {
	"", "-wal", "-shm", "-runners", "-journal"
};

enum { STAYS = 4 };		/* the first ones */

static const char *
end_path(const char *end)
{
	char name[64];

	snprintf(name, sizeof(name), "journal.db%s", end);
	return scratch_path(name);
}

static void
a_strangers_file_beside_it_is_refused(void **state)
{
	struct journal *journal;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 1; i < COUNT(ends); i++) {
		journal_close(open_journal());
		assert_int_equal(mknod(end_path(ends[i]), S_IFREG | 0600, 0) ==
		    0 || errno == EEXIST, true);
		assert_int_equal(chown(end_path(ends[i]), 65534, 65534), 0);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
		    &journal), RC_CONFIG);
		assert_int_equal(chown(end_path(ends[i]), 0, 0), 0);
		chmod(end_path(ends[i]), 0606);
		assert_int_equal(journal_open(journal_path, JOURNAL_BRIEF,
		    &journal), RC_CONFIG);
		assert_int_equal(unlink(end_path(ends[i])), 0);
	}
}

/* Who chooses where a link leads chooses the journal. */
static void
a_strangers_link_to_it_is_refused(void **state)
{
	struct journal *journal;
	const char *through = scratch_path("open/link/journal.db");

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_directory("open", 01777);
	journal_close(open_journal());
	assert_int_equal(symlink("..", scratch_path("open/link")), 0);
	assert_int_equal(journal_open(through, 0, &journal), RC_OK);
	assert_string_equal(journal->path, journal_path);
	journal_close(journal);
	assert_int_equal(lchown(scratch_path("open/link"), 65534, 0), 0);
	assert_int_equal(journal_open(through, 0, &journal), RC_CONFIG);
}

static void
none_is_made_beside_what_is_left_of_one(void **state)
{
	struct journal *journal;

	(void)state;
	for (size_t i = 1; i < COUNT(ends); i++) {
		int fd = open(end_path(ends[i]), O_WRONLY | O_CREAT, 0600);

		assert_int_equal(close(fd), 0);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
		    &journal), RC_CONFIG);
		assert_int_equal(journal_open(journal_path, 0, &journal),
		    RC_CONFIG);
		assert_int_equal(access(journal_path, F_OK), -1);
		assert_int_equal(unlink(end_path(ends[i])), 0);
	}
	journal_close(open_journal());
}

static void
a_file_that_is_no_journal_is_left_as_it_is(void **state)
{
	static const char text[] = "Dear diary, this is no data base at "
	    "all, but longer than the header of one would be. It goes on "
	    "and on so that nobody can say that it was cut short.";
	struct journal *journal;
	char got[sizeof(text)] = "";
	int fd = open(journal_path, O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
	    &journal), RC_CONFIG);
	assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(text));
	assert_string_equal(got, text);
	close(fd);
	unlink(journal_path);
	execute("CREATE TABLE other(a)");
	chmod(journal_path, 0600);
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
	    &journal), RC_CONFIG);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	journal_close(journal);
	execute("PRAGMA user_version=99");
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
	    &journal), RC_CONFIG);
}

static void
an_older_schema_goes_forward_step_by_step(void **state)
{
	static const char *const steps[] = {
		"not used", "not used",
		("CREATE TABLE second(a);"
		    " INSERT INTO second VALUES(2)"),
		"ALTER TABLE second ADD COLUMN b",
		"CREATE TABLE fourth(a); CREATE TABLE second(a)"
	};
	struct journal *journal = open_journal();

	(void)state;
	append_sample(journal, "h", 7, "");
	assert_int_equal(journal_migrate_steps(journal, steps, 4), RC_OK);
	assert_int_equal(journal_number(journal, 0, "PRAGMA user_version",
	    ""), 4);
	assert_int_equal(journal_number(journal, 0,
	    "SELECT a FROM second WHERE b IS NULL", ""), 2);
	assert_int_equal(journal_migrate_steps(journal, steps, 4), RC_OK);
	/* A step that fails leaves nothing of it, and the old version. */
	assert_int_equal(journal_migrate_steps(journal, steps, 5),
	    RC_CORRUPT);
	journal->error = SQLITE_OK;
	assert_int_equal(journal_number(journal, 0,
	    "SELECT user_version FROM pragma_user_version", ""), 4);
	assert_int_equal(journal_number(journal, 0,
	    "SELECT count(*) FROM sqlite_master WHERE name = 'fourth'", ""),
	    0);
	assert_int_equal(journal_migrate_steps(journal, steps, 3),
	    RC_CONFIG);
	expect(journal, &one, 7, JOURNAL_FINISH);
	journal_close(journal);
}

/* Damage. */

static void
remove_journal(void)
{
	char path[sizeof(journal_path) + 16];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", journal_path, ends[i]);
		unlink(path);
	}
}

static void
what_no_journal_is_made_of_is_refused(void **state)
{
	static const char *const statements[] = {
		"PRAGMA user_version=-3",
		"CREATE VIEW more AS SELECT * FROM events",
		("CREATE TRIGGER more AFTER INSERT ON events BEGIN"
		    " DELETE FROM events; END"),
		"CREATE VIRTUAL TABLE more USING rtree(a, b, c)"
	};
	struct journal *journal;

	(void)state;
	for (size_t i = 0; i < COUNT(statements); i++) {
		journal_close(open_journal());
		execute(statements[i]);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
		    &journal), RC_CONFIG);
		remove_journal();
	}
}

static enum rc
pass_over(void *context, const struct journal_row *row)
{
	assert_non_null(row->id);
	(*(unsigned *)context)++;
	return RC_OK;
}

/* What each column of a delivery and its event may not hold. */
static const char *const damages[] = {
	"events SET id = 'x'", "events SET hook = ''",
	"events SET hook = 'a b'", "events SET name = x'00'",
	"events SET name = char(27)", "events SET received = -1",
	"events SET received = 'soon'", "events SET digest = 'x'",
	"events SET verified = 2", "events SET body = 'text'",
	"events SET body = x''", "events SET remote = x'00'",
	"events SET remote = printf('%64d', 1)",
	"deliveries SET ordinal = -1", "deliveries SET ordinal = 1e300",
	"deliveries SET attempts = 9223372036854775807",
	"deliveries SET step = 'x'", "deliveries SET due = 'never'",
	"deliveries SET due = -1", "deliveries SET key = 'x'",
	"deliveries SET key = x'00'", "deliveries SET event = 77"
};

/* The second of three is damaged: the others run, and what it was is told. */
static void
what_is_damaged_is_dead_and_holds_nobody_up(void **state)
{
	struct journal *journal;
	char statement[160];

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		journal = open_journal();
		for (unsigned n = 1; n <= 3; n++)
			append_sample(journal, "h", n, "");
		snprintf(statement, sizeof(statement), "UPDATE %s WHERE"
		    " seq = 2", damages[i]);
		execute(statement);
		expect(journal, &many, 1, JOURNAL_FINISH);
		expect(journal, &many, 3, JOURNAL_FINISH);
		expect_nothing(journal, &many);
		assert_int_equal(journal_number(journal, 0,
		    "SELECT state FROM deliveries WHERE seq = 2", ""),
		    JOURNAL_DEAD);
		assert_int_equal(journal_number(journal, 0,
		    "SELECT count(*) FROM attempts WHERE delivery = 2"
		    " AND outcome = 'damaged'", ""), 1);
		expect_backlog(journal, "");
		journal_close(journal);
		remove_journal();
	}
}

static void
a_damaged_row_is_left_out_and_told(void **state)
{
	struct journal_filter filter = {.state = -1, .limit = 9};
	struct journal *journal = open_journal();
	struct journal_story story = {0};
	struct sample sample;
	struct pool pool = {0};
	unsigned rows = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	fill_sample(&sample, "h", 3);
	sample.entry.deliveries = 2;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	execute("UPDATE deliveries SET state = 1000000 WHERE seq = 4");
	assert_int_equal(journal_list(journal, &filter, pass_over, &rows),
	    RC_CORRUPT);
	assert_int_equal(rows, 3);
	/* A limit counts what is given, wherever the damaged one stands. */
	filter.limit = 3;
	rows = 0;
	(void)journal_list(journal, &filter, pass_over, &rows);
	assert_int_equal(rows, 3);
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
	    &story), RC_CORRUPT);
	assert_int_equal(story.n, 1);
	pool_free(&pool);
	story = (struct journal_story){0};
	execute("UPDATE events SET digest = 'x' WHERE seq = 3");
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
	    &story), RC_CORRUPT);
	assert_null(story.event.hook);
	pool_free(&pool);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now()),
	    RC_CORRUPT);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now()),
	    RC_CORRUPT);
	journal_close(journal);
}

static enum rc
count_some(void *context, const struct journal_count *count)
{
	assert_in_range(count->state, 0, JOURNAL_DROPPED);
	*(int64_t *)context += count->count;
	return RC_OK;
}

static void
a_state_that_is_none_is_not_counted(void **state)
{
	static const char *const states[] = {"7", "-1", "'x'", "x'00'",
	    "9223372036854775807"};
	struct journal *journal = open_journal();
	char statement[128];
	int64_t count;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	append_sample(journal, "h", 3, "");
	for (size_t i = 0; i < COUNT(states); i++) {
		snprintf(statement, sizeof(statement), "UPDATE %s SET"
		    " state = %s", i % 2 == 0 ? "tallies" : "deliveries",
		    states[i]);
		execute(statement);
		count = 0;
		assert_int_equal(journal_counts(journal, count_some, &count),
		    RC_CORRUPT);
		assert_int_equal(count, i == 0 ? 2 : 0);
	}
	journal_close(journal);
}

static void
a_counter_that_is_none_is_made_anew(void **state)
{
	static const char *const values[] = {"'x'", "-5", "x'00'", "1.5",
	    "9223372036854775807"};
	struct journal *journal = open_journal();
	char statement[128];
	char text[32];

	(void)state;
	append_sample(journal, "h", 0, "");
	for (unsigned i = 0; i < COUNT(values); i++) {
		snprintf(statement, sizeof(statement),
		    "UPDATE opens SET events = %s", values[i]);
		execute(statement);
		append_sample(journal, "h", i + 1, "");
		snprintf(text, sizeof(text), "h %u ", i + 2);
		expect_backlog(journal, text);
	}
	journal_close(journal);
}

static void
a_damaged_key_lets_the_next_go(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	for (unsigned n = 1; n <= 3; n++)
		append_sample(journal, "h", n, "k");
	execute("UPDATE deliveries SET key = 'k' WHERE seq = 1");
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect(journal, &many, 3, JOURNAL_FINISH);
	journal_close(journal);
}

/* Whose runner cannot be known is nobody's, and is not run again. */
static void
what_runs_for_nobody_is_dead(void **state)
{
	static const char *const holders[] = {"runner = 'x'", "runner = 0",
	    "claim = x'00'", "claim = -1"};
	struct journal_orphans orphans;
	struct journal *journal;
	char statement[128];

	(void)state;
	for (size_t i = 0; i < COUNT(holders); i++) {
		journal = open_journal();
		append_sample(journal, "h", 1, "");
		snprintf(statement, sizeof(statement), "UPDATE deliveries"
		    " SET state = 1, runner = 7, claim = 7, %s", holders[i]);
		execute(statement);
		assert_int_equal(journal_orphans(journal, &orphans), RC_OK);
		assert_int_equal(orphans.n, 1);
		assert_int_equal(journal_void(journal, orphans.list, now()),
		    RC_OK);
		pool_free(&orphans.pool);
		expect_counts(journal, "h dead 1 ");
		expect_nothing(journal, &one);
		journal_close(journal);
		remove_journal();
	}
}

static void
damage_is_no_reason_to_keep_a_purge_from_the_rest(void **state)
{
	struct journal_keep keep = {"h", 1};
	struct journal_purge purge = {.keeps = &keep, .n = 1};
	struct journal *journal = open_journal();
	bool due = false;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		append_sample(journal, "h", n, "");
		expect(journal, &one, (int)n, JOURNAL_FINISH);
	}
	execute("UPDATE events SET name = char(27) WHERE seq = 2;"
	    "INSERT INTO notes VALUES('purged', 'never')");
	assert_int_equal(journal_purge_due(journal, now(), &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge(journal, &purge, now() + 60000),
	    RC_OK);
	assert_int_equal(purge.removed, 2);
	assert_int_equal(purge.damaged, 1);
	journal_close(journal);
}

static void
states_have_names(void **state)
{
	enum journal_state found;

	(void)state;
	for (int i = JOURNAL_QUEUED; i <= JOURNAL_DROPPED; i++) {
		assert_int_equal(journal_state_find(journal_state_name(
		    (enum journal_state)i), &found), RC_OK);
		assert_int_equal(found, i);
	}
	assert_int_equal(journal_state_find("Done", &found), RC_SYNTAX);
}

/* Storing and running. */

static void
an_event_comes_back_as_it_went_in(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct journal_event *event;
	struct sample sample;
	static const char body[] = "{\"a\":\"x\0y\"}";

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.body = (struct bytes){body, sizeof(body) - 1};
	sample.receipt.verified = false;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	journal_close(journal);
	journal = open_journal();
	assert_int_equal(journal_claim(journal, &one, now(), &claim), RC_OK);
	assert_int_equal(claim.n, 1);
	assert_int_equal(claim.deliveries[0].attempt, 1);
	assert_int_equal(claim.deliveries[0].step, 0);
	assert_int_equal(claim.deliveries[0].ordinal, 0);
	event = &claim.deliveries[0].event;
	assert_string_equal(event->receipt.id, sample.receipt.id);
	assert_string_equal(event->receipt.digest, sample.receipt.digest);
	assert_string_equal(event->receipt.remote_addr, "192.0.2.7");
	assert_false(event->receipt.verified);
	assert_int_equal(event->receipt.received, sample.receipt.received);
	assert_string_equal(event->hook, "h");
	assert_string_equal(event->name, "pipeline_run_error");
	assert_true(bytes_equal(event->body, sample.entry.body));
	settle(journal, &claim, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 ");
	journal_close(journal);
}

static void
what_cannot_be_stored_is_refused(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	assert_int_equal(journal_append(journal, &sample.entry), RC_SYSTEM);
	fill_sample(&sample, "h", 2);
	sample.entry.body.len = 0;
	assert_int_equal(journal_append(journal, &sample.entry), RC_RANGE);
	expect_counts(journal, "h queued 1 ");
	expect_backlog(journal, "h 1 ");
	journal_close(journal);
}

static void
the_queue_of_a_hook_is_bounded(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fill_sample(&sample, "h", i);
		sample.entry.max_queue = 2;
		sample.entry.deliveries = 2;
		assert_int_equal(journal_append(journal, &sample.entry),
		    i < 2 ? RC_OK : RC_QUEUE_FULL);
	}
	append_sample(journal, "other", 9, "");
	expect(journal, &one, 0, JOURNAL_FINISH);
	assert_int_equal(journal_append(journal, &sample.entry),
	    RC_QUEUE_FULL);
	/* An event is delivered when all its deliveries are over. */
	expect(journal, &one, 0, JOURNAL_BURY);
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	expect_backlog(journal, "h 2 other 1 ");
	journal_close(journal);
}

static void
each_line_has_a_delivery_of_its_own(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim first;
	struct journal_claim second;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.deliveries = 2;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &many, &first), 1);
	assert_int_equal(claim_number(journal, &many, &second), 1);
	assert_int_equal(first.deliveries[0].ordinal, 0);
	assert_int_equal(second.deliveries[0].ordinal, 1);
	expect_backlog(journal, "h 1 ");
	settle(journal, &first, JOURNAL_BURY);
	expect_backlog(journal, "h 1 ");
	settle(journal, &second, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 h dead 1 ");
	expect_backlog(journal, "");
	journal_close(journal);
}

static void
a_known_key_is_a_duplicate_until_it_is_over(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;
	struct sample later;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	sample.entry.dedupe_window = 1000;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	fill_sample(&later, "h", 2);
	later.entry.dedupe_key = bytes_of("key");
	later.receipt.received = sample.receipt.received + 999;
	assert_int_equal(journal_append(journal, &later.entry),
	    RC_DUPLICATE);
	assert_int_equal(journal_key_claim(journal, bytes_of("key"),
	    later.receipt.received), RC_DUPLICATE);
	later.receipt.received++;
	assert_int_equal(journal_append(journal, &later.entry), RC_OK);
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

static void
a_refused_event_takes_no_key(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	sample.entry.max_queue = 0;
	assert_int_equal(journal_append(journal, &sample.entry),
	    RC_QUEUE_FULL);
	sample.entry.max_queue = 1;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	journal_close(journal);
}

static void
a_key_that_is_waited_for_is_pending(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct bytes key = bytes_of("key");
	struct sample sample;

	(void)state;
	assert_int_equal(journal_key_claim(journal, key, 1000), RC_OK);
	assert_int_equal(journal_key_claim(journal, key, 1000), RC_PENDING);
	assert_int_equal(journal_key_claim(other, key, 1000), RC_PENDING);
	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = key;
	assert_int_equal(journal_append(other, &sample.entry), RC_PENDING);
	assert_int_equal(journal_key_free(journal, key), RC_OK);
	assert_int_equal(journal_key_claim(other, key, 1000), RC_OK);
	assert_int_equal(journal_key_done(other, key, 2000), RC_OK);
	assert_int_equal(journal_key_claim(journal, key, 1999),
	    RC_DUPLICATE);
	assert_int_equal(journal_key_claim(journal, key, 2000), RC_OK);
	journal_close(other);
	journal_close(journal);
}

static void
every_verdict_leads_to_its_state(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct ids ids;
	int64_t ended = now() - 30000;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	expect_counts(journal, "h running 1 ");
	settle(journal, &claim, JOURNAL_RELEASE);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].attempt, 1);
	settle_at(journal, &claim, JOURNAL_DELAY, ended);
	ids = list(journal, JOURNAL_QUEUED);
	assert_int_equal(ids.n, 1);
	assert_int_equal(ids.due[0], ended + 60000);
	assert_string_equal(ids.outcomes[0], "exit");
	assert_int_equal(journal_claim(journal, &one, ended + 59999,
	    &claim), RC_MISSING);
	assert_int_equal(journal_claim(journal, &one, ended + 60000,
	    &claim), RC_OK);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 1);
	settle(journal, &claim, JOURNAL_BURY);
	expect_counts(journal, "h dead 1 ");
	expect_nothing(journal, &one);
	journal_close(journal);
}

static void
a_try_that_goes_on_stays_claimed(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct journal_settlement again = {
		.verdict = JOURNAL_AGAIN, .started = 1, .ended = 2,
		.outcome = "exit", .code = 1
	};
	struct journal_story story;
	struct pool pool = {0};
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	again.seq = claim.deliveries[0].seq;
	assert_int_equal(journal_settle(journal, &again, 1), RC_OK);
	expect_counts(journal, "h running 1 ");
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_show(journal, id, &pool, &story), RC_OK);
	assert_int_equal(story.deliveries[0].n, 2);
	assert_int_equal(story.deliveries[0].list[0].number, 1);
	assert_int_equal(story.deliveries[0].list[1].number, 2);
	pool_free(&pool);
	journal_close(journal);
}

static void
only_the_holder_settles_and_all_or_nothing(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct journal_claim claim;
	struct journal_settlement both[2] = {
		{.verdict = JOURNAL_FINISH}, {.verdict = JOURNAL_FINISH}
	};

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	both[0].seq = claim.deliveries[0].seq;
	both[1].seq = both[0].seq + 1;
	assert_int_equal(journal_settle(other, both, 1), RC_MISSING);
	assert_int_equal(journal_settle(journal, both, 2), RC_MISSING);
	expect_counts(journal, "h queued 1 h running 1 ");
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_settle(journal, both, 1), RC_MISSING);
	expect_counts(journal, "h queued 1 h done 1 ");
	journal_close(other);
	journal_close(journal);
}

static void
concurrency_holds_over_all_processes(void **state)
{
	static const struct journal_want want = {"h", 2, 1, NULL};
	static const struct journal_wants two = {&want, 1};
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct journal_claim claims[2];
	int64_t due = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &two, &claims[0]), 0);
	assert_int_equal(claim_number(other, &two, &claims[1]), 1);
	expect_nothing(journal, &two);
	expect_nothing(other, &two);
	assert_int_equal(journal_next_due(journal, &two, now(), &due),
	    RC_OK);
	assert_true(due == CLOCK_NEVER);
	settle(other, &claims[1], JOURNAL_DELAY);
	assert_int_equal(journal_next_due(journal, &two, now(), &due),
	    RC_OK);
	assert_true(due <= now());
	assert_int_equal(claim_number(journal, &two, &claims[1]), 2);
	expect_nothing(other, &two);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
the_earliest_due_goes_first(void **state)
{
	static const struct journal_want list_of_two[] = {
		{"a", 9, 1, NULL}, {"b", 9, 1, NULL}
	};
	static const struct journal_wants both = {list_of_two, 2};
	static const int64_t received[] = {2000, 1000, 3000, 2000};
	static const int order[] = {1, 0, 3, 2};
	struct journal *journal = open_journal();
	struct sample sample;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		fill_sample(&sample, i == 1 || i == 3 ? "a" : "b", i);
		sample.receipt.received = received[i];
		assert_int_equal(journal_append(journal, &sample.entry),
		    RC_OK);
	}
	for (size_t i = 0; i < COUNT(order); i++)
		expect(journal, &both, order[i], JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_retry_takes_its_turn_among_the_fresh(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle_at(journal, &claim, JOURNAL_DELAY, now() - 61000);
	fill_sample(&sample, "h", 2);
	sample.receipt.received = now() + 1000;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	expect(journal, &one, 1, JOURNAL_FINISH);
	/* What is new is due at once, whatever the clock says. */
	expect(journal, &one, 2, JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_clock_set_back_begins_the_pause_anew(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	int64_t day = 24 * 3600000LL;
	int64_t then = now();
	int64_t due = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle_at(journal, &claim, JOURNAL_DELAY, then);
	assert_int_equal(journal_next_due(journal, &one, then, &due), RC_OK);
	assert_int_equal(due, then + 60000);
	assert_int_equal(journal_next_due(journal, &one, then - day, &due),
	    RC_OK);
	assert_int_equal(due, then - day);
	assert_int_equal(journal_claim(journal, &one, then - day, &claim),
	    RC_MISSING);
	assert_int_equal(journal_next_due(journal, &one, then - day, &due),
	    RC_OK);
	assert_int_equal(due, then - day + 60000);
	assert_int_equal(journal_claim(journal, &one, then - day + 60000,
	    &claim), RC_OK);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

/* Order. */

static void
a_key_runs_in_order_and_never_at_once(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim first;
	struct journal_claim other;

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	append_sample(journal, "h", 3, "other");
	append_sample(journal, "h", 4, "k");
	assert_int_equal(claim_number(journal, &many, &first), 1);
	assert_int_equal(claim_number(journal, &many, &other), 3);
	expect_nothing(journal, &many);
	/* A failing one holds back its own key, and only that. */
	settle(journal, &first, JOURNAL_DELAY);
	expect_nothing(journal, &many);
	settle(journal, &other, JOURNAL_FINISH);
	assert_int_equal(journal_claim(journal, &many, now() + 61000,
	    &first), RC_OK);
	expect_nothing(journal, &many);
	settle(journal, &first, JOURNAL_BURY);
	/* A dead one lets its key go. */
	expect(journal, &many, 2, JOURNAL_RELEASE);
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect(journal, &many, 4, JOURNAL_FINISH);
	journal_close(journal);
}

static void
an_operators_retry_keeps_its_place_in_the_order(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	append_sample(journal, "h", 3, "k");
	assert_int_equal(claim_number(journal, &many, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_BURY);
	/* While another one runs, and while none does. */
	assert_int_equal(claim_number(journal, &many, &claim), 2);
	assert_int_equal(journal_retry(journal, id, now()), RC_OK);
	expect_nothing(journal, &many);
	settle(journal, &claim, JOURNAL_FINISH);
	expect(journal, &many, 1, JOURNAL_BURY);
	assert_int_equal(journal_retry(journal, id, now()), RC_OK);
	expect(journal, &many, 1, JOURNAL_FINISH);
	expect(journal, &many, 3, JOURNAL_FINISH);
	expect_nothing(journal, &many);
	journal_close(journal);
}

static void
a_dropped_one_lets_its_key_go(void **state)
{
	struct journal *journal = open_journal();
	struct ids ids;

	(void)state;
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	ids = list(journal, -1);
	assert_int_equal(ids.n, 2);
	for (size_t i = 0; i < 2; i++) {
		struct journal_story story;
		struct pool pool = {0};

		assert_int_equal(journal_show(journal, ids.list[i], &pool,
		    &story), RC_OK);
		if (bytes_is(story.event.body, "{\"n\":1}")) {
			assert_false(story.deliveries[0].held);
			assert_int_equal(journal_drop(journal, ids.list[i],
			    now()), RC_OK);
		} else {
			assert_true(story.deliveries[0].held || i == 1);
		}
		pool_free(&pool);
	}
	expect(journal, &many, 2, JOURNAL_FINISH);
	expect_counts(journal, "h done 1 h dropped 1 ");
	journal_close(journal);
}

static void
keys_of_two_hooks_are_two(void **state)
{
	static const struct journal_want two[] = {
	    {"a", 9, 1, NULL}, {"b", 9, 1, NULL}};
	static const struct journal_wants both = {two, 2};
	struct journal *journal = open_journal();
	struct journal_claim claims[2];

	(void)state;
	append_sample(journal, "a", 1, "k");
	append_sample(journal, "b", 2, "k");
	assert_true(claim_number(journal, &both, &claims[0]) > 0);
	assert_true(claim_number(journal, &both, &claims[1]) > 0);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(journal);
}

static void
a_batch_takes_a_key_in_its_order(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct journal_claim more;

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		append_sample(journal, "h", i, i % 3 == 0 ? "" : "k");
	assert_int_equal(claim_number(journal, &batch, &claim), 0);
	assert_int_equal(claim.n, 10);
	for (size_t i = 1; i < claim.n; i++)
		assert_true(claim.deliveries[i].seq >
		    claim.deliveries[i - 1].seq);
	/* What is left of the key stays behind. */
	expect_nothing(journal, &batch);
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &batch, &more), 10);
	assert_int_equal(more.n, 2);
	settle(journal, &more, JOURNAL_FINISH);
	expect_counts(journal, "h done 12 ");
	journal_close(journal);
}

static void
a_batch_takes_one_place(void **state)
{
	static const struct journal_want want = {"h", 2, 3, NULL};
	static const struct journal_wants wants = {&want, 1};
	struct journal *journal = open_journal();
	struct journal_claim claims[2];

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &wants, &claims[0]), 0);
	assert_int_equal(claim_number(journal, &wants, &claims[1]), 3);
	expect_nothing(journal, &wants);
	settle(journal, &claims[0], JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &wants, &claims[0]), 6);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	journal_close(journal);
}

static enum rc
write_note(const struct journal_claim *claim, pid_t pid)
{
	struct journal_note note = {
		"0123456789abcdef0123456789abcdef", pid, 815, 5, 12, 34
	};

	return journal_note_run(claim, &note);
}

static void
note_run(const struct journal_claim *claim, pid_t pid)
{
	assert_int_equal(write_note(claim, pid), RC_OK);
}

/* The first of a batch comes due again while the rest of it still runs. */
static void
what_left_a_batch_is_a_run_of_its_own(void **state)
{
	static const struct journal_want want = {"h", 2, 2, NULL};
	static const struct journal_wants wants = {&want, 1};
	struct journal *journal = open_journal();
	struct journal_settlement back = {
		.verdict = JOURNAL_DELAY, .started = now(), .ended = now(),
		.outcome = "exit", .code = 1
	};
	struct journal_claim first, again;
	struct journal_orphans orphans;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(claim_number(journal, &wants, &first), 0);
	note_run(&first, 100);
	back.seq = first.deliveries[0].seq;
	assert_int_equal(journal_settle(journal, &back, 1), RC_OK);
	assert_int_equal(claim_number(journal, &wants, &again), 0);
	note_run(&again, 200);
	expect_nothing(journal, &wants);
	journal_claim_free(&first);
	journal_claim_free(&again);
	journal_close(journal);
	journal = open_journal();
	assert_int_equal(journal_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 2);
	assert_int_equal(orphans.list[0].note.pid +
	    orphans.list[1].note.pid, 300);
	assert_int_equal(orphans.list[0].n + orphans.list[1].n, 3);
	pool_free(&orphans.pool);
	journal_close(journal);
}

/* Operating. */

static void
a_story_is_told_whole(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct journal_story story;
	struct pool pool = {0};
	struct sample sample;
	struct sample other;
	char prefix[UUID_SIZE];

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.deliveries = 2;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle(journal, &claim, JOURNAL_DELAY);
	expect(journal, &one, 1, JOURNAL_FINISH);
	snprintf(prefix, sizeof(prefix), "%.12s", sample.receipt.id);
	assert_int_equal(journal_show(journal, prefix, &pool, &story),
	    RC_OK);
	assert_string_equal(story.event.receipt.id, sample.receipt.id);
	assert_true(bytes_is(story.event.body, "{\"n\":1}"));
	assert_int_equal(story.n, 2);
	assert_int_equal(story.deliveries[0].state, JOURNAL_QUEUED);
	assert_true(story.deliveries[0].due > now());
	assert_int_equal(story.deliveries[0].attempts, 1);
	assert_int_equal(story.deliveries[0].n, 1);
	assert_string_equal(story.deliveries[0].list[0].outcome, "exit");
	assert_int_equal(story.deliveries[0].list[0].code, 3);
	assert_int_equal(story.deliveries[0].list[0].number, 1);
	assert_true(bytes_is(story.deliveries[0].list[0].tail, "said\n"));
	assert_int_equal(story.deliveries[1].state, JOURNAL_DONE);
	assert_true(story.deliveries[1].finished > 0);
	fill_sample(&other, "h", 2);
	memcpy(other.receipt.id, sample.receipt.id, 12);
	assert_int_equal(journal_append(journal, &other.entry), RC_OK);
	assert_int_equal(journal_show(journal, prefix, &pool, &story),
	    RC_RANGE);
	assert_int_equal(journal_show(journal, "ff", &pool, &story),
	    RC_MISSING);
	assert_int_equal(journal_show(journal, "", &pool, &story),
	    RC_MISSING);
	pool_free(&pool);
	journal_close(journal);
}

static enum rc
stop_at_once(void *context, const struct journal_row *row)
{
	(void)row;
	++*(int *)context;
	return RC_STOPPING;
}

static void
the_list_is_newest_first_and_filtered(void **state)
{
	struct journal *journal = open_journal();
	struct journal_filter filter = {.state = -1, .limit = 16};
	struct sample sample;
	struct ids ids;
	uint8_t random[10] = {0};
	int count = 0;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		fill_sample(&sample, i % 2 == 0 ? "even" : "odd", i);
		sample.receipt.received = 1000000 + 1000 * (int64_t)i;
		random[9] = (uint8_t)i;
		timestamp_uuid7(sample.receipt.received, random,
		    sample.receipt.id);
		if (i == 4)
			sample.entry.event = "connection_added";
		assert_int_equal(journal_append(journal, &sample.entry),
		    RC_OK);
	}
	ids = list(journal, -1);
	assert_int_equal(ids.n, 6);
	assert_string_equal(ids.list[0], sample.receipt.id);
	ids = (struct ids){0};
	filter.hook = "even";
	assert_int_equal(journal_list(journal, &filter, add_id, &ids),
	    RC_OK);
	assert_int_equal(ids.n, 3);
	ids = (struct ids){0};
	filter.event = "connection_added";
	assert_int_equal(journal_list(journal, &filter, add_id, &ids),
	    RC_OK);
	assert_int_equal(ids.n, 1);
	filter = (struct journal_filter){.state = JOURNAL_QUEUED,
	    .since = 1003000, .limit = 16};
	for (int i = 0; i < 2; i++) {
		ids = (struct ids){0};
		assert_int_equal(journal_list(journal, &filter, add_id,
		    &ids), RC_OK);
		assert_int_equal(ids.n, 3);
		filter.state = -1;
	}
	filter.limit = 2;
	ids = (struct ids){0};
	assert_int_equal(journal_list(journal, &filter, add_id, &ids),
	    RC_OK);
	assert_int_equal(ids.n, 2);
	assert_int_equal(journal_list(journal, &filter, stop_at_once,
	    &count), RC_STOPPING);
	assert_int_equal(count, 1);
	journal_close(journal);
}

/* The last row of a part, and what was seen so far. */
struct part {
	struct journal_row row;
	char id[UUID_SIZE];
	char seen[64];		/* a letter for each delivery of an event */
	size_t n;
};

static enum rc
add_part(void *context, const struct journal_row *row)
{
	struct part *part = context;

	if (part->n + 1 >= sizeof(part->seen))
		return RC_RANGE;
	part->row = *row;
	snprintf(part->id, sizeof(part->id), "%s", row->id);
	part->row.id = part->id;
	part->seen[part->n++] = (char)(row->received - 1000000 +
	    (row->ordinal == 0 ? 'a' : 'A'));
	return RC_OK;
}

static void
a_list_in_parts_is_the_whole_list(void **state)
{
	const int states[] = {-1, JOURNAL_QUEUED};
	const char *const whole[] = {"cCbBaA", "cCbBaA"};
	struct journal *journal = open_journal();
	struct journal_filter filter;
	struct sample sample;
	struct part part;
	size_t before;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fill_sample(&sample, "h", i);
		sample.receipt.received = 1000000 + i;
		timestamp_uuid7(sample.receipt.received, (uint8_t[10]){0},
		    sample.receipt.id);
		sample.entry.deliveries = 2;
		assert_int_equal(journal_append(journal, &sample.entry),
		    RC_OK);
	}
	for (size_t i = 0; i < COUNT(states); i++)
		for (int limit = 1; limit < 8; limit++) {
			part = (struct part){0};
			filter = (struct journal_filter){
			    .state = states[i], .limit = limit};
			do {
				before = part.n;
				assert_int_equal(journal_list(journal,
				    &filter, add_part, &part), RC_OK);
				filter.after = &part.row;
			} while (part.n != before);
			assert_string_equal(part.seen, whole[i]);
		}
	journal_close(journal);
}

static void
an_operator_puts_back_what_failed(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.deliveries = 2;
	sample.entry.dedupe_key = bytes_of("key");
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now()),
	    RC_PENDING);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_DELAY);
	expect_nothing(journal, &one);
	/* Only what waits, then only what is dead, then all. */
	assert_int_equal(journal_retry(journal, sample.receipt.id, now()),
	    RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].ordinal, 1);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 0);
	settle(journal, &claim, JOURNAL_BURY);
	expect_backlog(journal, "");
	assert_int_equal(journal_retry(journal, sample.receipt.id, now()),
	    RC_OK);
	expect_backlog(journal, "h 1 ");
	expect_counts(journal, "h queued 1 h done 1 ");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now()),
	    RC_OK);
	expect_counts(journal, "h queued 2 ");
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect_counts(journal, "h done 2 ");
	assert_int_equal(journal_retry(journal, "ff", now()), RC_MISSING);
	journal_close(journal);
}

static void
all_dead_ones_are_put_back_at_once(void **state)
{
	struct journal *journal = open_journal();
	struct journal_filter filter = {.state = -1, .hook = "h"};
	static const struct journal_want other_want = {"other", 1, 1, NULL};
	static const struct journal_wants other = {&other_want, 1};
	int64_t count = -1;

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		append_sample(journal, "h", i, "");
		expect(journal, &one, (int)i, JOURNAL_BURY);
	}
	append_sample(journal, "other", 1, "");
	expect(journal, &other, 1, JOURNAL_BURY);
	filter.since = now() + 1000;
	assert_int_equal(journal_retry_dead(journal, &filter, now(),
	    &count), RC_OK);
	assert_int_equal(count, 0);
	filter.since = 0;
	assert_int_equal(journal_retry_dead(journal, &filter, now(),
	    &count), RC_OK);
	assert_int_equal(count, 120);
	expect_counts(journal, "h queued 120 other dead 1 ");
	expect_backlog(journal, "h 120 ");
	journal_close(journal);
}

static void
what_runs_is_not_dropped(void **state)
{
	struct journal *journal = open_journal();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.deliveries = 2;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now()),
	    RC_PENDING);
	expect_counts(journal, "h queued 1 h running 1 ");
	settle(journal, &claim, JOURNAL_BURY);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now()),
	    RC_OK);
	expect_counts(journal, "h dropped 2 ");
	expect_backlog(journal, "");
	assert_int_equal(journal_drop(journal, sample.receipt.id, now()),
	    RC_OK);
	assert_int_equal(journal_drop(journal, "ff", now()), RC_MISSING);
	expect_nothing(journal, &one);
	journal_close(journal);
}

static void
what_is_kept_long_enough_is_purged(void **state)
{
	static const struct journal_keep keeps[] = {{"h", 10000}};
	struct journal *journal = open_journal();
	struct journal_purge purge = {.keeps = keeps, .n = 1};
	struct journal_claim claim;
	int64_t then = now();
	bool due = false;

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		append_sample(journal, "h", i, "");
		assert_int_equal(claim_number(journal, &one, &claim),
		    (int)i);
		settle_at(journal, &claim, i == 3 ? JOURNAL_BURY :
		    JOURNAL_FINISH, then);
	}
	append_sample(journal, "h", 500, "");
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then + 1000, &due),
	    RC_OK);
	assert_false(due);
	assert_int_equal(journal_purge_due(journal, then + 3600000, &due),
	    RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge_due(journal, then, &due), RC_OK);
	assert_true(due);
	assert_int_equal(journal_purge(journal, &purge, then + 5000), RC_OK);
	assert_int_equal(purge.removed, 0);
	do {
		assert_int_equal(journal_purge(journal, &purge,
		    then + 3600000), RC_OK);
	} while (purge.from != 0);
	assert_int_equal(purge.removed, 129);
	expect_counts(journal, "h queued 1 h dead 1 ");
	assert_int_equal(list(journal, -1).n, 2);
	journal_close(journal);
}

static void
what_came_before_the_clock_was_set_back_holds_no_purge_up(void **state)
{
	static const struct journal_keep keeps[] = {{"h", 10000}};
	struct journal *journal = open_journal();
	struct journal_purge purge = {.keeps = keeps, .n = 1};
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 0);
	sample.receipt.received += 365 * 24 * 3600000LL;
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 0, JOURNAL_BURY);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 2, JOURNAL_FINISH);
	do {
		assert_int_equal(journal_purge(journal, &purge,
		    now() + 60000), RC_OK);
	} while (purge.from != 0);
	assert_int_equal(purge.removed, 2);
	expect_counts(journal, "h dead 1 ");
	journal_close(journal);
}

static void
a_hook_that_is_gone_keeps_for_thirty_days(void **state)
{
	struct journal *journal = open_journal();
	struct journal_purge purge = {0};
	int64_t day = 24 * 3600000LL;

	(void)state;
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_purge(journal, &purge, now() + 29 * day),
	    RC_OK);
	assert_int_equal(purge.removed, 0);
	assert_int_equal(journal_purge(journal, &purge, now() + 31 * day),
	    RC_OK);
	assert_int_equal(purge.removed, 1);
	expect_counts(journal, "");
	journal_close(journal);
}

/* Several configurations. */

static struct journal_rules
note(struct journal *journal, const char *hook, const char *digest,
    int64_t time)
{
	struct journal_rules rules = {.hook = hook, .digest = digest,
	    .time = time, .keep = time};

	assert_int_equal(journal_note_rules(journal, &rules, 1), RC_OK);
	return rules;
}

static void
the_rules_of_the_newest_file_are_noted(void **state)
{
	static const struct {
		const char *digest;
		int64_t time;
		bool older;
		const char *noted;	/* by then, with time and keep */
	} cases[] = {
		{"a", 5, false, "a 5 5"},
		{"a", 3, false, "a 5 5"},
		{"b", 4, true, "a 5 5"},
		{"b", 5, true, "a 5 5"},
		{"a", 6, false, "a 6 6"},
		{"b", 7, false, "b 7 7"},
		{"a", 6, true, "b 7 7"},
		{"a", INT64_MAX, false,
		    "a 9223372036854775807 9223372036854775807"}
	};
	struct journal *journal = open_journal();
	struct journal_rules rules;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal_reader reader = {.journal = journal};

		rules = (struct journal_rules){.hook = "h",
		    .digest = cases[i].digest, .time = cases[i].time,
		    .keep = cases[i].time};
		assert_int_equal(journal_note_rules(journal, &rules, 1),
		    RC_OK);
		failed += case_number(cases[i].noted, rules.older,
		    cases[i].older);
		reader.row = journal_query(journal, "SELECT digest || ' ' ||"
		    " time || ' ' || keep FROM rules WHERE hook = 'h'", "");
		assert_true(journal_next(journal, reader.row));
		failed += case_text(cases[i].noted, journal_text(&reader, 0,
		    JOURNAL_TEXT_NOTE), cases[i].noted);
		journal_over(reader.row);
	}
	assert_int_equal(failed, 0);
	journal_close(journal);
}

static void
rules_are_compared_hook_by_hook(void **state)
{
	struct journal *journal = open_journal();
	struct journal_rules rules[] = {
		{.hook = "a", .digest = "1", .time = 3},
		{.hook = "b", .digest = "1", .time = 3},
		{.hook = "c", .digest = "1", .time = 3}
	};

	(void)state;
	note(journal, "a", "2", 2);
	note(journal, "b", "2", 4);
	assert_int_equal(journal_note_rules(journal, rules, COUNT(rules)),
	    RC_OK);
	assert_false(rules[0].older);
	assert_true(rules[1].older);
	assert_int_equal(rules[1].noted, 4);
	assert_false(rules[2].older);
	assert_int_equal(journal_number(journal, 0,
	    "SELECT count(*) FROM rules WHERE digest = '1'", ""), 2);
	journal_close(journal);
}

static void
what_others_noted_newer_rules_of_is_not_claimed(void **state)
{
	static const struct journal_want want[] = {
		{"h", 1, 1, "ours"}, {"i", 1, 1, "ours"}
	};
	static const struct journal_wants ours = {want, 1};
	static const struct journal_wants both = {want, 2};
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	int64_t due = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	append_sample(journal, "i", 3, "");
	/* Where nothing is noted any rules will do. */
	expect(journal, &ours, 1, JOURNAL_FINISH);
	note(journal, "h", "ours", 1);
	assert_int_equal(journal_next_due(journal, &ours, now(), &due),
	    RC_OK);
	assert_true(due <= now());
	note(other, "h", "theirs", 2);
	expect_nothing(journal, &ours);
	assert_int_equal(journal_next_due(journal, &ours, now(), &due),
	    RC_OK);
	assert_int_equal(due, CLOCK_NEVER);
	expect(journal, &both, 3, JOURNAL_FINISH);
	expect_nothing(journal, &both);
	assert_true(note(journal, "h", "ours", 2).older);
	expect_nothing(journal, &ours);
	assert_false(note(journal, "h", "ours", 3).older);
	expect(journal, &ours, 2, JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
purge_at(struct journal *journal, const struct journal_keep *keep,
    int64_t days)
{
	struct journal_purge purge = {.keeps = keep, .n = keep != NULL,
	    .time = 1};

	assert_int_equal(journal_purge(journal, &purge,
	    now() + days * 24 * 3600000LL), RC_OK);
}

static void
noted_rules_say_how_long_a_hook_keeps(void **state)
{
	static const int64_t day = 24 * 3600000LL;
	static const struct journal_keep keep = {"h", 200 * 24 * 3600000LL};
	static const struct journal_keep less = {"h", 24 * 3600000LL};
	struct journal_rules rules[] = {
		{.hook = "h", .digest = "1", .time = 1, .keep = 100 * day},
		{.hook = "other", .digest = "1", .time = 1, .keep = day},
		{.hook = "odd", .digest = "1", .time = 1, .keep = -1}
	};
	struct journal *journal = open_journal();

	(void)state;
	append_sample(journal, "h", 1, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	assert_int_equal(journal_note_rules(journal, rules, COUNT(rules)),
	    RC_OK);
	purge_at(journal, NULL, 99);
	expect_counts(journal, "h done 1 ");
	/* Whoever names the hook decides, until a newer file does. */
	purge_at(journal, &keep, 199);
	expect_counts(journal, "h done 1 ");
	rules[0].time = 2;
	assert_int_equal(journal_note_rules(journal, rules, 1), RC_OK);
	purge_at(journal, &less, 99);
	expect_counts(journal, "h done 1 ");
	purge_at(journal, NULL, 101);
	expect_counts(journal, "");
	journal_close(journal);
}

/* Several threads and processes. */

enum { THREADS = 8, EACH = 50 };

static void *
append_many(void *context)
{
	for (unsigned i = 0; i < EACH; i++)
		append_sample(context, "h", i, "");
	return NULL;
}

static void
append_from_threads(struct journal *journal)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    append_many, journal), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void
threads_and_processes_share_a_journal(void **state)
{
	struct journal *journal;
	pid_t child = fork();
	int status = 0;

	(void)state;
	journal = open_journal();
	append_from_threads(journal);
	if (child == 0) {
		journal_close(journal);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	expect_counts(journal, "h queued 800 ");
	expect_backlog(journal, "h 800 ");
	journal_close(journal);
}

static void *
append_same(void *context)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	sample.entry.dedupe_key = bytes_of("key");
	return journal_append(context, &sample.entry) == RC_DUPLICATE ?
	    context : NULL;
}

static void
of_the_same_at_once_one_is_stored(void **state)
{
	struct journal *journal = open_journal();
	pthread_t threads[50];
	unsigned duplicates = 0;
	void *result;

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    append_same, journal), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &result);
		duplicates += result != NULL;
	}
	assert_int_equal(duplicates, 49);
	expect_counts(journal, "h queued 1 ");
	journal_close(journal);
}

static void
another_process_that_stores_is_noticed(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	bool changed = false;

	(void)state;
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	append_sample(journal, "h", 1, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	append_sample(other, "h", 2, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_true(changed);
	journal_close(other);
	journal_close(journal);
}

static void
what_could_not_wake_is_found(void **state)
{
	struct journal *journal = open_journal();
	int deaf = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool changed = false;

	(void)state;
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	journal_wake(journal, deaf);
	append_sample(journal, "h", 1, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_true(changed);
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	journal_close(journal);
	close(deaf);
}

static void
one_process_has_the_drains_lock(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();

	(void)state;
	assert_int_equal(journal_drain_lock(journal), RC_OK);
	assert_int_equal(journal_drain_lock(other), RC_PENDING);
	journal_drain_unlock(journal);
	assert_int_equal(journal_drain_lock(other), RC_OK);
	journal_close(other);
	assert_int_equal(journal_drain_lock(journal), RC_OK);
	journal_close(journal);
}

/* A child that opens the journal, does something and is killed. */
static void
kill_after(void (*act)(struct journal *journal))
{
	int ready[2];
	int status = 0;
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		act(open_journal());
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

static void
claim_and_start(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1 ||
	    write_note(&claim, 4711) != RC_OK)
		_exit(1);
}

static void
claim_only(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1)
		_exit(1);
}

static void
claim_start_and_end(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1 ||
	    write_note(&claim, 4711) != RC_OK ||
	    journal_note_run(&claim, NULL) != RC_OK)
		_exit(1);
}

static void
find_orphan(struct journal *journal, struct journal_orphan *orphan)
{
	struct journal_orphans orphans;

	assert_int_equal(journal_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 1);
	*orphan = orphans.list[0];
	pool_free(&orphans.pool);
}

static unsigned
lost_of(struct journal *journal)
{
	return (unsigned)journal_number(journal, -1,
	    "SELECT lost FROM deliveries WHERE seq = 1", "");
}

/* Only what was running when its runner was killed lost a try. */
static void
only_a_run_that_was_noted_is_a_lost_try(void **state)
{
	static const struct {
		void (*act)(struct journal *journal);
		bool noted;
		unsigned lost;
	} table[] = {
		{claim_only, false, 0},
		{claim_start_and_end, false, 0},
		{claim_and_start, true, 1},
		{claim_and_start, true, 2},
		{claim_only, false, 2}
	};
	struct journal *journal = open_journal();
	struct journal_orphan orphan;
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	for (size_t i = 0; i < COUNT(table); i++) {
		kill_after(table[i].act);
		journal = open_journal();
		find_orphan(journal, &orphan);
		assert_int_equal(orphan.noted, table[i].noted);
		assert_int_equal(journal_void(journal, &orphan, now()),
		    RC_OK);
		assert_int_equal(lost_of(journal), table[i].lost);
		journal_close(journal);
	}
	journal = open_journal();
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 2);
	settle(journal, &claim, JOURNAL_DELAY);
	assert_int_equal(lost_of(journal), 0);
	journal_close(journal);
}

/* A pause on lost tries: no try of its own, and the next lost one counts. */
static void
a_verdict_on_lost_tries_is_no_try(void **state)
{
	struct journal_settlement stopped = {
		.seq = 1, .verdict = JOURNAL_RELEASE, .started = 1,
		.ended = 2, .outcome = "stopped"
	};
	struct journal_settlement counted = {
		.seq = 1, .verdict = JOURNAL_DELAY, .earlier = true,
		.ended = 2, .pause = 0
	};
	struct journal *journal = open_journal();
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(claim_number(journal, &one, &claim), 1);
		assert_int_equal(claim.deliveries[0].lost, i);
		assert_int_equal(claim.deliveries[0].attempt, 1);
		assert_int_equal(journal_settle(journal, &stopped, 1), RC_OK);
		journal_claim_free(&claim);
	}
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 4);
	assert_int_equal(journal_settle(journal, &counted, 1), RC_OK);
	journal_claim_free(&claim);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 3);
	assert_int_equal(claim.deliveries[0].step, 1);
	assert_int_equal(claim.deliveries[0].attempt, 1);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

/* Only its own line says that nothing runs; without one nobody knows. */
static void
a_lost_note_hides_its_run(void **state)
{
	static const struct {
		const char *line;
		bool noted;
	} lines[] = {
		{"1 2 - 0 0 0 0 0 ", true}, {"2 1 - 0 0 0 0 0 ", true},
		{"1 2 0123456789abcdef0123456789abcdef 4711 815 5 12 34 ",
		    true},
		{"1 1 0123456789abcdef 4711 815 5 12 34 ", true},
		{"1 1 0123456789abcdef0123456789abcdef 4711 815 5 12", true},
		{"1 1", true}, {"?", true}, {" ", true}, {"", true},
		{"1 1 - 0 0 0 0 0 ", false}
	};
	struct journal *journal = open_journal();
	struct journal_orphan orphan;
	char path[sizeof(journal_path) + 16];

	(void)state;
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	kill_after(claim_and_start);
	journal = open_journal();
	find_orphan(journal, &orphan);
	assert_true(orphan.noted);
	assert_true(orphan.same_space);
	assert_false(orphan.first);
	assert_string_equal(orphan.note.mark,
	    "0123456789abcdef0123456789abcdef");
	assert_int_equal(orphan.note.session, 5);
	assert_int_equal(orphan.note.began, 12);
	assert_int_equal(orphan.note.limit, 34);
	snprintf(path, sizeof(path), "%s-runners", journal_path);
	for (size_t i = 0; i < COUNT(lines); i++) {
		char line[256] = {0};
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		memcpy(line, lines[i].line, strlen(lines[i].line));
		assert_int_equal(pwrite(fd, line, sizeof(line), 512 * 256),
		    sizeof(line));
		close(fd);
		find_orphan(journal, &orphan);
		assert_int_equal(orphan.noted, lines[i].noted);
		assert_int_equal(orphan.note.pid, 0);
		assert_string_equal(orphan.note.mark, "");
	}
	journal_close(journal);
}

static void
the_claim_of_a_killed_runner_is_void(void **state)
{
	struct journal *journal;
	struct journal_orphans orphans;
	struct journal_claim claim;
	struct journal_story story;
	struct pool pool = {0};
	struct sample sample;

	(void)state;
	journal = open_journal();
	fill_sample(&sample, "h", 1);
	sample.entry.order_key = bytes_of("k");
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	append_sample(journal, "h", 2, "k");
	journal_close(journal);
	kill_after(claim_and_start);
	journal = open_journal();
	expect_nothing(journal, &one);
	assert_int_equal(journal_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 1);
	assert_false(orphans.others);
	assert_true(orphans.list[0].noted);
	assert_int_equal(orphans.list[0].note.pid, 4711);
	assert_int_equal(orphans.list[0].note.start, 815);
	assert_true(orphans.list[0].same_boot);
	assert_int_equal(orphans.list[0].n, 1);
	assert_string_equal(orphans.list[0].hook, "h");
	assert_string_equal(orphans.list[0].id, sample.receipt.id);
	assert_int_equal(journal_void(journal, &orphans.list[0], now()),
	    RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 0);
	/* Once more changes nothing: it is somebody else's by now. */
	assert_int_equal(journal_void(journal, &orphans.list[0], now()),
	    RC_OK);
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
	    &story), RC_OK);
	assert_int_equal(story.deliveries[0].n, 2);
	assert_string_equal(story.deliveries[0].list[0].outcome, "lost");
	expect(journal, &one, 2, JOURNAL_FINISH);
	pool_free(&pool);
	pool_free(&orphans.pool);
	journal_close(journal);
}

static void
the_claim_of_a_live_runner_stands(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct journal_orphans orphans;
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(journal_orphans(other, &orphans), RC_OK);
	assert_int_equal(orphans.n, 0);
	assert_true(orphans.others);
	pool_free(&orphans.pool);
	assert_int_equal(journal_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 0);
	assert_false(orphans.others);
	pool_free(&orphans.pool);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
claim_key(struct journal *journal)
{
	if (journal_key_claim(journal, bytes_of("key"), now()) != RC_OK)
		_exit(1);
}

static void
the_key_of_a_killed_process_is_free(void **state)
{
	struct journal *journal;
	struct journal_purge purge = {0};

	(void)state;
	kill_after(claim_key);
	kill_after(claim_key);
	journal = open_journal();
	assert_int_equal(journal_number(journal, 0,
	    "SELECT count(*) FROM runners", ""), 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(journal_purge(journal, &purge, now()),
		    RC_OK);
	assert_int_equal(journal_number(journal, -1,
	    "SELECT (SELECT count(*) FROM runners)"
	    " + (SELECT count(*) FROM keys)", ""), 0);
	assert_int_equal(journal_key_claim(journal, bytes_of("key"), now()),
	    RC_OK);
	journal_close(journal);
}

/* Trouble. */

static void
a_locked_journal_is_given_up_in_time(void **state)
{
	struct journal *journal = open_journal();
	struct sample sample;
	struct ids ids;
	sqlite3 *db;
	int64_t began;

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	journal_patience(journal, 100);
	fill_sample(&sample, "h", 2);
	began = clock_steady();
	assert_int_equal(journal_append(journal, &sample.entry), RC_LOCKED);
	assert_true(clock_steady() - began >= 100);
	assert_true(clock_steady() - began < 3000);
	/* Who only reads is not locked out. */
	ids = list(journal, -1);
	assert_int_equal(ids.n, 1);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(journal_append(journal, &sample.entry), RC_OK);
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

static unsigned
append_until_full(struct journal *journal)
{
	static char text[65536];
	struct sample sample;
	unsigned stored = 0;
	enum rc rc = RC_OK;

	memset(text, ' ', sizeof(text));
	while (rc == RC_OK && stored < 10000) {
		fill_sample(&sample, "h", stored);
		sample.entry.body = (struct bytes){text, sizeof(text)};
		rc = journal_append(journal, &sample.entry);
		stored += rc == RC_OK;
	}
	assert_int_equal(rc, RC_STORE);
	return stored;
}

/* What was stored stands, nothing else, and it goes on when there is room. */
static void
check_full(struct journal *journal, unsigned stored)
{
	char text[64];

	snprintf(text, sizeof(text), "h queued %u ", stored);
	expect_counts(journal, text);
}

static void
a_full_disk_loses_nothing(void **state)
{
	struct journal *journal = open_journal();
	struct rlimit old;
	struct rlimit limit;
	unsigned stored;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 1024 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	stored = append_until_full(journal);
	assert_true(stored > 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	check_full(journal, stored);
	append_sample(journal, "h", 1, "");
	check_full(journal, stored + 1);
	journal_close(journal);
	journal = open_journal();
	check_full(journal, stored + 1);
	journal_close(journal);
}

static void
log_to_file(void)
{
	struct log_settings settings = {
		.target = LOG_TO_FILE, .path = scratch_path("log"),
		.level = LOG_LEVEL_DEBUG
	};

	assert_int_equal(log_open("unit", &settings), RC_OK);
}

/* How many lines the log has, all of which have to hold the text. */
static unsigned
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

static void
expect_gone(struct journal *journal)
{
	struct journal_claim claim;
	struct journal_orphans orphans;
	struct sample sample;
	bool changed;

	fill_sample(&sample, "h", 7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(journal_append(journal, &sample.entry),
		    RC_STORE);
		assert_int_equal(journal_claim(journal, &one, now(), &claim),
		    RC_STORE);
		assert_int_equal(journal_orphans(journal, &orphans),
		    RC_STORE);
		assert_int_equal(journal_key_claim(journal, bytes_of("k"),
		    now()), RC_STORE);
		assert_int_equal(journal_changed(journal, &changed),
		    RC_STORE);
	}
}

static void
move(const char *from, const char *to)
{
	assert_int_equal(rename(scratch_path(from), scratch_path(to)), 0);
}

/* It stays so when the file is back: what was missed cannot be known. */
static void
a_journal_whose_file_was_taken_away_is_gone(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < STAYS; i++) {
		struct journal *journal = open_journal();

		append_sample(journal, "h", 1, "");
		log_to_file();
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		move(name, "away");
		expect_gone(journal);
		assert_int_equal(access(scratch_path(name), F_OK), -1);
		assert_int_equal(lines_of_log("was removed while it was open"),
		    1);
		assert_int_equal(lines_of_log(name), 1);
		move("away", name);
		expect_gone(journal);
		journal_close(journal);
		assert_int_equal(lines_of_log("Stop all of pelihook, put "), 1);
		log_close();
		unlink(scratch_path("log"));
		/* Whoever opens it now has all that was stored. */
		journal = open_journal();
		expect(journal, &one, 1, JOURNAL_FINISH);
		expect_nothing(journal, &one);
		journal_close(journal);
	}
}

static void
a_journal_whose_file_was_replaced_is_gone(void **state)
{
	struct stat about;
	char name[64];

	(void)state;
	for (size_t i = 0; i < STAYS; i++) {
		struct journal *journal = open_journal();

		log_to_file();
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		move(name, "away");
		scratch_file(name, "", 0600);
		expect_gone(journal);
		journal_close(journal);
		assert_int_equal(stat(scratch_path(name), &about), 0);
		assert_int_equal(about.st_size, 0);
		assert_int_equal(lines_of_log("was replaced while it was open"),
		    1);
		log_close();
		unlink(scratch_path("log"));
		move("away", name);
	}
}

/* SQLite takes -wal and -shm away by their names when it ends. */
static void
the_one_in_its_place_is_left_alone(void **state)
{
	struct journal *journal = open_journal();
	struct journal *idle = open_journal();
	struct journal *other;
	struct stat before[STAYS];
	struct stat about;
	char name[64];

	(void)state;
	append_sample(journal, "h", 1, "");
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(unlink(end_path(ends[i])), 0);
	other = open_journal();
	append_sample(other, "h", 2, "");
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(stat(end_path(ends[i]), &before[i]), 0);
	expect_gone(journal);
	journal_close(journal);
	/* Nobody asked it anything. */
	journal_close(idle);
	for (size_t i = 0; i < STAYS; i++) {
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		assert_int_equal(stat(scratch_path(name), &about), 0);
		assert_int_equal(about.st_ino, before[i].st_ino);
	}
	append_sample(other, "h", 3, "");
	expect_counts(other, "h queued 2 ");
	journal_close(other);
}

/* The whole directory, and the same files under another name above. */
static void
a_directory_may_move_if_its_path_still_leads_there(void **state)
{
	struct journal *journal;
	char path[sizeof(journal_path) + 16];

	(void)state;
	scratch_directory("d", 0700);
	snprintf(path, sizeof(path), "%s/d/journal.db", scratch);
	assert_int_equal(journal_open(path, JOURNAL_CREATE, &journal),
	    RC_OK);
	move("d", "e");
	assert_int_equal(symlink("e", scratch_path("d")), 0);
	append_sample(journal, "h", 1, "");
	assert_int_equal(unlink(scratch_path("d")), 0);
	log_to_file();
	expect_gone(journal);
	assert_int_equal(lines_of_log("was removed while it was open"), 1);
	log_close();
	journal_close(journal);
}

static enum rc
lose_file(struct journal *journal, void *arguments)
{
	journal_do(journal, "DELETE FROM tallies", "");
	move("journal.db-wal", "away");
	return *(enum rc *)arguments;
}

/* It is looked at before anybody is told that it is stored. */
static void
what_goes_away_in_a_transaction_is_noticed(void **state)
{
	struct journal *journal = open_journal();
	enum rc told = RC_OK;

	(void)state;
	log_to_file();
	assert_int_equal(journal_write(journal, lose_file, &told), RC_STORE);
	move("away", "journal.db-wal");
	expect_gone(journal);
	journal_close(journal);
	journal = open_journal();
	assert_int_equal(journal_read(journal, lose_file, &told), RC_STORE);
	assert_int_equal(lines_of_log("was removed while it was open"), 2);
	log_close();
	journal_close(journal);
}

/* A copy for a backup, or a mode, is nobody's removal. */
static void
what_only_looks_otherwise_goes_on(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(link(end_path(ends[i]),
		    scratch_path("copy")) == 0 &&
		    unlink(scratch_path("copy")) == 0, true);
	assert_int_equal(chmod(journal_path, 0640), 0);
	append_sample(journal, "h", 1, "");
	execute("VACUUM");
	append_sample(journal, "h", 2, "");
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, \
    scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_journal_is_made_for_its_user_alone),
		TEST(what_others_could_change_is_refused),
		TEST(a_directory_of_another_user_is_refused),
		TEST(a_strangers_file_beside_it_is_refused),
		TEST(a_strangers_link_to_it_is_refused),
		TEST(none_is_made_beside_what_is_left_of_one),
		TEST(a_file_that_is_no_journal_is_left_as_it_is),
		TEST(a_newer_schema_is_refused),
		TEST(what_no_journal_is_made_of_is_refused),
		TEST(what_is_damaged_is_dead_and_holds_nobody_up),
		TEST(a_damaged_row_is_left_out_and_told),
		TEST(a_state_that_is_none_is_not_counted),
		TEST(a_counter_that_is_none_is_made_anew),
		TEST(a_damaged_key_lets_the_next_go),
		TEST(what_runs_for_nobody_is_dead),
		TEST(damage_is_no_reason_to_keep_a_purge_from_the_rest),
		TEST(an_older_schema_goes_forward_step_by_step),
		TEST(states_have_names),
		TEST(an_event_comes_back_as_it_went_in),
		TEST(what_cannot_be_stored_is_refused),
		TEST(the_queue_of_a_hook_is_bounded),
		TEST(each_line_has_a_delivery_of_its_own),
		TEST(a_known_key_is_a_duplicate_until_it_is_over),
		TEST(a_refused_event_takes_no_key),
		TEST(a_key_that_is_waited_for_is_pending),
		TEST(every_verdict_leads_to_its_state),
		TEST(a_try_that_goes_on_stays_claimed),
		TEST(only_the_holder_settles_and_all_or_nothing),
		TEST(concurrency_holds_over_all_processes),
		TEST(the_earliest_due_goes_first),
		TEST(a_retry_takes_its_turn_among_the_fresh),
		TEST(a_clock_set_back_begins_the_pause_anew),
		TEST(a_key_runs_in_order_and_never_at_once),
		TEST(an_operators_retry_keeps_its_place_in_the_order),
		TEST(a_dropped_one_lets_its_key_go),
		TEST(keys_of_two_hooks_are_two),
		TEST(a_batch_takes_a_key_in_its_order),
		TEST(a_batch_takes_one_place),
		TEST(what_left_a_batch_is_a_run_of_its_own),
		TEST(a_story_is_told_whole),
		TEST(the_list_is_newest_first_and_filtered),
		TEST(a_list_in_parts_is_the_whole_list),
		TEST(an_operator_puts_back_what_failed),
		TEST(all_dead_ones_are_put_back_at_once),
		TEST(what_runs_is_not_dropped),
		TEST(what_is_kept_long_enough_is_purged),
		TEST(what_came_before_the_clock_was_set_back_holds_no_purge_up),
		TEST(a_hook_that_is_gone_keeps_for_thirty_days),
		TEST(the_rules_of_the_newest_file_are_noted),
		TEST(rules_are_compared_hook_by_hook),
		TEST(what_others_noted_newer_rules_of_is_not_claimed),
		TEST(noted_rules_say_how_long_a_hook_keeps),
		TEST(threads_and_processes_share_a_journal),
		TEST(of_the_same_at_once_one_is_stored),
		TEST(another_process_that_stores_is_noticed),
		TEST(what_could_not_wake_is_found),
		TEST(one_process_has_the_drains_lock),
		TEST(the_claim_of_a_killed_runner_is_void),
		TEST(only_a_run_that_was_noted_is_a_lost_try),
		TEST(a_verdict_on_lost_tries_is_no_try),
		TEST(a_lost_note_hides_its_run),
		TEST(the_claim_of_a_live_runner_stands),
		TEST(the_key_of_a_killed_process_is_free),
		TEST(a_locked_journal_is_given_up_in_time),
		TEST(a_full_disk_loses_nothing),
		TEST(a_journal_whose_file_was_taken_away_is_gone),
		TEST(a_journal_whose_file_was_replaced_is_gone),
		TEST(the_one_in_its_place_is_left_alone),
		TEST(a_directory_may_move_if_its_path_still_leads_there),
		TEST(what_goes_away_in_a_transaction_is_noticed),
		TEST(what_only_looks_otherwise_goes_on)
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
