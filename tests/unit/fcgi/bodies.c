/* SPDX-License-Identifier: ISC */
#include <pthread.h>

#include "../unit.h"

#include "config/conf.h"

#include "../../../fcgi/bodies.h"

enum { SHARES = 4 };

static struct body_share shares[SHARES];
static struct bodies *bodies;
/* Those that had to go, in order. */
static struct body_share *evicted[SHARES];
static size_t evicted_len;

static void
note(void *context, struct body_share *share)
{
	assert_ptr_equal(context, shares);
	evicted[evicted_len++] = share;
}

static int
open_hundred(void **state)
{
	(void)state;
	memset(shares, 0, sizeof(shares));
	evicted_len = 0;
	if (bodies_open(note, shares, &bodies) != RC_OK)
		return -1;
	bodies_set_limit(bodies, 100);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	bodies_close(bodies);
	return 0;
}

static enum rc
take(int which, size_t n)
{
	return bodies_take(bodies, &shares[which], n, false);
}

static enum rc
take_whole(int which, size_t n)
{
	return bodies_take(bodies, &shares[which], n, true);
}

static void
the_one_that_began_first_has_to_go(void **state)
{
	(void)state;
	assert_int_equal(take(0, 10), RC_OK);
	assert_int_equal(take(1, 40), RC_OK);
	/* That it was the last to get something does not save it. */
	assert_int_equal(take(0, 50), RC_OK);
	assert_int_equal(evicted_len, 0);
	assert_int_equal(take(1, 1), RC_OK);
	assert_int_equal(evicted_len, 1);
	assert_ptr_equal(evicted[0], &shares[0]);
	assert_true(bodies_is_evicted(bodies, &shares[0]));
	assert_false(bodies_is_evicted(bodies, &shares[1]));
	assert_int_equal(take(0, 1), RC_BODIES);
}

static void
as_many_go_as_are_needed(void **state)
{
	(void)state;
	assert_int_equal(take(0, 30), RC_OK);
	assert_int_equal(take(1, 30), RC_OK);
	assert_int_equal(take(2, 30), RC_OK);
	assert_int_equal(take(3, 60), RC_OK);
	assert_int_equal(evicted_len, 2);
	assert_ptr_equal(evicted[0], &shares[0]);
	assert_ptr_equal(evicted[1], &shares[1]);
}

/* The memory of one that has to go is not free yet: it does not count. */
static void
what_goes_does_not_count_again(void **state)
{
	(void)state;
	assert_int_equal(take(0, 60), RC_OK);
	assert_int_equal(take(1, 60), RC_OK);
	assert_int_equal(take(2, 40), RC_OK);
	assert_int_equal(evicted_len, 1);
	bodies_give(bodies, &shares[0], 60);
	bodies_end(bodies, &shares[0]);
	assert_int_equal(take(2, 1), RC_OK);
	assert_int_equal(evicted_len, 2);
}

static void
what_is_whole_stays_and_the_new_one_goes(void **state)
{
	(void)state;
	assert_int_equal(take(0, 30), RC_OK);
	assert_int_equal(take_whole(0, 30), RC_OK);
	assert_int_equal(take_whole(1, 40), RC_OK);
	assert_int_equal(take_whole(2, 1), RC_BODIES);
	assert_int_equal(take(3, 1), RC_BODIES);
	assert_int_equal(evicted_len, 0);
}

static void
the_oldest_may_be_the_one_that_asks(void **state)
{
	(void)state;
	assert_int_equal(take(0, 40), RC_OK);
	assert_int_equal(take(1, 40), RC_OK);
	assert_int_equal(take(0, 40), RC_BODIES);
	assert_int_equal(evicted_len, 0);
	assert_int_equal(take(1, 60), RC_OK);
}

