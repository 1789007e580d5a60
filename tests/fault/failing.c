/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program: the n-th call of a kind fails.  Which, and with
 * what error, stands in the file PELIHOOK_TEST_FAILING, which may change at
 * any time and in which the calls are counted.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum kind {
	ALLOCATION = 1, OPEN, WRITE, FSYNC, PIPE, SPAWN, MEMORY_FILE,
	ACCEPT, READ
};

/* failing.py knows it, too. */
struct order {
	int32_t kind;		/* 0: nothing fails */
	int32_t error;
	int64_t left;		/* calls until the one that fails: 1 the next */
};

static struct order *order;

__attribute__((constructor)) static void
map_order(void)
{
	const char *path = getenv("PELIHOOK_TEST_FAILING");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at;

	if (fd == -1)
		return;
	at = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		order = at;
}

static bool
fails(enum kind kind)
{
	if (order == NULL || order->kind != (int32_t)kind ||
	    __atomic_sub_fetch(&order->left, 1, __ATOMIC_SEQ_CST) != 0)
		return false;
	errno = order->error;
	return true;
}

/* The function of this name behind ours. */
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

void *
malloc(size_t size)
{
	return fails(ALLOCATION) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails(ALLOCATION) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *data, size_t size)
{
	return fails(ALLOCATION) ? NULL : __libc_realloc(data, size);
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

ssize_t
write(int fd, const void *data, size_t size)
{
	return fails(WRITE) ? -1 : NEXT(write)(fd, data, size);
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t at)
{
	return fails(WRITE) ? -1 : NEXT(pwrite)(fd, data, size, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off_t at)
{
	return fails(WRITE) ? -1 : NEXT(pwrite)(fd, data, size, at);
}

ssize_t
read(int fd, void *data, size_t size)
{
	return fails(READ) ? -1 : NEXT(read)(fd, data, size);
}

int
fsync(int fd)
{
	return fails(FSYNC) ? -1 : NEXT(fsync)(fd);
}

int
fdatasync(int fd)
{
	return fails(FSYNC) ? -1 : NEXT(fdatasync)(fd);
}

int
ftruncate(int fd, off_t size)
{
	return fails(FSYNC) ? -1 : NEXT(ftruncate)(fd, size);
}

int
ftruncate64(int fd, off_t size)
{
	return fails(FSYNC) ? -1 : NEXT(ftruncate)(fd, size);
}

int
pipe2(int ends[2], int flags)
{
	return fails(PIPE) ? -1 : NEXT(pipe2)(ends, flags);
}

int
posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[],
    char *const envp[])
{
	return fails(SPAWN) ? order->error : NEXT(posix_spawn)(pid, path,
	    actions, attributes, argv, envp);
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
