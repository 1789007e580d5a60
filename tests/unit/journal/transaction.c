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
	sqlite3 *db;
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
	unlock_journal(db);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_and_processes_share_a_journal),
		TEST(a_locked_journal_is_given_up_in_time),
		TEST(a_full_disk_loses_nothing),
	};

	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
