/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_TOLD_H
#define PELIHOOK_TOLD_H

#include "scratch.h"

/* A log in a scratch directory, for tests of what is told in it. */

static inline int
told_open(void **state)
{
	return scratch_make(state) != 0 ? -1 : scratch_log(LOG_LEVEL_INFO);
}

/* What was logged since the last call. */
static inline const char *
told(void)
{
	static char text[65536];
	int fd = open(scratch_path("log"), O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return text;
}

static inline size_t
told_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

#define TOLD_TEST(test)                                                        \
	cmocka_unit_test_setup_teardown(test, told_open, scratch_end)

#endif
