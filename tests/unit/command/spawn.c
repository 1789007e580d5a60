/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <pthread.h>

#include "../running.h"

#include "base/buf.h"
#include "base/descriptors.h"
#include "command/run.h"
#include "command/spawn.h"

/* How commands end. */

static void
assert_unstarted_as(const char *const *command, int error, const char *text)
{
	struct run_result *result = run_it(plain(command));

	assert_int_equal(result->end, RUN_UNSTARTED);
	assert_int_equal(result->code, error);
	assert_int_equal(result->pid, -1);
	assert_int_equal(result->pidfd, -1);
	assert_true(log_holds("level=error") > 0);
	assert_true(log_holds(text) > 0);
	free(result);
}

static void
assert_unstarted(const char *const *command, int error)
{
	char text[128];

	snprintf(text, sizeof(text), "error=\"%s\"", strerror(error));
	assert_unstarted_as(command, error, text);
}

static void
what_cannot_be_started_is_told_with_its_errno(void **state)
{
	const char *missing[] = { scratch_path("missing"), NULL };
	const char *plain_file[] = {
		scratch_file("plain", "#!/bin/sh\nexit 0\n", 0644), NULL
	};
	const char *a_directory[] = { "/", NULL };

	(void)state;
	need_pidfds();
	assert_unstarted(missing, ENOENT);
	assert_unstarted(plain_file, EACCES);
	assert_unstarted(a_directory, EACCES);
}

/* Where a command begins, and what keeps it from there. */
static void
a_command_begins_in_its_directory(void **state)
{
	const char *command[] = { script("command", "pwd"), NULL };
	const char *there = scratch_path("there");
	struct command what = plain(command);
	struct run_result *result;
	char line[PATH_MAX + 2];

	(void)state;
	need_pidfds();
	result = run_it(what);
	assert_true(bytes_is(tail_of(result), "/\n"));
	free(result);
	assert_int_equal(mkdir(there, 0700), 0);
	what.directory = there;
	result = run_it(what);
	snprintf(line, sizeof(line), "%s\n", there);
	assert_true(bytes_is(tail_of(result), line));
	free(result);
	assert_int_equal(rmdir(there), 0);
	result = run_it(what);
	assert_int_equal(result->end, RUN_UNSTARTED);
	assert_int_equal(result->code, ENOENT);
	snprintf(line, sizeof(line), "error=\"its directory %s: ", there);
	assert_int_equal(log_holds(line), 1);
	free(result);
}

static void
what_is_wrong_with_a_script_is_named(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *says;
	} cases[] = {
		{ "exit 0\n", ENOEXEC, "it is no program and has no #! line" },
		{ "#!/nowhere/sh\nexit 0\n", ENOENT,
		    "No such file or directory: it has the interpreter "
		    "/nowhere/sh, which is missing" },
		{ "#!/etc/passwd\n", EACCES,
		    "it has the interpreter /etc/passwd, which cannot be "
		    "executed" },
		{ "#!/bin/sh\r\nexit 0\r\n", ENOENT,
		    "it has a first line that ends in CR" },
		{ "\357\273\277#!/bin/sh\n", ENOEXEC,
		    "it has a byte order mark before its #!" },
	};

	(void)state;
	need_pidfds();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *command[] = {
			scratch_file("command", cases[i].text, 0755), NULL
		};

		assert_unstarted_as(command, cases[i].error, cases[i].says);
	}
}

/* As long as the test's process has it open for writing. */
static void
a_file_that_is_being_written_is_tried_again(void **state)
{
	const char *command[] = {
		scratch_file("written", "#!/bin/sh\nexit 3\n", 0755), NULL
	};
	int fd = open(command[0], O_WRONLY | O_CLOEXEC);
	struct run_result *result;
	pid_t writer;

	(void)state;
	need_pidfds();
	assert_true(fd >= 0);
	result = run_it(plain(command));
	assert_int_equal(result->end, RUN_UNSTARTED);
	assert_int_equal(result->code, ETXTBSY);
	assert_int_equal(run_outcome(result), OUTCOME_BUSY);
	assert_int_equal(log_holds("Text file busy"), 1);
	free(result);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		poll(NULL, 0, 30);
		_exit(0);
	}
	close(fd);
	result = run_it(plain(command));
	assert_int_equal(result->end, RUN_EXIT);
	assert_int_equal(result->code, 3);
	free(result);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static void
