/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program that runs commands: SIGKILL where a run is on its
 * way.  PELIHOOK_TEST_AT is "WHERE N", and it is killed at the n-th
 *
 *	spawn	before a command is started
 *	started	when clone has returned, so that nobody noted it
 *	note	before what the same thread writes next to the journal's files
 *	noted	after that
 *	write	before something is written to one of the journal's files
 *	wrote	after that
 *	sync	before one of the journal's files is synced
 *	synced	after that
 *	exec	while the command is still on its way to its program: it waits
 *		until PELIHOOK_TEST_FIFO has a writer
 *	lost	never, but that note fails as on a full disk
 *
 * The journal is PELIHOOK_TEST_JOURNAL, a path without links; its files begin
 * with it.  PELIHOOK_TEST_KILLS is a file that gets the line "K clock pid"
 * before.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE = 30 * 1000 * 1000 };

static long left;
static char where[16];
static const char *journal;
static const char *kills;

/* This thread has started a command, and wrote nothing since. */
static __thread bool has_started;

/* What the command that this thread starts waits for before its exec. */
static __thread const char *held;

__attribute__((constructor)) static void
begin(void)
{
	const char *at = getenv("PELIHOOK_TEST_AT");

	journal = getenv("PELIHOOK_TEST_JOURNAL");
	kills = getenv("PELIHOOK_TEST_KILLS");
	if (at == NULL || sscanf(at, "%15s %ld", where, &left) != 2)
		left = 0;
}

static bool
is_last(const char *here)
{
	return strcmp(here, where) == 0 &&
	    __atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST) == 0;
}

/* The function that this one stands before. */
#define NEXT(name) (__extension__(__typeof__(&name)) next(#name))

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void
end(void)
{
	struct timespec now;
	char line[64];
	int fd = kills == NULL ?
	    -1 :
	    open(kills, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line), "K %lld%09ld %ld\n",
	    (long long)now.tv_sec, now.tv_nsec, (long)getpid());
	if (fd != -1)
		(void)!NEXT(write)(fd, line, (size_t)n);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void
end_at(const char *here)
{
	if (is_last(here))
		end();
}

static bool
is_of_journal(int fd)
{
	char link[64];
	char path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (journal == NULL || n <= 0)
		return false;
	path[n] = '\0';
	return strncmp(path, journal, strlen(journal)) == 0;
}

/* Whether this is the note of what was started. */
static bool
is_note(bool counts)
{
	bool note = counts && has_started;

	if (note)
		has_started = false;
	return note;
}

static void
end_before(bool counts, bool note)
{
	if (counts)
		end_at("write");
	if (note)
		end_at("note");
}

static void
end_behind(bool counts, bool note)
{
	if (counts)
		end_at("wrote");
	if (note)
		end_at("noted");
}

static void *
end_soon(void *unused)
{
	struct timespec time = { 0, PAUSE };

	(void)unused;
	while (nanosleep(&time, &time) == -1)
		continue;
	end();
	return NULL;
}

int
clone(int (*run)(void *), void *stack, int flags, void *context, ...)
{
	pthread_t thread;
	va_list more;
	int *pidfd;
	int pid;

	va_start(more, context);
	pidfd = va_arg(more, int *);
	va_end(more);
	end_at("spawn");
	held = is_last("exec") ? getenv("PELIHOOK_TEST_FIFO") : NULL;
	if (held != NULL && pthread_create(&thread, NULL, end_soon, NULL) != 0)
		end();
	pid = NEXT(clone)(run, stack, flags, context, pidfd);
	if (pid > 0)
		end_at("started");
	has_started = pid > 0;
	return pid;
}

/* In the child, which has our memory. */
int
execve(const char *path, char *const argv[], char *const environment[])
{
	if (held != NULL)
		close(open(held, O_RDONLY));
	return NEXT(execve)(path, argv, environment);
}

#define WRITE(name, parameters, arguments)                                     \
	ssize_t name parameters                                                \
	{                                                                      \
		bool counts = is_of_journal(fd);                               \
		bool note = is_note(counts);                                   \
		ssize_t done;                                                  \
                                                                               \
		end_before(counts, note);                                      \
		if (note && is_last("lost")) {                                 \
			errno = ENOSPC;                                        \
			return -1;                                             \
		}                                                              \
		done = NEXT(name) arguments;                                   \
		end_behind(counts, note);                                      \
		return done;                                                   \
	}

WRITE(write, (int fd, const void *from, size_t n), (fd, from, n))
WRITE(pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
WRITE(pwrite64, (int fd, const void *from, size_t n, off64_t at),
    (fd, from, n, at))

#define SYNC(name)                                                             \
	int name(int fd)                                                       \
	{                                                                      \
		bool counts = is_of_journal(fd);                               \
		int status;                                                    \
                                                                               \
		if (counts)                                                    \
			end_at("sync");                                        \
		status = NEXT(name)(fd);                                       \
		if (counts)                                                    \
			end_at("synced");                                      \
		return status;                                                 \
	}

SYNC(fsync)
SYNC(fdatasync)
