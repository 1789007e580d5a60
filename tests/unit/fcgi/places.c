/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../../../fcgi/places.h"

#include "base/clock.h"

enum { PATIENCE = 60 * 1000, A_WHILE = 50, MANY = 5 };

static struct places *places;
static atomic_uint taken;

static int
open_two(void **state)
{
	(void)state;
	atomic_store(&taken, 0);
	return places_open(2, &places) == RC_OK ? 0 : -1;
}

static int
close_them(void **state)
{
	(void)state;
	places_close(places);
	return 0;
}

static void *
take(void *context)
{
	(void)context;
	places_take(places);
	atomic_fetch_add(&taken, 1);
	return NULL;
}

static void
expect_taken(unsigned n)
{
	int64_t deadline = clock_steady() + PATIENCE;

	while (atomic_load(&taken) < n) {
		assert_true(clock_left(deadline) > 0);
		poll(NULL, 0, 1);
	}
	/* And no more. */
	poll(NULL, 0, A_WHILE);
	assert_int_equal(atomic_load(&taken), n);
}

static void
start(pthread_t *threads)
{
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take, NULL),
		    0);
}

static void
end(const pthread_t *threads)
{
	places_end(places);
	for (int i = 0; i < MANY; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&taken), MANY);
}

static void
there_are_so_many(void **state)
{
	pthread_t threads[MANY];

	(void)state;
	start(threads);
	expect_taken(2);
	end(threads);
}

static void
one_that_is_left_is_taken_where_nobody_looks(void **state)
{
	pthread_t threads[MANY];

	(void)state;
	start(threads);
	expect_taken(2);
	places_look(places);
	places_leave(places);
	expect_taken(2);
	places_found(places);
	places_leave(places);
	expect_taken(3);
	places_leave(places);
	expect_taken(4);
	end(threads);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_are_so_many, open_two,
		    close_them),
		cmocka_unit_test_setup_teardown(
		    one_that_is_left_is_taken_where_nobody_looks, open_two,
		    close_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
