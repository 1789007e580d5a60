/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ctype.h>
#include <pthread.h>

#include "../commands.h"

#include "base/buf.h"
#include "base/log.h"
#include "command/run.h"

enum { LONG = 60000 };

static const char *const environment[] = {"PATH=" RUN_PATH, "ONE=1", NULL};

/* A descriptor that reads this text. */
static int
input_of(const char *text)
{
	int fd = memfd_create("unit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct run
plain(const char *const *command)
{
	return (struct run){.command = command, .environment = environment,
	    .input = -1, .timeout = LONG, .kill_after = LONG, .stop = -1,
	    .stop_kill_after = LONG, .hook = "peliqan", .id = "an-id"};
}

/* Runs it with an input of its own; the caller frees what is returned. */
static struct run_result *
run_it(struct run what)
{
	struct run_result *result;

	need_pidfds();
	result = malloc(sizeof(*result));
	assert_non_null(result);
	what.input = input_of("the input");
	run(&what, result);
	close(what.input);
	return result;
}

static struct run_result *
run_script(const char *body)
{
	const char *command[] = {script("command", body), NULL};

	return run_it(plain(command));
}

static struct bytes
tail_of(const struct run_result *result)
{
	return (struct bytes){result->tail, result->tail_len};
}

/* The number behind a word in the output. */
static pid_t
pid_behind(const struct run_result *result, const char *word)
{
	char text[RUN_TAIL + 1];
	const char *at;

	memcpy(text, result->tail, result->tail_len);
	text[result->tail_len] = '\0';
	at = strstr(text, word);
	assert_non_null(at);
	return (pid_t)strtol(at + strlen(word), NULL, 10);
}

/* How commands end. */

static void
an_exit_status_is_told(void **state)
{
	static const struct {
		const char *body;
		int code;
		enum rc rc;
	} cases[] = {
	    {"exit 0", 0, RC_DELIVERED},
	    {"exit 75", 75, RC_TEMPORARY},
	    {"exit 65", 65, RC_REJECTED},
	    {"exit 1", 1, RC_FAILED},
	    {"exit 255", 255, RC_FAILED},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].body;
		struct run_result *result = run_script(name);

		wrong += case_number(name, result->end, RUN_EXIT);
		wrong += case_number(name, result->code, cases[i].code);
		wrong += case_rc(name, run_outcome(result), cases[i].rc);
		wrong += case_number(name, result->pidfd, -1);
		wrong += case_true(name, "has run", result->pid > 0);
		free(result);
	}
	assert_int_equal(wrong, 0);
}

static void
a_signal_is_told(void **state)
{
	struct run_result *result = run_script("kill -KILL $$");

	(void)state;
	assert_int_equal(result->end, RUN_SIGNAL);
	assert_int_equal(result->code, SIGKILL);
	assert_int_equal(run_outcome(result), RC_FAILED);
	free(result);
}

static void
every_other_end_has_its_outcome(void **state)
{
	struct run_result result = {.end = RUN_TIMEOUT};

	(void)state;
	assert_int_equal(run_outcome(&result), RC_TIMEOUT);
	result.end = RUN_STUCK;
	assert_int_equal(run_outcome(&result), RC_TIMEOUT);
	result.end = RUN_STOPPED;
	assert_int_equal(run_outcome(&result), RC_STOPPING);
	result.end = RUN_UNSTARTED;
	assert_int_equal(run_outcome(&result), RC_UNSTARTED);
}

static void
assert_unstarted(const char *const *command, int error)
{
	struct run_result *result = run_it(plain(command));
	char text[128];

	snprintf(text, sizeof(text), "%s\"", strerror(error));
	assert_int_equal(result->end, RUN_UNSTARTED);
	assert_int_equal(result->code, error);
	assert_int_equal(result->pid, -1);
	assert_int_equal(result->pidfd, -1);
	assert_true(log_holds("level=error") > 0);
	assert_true(log_holds(text) > 0);
	free(result);
}

static void
what_cannot_be_started_is_told_with_its_errno(void **state)
{
	const char *missing[] = {in_directory("missing"), NULL};
	const char *plain_file[] = {
	    write_file("plain", "#!/bin/sh\nexit 0\n", 0644), NULL};
	const char *no_format[] = {
	    write_file("no-format", "exit 0\n", 0755), NULL};
	const char *no_interpreter[] = {
	    write_file("lost", "#!/nowhere/sh\nexit 0\n", 0755), NULL};
	const char *a_directory[] = {"/", NULL};

	(void)state;
	need_pidfds();
	assert_unstarted(missing, ENOENT);
	assert_unstarted(plain_file, EACCES);
	assert_unstarted(no_format, ENOEXEC);
	assert_unstarted(no_interpreter, ENOENT);
	assert_unstarted(a_directory, EACCES);
}

static void
arguments_and_environment_may_be_large(void **state)
{
	enum { PIECES = 50, PIECE = 4096 };
	static char piece[PIECE + 8] = "NAME=";
	static char large[200 * 1024] = "NAME=";
	const char *arguments[PIECES + 3] = {
	    script("count", "echo $# $(env | wc -c)")};
	const char *variables[PIECES + 2] = {"PATH=" RUN_PATH};
	struct run what = plain(arguments);
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

static void
no_habit_with_stdin_blocks_or_fails(void **state)
{
	static const char *const bodies[] = {
	    "exit 0",
	    "exec <&-; exit 0",
	    "head -c 1000000 /dev/zero; test \"$(cat)\" = 'the input'",
	    "head -c 1000000 /dev/zero >&2; test \"$(cat)\" = 'the input'",
	    "head -c 50000000 /dev/zero; test \"$(cat)\" = 'the input'",
	    "exec >&- 2>&-; test \"$(cat)\" = 'the input'",
	    "head -c 3 >/dev/null",
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct run_result *result = run_script(bodies[i]);

		wrong += case_number(bodies[i], result->end, RUN_EXIT);
		wrong += case_number(bodies[i], result->code, 0);
		free(result);
	}
	assert_int_equal(wrong, 0);
}

static void
the_last_of_both_outputs_is_kept(void **state)
{
	struct run_result *result = run_script(
	    "echo first; head -c 9000 /dev/zero | tr '\\0' x; "
	    "sleep 0.2; echo out; sleep 0.2; echo err >&2");
	struct bytes tail = tail_of(result);

	(void)state;
	assert_int_equal(tail.len, RUN_TAIL);
	assert_false(holds_text(tail, "first"));
	assert_true(bytes_is(bytes_skip(tail, RUN_TAIL - 9), "xout\nerr\n"));
	free(result);
	result = run_script("printf 'only this'");
	assert_true(bytes_is(tail_of(result), "only this"));
	free(result);
}

static void
any_byte_is_kept_and_escaped_in_the_log(void **state)
{
	unsigned char all[256];
	const char *command[] = {"/bin/cat", NULL};
	struct run what = plain(command);
	struct run_result result;
	struct buf log;

	(void)state;
	need_pidfds();
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	what.input = memfd_create("unit", MFD_CLOEXEC);
	assert_int_equal(write(what.input, all, sizeof(all)), sizeof(all));
	assert_int_equal(lseek(what.input, 0, SEEK_SET), 0);
	run(&what, &result);
	close(what.input);
	assert_int_equal(result.tail_len, sizeof(all));
	assert_memory_equal(result.tail, all, sizeof(all));
	log = read_file(in_directory("log"));
	for (size_t i = 0; i < log.len; i++)
		assert_true(log.data[i] == '\n' ||
		    ((unsigned char)log.data[i] >= 0x20 &&
		    log.data[i] != 0x7f));
	assert_int_equal(log_holds("msg=stdout"), 2);
	buf_free(&log);
}

static void
each_line_is_logged_with_hook_and_id(void **state)
{
	struct run_result *result = run_script(
	    "echo to-out; echo 'to err' >&2; printf open-end >&2");

	(void)state;
	assert_int_equal(log_holds(
	    "level=debug msg=stdout hook=peliqan id=an-id text=to-out\n"), 1);
	assert_int_equal(log_holds(
	    "level=info msg=stderr hook=peliqan id=an-id text=\"to err\"\n"),
	    1);
	assert_int_equal(log_holds(
	    "level=info msg=stderr hook=peliqan id=an-id text=open-end\n"),
	    1);
	free(result);
}

static void
a_long_line_is_logged_in_pieces_of_a_kibibyte(void **state)
{
	struct run_result *result = run_script(
	    "{ head -c 2500 /dev/zero | tr '\\0' y; echo; } >&2");
	char piece[1100] = "text=";

	(void)state;
	memset(piece + 5, 'y', 1024);
	piece[5 + 1024] = '\n';
	assert_int_equal(log_holds("msg=stderr"), 3);
	assert_int_equal(log_holds(piece), 2);
	free(result);
}

static void
the_lines_beyond_64_are_counted(void **state)
{
	struct run_result *result = run_script(
	    "i=0; while test $i -lt 100; do echo e$i >&2; i=$((i+1)); done");

	(void)state;
	assert_int_equal(log_holds("msg=stderr"), 64);
	assert_int_equal(log_holds("text=e63\n"), 1);
	assert_int_equal(log_holds("text=e64\n"), 0);
	assert_int_equal(
	    log_holds("msg=\"more output\" hook=peliqan id=an-id lines=36\n"),
	    1);
	free(result);
	result = run_script("seq 64 >&2");
	assert_int_equal(log_holds("more output"), 1);
	free(result);
}

static void
lines_that_are_not_wanted_take_no_room(void **state)
{
	struct run_result *result;

	(void)state;
	assert_int_equal(log_at(LOG_LEVEL_INFO), 0);
	result = run_script("seq 1000; echo seen >&2");
	assert_int_equal(log_holds("msg=stdout"), 0);
	assert_int_equal(log_holds("text=seen\n"), 1);
	assert_int_equal(log_holds("more output"), 0);
	free(result);
}

/* When they are over. */

static void
grandchildren_are_neither_waited_for_nor_ended(void **state)
{
	struct run_result *result = run_script("sleep 60 & echo left=$!");
	pid_t left = pid_behind(result, "left=");

	(void)state;
	assert_int_equal(result->end, RUN_EXIT);
	assert_true(result->elapsed < 30000);
	assert_true(is_alive(left));
	kill(left, SIGKILL);
	assert_true(wait_until_dead(left));
	free(result);
}

static void
a_grandchild_that_goes_on_writing_is_left(void **state)
{
	struct run_result *result = run_script("yes >&2 & sleep 0.2; exit 3");

	(void)state;
	assert_int_equal(result->end, RUN_EXIT);
	assert_int_equal(result->code, 3);
	assert_true(result->elapsed < 30000);
	free(result);
}

static void
waiting_costs_no_processor_time(void **state)
{
	struct rusage before, after;
	struct run_result *result;
	long used;

	(void)state;
	need_pidfds();
	getrusage(RUSAGE_THREAD, &before);
	result = run_script("exec >&- 2>&-; sleep 1");
	getrusage(RUSAGE_THREAD, &after);
	used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
	    after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	    (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
	    after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	assert_true(result->elapsed >= 1000);
	assert_true(used < 500000);
	free(result);
}

static struct run_result *
run_with_times(const char *body, int64_t timeout, int64_t kill_after)
{
	const char *command[] = {script("command", body), NULL};
	struct run what = plain(command);

	what.timeout = timeout;
	what.kill_after = kill_after;
	return run_it(what);
}

static void
after_its_timeout_a_command_is_told_to_end(void **state)
{
	struct run_result *result = run_with_times(
	    "trap 'echo told; exit 0' TERM; while :; do sleep 0.1; done",
	    500, LONG);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(holds_text(tail_of(result), "told"));
	assert_true(result->elapsed >= 500);
	assert_true(result->elapsed < LONG);
	assert_int_equal(result->pidfd, -1);
	free(result);
}

static void
who_ignores_that_is_killed_with_all_its_children(void **state)
{
	struct run_result *result = run_with_times(
	    "trap '' TERM; sleep 60 & echo child=$!; wait; sleep 60",
	    500, 500);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed >= 1000);
	assert_true(result->elapsed < LONG);
	assert_true(wait_until_dead(pid_behind(result, "child=")));
	assert_int_equal(kill(result->pid, 0), -1);
	free(result);
}

static void
assert_sees(const struct run_result *result, const char *line)
{
	if (!holds_text(tail_of(result), line))
		print_error("<%.*s> has no <%s>\n", (int)result->tail_len,
		    result->tail, line);
	assert_true(holds_text(tail_of(result), line));
}

static void
children_that_ignore_it_are_killed_with_their_group(void **state)
{
	struct run_result *result = run_with_times(
	    "(trap '' TERM; exec sleep 60) & echo child=$!; wait", 500, 700);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed >= 1200);
	assert_true(result->elapsed < LONG);
	assert_false(is_alive(pid_behind(result, "child=")));
	free(result);
}

/* What a child does when it is told to end counts as the command's. */
static void
the_group_has_its_time_to_end(void **state)
{
	struct run_result *result = run_with_times(
	    "(trap 'sleep 0.3; echo cleaned; exit 0' TERM; echo ready;"
	    " while :; do sleep 0.1; done) & wait", 1000, LONG);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed < LONG);
	assert_sees(result, "cleaned\n");
	free(result);
}

