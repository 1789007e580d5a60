/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <pthread.h>
#include <signal.h>

#include "../journal.h"

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
		assert_int_equal(pthread_create(&threads[i], NULL, append_many,
				     journal),
		    0);
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
	journal = open_lane();
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

static void
a_locked_journal_is_given_up_in_time(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;
	struct ids ids;
	struct other db;
	int64_t began;

	(void)state;
	append_sample(journal, "h", 1, "");
	db = lock_journal();
	journal_set_busy_timeout(journal, 100);
	fill_sample(&sample, "h", 2);
	began = clock_steady();
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_LOCKED);
	assert_true(clock_steady() - began >= 100);
	assert_true(clock_steady() - began < 3000);
	/* Who only reads is not locked out. */
	ids = list(journal, -1);
	assert_int_equal(ids.n, 1);
	disconnect_other(&db);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
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
		sample.entry.body = (struct bytes){ text, sizeof(text) };
		rc = append_and_wait(journal, &sample.entry);
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
	struct journal *journal = open_lane();
	struct rlimit old;
	struct rlimit limit;
	unsigned stored;

	(void)state;
	only_of_a_file();
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
	journal = open_lane();
	check_full(journal, stored + 1);
	journal_close(journal);
}

static struct journal *
open_looking(void)
{
	struct journal *looks = NULL;

	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_OK);
	return looks;
}

static void
no_log_was_written(void)
{
	struct stat about;

	assert_int_equal(stat(scratch_path("log"), &about), 0);
	assert_int_equal(about.st_size, 0);
	log_close();
}

static void
what_is_read_too_late_is_slow(void **state)
{
	struct journal *journal = open_lane();
	struct journal_filter filter = { .state = -1, .limit = 16 };
	struct ids ids = { 0 };
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "");
	snprintf(id, sizeof(id), "%s", list(journal, -1).list[0]);
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	journal_set_deadline(journal, clock_steady());
	assert_int_equal(journal_list(journal, &filter, add_id, &ids), RC_SLOW);
	assert_int_equal(ids.n, 0);
	/* Changes are made all the same. */
	append_sample(journal, "h", 2, "");
	assert_int_equal(journal_drop(journal, id, now(), NULL), RC_OK);
	journal_set_deadline(journal, CLOCK_NEVER);
	assert_int_equal(list(journal, -1).n, 2);
	no_log_was_written();
	journal_close(journal);
}

/* Who is told of rows, and lets the deadline pass at the first one. */
struct dawdling {
	struct journal *writer; /* stores meanwhile */
	int64_t deadline;
	unsigned rows;
};

enum { WHILE = 100 };

static enum rc
dawdle(void *context, const struct journal_row *row)
{
	struct dawdling *dawdling = context;

	(void)row;
	if (dawdling->rows++ > 0)
		return RC_OK;
	for (unsigned i = 0; i < WHILE; i++)
		append_sample(dawdling->writer, "h", i, "");
	while (clock_steady() < dawdling->deadline)
		poll(NULL, 0, 5);
	return RC_OK;
}

/* Each of these commits comes while the read is open. */
static void
a_long_read_ends_in_time_and_holds_nobody_up(void **state)
{
	struct journal *journal = open_lane();
	struct journal *looks = open_looking();
	struct journal_search search = { .state = -1 };
	struct journal_search_end end = { 0 };
	struct dawdling dawdling = { .writer = journal };
	enum { BEFORE = 2000 };

	(void)state;
	for (unsigned i = 0; i < BEFORE; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	dawdling.deadline = clock_steady() + 50;
	journal_set_deadline(looks, dawdling.deadline);
	assert_int_equal(journal_search(looks, &search, &dawdle, &dawdling,
			     &end),
	    RC_SLOW);
	assert_in_range(dawdling.rows, 1, BEFORE / 2);
	assert_int_equal(query("SELECT count(*) FROM events"), BEFORE + WHILE);
	/* It is as good as new. */
	journal_set_deadline(looks, CLOCK_NEVER);
	dawdling.rows = 1;
	assert_int_equal(journal_search(looks, &search, &dawdle, &dawdling,
			     &end),
	    RC_OK);
	assert_int_equal(dawdling.rows, 1 + BEFORE + WHILE);
	no_log_was_written();
	journal_close(looks);
	journal_close(journal);
}

static void
who_waits_to_read_does_so_until_the_deadline(void **state)
{
	struct journal *journal = open_lane();
	struct journal *looks = open_looking();
	struct journal_filter filter = { .state = -1, .limit = 16 };
	struct ids ids = { 0 };
	int64_t began = clock_steady();
	int fd;

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	fd = hold_index();
	journal_set_busy_timeout(looks, 600000);
	journal_set_deadline(looks, began + 60);
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	assert_int_equal(journal_list(looks, &filter, add_id, &ids), RC_SLOW);
	assert_true(clock_steady() >= began + 60);
	no_log_was_written();
	close(fd);
	journal_set_deadline(looks, CLOCK_NEVER);
	assert_int_equal(list(looks, -1).n, 1);
	journal_close(looks);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_and_processes_share_a_journal),
		TEST(a_locked_journal_is_given_up_in_time),
		TEST(a_full_disk_loses_nothing),
		TEST(what_is_read_too_late_is_slow),
		TEST(a_long_read_ends_in_time_and_holds_nobody_up),
		TEST(who_waits_to_read_does_so_until_the_deadline),
	};

	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
