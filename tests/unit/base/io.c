/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../scratch.h"

#include "base/bytes.h"
#include "base/io.h"

/* More than a pipe takes at once, so that it is written in parts. */
static void
all_of_a_text_is_written(void **state)
{
	static char text[256 * 1024];
	static char got[sizeof(text) + 1];
	size_t n = 0;
	ssize_t part;
	int ends[2], status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 251);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		_exit(io_write(ends[1], (struct bytes){ text, sizeof(text) }) !=
		    RC_OK);
	}
	close(ends[1]);
	while ((part = read(ends[0], got + n, sizeof(got) - n)) > 0)
		n += (size_t)part;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(n, sizeof(text));
	assert_memory_equal(got, text, sizeof(text));
}

static void
what_cannot_be_written_is_told(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(io_write(-1, LIT("x")), RC_SYSTEM);
	assert_int_equal(errno, EBADF);
	assert_int_equal(io_write(-1, LIT("")), RC_OK);
}

static void
what_is_closed_is_no_descriptor(void **state)
{
	int fd = dup(STDERR_FILENO);
	int was = fd;

	(void)state;
	assert_true(fd >= 0);
	io_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(was, F_GETFD), -1);
	io_close(&fd);
	assert_int_equal(fd, -1);
}

static void
what_is_there_or_at_its_end_is_readable(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_false(io_is_readable(ends[0]));
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(io_is_readable(ends[0]));
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_false(io_is_readable(ends[0]));
	close(ends[1]);
	assert_true(io_is_readable(ends[0]));
	close(ends[0]);
	assert_false(io_is_readable(-1));
}

static void
room_is_tried_and_nothing_is_left(void **state)
{
	struct rlimit limit, small;

	(void)state;
	assert_int_equal(io_has_room(scratch, 0), RC_OK);
	assert_int_equal(io_has_room(scratch, 10000), RC_OK);
	/* As a disk that is full after so many bytes. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(io_has_room(scratch, 10000), RC_SYSTEM);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(io_has_room(scratch, 5000), RC_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	/* Where there is anything it cannot be removed. */
	assert_int_equal(rmdir(scratch), 0);
	assert_int_equal(io_has_room(scratch, 0), RC_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdir(scratch, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_text_is_written),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(what_is_closed_is_no_descriptor),
		cmocka_unit_test(what_is_there_or_at_its_end_is_readable),
		SCRATCH_TEST(room_is_tried_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
