/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "../unit.h"

#include "base/interrupt.h"

/* Waits for what never comes; the errno of it. */
static int
wait_in_vain(int after)
{
	struct interrupt interrupt;
	char byte;
	int ends[2];
	int error;

	assert_int_equal(pipe(ends), 0);
	assert_true(interrupt_begin(&interrupt, after));
	error = read(ends[0], &byte, 1) == -1 ? errno : 0;
	interrupt_end(&interrupt);
	if (error != 0)
		assert_int_equal(errno, error);
	close(ends[0]);
	close(ends[1]);
	return error;
}

static void
a_call_that_waits_is_ended(void **state)
{
	(void)state;
	for (int after = 0; after < 60; after += 20)
		assert_int_equal(wait_in_vain(after), EINTR);
}

static void
it_comes_again_where_it_came_too_early(void **state)
{
	struct interrupt interrupt;
	sigset_t none;

	(void)state;
	sigemptyset(&none);
	assert_true(interrupt_begin(&interrupt, 0));
	for (int i = 0; i < 2; i++)
		assert_int_equal(sigsuspend(&none), -1);
	interrupt_end(&interrupt);
}

/* As it was before, where another part of the process blocks it. */
static void
what_was_blocked_is_blocked_again(void **state)
{
	sigset_t all;
	sigset_t before;
	sigset_t after;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(wait_in_vain(0), EINTR);
	pthread_sigmask(SIG_SETMASK, &before, &after);
	assert_true(sigismember(&after, SIGALRM));
}

static void *
wait_thread(void *context)
{
	*(int *)context = wait_in_vain(20);
	return NULL;
}

static void
each_thread_ends_its_own_wait(void **state)
{
	pthread_t threads[4];
	int errors[4] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_thread,
				     &errors[i]),
		    0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(errors[i], EINTR);
	}
}

/* What may be pending limits the timers, too. */
static void
without_a_timer_it_says_so(void **state)
{
	const struct rlimit none = { 0 };
	struct interrupt interrupt;
	pid_t child = fork();
	int status = 0;

	(void)state;
	if (child == 0)
		_exit(setrlimit(RLIMIT_SIGPENDING, &none) != 0 ||
		    interrupt_begin(&interrupt, 0));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_waits_is_ended),
		cmocka_unit_test(it_comes_again_where_it_came_too_early),
		cmocka_unit_test(what_was_blocked_is_blocked_again),
		cmocka_unit_test(each_thread_ends_its_own_wait),
		cmocka_unit_test(without_a_timer_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
