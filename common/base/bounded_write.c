/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/bounded_write.h"

#include "base/clock.h"
#include "base/interrupt.h"

enum { PATIENCE = 50 }; /* ms */

/*
 * Where the kernel has no call that does not wait: what is writable may have
 * been filled by somebody else when write(2) begins, and a terminal is
 * writable with room for one byte, which is all that it gets where nothing
 * can end the wait.
 */
static ssize_t
write_interrupted(int fd, struct bytes bytes)
{
	struct pollfd at = { .fd = fd, .events = POLLOUT };
	size_t len = bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF;
	struct interrupt interrupt;
	bool bounded;
	ssize_t n;

	if (poll(&at, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	bounded = interrupt_begin(&interrupt, PATIENCE);
	n = write(fd, bytes.data, bounded ? len : 1);
	if (n < 0 && errno == EINTR)
		errno = EAGAIN;
	if (bounded)
		interrupt_end(&interrupt);
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

/* Not by fstat(2), which asks for the times of a file: from Linux 6.13 on each
 * write would give it new ones, and somebody's fsync write them. */
static ssize_t
write_now(int fd, struct bytes bytes)
{
	struct statx about;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &about) != 0)
		return -1;
	if (S_ISSOCK(about.stx_mode))
		return send(fd, bytes.data, bytes.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (S_ISFIFO(about.stx_mode))
		return write_pipe(fd, bytes);
	if (S_ISCHR(about.stx_mode))
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
