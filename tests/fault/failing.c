/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program: the n-th call of a kind fails.  Which, and with
 * what error, stands in the file PELIHOOK_TEST_FAILING, which may change at
 * any time and in which the calls are counted.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum kind {
	ALLOCATION = 1,
	OPEN,
	WRITE,
	FSYNC,
	PIPE,
	SPAWN,
	MEMORY_FILE,
	ACCEPT,
	READ,
	RENAME,
	TRUNCATE,
	DESCRIPTOR,
	THREAD,
};

/* failing.py knows it, too. */
struct order {
	int32_t kind;  /* 0: nothing fails; below: every call of it does */
	int32_t error; /* 0, for a write: half of it is written */
	int64_t left;  /* calls until the one that fails: 1 the next */
	int64_t live;  /* allocations that were not freed */
};

static struct order *order;
static _Thread_local bool spared;

__attribute__((constructor)) static void
map_order(void)
{
	const char *path = getenv("PELIHOOK_TEST_FAILING");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at;

	if (fd == -1)
		return;
	at = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	close(fd);
	if (at != MAP_FAILED)
		order = at;
}

static bool
fails(enum kind kind)
{
	if (order == NULL || spared)
		return false;
	if (order->kind == -(int32_t)kind) {
		errno = order->error;
		return true;
	}
	if (order->kind != (int32_t)kind ||
	    __atomic_sub_fetch(&order->left, 1, __ATOMIC_SEQ_CST) != 0)
		return false;
	errno = order->error;
	return true;
}

/* The next function of this name after ours. */
#define NEXT(name) ((__typeof__(&name))next(#name))

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* dlsym may allocate: these are reached without it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *data, size_t size);
void __libc_free(void *data);

static void
count_live(int by)
{
	if (order != NULL)
		__atomic_add_fetch(&order->live, by, __ATOMIC_SEQ_CST);
}

static void *
counted(void *data)
{
	if (data != NULL)
		count_live(1);
	return data;
}

void *
malloc(size_t size)
{
	return fails(ALLOCATION) ? NULL : counted(__libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	return fails(ALLOCATION) ? NULL : counted(__libc_calloc(count, size));
}

void *
realloc(void *data, size_t size)
{
	void *moved;

	if (fails(ALLOCATION))
		return NULL;
	moved = __libc_realloc(data, size);
	if (data == NULL)
		return counted(moved);
	if (moved == NULL && size == 0)
		count_live(-1);
	return moved;
}

void
free(void *data)
{
	if (data != NULL)
		count_live(-1);
	__libc_free(data);
}

int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return fails(OPEN) ? -1 : NEXT(open)(path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return fails(OPEN) ? -1 : NEXT(open)(path, flags, mode);
}

int
openat(int directory, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return fails(OPEN) ? -1 : NEXT(openat)(directory, path, flags, mode);
}

/* What is to be written of so much; 0: nothing, it fails. */
static size_t
part_of(size_t size)
{
	if (!fails(WRITE))
		return size;
	/* An eventfd takes its eight bytes or none. */
	if (order->error == 0)
		return size > sizeof(uint64_t) ? size / 2 : size;
	return 0;
}

ssize_t
write(int fd, const void *data, size_t size)
{
	size_t part = part_of(size);

	return part == 0 && size > 0 ? -1 : NEXT(write)(fd, data, part);
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t at)
{
	size_t part = part_of(size);

	return part == 0 && size > 0 ? -1 : NEXT(pwrite)(fd, data, part, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off_t at)
{
	return pwrite(fd, data, size, at);
}

ssize_t
read(int fd, void *data, size_t size)
{
	return fails(READ) ? -1 : NEXT(read)(fd, data, size);
}

/*
 * A directory is synced once more by each process, which SQLite does not
 * insist on: it was when the file in it was made.
 */
static bool
sync_fails(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && fails(FSYNC);
}

int
fsync(int fd)
{
	return sync_fails(fd) ? -1 : NEXT(fsync)(fd);
}

int
fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : NEXT(fdatasync)(fd);
}

int
ftruncate(int fd, off_t size)
{
	return fails(TRUNCATE) ? -1 : NEXT(ftruncate)(fd, size);
}

int
ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

int
rename(const char *from, const char *to)
{
	return fails(RENAME) ? -1 : NEXT(rename)(from, to);
}

int
renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	return fails(RENAME) ?
	    -1 :
	    NEXT(renameat)(from_directory, from, to_directory, to);
}

