/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../journal.h"

#include "journal/internal.h"
#include "journal/turn.h"

enum { WRITERS = 4 };

/* A process that opens the journal and stores one event once it is told to;
 * it is forked before this process opens the journal. */
struct writer {
	pid_t pid;
	int go;
};

static void
store(unsigned number)
{
	struct journal *journal = open_lane();
	struct sample sample;

	fill_sample(&sample, "h", number);
	if (append_and_wait(journal, &sample.entry) != RC_OK)
		_exit(1);
	journal_close(journal);
	_exit(0);
}

static struct writer
fork_writer(unsigned number)
{
	struct writer writer;
	int go[2];
	char byte;

	assert_int_equal(pipe(go), 0);
	writer.pid = fork();
	assert_int_not_equal(writer.pid, -1);
	if (writer.pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		store(number);
	}
	close(go[0]);
	writer.go = go[1];
	return writer;
}

/* How many processes wait for a lock in the file of the runners. */
static unsigned
count_waiting(void)
{
	char line[256];
	char inode[32];
	struct stat about;
	unsigned n = 0;
	FILE *locks = fopen("/proc/locks", "r");

	assert_non_null(locks);
	assert_int_equal(stat(end_path("-runners"), &about), 0);
	snprintf(inode, sizeof(inode), ":%ju ", (uintmax_t)about.st_ino);
	while (fgets(line, sizeof(line), locks) != NULL)
		n += strstr(line, "->") != NULL && strstr(line, inode) != NULL;
	fclose(locks);
	return n;
}

/* Lets it go, and returns once it is one of those that wait. */
static void
let_wait(const struct writer *writer, unsigned waiting)
{
	assert_int_equal(write(writer->go, "", 1), 1);
	close(writer->go);
	while (count_waiting() < waiting)
		poll(NULL, 0, 1);
}

static void
expect_success(const struct writer *writer)
{
	int status = 0;

	assert_int_equal(waitpid(writer->pid, &status, 0), writer->pid);
	assert_int_equal(status, 0);
}

/* The numbers of the events in the order of commit. */
static int
add_body(void *context, int n, char **columns, char **names)
{
	(void)n;
	(void)names;
	return buf_printf(context, "%s ", columns[0]) != RC_OK;
}

static void
expect_commits(const char *text)
{
	struct buf got = { 0 };
	sqlite3 *db;

	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "SELECT CAST(body AS TEXT) FROM bodies"
			     " ORDER BY event",
			     add_body, &got, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_string_equal(got.data, text);
	buf_free(&got);
}

static void
processes_write_in_the_order_in_which_they_asked(void **state)
{
	struct writer writers[WRITERS];
	struct journal *journal;

	(void)state;
	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = fork_writer(i);
	journal = open_lane();
	journal_turn_take(journal);
	for (unsigned i = 0; i < WRITERS; i++)
		let_wait(&writers[i], i + 1);
	journal_turn_leave(journal);
	for (unsigned i = 0; i < WRITERS; i++)
		expect_success(&writers[i]);
	expect_commits("{\"n\":0} {\"n\":1} {\"n\":2} {\"n\":3} ");
	journal_close(journal);
}

static void
one_that_writes_again_does_not_pass_those_that_wait(void **state)
{
	struct writer writer = fork_writer(1);
	struct journal *journal = open_lane();

	(void)state;
	journal_turn_take(journal);
	let_wait(&writer, 1);
	journal_turn_leave(journal);
	append_sample(journal, "h", 2, "");
	expect_success(&writer);
	expect_commits("{\"n\":1} {\"n\":2} ");
	journal_close(journal);
}

static void
a_turn_that_does_not_come_is_given_up_in_time(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct sample sample;
	int64_t began;

	(void)state;
	journal_turn_take(other);
	journal_set_busy_timeout(journal, 100);
	fill_sample(&sample, "h", 1);
	began = clock_steady();
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_LOCKED);
	assert_true(clock_steady() - began >= 100);
	journal_turn_leave(other);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	journal_close(other);
	journal_close(journal);
}

/* A signal that another part of the process blocks has to end the wait. */
static void
a_turn_is_given_up_where_signals_are_blocked(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct sample sample;
	sigset_t all;
	sigset_t before;
	sigset_t after;

	(void)state;
	sigfillset(&all);
	journal_turn_take(other);
	journal_set_busy_timeout(journal, 50);
	fill_sample(&sample, "h", 1);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_LOCKED);
	pthread_sigmask(SIG_SETMASK, &before, &after);
	assert_true(sigismember(&after, SIGALRM));
	journal_close(other);
	journal_close(journal);
}

/* What may be pending limits the timers, too. */
static void
a_turn_is_waited_for_without_a_timer(void **state)
{
	const struct rlimit none = { 0 };
	struct journal *other;
	struct journal *journal;
	struct sample sample;
	pid_t child = fork();
	int status = 0;

	(void)state;
	if (child == 0) {
		journal = open_lane();
		other = open_lane();
		journal_turn_take(other);
		journal_set_busy_timeout(journal, 50);
		fill_sample(&sample, "h", 1);
		if (setrlimit(RLIMIT_SIGPENDING, &none) != 0 ||
		    append_and_wait(journal, &sample.entry) != RC_LOCKED)
			_exit(1);
		journal_turn_leave(other);
		_exit(append_and_wait(journal, &sample.entry) != RC_OK);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
take_turn(struct journal *journal)
{
	journal_turn_take(journal);
}

static void
a_killed_process_has_no_turn(void **state)
{
	struct writer writer = fork_writer(1);

	(void)state;
	kill_after(take_turn);
	let_wait(&writer, 0);
	expect_success(&writer);
	expect_commits("{\"n\":1} ");
}

static void
processes_that_make_a_journal_at_once_all_store(void **state)
{
	struct writer writers[WRITERS];

	(void)state;
	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = fork_writer(i);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(write(writers[i].go, "", 1), 1);
	for (unsigned i = 0; i < WRITERS; i++) {
		expect_success(&writers[i]);
		close(writers[i].go);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(processes_write_in_the_order_in_which_they_asked),
		TEST(one_that_writes_again_does_not_pass_those_that_wait),
		TEST(a_turn_that_does_not_come_is_given_up_in_time),
		TEST(a_turn_is_given_up_where_signals_are_blocked),
		TEST(a_turn_is_waited_for_without_a_timer),
		TEST(a_killed_process_has_no_turn),
		TEST(processes_that_make_a_journal_at_once_all_store),
	};

	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
