/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../commands.h"
#include "../unit.h"

#include "base/thread.h"

enum {
	LITTLE = 64 * 1024, /* a stack that is too small */
	MUCH = 300 * 1024,  /* what does not fit on it */
};

static void *
measure_stack(void *context)
{
	size_t *size = context;
	pthread_attr_t attributes;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstacksize(&attributes, size);
	pthread_attr_destroy(&attributes);
	return NULL;
}

/* The C library's own size is the limit's, 8 MiB as a rule. */
static void
a_threads_stack_has_one_size(void **state)
{
	pthread_t thread;
	size_t size = 0;

	(void)state;
	assert_int_equal(thread_start(&thread, measure_stack, &size), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(size, MUCH, 2 * 1024 * 1024);
}

/* Touches each page of what it takes. */
static int
use_stack(int argc, char **argv)
{
	volatile char taken[MUCH];
	sigset_t mask;

	for (size_t i = sizeof(taken); i >= 1024; i -= 1024)
		taken[i - 1] = (char)i;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	if (!sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGTERM))
		return 1;
	return argc == 1 && argv[0][0] == 'x' ? 42 : 2;
}

static int
run_in_child(rlim_t stack)
{
	char word[] = "x";
	char *words[] = { word, NULL };
	struct rlimit limit = { stack, stack };
	sigset_t blocked;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		sigemptyset(&blocked);
		sigaddset(&blocked, SIGUSR1);
		sigprocmask(SIG_SETMASK, &blocked, NULL);
		if (stack != 0)
			setrlimit(RLIMIT_STACK, &limit);
		_exit(thread_main(use_stack, 1, words));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_program_has_stack_enough_whatever_the_limit(void **state)
{
	(void)state;
	assert_int_equal(run_in_child(0), 42 << 8);
	if (memory_can_be_limited())
		assert_int_equal(run_in_child(LITTLE), 42 << 8);
}

/* Each takes addresses for its stack; a sanitizer cannot do without any. */
static int
rehearse_in_little(void)
{
	struct rlimit little = { 1024 * 1024, 1024 * 1024 };

	if (setrlimit(RLIMIT_AS, &little) != 0)
		return 1;
	return thread_rehearse(20) == EAGAIN ? 0 : 2;
}

static void
whether_threads_can_run_is_known(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)rehearse_in_little;
#else
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(rehearse_in_little());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
#endif
	(void)state;
	assert_int_equal(thread_rehearse(20), 0);
}

static void
note(void *context)
{
	++*(int *)context;
}

static void
a_pause_is_told_to_who_counts_on_the_thread(void **state)
{
	int pauses = 0;

	(void)state;
	thread_pause();
	thread_set_pause(note, &pauses);
	thread_pause();
	thread_pause();
	assert_int_equal(pauses, 2);
	thread_set_pause(NULL, NULL);
	thread_pause();
	assert_int_equal(pauses, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_threads_stack_has_one_size),
		cmocka_unit_test(whether_threads_can_run_is_known),
		cmocka_unit_test(a_program_has_stack_enough_whatever_the_limit),
		cmocka_unit_test(a_pause_is_told_to_who_counts_on_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
