/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/interrupt.h"

#include "base/startup.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum {
	AGAIN = 50,    /* ms */
	SECOND = 1000, /* ms */
};

/* Only its delivery counts. */
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

bool
interrupt_begin(struct interrupt *interrupt, int after)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
	};
	/* One of zero would never begin. */
	const struct itimerspec when = {
		.it_value = span((int64_t)after + 1),
		.it_interval = span(AGAIN),
	};
	sigset_t alarm;

	event.sigev_notify_thread_id = gettid();
	startup_signal(SIGALRM, wake);
	if (timer_create(CLOCK_MONOTONIC, &event, &interrupt->timer) == -1)
		return false;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm, &interrupt->before);
	if (timer_settime(interrupt->timer, 0, &when, NULL) == 0)
		return true;
	interrupt_end(interrupt);
	return false;
}

void
interrupt_end(struct interrupt *interrupt)
{
	int error = errno;

	timer_delete(interrupt->timer);
	pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
	errno = error;
}
