/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program: each sync takes as long as on a bad disk, and
 * adds a byte to the file PELIHOOK_TEST_SYNCS: d where it is fdatasync(2).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { TAKES = 60000 }; /* microseconds */

static void
delay(const char *kind)
{
	const char *path = getenv("PELIHOOK_TEST_SYNCS");
	int fd = path == NULL ?
	    -1 :
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	usleep(TAKES);
	if (fd == -1)
		return;
	(void)!write(fd, kind, 1);
	close(fd);
}

int
fsync(int fd)
{
	int (*next)(int fd) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	delay("f");
	return next(fd);
}

int
fdatasync(int fd)
{
	int (*next)(int fd) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	delay("d");
	return next(fd);
}
