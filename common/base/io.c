/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum rc
io_write(int fd, struct bytes bytes)
{
	ssize_t n;

	while (bytes.len > 0) {
		n = write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RC_SYSTEM;
		bytes = bytes_skip(bytes, (size_t)n);
	}
	return RC_OK;
}

enum rc
io_signal(int eventfd)
{
	static const uint64_t one = 1;
	ssize_t n;

	do
		n = write(eventfd, &one, sizeof(one));
	while (n == -1 && errno == EINTR);
	return n == sizeof(one) ? RC_OK : RC_SYSTEM;
}

void
io_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool
io_is_readable(int fd)
{
	struct pollfd at = { fd, POLLIN, 0 };

	return fd >= 0 && poll(&at, 1, 0) > 0;
}

struct bytes
io_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	return (struct bytes){ path, len == 0 && slash != NULL ? 1 : len };
}

/* Without a name where the file system has that: then nothing can be left. */
static int
open_passing(const char *directory)
{
	char name[PATH_MAX];
	int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	snprintf(name, sizeof(name), "%s/.room-XXXXXX", directory);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd != -1)
		unlink(name);
	return fd;
}

enum rc
io_has_room(const char *directory, size_t size)
{
	static const char zeros[4096];
	int fd = open_passing(directory);
	enum rc rc = fd == -1 ? RC_SYSTEM : RC_OK;
	size_t part;
	int error;

	for (; rc == RC_OK && size > 0; size -= part) {
		part = size < sizeof(zeros) ? size : sizeof(zeros);
		rc = io_write(fd, (struct bytes){ zeros, part });
	}
	error = errno;
	io_close(&fd);
	errno = error;
	return rc;
}
