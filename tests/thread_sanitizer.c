/* SPDX-License-Identifier: ISC */
#include <sys/syscall.h>

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

/* Linked in where the thread sanitizer is, by tests/run.sh. */

/*
 * The sanitizer of gcc 12 and clang 14 does not know pthread_clockjoin_np and
 * takes all that is done after it for a race; it knows pthread_timedjoin_np.
 */
int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
    const struct timespec *until);

/* The kernel's, for a test may have put another clock before libc's. */
static int64_t
nanoseconds(clockid_t clock)
{
	struct timespec now;

	syscall(SYS_clock_gettime, clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int
pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
    const struct timespec *until)
{
	int64_t at;
	struct timespec real;

	/* Never is more nanoseconds than there are. */
	if (until->tv_sec > INT64_MAX / 2000000000)
		return pthread_join(thread, value);
	at = (int64_t)until->tv_sec * 1000000000 + until->tv_nsec -
	    nanoseconds(clock) + nanoseconds(CLOCK_REALTIME);
	real.tv_sec = at / 1000000000;
	real.tv_nsec = at % 1000000000;
	return pthread_timedjoin_np(thread, value, &real);
}

/*
 * It takes clone for fork, and what a child that has our memory until it has
 * its program does with descriptors of its own for something done to ours.
 */
int __clone(int (*run)(void *), void *stack, int flags, void *context, ...);
/* Not there in what configure links to try something. */
__attribute__((weak)) void AnnotateIgnoreWritesBegin(const char *file,
    int line);
__attribute__((weak)) void AnnotateIgnoreWritesEnd(const char *file, int line);

int
clone(int (*run)(void *), void *stack, int flags, void *context, ...)
{
	va_list more;
	int *pidfd;
	int pid;

	va_start(more, context);
	pidfd = va_arg(more, int *);
	va_end(more);
	if (AnnotateIgnoreWritesBegin != NULL)
		AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	pid = __clone(run, stack, flags, context, pidfd);
	if (AnnotateIgnoreWritesEnd != NULL)
		AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	return pid;
}