/* Nor is it the older one once it begins. */
static void
who_holds_nothing_need_not_go(void **state)
{
	(void)state;
	assert_int_equal(take(0, 0), RC_OK);
	assert_int_equal(take(1, 60), RC_OK);
	assert_int_equal(take(0, 30), RC_OK);
	assert_int_equal(take(2, 60), RC_OK);
	assert_int_equal(evicted_len, 1);
	assert_ptr_equal(evicted[0], &shares[1]);
	assert_false(bodies_is_evicted(bodies, &shares[0]));
}

static void
what_is_given_back_is_free_again(void **state)
{
	(void)state;
	assert_int_equal(take_whole(0, 100), RC_OK);
	bodies_give(bodies, &shares[0], 60);
	assert_int_equal(take_whole(1, 60), RC_OK);
	assert_int_equal(take_whole(2, 1), RC_BODIES);
	bodies_end(bodies, &shares[2]);
	bodies_end(bodies, &shares[0]);
	bodies_end(bodies, &shares[0]);
	assert_int_equal(take_whole(2, 40), RC_OK);
	assert_int_equal(take_whole(3, 1), RC_BODIES);
}

static void
a_share_that_ended_is_as_new(void **state)
{
	(void)state;
	assert_int_equal(take(0, 60), RC_OK);
	assert_int_equal(take(1, 60), RC_OK);
	assert_true(bodies_is_evicted(bodies, &shares[0]));
	bodies_end(bodies, &shares[0]);
	assert_false(bodies_is_evicted(bodies, &shares[0]));
	/* It is the younger one now. */
	assert_int_equal(take(0, 60), RC_OK);
	assert_ptr_equal(evicted[1], &shares[1]);
}

static void
the_limit_follows_the_largest_body(void **state)
{
	struct hook hooks[2] = { { .max_body = 1024 }, { .max_body = 2048 } };
	struct conf conf = { .hooks = hooks, .hooks_len = 2 };

	(void)state;
	assert_int_equal(bodies_limit(&conf), 64 * 1024 * 1024);
	hooks[1].max_body = 100 * 1024 * 1024;
	assert_int_equal(bodies_limit(&conf), 400 * 1024 * 1024);
	hooks[0].max_body = SIZE_MAX / 2;
	assert_true(bodies_limit(&conf) == SIZE_MAX);
}

static void *
take_and_end(void *context)
{
	struct body_share *share = context;

	for (int i = 0; i < 1000; i++) {
		for (int j = 0; j < 4; j++)
			(void)bodies_take(bodies, share, 20, j == 3);
		(void)bodies_is_evicted(bodies, share);
		bodies_end(bodies, share);
	}
	return NULL;
}

static void
ignore(void *context, struct body_share *share)
{
	(void)context;
	(void)share;
}

static void
threads_do_not_lose_count(void **state)
{
	pthread_t threads[SHARES];

	(void)state;
	bodies_close(bodies);
	assert_int_equal(bodies_open(ignore, NULL, &bodies), RC_OK);
	bodies_set_limit(bodies, 100);
	for (int i = 0; i < SHARES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_end,
				     &shares[i]),
		    0);
	for (int i = 0; i < SHARES; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(take_whole(0, 100), RC_OK);
	assert_int_equal(take_whole(1, 1), RC_BODIES);
}

#define HUNDRED(test)                                                          \
	cmocka_unit_test_setup_teardown(test, open_hundred, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HUNDRED(the_one_that_began_first_has_to_go),
		HUNDRED(as_many_go_as_are_needed),
		HUNDRED(what_goes_does_not_count_again),
		HUNDRED(what_is_whole_stays_and_the_new_one_goes),
		HUNDRED(the_oldest_may_be_the_one_that_asks),
		HUNDRED(who_holds_nothing_need_not_go),
		HUNDRED(what_is_given_back_is_free_again),
		HUNDRED(a_share_that_ended_is_as_new),
		cmocka_unit_test(the_limit_follows_the_largest_body),
		HUNDRED(threads_do_not_lose_count),
	};

	return cmocka_run_group_tests_name("bodies", tests, NULL, NULL);
}
