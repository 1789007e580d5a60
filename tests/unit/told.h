/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_TOLD_H
#define PELIHOOK_TOLD_H

#include "scratch.h"

#include "base/log.h"

/* A log in a scratch directory, for tests of what is told in it. */

static inline int
told_open(void **state)
{
	struct log_settings settings = { LOG_TO_FILE, NULL, LOG_TEXT,
		LOG_LEVEL_INFO };

	if (scratch_make(state) != 0)
		return -1;
	settings.path = scratch_path("log");
	return log_open("unit", &settings) == RC_OK ? 0 : -1;
}

static inline int
told_close(void **state)
{
	log_close();
	return scratch_remove(state);
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
	cmocka_unit_test_setup_teardown(test, told_open, told_close)

#endif
