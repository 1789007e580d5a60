/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "journal/turn.h"

#include "base/clock.h"
#include "base/startup.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/statement.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/*
 * Two bytes that are no runner's: whoever writes holds the last one, and
 * only the holder of the other waits for it.  The kernel hands a lock to the
 * first that waits, but lets somebody who comes just then go first; so one
 * that writes again and again cannot pass those that wait, as it has to get
 * the other byte before.
 */
#define NEXT (INT64_MAX - 1)
#define WRITER INT64_MAX

enum {
	AGAIN = 50,    /* ms, between signals that end the wait */
	PAUSE = 5,     /* ms, between looks where no timer can be had */
	SECOND = 1000, /* ms */
};

/* Only its delivery counts: a wait for a lock ends with EINTR. */
static void
wake(int number)
{
	(void)number;
}

static struct timespec
span(int64_t milliseconds)
{
	return (struct timespec){
		.tv_sec = (time_t)(milliseconds / SECOND),
		.tv_nsec = (long)(milliseconds % SECOND) * 1000000,
	};
}

/*
 * Signals this thread at the deadline; and again after it, as the first
 * signal may come just before the wait begins.
 */
static bool
start_timer(timer_t *timer, int64_t deadline)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
	};
	struct itimerspec when = {
		.it_value = span(clock_left(deadline) + 1),
		.it_interval = span(AGAIN),
	};

	event.sigev_notify_thread_id = gettid();
	startup_signal(SIGALRM, wake);
	if (timer_create(CLOCK_MONOTONIC, &event, timer) == -1)
		return false;
	if (timer_settime(*timer, 0, &when, NULL) == 0)
		return true;
	timer_delete(*timer);
	return false;
}

static int
lock_looking(struct journal *journal, int64_t byte, int64_t deadline)
{
	int result;

	do {
		poll(NULL, 0, PAUSE);
		result = journal_files_lock(journal, byte, F_WRLCK,
		    F_OFD_SETLK);
	} while (result == -1 && errno == EAGAIN && clock_left(deadline) > 0);
	return result;
}

static int
lock_waiting(struct journal *journal, int64_t byte, int64_t deadline)
{
	timer_t timer;
	sigset_t alarm;
	sigset_t before;
	int result;
	int error;

	if (!start_timer(&timer, deadline))
		return lock_looking(journal, byte, deadline);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm, &before);
	do
		result = journal_files_lock(journal, byte, F_WRLCK,
		    F_OFD_SETLKW);
	while (result == -1 && errno == EINTR && clock_left(deadline) > 0);
	error = errno;
	timer_delete(timer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return result;
}

/* False: the time is over.  Where no lock can be had at all the store's own
 * one has to do. */
static bool
lock_until(struct journal *journal, int64_t byte, int64_t deadline)
{
	int result = journal_files_lock(journal, byte, F_WRLCK, F_OFD_SETLK);

	if (result == -1 && (errno == EAGAIN || errno == EACCES))
		result = lock_waiting(journal, byte, deadline);
	return result == 0 || (errno != EAGAIN && errno != EINTR);
}

static void
unlock(struct journal *journal, int64_t byte)
{
	journal_files_lock(journal, byte, F_UNLCK, F_OFD_SETLK);
}

void
journal_turn_take(struct journal *journal)
{
	int64_t deadline = clock_steady() + journal->turn_timeout;
	bool came;

	if (journal_failed(journal))
		return;
	came = lock_until(journal, NEXT, deadline) &&
	    lock_until(journal, WRITER, deadline);
	unlock(journal, NEXT);
	if (!came)
		journal_fail(journal, JOURNAL_FAILED_TURN);
}

void
journal_turn_leave(struct journal *journal)
{
	unlock(journal, WRITER);
}