arguments_and_environment_may_be_large(void **state)
{
	enum { PIECES = 50, PIECE = 4096 };
	static char piece[PIECE + 8] = "NAME=";
	static char large[200 * 1024] = "NAME=";
	const char *arguments[PIECES + 3] = { script("count",
	    "echo $# $(env | wc -c)") };
	const char *variables[PIECES + 2] = { "PATH=" SPAWN_PATH };
	struct command what = plain(arguments);
	struct run_result *result;

	(void)state;
	memset(piece + 5, 'x', PIECE);
	memset(large + 5, 'x', sizeof(large) - 6);
	for (size_t i = 1; i <= PIECES; i++)
		arguments[i] = piece;
	variables[1] = piece;
	what.environment = variables;
	result = run_it(what);
	assert_int_equal(result->end, RUN_EXIT);
	assert_true(bytes_begin(tail_of(result), "50 4"));
	free(result);
	/* The kernel takes 128 KiB in one string. */
	arguments[1] = large;
	assert_unstarted(arguments, E2BIG);
	arguments[1] = NULL;
	variables[1] = large;
	result = run_it(what);
	assert_int_equal(result->end, RUN_UNSTARTED);
	assert_int_equal(result->code, E2BIG);
	free(result);
}

/* What they read and write. */

static void
the_input_is_descriptor_0(void **state)
{
	struct run_result *result = run_script("cat; cat >&2");

	(void)state;
	assert_int_equal(result->code, 0);
	assert_true(bytes_is(tail_of(result), "the input"));
	free(result);
}

/* What they see. */

static unsigned long long
signals_behind(const struct run_result *result, const char *word)
{
	const char *at = memmem(result->tail, result->tail_len, word,
	    strlen(word));

	assert_non_null(at);
	return strtoull(at + strlen(word), NULL, 16);
}

static void
a_command_sees_a_clean_process(void **state)
{
	const char *command[] = { self, "status", "an argument", "", NULL };
	sigset_t blocked, before;
	struct run_result *result;
	mode_t mask;
	int leak;

	(void)state;
	need_pidfds();
	mask = umask(077);
	leak = dup(2);
	assert_true(leak > 2);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	result = run_it(plain(command));
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	umask(mask);
	close(leak);
	assert_sees(result, "\ndirectory=/\n");
	assert_sees(result, "\numask=077\n");
	assert_sees(result, "\ngroup=own\n");
	assert_sees(result, "\ndescriptors= 0 1 2\n");
	assert_int_equal(signals_behind(result, "SigIgn:\t"), 0);
	assert_int_equal(signals_behind(result, "SigBlk:\t"), 0);
	assert_sees(result,
	    "\nargument=an argument\nargument=\n"
	    "variable=PATH=" SPAWN_PATH "\nvariable=ONE=1\nend\n");
	free(result);
}

/* In processes that lack something. */

static bool
without_0_to_2(void)
{
	const char *command[] = { scratch_path("command"), NULL };
	struct command what = plain(command);
	struct run_result result;

	what.input = input_of("the input");
	for (int fd = 0; fd <= 2; fd++) {
		dup2(what.input, 0);
		if (fd > 0)
			close(1);
		if (fd > 1)
			close(2);
		lseek(what.input, 0, SEEK_SET);
		run(&what, &result);
		NEED(bytes_is(tail_of(&result), "the input. out"));
		close(0);
		lseek(what.input, 0, SEEK_SET);
		run(&what, &result);
		NEED(bytes_is(tail_of(&result), "the input. out"));
	}
	return true;
}

static void
it_works_where_0_to_2_are_closed(void **state)
{
	(void)state;
	need_pidfds();
	script("command", "cat; printf '. out'; test -e /dev/fd/2");
	assert_true(in_child(without_0_to_2));
}

