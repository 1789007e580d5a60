/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program: SIGKILL at its n-th step (PELIHOOK_TEST_STEP, 1
 * is the first) on the files of the journal PELIHOOK_TEST_JOURNAL, a path
 * without links.  A step is whatever changes a file or brings it to the
 * disk: it is killed before the step, or, with PELIHOOK_TEST_TORN, after the
 * first half of what a write writes.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long left;
static bool torn;
static const char *journal;

__attribute__((constructor)) static void
begin(void)
{
	const char *step = getenv("PELIHOOK_TEST_STEP");

	journal = getenv("PELIHOOK_TEST_JOURNAL");
	left = step == NULL ? 0 : strtol(step, NULL, 10);
	torn = getenv("PELIHOOK_TEST_TORN") != NULL;
}

static bool
is_journal(const char *path)
{
	return journal != NULL && strncmp(path, journal, strlen(journal)) == 0;
}

static bool
is_of_journal(int fd)
{
	char link[64];
	char path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return is_journal(path);
}

static bool
is_last(bool counts)
{
	return counts && __atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST) == 0;
}

static void
end(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* The function that this one stands before. */
#define NEXT(name) (__extension__(__typeof__(&name)) next(#name))

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

ssize_t
write(int fd, const void *from, size_t n)
{
	if (is_last(is_of_journal(fd))) {
		if (torn)
			(void)!NEXT(write)(fd, from, n / 2);
		end();
	}
	return NEXT(write)(fd, from, n);
}

ssize_t
pwrite(int fd, const void *from, size_t n, off_t at)
{
	if (is_last(is_of_journal(fd))) {
		if (torn)
			(void)!NEXT(pwrite)(fd, from, n / 2, at);
		end();
	}
	return NEXT(pwrite)(fd, from, n, at);
}

ssize_t
pwrite64(int fd, const void *from, size_t n, off64_t at)
{
	if (is_last(is_of_journal(fd))) {
		if (torn)
			(void)!NEXT(pwrite64)(fd, from, n / 2, at);
		end();
	}
	return NEXT(pwrite64)(fd, from, n, at);
}

#define STEP(type, name, parameters, arguments, counts)                        \
	type name parameters                                                   \
	{                                                                      \
		if (is_last(counts))                                           \
			end();                                                 \
		return NEXT(name) arguments;                                   \
	}

STEP(int, fsync, (int fd), (fd), is_of_journal(fd))
STEP(int, fdatasync, (int fd), (fd), is_of_journal(fd))
STEP(int, ftruncate, (int fd, off_t size), (fd, size), is_of_journal(fd))
STEP(int, ftruncate64, (int fd, off64_t size), (fd, size), is_of_journal(fd))
STEP(int, rename, (const char *from, const char *to), (from, to),
    is_journal(from) || is_journal(to))
STEP(int, unlink, (const char *path), (path), is_journal(path))
