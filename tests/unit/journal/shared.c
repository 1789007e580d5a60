/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

#include "../queue.h"

#include "base/clock.h"
#include "base/thread.h"
#include "journal/journal.h"
#include "journal/shared.h"

static struct shared_journal *
open_shared(const char *path, unsigned flags)
{
	struct shared_journal *shared = NULL;

	assert_int_equal(shared_journal_open(path, flags, &shared), RC_OK);
	return shared;
}

static void
it_is_opened_when_it_is_first_asked_for(void **state)
{
	struct shared_journal *shared = open_shared(journal_path, 0);
	struct journal *journal = NULL, *again = NULL;

	(void)state;
	only_of_a_file();
	assert_null(shared_journal_opened(shared));
	assert_int_equal(access(journal_path, F_OK), -1);
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	assert_int_equal(access(journal_path, F_OK), 0);
	assert_int_equal(shared_journal_get(shared, &again), RC_OK);
	assert_non_null(journal);
	assert_ptr_equal(again, journal);
	assert_ptr_equal(shared_journal_opened(shared), journal);
	shared_journal_close(shared);
}

static void
one_that_could_not_be_opened_is_tried_again(void **state)
{
	struct shared_journal *shared = open_shared(journal_path, 0);
	struct journal *journal = NULL;

	(void)state;
	only_of_a_file();
	assert_int_equal(mkdir(journal_path, 0700), 0);
	assert_int_not_equal(shared_journal_get(shared, &journal), RC_OK);
	assert_null(journal);
	assert_null(shared_journal_opened(shared));
	assert_int_equal(rmdir(journal_path), 0);
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	assert_non_null(journal);
	shared_journal_close(shared);
}

static sem_t opening;

static void
note_opening(void *context)
{
	(void)context;
	sem_post(&opening);
}

static void *
open_it(void *context)
{
	struct journal *journal;

	thread_set_pause(note_opening, NULL);
	assert_int_equal(shared_journal_get(context, &journal), RC_OK);
	return NULL;
}

static void
nobody_waits_for_who_opens_it(void **state)
{
	struct shared_journal *shared = open_shared(journal_path, 0);
	struct other other;
	pthread_t thread;
	int64_t began;

	(void)state;
	only_of_a_file();
	sem_init(&opening, 0, 0);
	other = lock_journal();
	assert_int_equal(pthread_create(&thread, NULL, open_it, shared), 0);
	sem_wait(&opening);
	poll(NULL, 0, 50);
	began = clock_steady();
	assert_null(shared_journal_opened(shared));
	assert_true(clock_steady() - began < 500);
	disconnect_other(&other);
	pthread_join(thread, NULL);
	assert_non_null(shared_journal_opened(shared));
	sem_destroy(&opening);
	shared_journal_close(shared);
}

/* After more than who is hasty waits for. */
static void *
unlock_later(void *other)
{
	poll(NULL, 0, 1000);
	disconnect_other(other);
	return NULL;
}

/* That it was tried in haste is not felt by who has it afterwards. */
static void
to_try_it_does_not_wait_for_who_has_it_locked(void **state)
{
	struct shared_journal *shared = open_shared(journal_path, 0);
	struct journal *journal = NULL;
	struct other other;
	pthread_t thread;
	int64_t began;

	(void)state;
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_OK);
	journal_close(journal);
	other = shut_journal();
	began = clock_steady();
	assert_int_equal(shared_journal_try(shared, &journal), RC_LOCKED);
	assert_true(clock_steady() - began < 2000);
	assert_null(shared_journal_opened(shared));
	disconnect_other(&other);
	assert_int_equal(shared_journal_try(shared, &journal), RC_OK);
	assert_ptr_equal(shared_journal_opened(shared), journal);
	other = lock_journal();
	assert_int_equal(pthread_create(&thread, NULL, unlock_later, &other),
	    0);
	append_sample(journal, "h", 1, "");
	pthread_join(thread, NULL);
	shared_journal_close(shared);
}

static void
without_a_path_there_is_none(void **state)
{
	struct shared_journal *shared = open_shared(NULL, JOURNAL_BRIEF);
	struct journal *journal = NULL;

	(void)state;
	assert_int_equal(shared_journal_get(shared, &journal), RC_MISSING);
	assert_null(journal);
	assert_true(shared_journal_is_brief(shared));
	shared_journal_close(shared);
	shared_journal_close(NULL);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_place, scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(it_is_opened_when_it_is_first_asked_for),
		TEST(one_that_could_not_be_opened_is_tried_again),
		TEST(nobody_waits_for_who_opens_it),
		TEST(to_try_it_does_not_wait_for_who_has_it_locked),
		TEST(without_a_path_there_is_none),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
