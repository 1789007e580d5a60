/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SCRATCH_H
#define PELIHOOK_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/*
 * A directory of the test's own, 0700, under $TMPDIR or /tmp, that is taken
 * away again.  Paths are handed out from a few places in turn.
 */
enum { SCRATCH_PATHS = 8 };

static char scratch[PATH_MAX];

static inline const char *
scratch_path(const char *name)
{
	static char paths[SCRATCH_PATHS][2 * PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % SCRATCH_PATHS];

	snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
	return path;
}

static inline int
scratch_make(void **state)
{
	const char *where = getenv("TMPDIR");

	(void)state;
	umask(022);
	snprintf(scratch, sizeof scratch, "%s/pelihook-unit-XXXXXX",
	    where != NULL && where[0] == '/' ? where : "/tmp");
	return mkdtemp(scratch) == NULL ? -1 : 0;
}

static inline int
scratch_drop(const char *path, const struct stat *stat, int type,
    struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
scratch_remove(void **state)
{
	(void)state;
	return nftw(scratch, scratch_drop, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
scratch_bytes(const char *name, struct bytes bytes, mode_t mode)
{
	const char *path = scratch_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static inline const char *
scratch_file(const char *name, const char *text, mode_t mode)
{
	return scratch_bytes(name, (struct bytes){ text, strlen(text) }, mode);
}

static inline const char *
scratch_directory(const char *name, mode_t mode)
{
	const char *path = scratch_path(name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

#endif