static bool
short_of_descriptors(void)
{
	const char *command[] = { self, "touch", scratch_path("ran"), NULL };
	struct command what = plain(command);
	unsigned started = 0, before;
	struct run_result result;

	what.input = input_of("");
	before = count_descriptors();
	for (rlim_t most = (rlim_t)what.input + 1; started == 0; most++) {
		struct rlimit limit = { most, 4096 };

		setrlimit(RLIMIT_NOFILE, &limit);
		run(&what, &result);
		limit.rlim_cur = 1024;
		setrlimit(RLIMIT_NOFILE, &limit);
		NEED(count_descriptors() == before);
		if (result.end == RUN_UNSTARTED) {
			NEED(result.code == EMFILE);
			NEED(access(command[2], F_OK) != 0);
			continue;
		}
		NEED(result.end == RUN_EXIT && result.code == 0);
		started++;
		NEED(most >= (rlim_t)what.input + 6);
	}
	return access(command[2], F_OK) == 0;
}

static void
short_of_descriptors_it_starts_nothing_and_leaks_nothing(void **state)
{
	(void)state;
	need_pidfds();
	assert_true(in_child(short_of_descriptors));
}

enum { OLD_LIMIT = 200, RAISED_LIMIT = 250 };

static bool
raise_limit(void)
{
	struct rlimit limit = { OLD_LIMIT, RAISED_LIMIT };

	NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	descriptors_raise(RAISED_LIMIT);
	NEED(descriptors_limit() == RAISED_LIMIT);
	return true;
}

static bool
has_raised_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur == RAISED_LIMIT;
}

static bool
sees_its_limits(void)
{
	const char *command[] = { scratch_path("command"), NULL };
	struct command what = plain(command);
	struct run_result result;

	what.input = input_of("");
	run(&what, &result);
	close(what.input);
	NEED(result.end == RUN_EXIT);
	NEED(bytes_is(tail_of(&result), "200 250"));
	return true;
}

static bool
few_are_open(void)
{
	NEED(raise_limit());
	NEED(sees_its_limits());
	return has_raised_limit();
}

/* All that is opened from now on is beyond the old limit. */
static bool
open_many(void)
{
	int fd;

	NEED(raise_limit());
	do
		fd = dup(STDERR_FILENO);
	while (fd >= 0 && fd < OLD_LIMIT);
	return fd == OLD_LIMIT;
}

static bool
many_are_open(void)
{
	NEED(open_many());
	NEED(sees_its_limits());
	return has_raised_limit();
}

static bool
detached_with_many_open(void)
{
	const char *command[] = { scratch_path("command"), NULL };
	int status;
	pid_t pid;

	NEED(open_many());
	NEED(spawn_detached(command, &pid) == RC_OK);
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return has_raised_limit();
}

static void
a_command_has_the_limit_of_before_it_was_raised(void **state)
{
	(void)state;
	need_pidfds();
	script("command",
	    "printf '%s %s' $(ulimit -Sn) $(ulimit -Hn)\n"
	    "[ $(ulimit -Sn) = 200 ]");
	assert_true(in_child(few_are_open));
	assert_true(in_child(many_are_open));
	assert_true(in_child(detached_with_many_open));
}

static bool
can_forbid(void)
{
	return forbid(SYS_pidfd_open, ENOSYS);
}

static bool
without_pidfd(void)
{
	const char *command[] = { self, "touch", scratch_path("ran"), NULL };
	struct command what = plain(command);
	struct run_result result;

	NEED(forbid(SYS_pidfd_open, ENOSYS));
	what.input = input_of("");
	run(&what, &result);
	NEED(result.end == RUN_UNSTARTED);
	NEED(result.code == ENOSYS);
	NEED(access(command[2], F_OK) != 0);
	return true;
}

static void
without_pidfds_it_starts_nothing(void **state)
{
	(void)state;
	if (!in_child(can_forbid))
		skip();
	assert_true(in_child(without_pidfd));
	assert_int_equal(log_holds("this kernel has no pidfd_open(2)"), 1);
}

