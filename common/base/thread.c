/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

/* Several times what was ever used, of which only what is used is taken. */
enum { THREAD_STACK = 512 * 1024 };

static _Thread_local struct {
	void (*call)(void *context);
	void *context;
} when_paused;

struct program {
	int (*run)(int argc, char **argv);
	int argc;
	char **argv;
	int status;
};

/* mask: NULL for the caller's. */
static int
start_with(pthread_t *thread, const sigset_t *mask, void *(*run)(void *context),
    void *context)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	error = pthread_attr_setstacksize(&attributes, THREAD_STACK);
	if (error == 0 && mask != NULL)
		error = pthread_attr_setsigmask_np(&attributes, mask);
	if (error == 0)
		error = pthread_create(thread, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	return error;
}

int
thread_start(pthread_t *thread, void *(*run)(void *context), void *context)
{
	return start_with(thread, NULL, run, context);
}

static void *
wait_for_others(void *context)
{
	pthread_mutex_t *all_there = context;

	pthread_mutex_lock(all_there);
	pthread_mutex_unlock(all_there);
	return NULL;
}

enum rc
thread_join(pthread_t thread, int64_t deadline)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000),
		.tv_nsec = (long)(deadline % 1000) * 1000000,
	};

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) ==
		0 ?
	    RC_OK :
	    RC_TIMEOUT;
}

int
thread_rehearse(unsigned n)
{
	pthread_mutex_t all_there = PTHREAD_MUTEX_INITIALIZER;
	pthread_t *threads = calloc(n, sizeof(*threads));
	unsigned there = 0;
	int error = 0;

	if (threads == NULL)
		return ENOMEM;
	pthread_mutex_lock(&all_there);
	while (there < n && error == 0) {
		error = thread_start(&threads[there], wait_for_others,
		    &all_there);
		there += error == 0;
	}
	pthread_mutex_unlock(&all_there);
	while (there > 0)
		pthread_join(threads[--there], NULL);
	free(threads);
	return error;
}

unsigned
thread_processors(void)
{
	cpu_set_t set;
	long all;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	all = sysconf(_SC_NPROCESSORS_ONLN);
	return all < 1 ? 1 : (unsigned)all;
}

static void *
run_program(void *context)
{
	struct program *program = context;

	program->status = program->run(program->argc, program->argv);
	return NULL;
}

static bool
is_stack_small(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_STACK, &limit) == 0 &&
	    limit.rlim_cur < THREAD_STACK;
}

int
thread_main(int (*program)(int argc, char **argv), int argc, char **argv)
{
	struct program what = { program, argc, argv, 0 };
	pthread_t thread;
	sigset_t all, before;
	int error;

	if (!is_stack_small())
		return program(argc, argv);
	/* Signals are the program's, which alone knows what they mean. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	error = start_with(&thread, &before, run_program, &what);
	if (error == 0)
		error = pthread_join(thread, NULL);
	if (error == 0)
		return what.status;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return program(argc, argv);
}

void
thread_set_pause(void (*pause)(void *context), void *context)
{
	when_paused.call = pause;
	when_paused.context = context;
}

void
thread_pause(void)
{
	if (when_paused.call != NULL)
		when_paused.call(when_paused.context);
}
