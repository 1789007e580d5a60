/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PRINTED_H
#define PELIHOOK_PRINTED_H

#include "scratch.h"

/* What is printed on the standard output, held against what it should be. */

/* From here on it goes there; where it went before. */
static inline int
print_to(int fd)
{
	int saved = dup(STDOUT_FILENO);

	assert_true(saved >= 0 && fd >= 0);
	fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	return saved;
}

static inline void
print_back(int saved)
{
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
}

/* To a file, until expect_printed. */
static inline int
print_to_file(void)
{
	return print_to(
	    open(scratch_path("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

static inline void
expect_printed(int saved, const char *want)
{
	struct buf got;

	print_back(saved);
	got = read_file(scratch_path("out"));
	assert_string_equal(got.data == NULL ? "" : got.data, want);
	buf_free(&got);
}

#endif