/* What outlives us. */

static void
a_detached_process_stands_alone(void **state)
{
	const char *command[] = { self, "detached", scratch_path("detached"),
		NULL };
	struct buf text;
	pid_t pid = 0;
	int status;

	(void)state;
	assert_int_equal(spawn_detached(command, &pid), RC_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = read_file(command[2]);
	assert_string_equal(text.data,
	    "session=own\ndirectory=/\n"
	    "0=/dev/null\n1=/dev/null\n2=/dev/null\ndescriptors= 0 1 2\n"
	    "variable=PATH=" SPAWN_PATH "\nend\n");
	buf_free(&text);
}

static void
what_cannot_be_detached_is_told(void **state)
{
	const char *command[] = { scratch_path("missing"), NULL };
	pid_t pid = 7;

	(void)state;
	need_pidfds();
	assert_int_equal(spawn_detached(command, &pid), RC_SYSTEM);
	assert_int_equal(pid, 7);
	assert_int_equal(log_holds("level=error"), 1);
}

/* This program as a command. */

static void
print_descriptors(FILE *to)
{
	fprintf(to, "descriptors=");
	for (int fd = 0; fd < 1024; fd++)
		if (fd != fileno(to) || fd <= 2)
			if (fcntl(fd, F_GETFD) >= 0)
				fprintf(to, " %d", fd);
	fprintf(to, "\n");
}

static void
print_environment(FILE *to)
{
	for (char **variable = environ; *variable != NULL; variable++)
		fprintf(to, "variable=%s\n", *variable);
	fprintf(to, "end\n");
}

static int
be_status(int argc, char **argv)
{
	char line[1024] = "";
	mode_t mask = umask(0);
	FILE *status = fopen("/proc/self/status", "re");

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "Sig", 3) == 0)
			printf("%s", line);
	if (status != NULL)
		fclose(status);
	printf("directory=%s\n", getcwd(line, sizeof(line)));
	printf("umask=%03o\n", (unsigned)mask);
	printf("group=%s\n", getpgrp() == getpid() ? "own" : "another");
	print_descriptors(stdout);
	for (int i = 2; i < argc; i++)
		printf("argument=%s\n", argv[i]);
	print_environment(stdout);
	return 0;
}

static int
be_detached(const char *path)
{
	FILE *to = fopen(path, "we");
	char line[1024] = "";

	if (to == NULL)
		return 1;
	fprintf(to, "session=%s\n", getsid(0) == getpid() ? "own" : "other");
	fprintf(to, "directory=%s\n", getcwd(line, sizeof(line)));
	for (int fd = 0; fd <= 2; fd++) {
		char link[32], target[64] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) > 0)
			fprintf(to, "%d=%s\n", fd, target);
	}
	print_descriptors(to);
	print_environment(to);
	return fclose(to) == 0 ? 0 : 1;
}

static int
be_command(int argc, char **argv)
{
	if (strcmp(argv[1], "status") == 0)
		return be_status(argc, argv);
	if (strcmp(argv[1], "detached") == 0)
		return be_detached(argv[2]);
	if (strcmp(argv[1], "touch") == 0)
		return creat(argv[2], 0600) >= 0 ? 0 : 1;
	return 64;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_started_is_told_with_its_errno),
		TEST(a_command_begins_in_its_directory),
		TEST(what_is_wrong_with_a_script_is_named),
		TEST(a_file_that_is_being_written_is_tried_again),
		TEST(arguments_and_environment_may_be_large),
		TEST(the_input_is_descriptor_0),
		TEST(a_command_sees_a_clean_process),
		TEST(it_works_where_0_to_2_are_closed),
		TEST(short_of_descriptors_it_starts_nothing_and_leaks_nothing),
		TEST(a_command_has_the_limit_of_before_it_was_raised),
		TEST(without_pidfds_it_starts_nothing),
		TEST(a_detached_process_stands_alone),
		TEST(what_cannot_be_detached_is_told),
	};

	if (argc > 1)
		return be_command(argc, argv);
	if (!find_self())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
