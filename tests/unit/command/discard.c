/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../running.h"

#include "base/bytes.h"
#include "base/io.h"
#include "base/procfs.h"
#include "command/discard.h"
#include "command/host.h"
#include "command/run.h"

/* What waits in vain where a test has failed does not stay. */
#define BOUND "timeout -s KILL 60"
/* More than a pipe holds. */
#define MUCH "head -c 300000 /dev/zero"

static struct host *
open_host(void)
{
	struct host *host = NULL;

	need_pidfds();
	assert_int_equal(host_open(&host), RC_OK);
	return host;
}

/* What was over may not have come to its end yet: a process waits for that. */
static void
close_host(struct host *host)
{
	host_close(host);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static struct run_result *
run_in(struct host *host, const char *body)
{
	const char *command[] = { script("command", body), NULL };
	struct command what = plain(command);

	what.host = host;
	return run_it(what);
}

/* A command that leaves something behind, which waits for the fifo. */
static void
leave(struct host *host, const char *first, const char *rest)
{
	struct run_result *result;
	char body[sizeof(scratch) + 512];

	assert_int_equal(mkfifo(scratch_path("go"), 0600), 0);
	snprintf(body, sizeof(body),
	    "cd '%s'; %s; " BOUND
	    " sh -c 'read x <go; %s; echo >over' & exit 0",
	    scratch, first, rest);
	result = run_in(host, body);
	assert_int_equal(result->end, RUN_EXIT);
	assert_int_equal(result->code, 0);
	free(result);
}

static void
let_go(void)
{
	int fd = open(scratch_path("go"), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
}

static bool
is_over(void)
{
	return access(scratch_path("over"), F_OK) == 0;
}

static void
read_until_over(struct host *host)
{
	struct discard *discard = host_discard(host);
	struct pollfd written = { discard_fd(discard), POLLIN, 0 };
	int64_t deadline = clock_steady() + PATIENCE;

	while (!is_over() && clock_left(deadline) > 0) {
		if (poll(&written, 1, 10) > 0)
			discard_read(discard);
	}
	assert_true(is_over());
}

static void
what_is_left_running_may_write_as_much_as_it_likes(void **state)
{
	struct host *host = open_host();

	(void)state;
	leave(host, "true",
	    "echo one && echo two >&2 && " MUCH " && " MUCH " >&2");
	let_go();
	read_until_over(host);
	close_host(host);
	assert_int_equal(log_holds("text=one"), 0);
	assert_int_equal(log_holds("level=warning"), 0);
}

static void
what_has_come_to_its_end_is_closed(void **state)
{
	struct host *host = open_host();
	unsigned before = count_descriptors();
	int64_t deadline = clock_steady() + PATIENCE;

	(void)state;
	free(run_in(host, "echo one; echo two >&2"));
	assert_int_equal(count_descriptors(), before);
	leave(host, "true", "true");
	assert_int_equal(count_descriptors(), before + 2);
	let_go();
	while (count_descriptors() > before && clock_left(deadline) > 0) {
		poll(NULL, 0, 10);
		discard_read(host_discard(host));
	}
	assert_int_equal(count_descriptors(), before);
	host_close(host);
}

static void
a_closed_output_is_not_kept(void **state)
{
	struct host *host = open_host();
	unsigned before = count_descriptors();

	(void)state;
	leave(host, "exec >&-", "echo one >&2");
	assert_int_equal(count_descriptors(), before + 1);
	let_go();
	read_until_over(host);
	close_host(host);
}

/* Pipes whose writing ends stay here. */

enum { PIPES = 12 };

static int writers[PIPES];

static bool
take_pipe(struct discard *discard, int at)
{
	int ends[2];
	int fds[2] = { -1, -1 };
	char id[8];

	NEED(pipe2(ends, O_CLOEXEC) == 0);
	NEED(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
	writers[at] = ends[1];
	fds[at % 2] = ends[0];
	snprintf(id, sizeof(id), "id-%d", at);
	discard_take(discard, fds, "peliqan", id);
	NEED(fds[0] == -1 && fds[1] == -1);
	return true;
}

static bool
can_write(int at)
{
	return write(writers[at], "x", 1) == 1;
}

static bool
beyond_the_most(void)
{
	struct rlimit limit = { 80, 80 };
	struct discard *discard;

	signal(SIGPIPE, SIG_IGN);
	NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	NEED(discard_open(&discard) == RC_OK);
	NEED(discard_descriptors(80) == 21);
	for (int i = 0; i < 10; i++)
		NEED(take_pipe(discard, i));
	NEED(can_write(0));
	NEED(log_holds("level=warning") == 0);
	NEED(take_pipe(discard, 10));
	NEED(log_holds("level=warning") == 1);
	NEED(log_holds("hook=peliqan id=id-0") == 1);
	NEED(!can_write(0));
	NEED(can_write(1) && can_write(10));
	/* One that has ended makes room. */
	close(writers[5]);
	NEED(take_pipe(discard, 11));
	NEED(log_holds("level=warning") == 1);
	NEED(can_write(1) && can_write(11));
	return true;
}

static void
beyond_the_most_the_oldest_is_closed(void **state)
{
	(void)state;
	need_pidfds();
	assert_true(in_child(beyond_the_most));
}

static void
the_most_is_256_or_a_share(void **state)
{
	(void)state;
	assert_int_equal(discard_descriptors(1000 * 1000), 513);
	assert_int_equal(discard_descriptors(2048), 513);
	assert_int_equal(discard_descriptors(2047), 512);
	assert_int_equal(discard_descriptors(3), 3);
}

static void
without_one_all_is_closed(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(discard_fd(NULL), -1);
	discard_read(NULL);
	assert_true(take_pipe(NULL, 0));
	assert_false(can_write(0));
	close(writers[0]);
	discard_close(NULL);
	host_close(NULL);
}

/* The process that outlives us. */

/* A child of ours, by its name; 0 where there is none. */
static pid_t
child_named(const char *name)
{
	char path[64];
	long found = 0, pid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	file = fopen(path, "re");
	while (file != NULL && found == 0 && fscanf(file, "%ld", &pid) == 1) {
		struct buf text;

		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		text = read_file(path);
		if (strcmp(text.data, name) == 0)
			found = pid;
		buf_free(&text);
	}
	if (file != NULL)
		fclose(file);
	return (pid_t)found;
}

static pid_t
await_child(const char *name)
{
	int64_t deadline = clock_steady() + PATIENCE;
	pid_t pid;

	while ((pid = child_named(name)) == 0 && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
	assert_true(pid > 0);
	return pid;
}

static int held[2];

/* A writer that is nobody's child when this ends. */
static bool
start_writer(const int ends[2])
{
	char *argv[] = { "sh", "-c",
		"cd \"$0\"; exec " BOUND " sh -c 'read x <go; " MUCH "; " MUCH
		" >&2; echo >over'",
		scratch, NULL };
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid > 0)
		return true;
	dup2(ends[0], 1);
	dup2(ends[1], 2);
	closefrom(3);
	execv("/bin/sh", argv);
	_exit(127);
}

static bool
pass_on(void)
{
	struct discard *discard;
	int writing[2], fds[2];
	int ends[2];

	signal(SIGTERM, SIG_IGN);
	close(held[0]);
	NEED(write(held[1], "x", 1) == 1);
	NEED(discard_open(&discard) == RC_OK);
	for (int i = 0; i < 2; i++) {
		NEED(pipe2(ends, O_CLOEXEC) == 0);
		NEED(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
		fds[i] = ends[0];
		writing[i] = ends[1];
	}
	NEED(start_writer(writing));
	discard_take(discard, fds, "peliqan", "id");
	close(writing[0]);
	close(writing[1]);
	discard_close(discard);
	return true;
}

/* A process that ends, with a writer that is left; the test holds one end of
 * what both have. */
static void
end_with_a_writer(void)
{
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(mkfifo(scratch_path("go"), 0600), 0);
	assert_int_equal(pipe(held), 0);
	assert_true(in_child(pass_on));
	close(held[1]);
}

static void
what_is_left_at_the_end_passes_to_a_process_of_its_own(void **state)
{
	const char *ignored;
	struct buf text;
	char path[64];
	char byte;
	int status;
	pid_t pid;

	(void)state;
	end_with_a_writer();
	/* Whoever waits for the end of the program's output has it. */
	assert_int_equal(read(held[0], &byte, 1), 1);
	pid = await_child("discard\n");
	assert_int_equal(read(held[0], &byte, 1), 0);
	assert_int_equal(getsid(pid), pid);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = read_file(path);
	ignored = strstr(text.data, "SigIgn:");
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + 7, NULL, 16) & 1 << (SIGTERM - 1),
	    0);
	buf_free(&text);
	let_go();
	/* The script and then it. */
	for (int i = 0; i < 2; i++) {
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(waitpid(-1, &status, 0), -1);
	assert_true(is_over());
	close(held[0]);
}

/* How many bytes of an environment are not 0; -1: nobody may look. */
static long
count_environment(pid_t pid)
{
	char path[64], bytes[4096];
	long found = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			found += bytes[i] != 0;
	close(fd);
	return n == 0 ? found : -1;
}

static void
that_process_has_nothing_of_the_environment(void **state)
{
	long left;
	pid_t pid;

	(void)state;
	need_pidfds();
	assert_true(count_environment(getpid()) > 0);
	end_with_a_writer();
	close(held[0]);
	pid = await_child("discard\n");
	left = count_environment(pid);
	let_go();
	while (waitpid(-1, NULL, 0) > 0)
		;
	/* Only root may look. */
	if (left == -1 && geteuid() != 0)
		skip();
	assert_int_equal(left, 0);
}

static void
a_stop_of_all_ends_that_process(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	end_with_a_writer();
	close(held[0]);
	pid = await_child("discard\n");
	assert_int_equal(getsid(pid), pid);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* And then the writer. */
	let_go();
	while (waitpid(-1, &status, 0) > 0)
		;
}

static bool
nothing_is_left(void)
{
	struct host *host;

	NEED(host_open(&host) == RC_OK);
	host_close(host);
	NEED(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	return true;
}

static void
where_nothing_is_left_there_is_no_such_process(void **state)
{
	(void)state;
	assert_true(in_child(nothing_is_left));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_left_running_may_write_as_much_as_it_likes),
		TEST(what_has_come_to_its_end_is_closed),
		TEST(a_closed_output_is_not_kept),
		TEST(beyond_the_most_the_oldest_is_closed),
		TEST(the_most_is_256_or_a_share),
		TEST(without_one_all_is_closed),
		TEST(what_is_left_at_the_end_passes_to_a_process_of_its_own),
		TEST(that_process_has_nothing_of_the_environment),
		TEST(a_stop_of_all_ends_that_process),
		TEST(where_nothing_is_left_there_is_no_such_process),
	};

	/* What it looks for has the name of this program otherwise. */
	prctl(PR_SET_NAME, "unit");
	return cmocka_run_group_tests_name("discard", tests, NULL, NULL);
}