static void
a_command_that_left_its_group_is_ended_all_the_same(void **state)
{
	const char *command[] = {self, "regroup", NULL};
	struct run what = plain(command);
	struct run_result *result;

	(void)state;
	what.timeout = 1500;
	what.kill_after = 100;
	result = run_it(what);
	assert_true(bytes_is(tail_of(result), "regrouped\n"));
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed < LONG);
	free(result);
}

/* Stopping. */

static enum rc
raise_stop(void *context, pid_t pid)
{
	const int *stop = context;

	assert_true(is_alive(pid));
	assert_int_equal(eventfd_write(*stop, 1), 0);
	return RC_OK;
}

static void
stop_ends_a_command(void **state)
{
	const char *command[] = {
	    script("command", "trap '' TERM; sleep 60 & wait; sleep 60"),
	    NULL};
	struct run what = plain(command);
	struct run_result result;

	(void)state;
	need_pidfds();
	what.input = input_of("");
	what.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	what.stop_kill_after = 300;
	what.started = raise_stop;
	what.context = &what.stop;
	run(&what, &result);
	assert_int_equal(result.end, RUN_STOPPED);
	assert_true(result.elapsed < LONG);
	close(what.stop);
	close(what.input);
}

static void
stop_hastens_the_end_of_a_timeout(void **state)
{
	const char *command[] = {script("command",
	    "trap 'echo >\"$1\"' TERM; while :; do sleep 0.1; done"),
	    in_directory("fifo"), NULL};
	struct run what = plain(command);
	struct run_result *result;

	(void)state;
	need_pidfds();
	assert_int_equal(mkfifo(command[1], 0600), 0);
	what.stop = open(command[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	what.timeout = 500;
	what.stop_kill_after = 300;
	result = run_it(what);
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed < LONG);
	free(result);
	close(what.stop);
}

static void
stop_before_the_start_starts_nothing(void **state)
{
	const char *command[] = {
	    script("command", "touch \"$1\""), in_directory("ran"), NULL};
	struct run what = plain(command);
	struct run_result *result;

	(void)state;
	need_pidfds();
	what.stop = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	result = run_it(what);
	assert_int_equal(result->end, RUN_STOPPED);
	assert_int_equal(result->pid, -1);
	assert_int_not_equal(access(command[1], F_OK), 0);
	free(result);
	close(what.stop);
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
	const char *command[] = {self, "status", "an argument", "", NULL};
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
	assert_sees(result, "\nargument=an argument\nargument=\n"
	    "variable=PATH=" RUN_PATH "\nvariable=ONE=1\nend\n");
	free(result);
}

static void
no_descriptor_is_left_open(void **state)
{
	const char *missing[] = {in_directory("missing"), NULL};
	unsigned before = count_descriptors();

	(void)state;
	need_pidfds();
	free(run_script("echo out; echo err >&2"));
	free(run_script("sleep 0.1 & exit 1"));
	free(run_with_times("sleep 60", 100, LONG));
	free(run_it(plain(missing)));
	assert_int_equal(count_descriptors(), before);
}

static enum rc
note_pid(void *context, pid_t pid)
{
	*(pid_t *)context = is_alive(pid) ? pid : -1;
	return RC_OK;
}

/* Fails twice. */
static enum rc
count_notes(void *context, pid_t pid)
{
	unsigned *n = context;

	assert_true(pid > 1);
	return ++*n < 3 ? RC_STORE : RC_OK;
}

static void
a_start_that_is_not_noted_is_told_again(void **state)
{
	const char *command[] = {script("command", "sleep 3.5"), NULL};
	struct run what = plain(command);
	struct run_result result;
	unsigned n = 0;

	(void)state;
	need_pidfds();
	what.input = input_of("");
	what.started = count_notes;
	what.context = &n;
	run(&what, &result);
	assert_int_equal(result.end, RUN_EXIT);
	assert_int_equal(n, 3);
	close(what.input);
}

static void
the_caller_hears_of_the_start(void **state)
{
	const char *command[] = {script("command", "sleep 0.5"), NULL};
	const char *missing[] = {in_directory("missing"), NULL};
	struct run what = plain(command);
	struct run_result result;
	pid_t pid = 0;

	(void)state;
	need_pidfds();
	what.input = input_of("");
	what.started = note_pid;
	what.context = &pid;
	run(&what, &result);
	assert_true(pid > 0);
	assert_int_equal(pid, result.pid);
	pid = 0;
	what.command = missing;
	what.started = note_pid;
	what.context = &pid;
	run(&what, &result);
	assert_int_equal(pid, 0);
	close(what.input);
}

/* In processes that lack something. */

static bool
without_0_to_2(void)
{
	const char *command[] = {in_directory("command"), NULL};
	struct run what = plain(command);
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
	const char *command[] = {self, "touch", in_directory("ran"), NULL};
	struct run what = plain(command);
	unsigned started = 0, before;
	struct run_result result;

	what.input = input_of("");
	before = count_descriptors();
	for (rlim_t most = (rlim_t)what.input + 1; started == 0; most++) {
		struct rlimit limit = {most, 4096};

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

static bool
can_forbid(void)
{
	return forbid(SYS_pidfd_open, ENOSYS);
}

static bool
without_pidfd(void)
{
	const char *command[] = {self, "touch", in_directory("ran"), NULL};
	struct run what = plain(command);
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
	assert_int_equal(log_holds("Function not implemented"), 1);
}

static bool
with_sigchld_ignored(void)
{
	const char *command[] = {in_directory("command"), NULL};
	struct run what = plain(command);
	struct run_result result;

	signal(SIGCHLD, SIG_IGN);
	what.input = input_of("");
	run(&what, &result);
	NEED(result.end == RUN_UNSTARTED);
	NEED(result.code == ECHILD);
	NEED(result.pidfd == -1);
	return true;
}

static void
an_end_that_another_took_is_no_success(void **state)
{
	(void)state;
	need_pidfds();
	script("command", "sleep 0.5");
	assert_true(in_child(with_sigchld_ignored));
	assert_int_equal(log_holds("No child processes"), 1);
}

/* As another user. */

static struct run
stubborn(const char *const *command)
{
	struct run what = plain(command);

	what.timeout = 1500;
	what.kill_after = 200;
	what.input = input_of("");
	return what;
}

/* The command ends when its fifo is opened for writing. */
static bool
with_a_stuck_command(void)
{
	const char *command[] = {
	    in_directory("root"), "root", in_directory("fifo"), NULL};
	struct run what = stubborn(command);
	struct run_result result;
	unsigned before = count_descriptors();
	struct pollfd gone;
	int fifo;

	NEED(become_nobody());
	run(&what, &result);
	NEED(result.end == RUN_STUCK);
	NEED(result.elapsed >= 2700 && result.elapsed < LONG);
	NEED(bytes_is(tail_of(&result), "root\n"));
	NEED(result.pidfd >= 0);
	NEED(run_reap(&result) == RC_PENDING);
	NEED(kill(result.pid, SIGKILL) != 0 && errno == EPERM);
	fifo = open(command[2], O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	gone = (struct pollfd){result.pidfd, POLLIN, 0};
	NEED(poll(&gone, 1, PATIENCE) == 1);
	NEED(run_reap(&result) == RC_OK);
	NEED(result.pidfd == -1);
	NEED(run_reap(&result) == RC_OK);
	NEED(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	close(fifo);
	NEED(count_descriptors() == before);
	return true;
}

/* It cannot be told to end, and ends. */
static bool
with_a_deaf_command(void)
{
	const char *command[] = {in_directory("root"), "deaf", NULL};
	struct run what = stubborn(command);
	struct run_result result;

	NEED(become_nobody());
	what.kill_after = LONG;
	run(&what, &result);
	NEED(result.end == RUN_TIMEOUT);
	NEED(result.elapsed >= 2000 && result.elapsed < LONG);
	return true;
}

static void
a_command_that_cannot_be_killed_is_stuck_until_it_is_gone(void **state)
{
	(void)state;
	prepare_root_command();
	assert_int_equal(mkfifo(in_directory("fifo"), 0666), 0);
	assert_int_equal(chmod(in_directory("fifo"), 0666), 0);
	assert_true(in_child(with_a_stuck_command));
	assert_int_equal(log_holds("level=warning"), 1);
	assert_int_equal(log_holds("level=error"), 1);
	assert_int_equal(log_holds("outlives SIGKILL"), 1);
}

static void
one_that_cannot_be_told_to_end_is_waited_for(void **state)
{
	(void)state;
	prepare_root_command();
	assert_true(in_child(with_a_deaf_command));
	assert_int_equal(log_holds("level=warning"), 1);
	assert_int_equal(log_holds("level=error"), 0);
}

/* Many at once. */

enum { THREADS = 8, RUNS = 50 };

static void *
run_many(void *context)
{
	const char *const *commands = context;
	uintptr_t wrong = 0;

	for (int i = 0; i < RUNS; i++) {
		const char *command[] = {commands[i % 2], NULL};
		struct run what = plain(command);
		struct run_result result;

		what.input = memfd_create("unit", MFD_CLOEXEC);
		run(&what, &result);
		close(what.input);
		if (result.end != RUN_EXIT || result.code != i % 2 ||
		    !bytes_is(tail_of(&result), "done\n"))
			wrong++;
	}
	return (void *)wrong;
}

static void
threads_do_not_disturb_each_other(void **state)
{
	const char *commands[] = {script("good", "echo done"),
	    script("bad", "echo done >&2; exit 1")};
	unsigned before = count_descriptors();
	pthread_t threads[THREADS];
	void *wrong;

	(void)state;
	need_pidfds();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many,
		    commands), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(count_descriptors(), before);
	assert_int_equal(log_holds("text=done\n"), THREADS * RUNS);
}

/* What outlives us. */

static void
a_detached_process_stands_alone(void **state)
{
	const char *command[] = {
	    self, "detached", in_directory("detached"), NULL};
	struct buf text;
	pid_t pid = 0;
	int status;

	(void)state;
	assert_int_equal(run_detached(command, &pid), RC_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = read_file(command[2]);
	assert_string_equal(text.data, "session=own\ndirectory=/\n"
	    "0=/dev/null\n1=/dev/null\n2=/dev/null\ndescriptors= 0 1 2\n"
	    "variable=PATH=" RUN_PATH "\nend\n");
	buf_free(&text);
}

static void
what_cannot_be_detached_is_told(void **state)
{
	const char *command[] = {in_directory("missing"), NULL};
	pid_t pid = 7;

	(void)state;
	need_pidfds();
	assert_int_equal(run_detached(command, &pid), RC_UNSTARTED);
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
be_regrouped(void)
{
	signal(SIGTERM, SIG_IGN);
	if (setpgid(0, getpgid(getppid())) != 0)
		return 1;
	dprintf(1, "regrouped\n");
	sleep(60);
	return 0;
}

static int
be_deaf(void)
{
	if (setresuid(0, 0, 0) != 0)
		return 1;
	poll(NULL, 0, 2000);
	return 0;
}

static int
be_command(int argc, char **argv)
{
	if (strcmp(argv[1], "status") == 0)
		return be_status(argc, argv);
	if (strcmp(argv[1], "detached") == 0)
		return be_detached(argv[2]);
	if (strcmp(argv[1], "regroup") == 0)
		return be_regrouped();
	if (strcmp(argv[1], "root") == 0)
		return be_root(argc, argv);
	if (strcmp(argv[1], "deaf") == 0)
		return be_deaf();
	if (strcmp(argv[1], "touch") == 0)
		return creat(argv[2], 0600) >= 0 ? 0 : 1;
	return 64;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_directory, \
	    remove_directory)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_exit_status_is_told),
	    TEST(a_signal_is_told),
	    TEST(every_other_end_has_its_outcome),
	    TEST(what_cannot_be_started_is_told_with_its_errno),
	    TEST(arguments_and_environment_may_be_large),
	    TEST(the_input_is_descriptor_0),
	    TEST(no_habit_with_stdin_blocks_or_fails),
	    TEST(the_last_of_both_outputs_is_kept),
	    TEST(any_byte_is_kept_and_escaped_in_the_log),
	    TEST(each_line_is_logged_with_hook_and_id),
	    TEST(a_long_line_is_logged_in_pieces_of_a_kibibyte),
	    TEST(the_lines_beyond_64_are_counted),
	    TEST(lines_that_are_not_wanted_take_no_room),
	    TEST(grandchildren_are_neither_waited_for_nor_ended),
	    TEST(a_grandchild_that_goes_on_writing_is_left),
	    TEST(waiting_costs_no_processor_time),
	    TEST(after_its_timeout_a_command_is_told_to_end),
	    TEST(who_ignores_that_is_killed_with_all_its_children),
	    TEST(children_that_ignore_it_are_killed_with_their_group),
	    TEST(the_group_has_its_time_to_end),
	    TEST(a_command_that_left_its_group_is_ended_all_the_same),
	    TEST(stop_ends_a_command),
	    TEST(stop_hastens_the_end_of_a_timeout),
	    TEST(stop_before_the_start_starts_nothing),
	    TEST(a_command_sees_a_clean_process),
	    TEST(no_descriptor_is_left_open),
	    TEST(a_start_that_is_not_noted_is_told_again),
	    TEST(the_caller_hears_of_the_start),
	    TEST(it_works_where_0_to_2_are_closed),
	    TEST(short_of_descriptors_it_starts_nothing_and_leaks_nothing),
	    TEST(without_pidfds_it_starts_nothing),
	    TEST(an_end_that_another_took_is_no_success),
	    TEST(a_command_that_cannot_be_killed_is_stuck_until_it_is_gone),
	    TEST(one_that_cannot_be_told_to_end_is_waited_for),
	    TEST(threads_do_not_disturb_each_other),
	    TEST(a_detached_process_stands_alone),
	    TEST(what_cannot_be_detached_is_told),
	};

	if (argc > 1)
		return be_command(argc, argv);
	if (!find_self())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
