/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <termios.h>

#include "../scratch.h"

#include "base/bounded_write.h"
#include "base/clock.h"

enum kind {
	KIND_PIPE,
	KIND_FIFO, /* for which no kernel has a call that does not wait */
	KIND_STREAM,
	KIND_DATAGRAM,
	KIND_TERMINAL,
	KINDS,
};

static const char *const names[] = { "pipe", "fifo", "stream", "datagram",
	"terminal" };

/* ends[0] is read from, ends[1] written to; both wait. */
static void
open_ends(enum kind kind, int ends[2])
{
	struct termios raw;
	const char *path = scratch_path("fifo");

	switch (kind) {
	case KIND_PIPE:
		assert_int_equal(pipe(ends), 0);
		break;
	case KIND_FIFO:
		assert_int_equal(mkfifo(path, 0600), 0);
		ends[0] = open(path, O_RDWR | O_CLOEXEC);
		ends[1] = open(path, O_WRONLY | O_CLOEXEC);
		break;
	case KIND_STREAM:
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		break;
	case KIND_DATAGRAM:
		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
		break;
	case KIND_TERMINAL:
	case KINDS:
		assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, NULL),
		    0);
		assert_int_equal(tcgetattr(ends[1], &raw), 0);
		cfmakeraw(&raw);
		assert_int_equal(tcsetattr(ends[1], TCSANOW, &raw), 0);
		break;
	}
	assert_true(ends[0] >= 0 && ends[1] >= 0);
}

static void
close_ends(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static const char text[3000] = "text";

/* Writes until nothing more is taken; how many bytes were. */
static size_t
fill(int fd)
{
	struct bytes rest;
	size_t n = 0;
	enum rc rc;

	do {
		rest = (struct bytes){ text, sizeof(text) };
		rc = bounded_write(fd, &rest, 0);
		n += sizeof(text) - rest.len;
	} while (rc == RC_OK);
	assert_int_equal(rc, RC_SLOW);
	return n;
}

/* All that is there now. */
static size_t
drain(int fd)
{
	static char into[64 * 1024];
	size_t n = 0;
	ssize_t got;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while ((got = read(fd, into, sizeof(into))) > 0)
		n += (size_t)got;
	return n;
}

/* Without a bound this test would never end. */
static void
what_nobody_reads_is_not_waited_for(void **state)
{
	unsigned wrong = 0;
	size_t taken;
	int ends[2];

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		open_ends(kind, ends);
		taken = fill(ends[1]);
		wrong += case_true(names[kind], "it took some", taken > 0);
		wrong += case_number(names[kind],
		    fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
		wrong += case_number(names[kind], (long long)drain(ends[0]),
		    (long long)taken);
		unlink(scratch_path("fifo"));
		close_ends(ends);
	}
	assert_int_equal(wrong, 0);
}

static void
it_is_waited_for_until_the_deadline(void **state)
{
	struct bytes rest;
	int64_t deadline;
	unsigned wrong = 0;
	int ends[2];
	enum rc rc;

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		open_ends(kind, ends);
		/* A terminal moves what it took further on its own. */
		do {
			fill(ends[1]);
			rest = (struct bytes){ text, sizeof(text) };
			deadline = clock_steady() + 60;
			rc = bounded_write(ends[1], &rest, deadline);
		} while (rc == RC_OK);
		wrong += case_rc(names[kind], rc, RC_SLOW);
		wrong += case_number(names[kind], clock_left(deadline), 0);
		wrong += case_true(names[kind], "a rest", rest.len > 0);
		unlink(scratch_path("fifo"));
		close_ends(ends);
	}
	assert_int_equal(wrong, 0);
}

/* A signal that another part of the process blocks has to end the wait; and
 * without a bound this test would never end, either. */
static void
what_is_blocked_or_missing_does_not_unbound_it(void **state)
{
	const struct rlimit none = { 0 };
	sigset_t all, before;
	pid_t child;
	int ends[2];
	int status = 0;

	(void)state;
	sigfillset(&all);
	open_ends(KIND_TERMINAL, ends);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_true(fill(ends[1]) > 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_true(drain(ends[0]) > 0);
	/* What may be pending limits the timers. */
	child = fork();
	if (child == 0)
		_exit(setrlimit(RLIMIT_SIGPENDING, &none) != 0 ||
		    fill(ends[1]) == 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close_ends(ends);
}

struct reader {
	int fd;
	size_t want;
	size_t got;
};

static void *
read_all(void *context)
{
	struct reader *reader = context;
	char into[1000];
	ssize_t n = 1;

	while (reader->got < reader->want && n > 0) {
		n = read(reader->fd, into, sizeof(into));
		reader->got += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

static void
a_slow_reader_gets_all_of_it(void **state)
{
	static char much[300 * 1000];
	struct reader reader = { .want = sizeof(much) };
	struct bytes rest = { much, sizeof(much) };
	pthread_t thread;
	int ends[2];

	(void)state;
	open_ends(KIND_FIFO, ends);
	reader.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, read_all, &reader), 0);
	assert_int_equal(bounded_write(ends[1], &rest, CLOCK_NEVER), RC_OK);
	assert_int_equal(rest.len, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader.got, sizeof(much));
	close_ends(ends);
}

static void
what_cannot_be_written_is_told(void **state)
{
	struct bytes rest = LIT("text");
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(bounded_write(-1, &rest, 0), RC_SYSTEM);
	assert_int_equal(errno, EBADF);
	for (enum kind kind = KIND_PIPE; kind <= KIND_STREAM; kind++) {
		open_ends(kind, ends);
		close(ends[0]);
		assert_int_equal(bounded_write(ends[1], &rest, CLOCK_NEVER),
		    RC_SYSTEM);
		assert_int_equal(errno, EPIPE);
		assert_int_equal(rest.len, 4);
		close(ends[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_nobody_reads_is_not_waited_for),
		SCRATCH_TEST(it_is_waited_for_until_the_deadline),
		SCRATCH_TEST(what_is_blocked_or_missing_does_not_unbound_it),
		SCRATCH_TEST(a_slow_reader_gets_all_of_it),
		SCRATCH_TEST(what_cannot_be_written_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
