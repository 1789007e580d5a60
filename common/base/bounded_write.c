/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "base/bounded_write.h"

#include "base/clock.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { TICK = 50 * 1000 * 1000 }; /* nanoseconds */

static void
tick(int number)
{
	(void)number;
}

/*
 * From now on the calling thread is interrupted again and again: once would
 * not do, as that could be just before it begins to wait.
 */
static bool
begin_ticks(timer_t *timer)
{
	const struct sigaction action = { .sa_handler = tick };
	const struct itimerspec often = {
		.it_interval = { 0, TICK },
		.it_value = { 0, TICK },
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGRTMAX,
	};

	event.sigev_notify_thread_id = gettid();
	if (sigaction(SIGRTMAX, &action, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, timer) != 0)
		return false;
	timer_settime(*timer, 0, &often, NULL);
	return true;
}

/*
 * Where the kernel has no call that does not wait: what is writable may have
 * been filled by somebody else when write(2) begins, and a terminal is
 * writable with room for one byte.
 */
static ssize_t
write_interrupted(int fd, struct bytes bytes)
{
	struct pollfd at = { .fd = fd, .events = POLLOUT };
	size_t len = bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF;
	timer_t timer;
	bool ticking;
	ssize_t n;
	int error;

	if (poll(&at, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	ticking = begin_ticks(&timer);
	n = write(fd, bytes.data, len);
	error = n < 0 && errno == EINTR ? EAGAIN : errno;
	if (ticking)
		timer_delete(timer);
	errno = error;
	return n;
}

static ssize_t
write_pipe(int fd, struct bytes bytes)
{
	struct iovec part = { (void *)(uintptr_t)bytes.data, bytes.len };
	ssize_t n = pwritev2(fd, &part, 1, -1, RWF_NOWAIT);

	if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		return write_interrupted(fd, bytes);
	return n;
}

static ssize_t
write_now(int fd, struct bytes bytes)
{
	struct stat about;

	if (fstat(fd, &about) != 0)
		return -1;
	if (S_ISSOCK(about.st_mode))
		return send(fd, bytes.data, bytes.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (S_ISFIFO(about.st_mode))
		return write_pipe(fd, bytes);
	if (S_ISCHR(about.st_mode))
		return write_interrupted(fd, bytes);
	return write(fd, bytes.data, bytes.len);
}

/* False where the deadline is over. */
static bool
await(int fd, int64_t deadline)
{
	struct pollfd at = { .fd = fd, .events = POLLOUT };
	int left = clock_left(deadline);

	if (left == 0)
		return false;
	(void)poll(&at, 1, left);
	return true;
}

enum rc
bounded_write(int fd, struct bytes *rest, int64_t deadline)
{
	ssize_t n;

	while (rest->len > 0) {
		n = write_now(fd, *rest);
		if (n > 0)
			*rest = bytes_skip(*rest, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return RC_SYSTEM;
		else if (errno == EAGAIN && !await(fd, deadline))
			return RC_SLOW;
	}
	return RC_OK;
}