int
pipe2(int ends[2], int flags)
{
	return fails(PIPE) ? -1 : NEXT(pipe2)(ends, flags);
}

int
clone(int (*run)(void *), void *stack, int flags, void *context, ...)
{
	va_list more;
	int *pidfd;

	va_start(more, context);
	pidfd = va_arg(more, int *);
	va_end(more);
	return fails(SPAWN) ? -1 :
			      NEXT(clone)(run, stack, flags, context, pidfd);
}

int
memfd_create(const char *name, unsigned flags)
{
	return fails(MEMORY_FILE) ? -1 : NEXT(memfd_create)(name, flags);
}

int
accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	return fails(ACCEPT) ? -1 : NEXT(accept4)(fd, address, size, flags);
}

int
accept(int fd, struct sockaddr *address, socklen_t *size)
{
	return fails(ACCEPT) ? -1 : NEXT(accept)(fd, address, size);
}

int
eventfd(unsigned count, int flags)
{
	return fails(DESCRIPTOR) ? -1 : NEXT(eventfd)(count, flags);
}

int
signalfd(int fd, const sigset_t *set, int flags)
{
	return fails(DESCRIPTOR) ? -1 : NEXT(signalfd)(fd, set, flags);
}

int
epoll_create1(int flags)
{
	return fails(DESCRIPTOR) ? -1 : NEXT(epoll_create1)(flags);
}

int
dup3(int fd, int as, int flags)
{
	return fails(DESCRIPTOR) ? -1 : NEXT(dup3)(fd, as, flags);
}

int
socket(int domain, int type, int protocol)
{
	return fails(DESCRIPTOR) ? -1 : NEXT(socket)(domain, type, protocol);
}

/* Of its commands only those that copy a descriptor fail. */
int
fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) &&
	    fails(DESCRIPTOR))
		return -1;
	return NEXT(fcntl)(fd, command, argument);
}

/* pidfd_open has no function of its own in older libraries. */
long
syscall(long number, ...)
{
	va_list list;
	long with[6];

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		with[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_pidfd_open && fails(DESCRIPTOR))
		return -1;
	return NEXT(syscall)(number, with[0], with[1], with[2], with[3],
	    with[4], with[5]);
}

int
pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, (long)pid, (long)flags);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*work)(void *), void *context)
{
	int before = errno;
	bool failed = fails(THREAD);

	/* It tells by what it returns alone. */
	errno = before;
	return failed ? order->error :
			NEXT(pthread_create)(thread, attributes, work, context);
}

/*
 * Without memory glob() of the C library frees twice, and what finds a user's
 * name uses what it could not allocate.
 */
int
glob(const char *pattern, int flags, int (*fail)(const char *, int),
    glob_t *found)
{
	int result;

	spared = true;
	result = NEXT(glob)(pattern, flags, fail, found);
	spared = false;
	return result;
}

struct passwd *
getpwuid(uid_t uid)
{
	struct passwd *user;

	spared = true;
	user = NEXT(getpwuid)(uid);
	spared = false;
	return user;
}

int
getpwuid_r(uid_t uid, struct passwd *user, char *room, size_t size,
    struct passwd **found)
{
	int error;

	spared = true;
	error = NEXT(getpwuid_r)(uid, user, room, size, found);
	spared = false;
	return error;
}
