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

#include "base/log.h"

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

static inline int
scratch_log(enum log_level level)
{
	struct log_settings settings = { LOG_TO_FILE, scratch_path("log"),
		LOG_TEXT, level };

	return log_open("unit", &settings) == RC_OK ? 0 : -1;
}

/* With the log in it. */
static inline int
scratch_end(void **state)
{
	log_close();
	return scratch_remove(state);
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

/* All of a file; the caller frees it.  Empty where there is none. */
static inline struct buf
read_file(const char *path)
{
	struct buf text = { 0 };
	char chunk[4096];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(buf_text(&text, ""), RC_OK);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		assert_int_equal(buf_add(&text,
				     (struct bytes){ chunk, (size_t)n }),
		    RC_OK);
	assert_int_equal(n, 0);
	if (fd >= 0)
		close(fd);
	return text;
}

/* How often a text stands in a file. */
static inline unsigned
count_of(const char *path, const char *text)
{
	struct buf all = read_file(path);
	unsigned n = 0;

	for (char *at = all.data; (at = strstr(at, text)) != NULL; at++)
		n++;
	buf_free(&all);
	return n;
}

#define SCRATCH_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

#endif
