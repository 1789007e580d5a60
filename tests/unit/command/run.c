/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <pthread.h>

#include "../running.h"

#include "base/bytes.h"
#include "command/run.h"

/* The number after a word in the output. */
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
		enum outcome outcome;
	} cases[] = {
		{ "exit 0", 0, OUTCOME_DELIVERED },
		{ "exit 75", 75, OUTCOME_TEMPORARY },
		{ "exit 65", 65, OUTCOME_REJECTED },
		{ "exit 1", 1, OUTCOME_FAILED },
		{ "exit 255", 255, OUTCOME_FAILED },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].body;
		struct run_result *result = run_script(name);

		wrong += case_number(name, result->end, RUN_EXIT);
		wrong += case_number(name, result->code, cases[i].code);
		wrong += case_number(name, run_outcome(result),
		    cases[i].outcome);
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
	assert_int_equal(run_outcome(result), OUTCOME_FAILED);
	free(result);
}

static void
every_other_end_has_its_outcome(void **state)
{
	struct run_result result = { .end = RUN_TIMEOUT };

	(void)state;
	assert_int_equal(run_outcome(&result), OUTCOME_TIMEOUT);
	result.end = RUN_STUCK;
	assert_int_equal(run_outcome(&result), OUTCOME_TIMEOUT);
	result.end = RUN_STOPPED;
	assert_int_equal(run_outcome(&result), OUTCOME_STOPPED);
	result.end = RUN_UNSTARTED;
	assert_int_equal(run_outcome(&result), OUTCOME_UNSTARTED);
}

static void
what_keeps_a_command_from_starting_may_pass(void **state)
{
	static const struct {
		int error;
		enum outcome outcome;
	} cases[] = { { ETXTBSY, OUTCOME_BUSY }, { EAGAIN, OUTCOME_BUSY },
		{ ENOMEM, OUTCOME_BUSY }, { EMFILE, OUTCOME_BUSY },
		{ ENFILE, OUTCOME_BUSY }, { ENOSPC, OUTCOME_BUSY },
		{ ENOENT, OUTCOME_UNSTARTED }, { EACCES, OUTCOME_UNSTARTED },
		{ ENOEXEC, OUTCOME_UNSTARTED }, { ENOSYS, OUTCOME_UNSTARTED },
		{ ECHILD, OUTCOME_UNSTARTED } };
	struct run_result result = { .end = RUN_UNSTARTED };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		result.code = cases[i].error;
		wrong += case_number(strerror(cases[i].error),
		    run_outcome(&result), cases[i].outcome);
	}
	assert_int_equal(wrong, 0);
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
	const char *command[] = { script("command", body), NULL };
	struct command what = plain(command);

	what.timeout = timeout;
	what.kill_after = kill_after;
	return run_it(what);
}

static void
after_its_timeout_a_command_is_told_to_end(void **state)
{
	struct run_result *result = run_with_times(
	    "trap 'echo told; exit 0' TERM; while :; do sleep 0.1; done", 500,
	    LONG);

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
	    "trap '' TERM; sleep 60 & echo child=$!; wait; sleep 60", 500, 500);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed >= 1000);
	assert_true(result->elapsed < LONG);
	assert_true(wait_until_dead(pid_behind(result, "child=")));
	assert_int_equal(kill(result->pid, 0), -1);
	free(result);
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
	    " while :; do sleep 0.1; done) & wait",
	    1000, LONG);

	(void)state;
	assert_int_equal(result->end, RUN_TIMEOUT);
	assert_true(result->elapsed < LONG);
	assert_sees(result, "cleaned\n");
	free(result);
}

static void
a_command_that_left_its_group_is_ended_all_the_same(void **state)
{
	const char *command[] = { self, "regroup", NULL };
	struct command what = plain(command);
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
		NULL,
	};
	struct command what = plain(command);
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
stop_may_leave_less_than_kill_after(void **state)
{
	const char *command[] = {
		script("command", "trap '' TERM; sleep 60 & wait; sleep 60"),
		NULL,
	};
	const atomic_llong within = 300;
	struct command what = plain(command);
	struct run_result result;

	(void)state;
	need_pidfds();
	what.input = input_of("");
	what.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	what.stop_kill_after = 10 * (int64_t)LONG;
	what.stop_kill_within = &within;
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
	const char *command[] = {
		script("command",
		    "trap 'echo >\"$1\"' TERM; while :; do sleep 0.1; done"),
		scratch_path("fifo"),
		NULL,
	};
	struct command what = plain(command);
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
	const char *command[] = { script("command", "touch \"$1\""),
		scratch_path("ran"), NULL };
	struct command what = plain(command);
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

static void
no_descriptor_is_left_open(void **state)
{
	const char *missing[] = { scratch_path("missing"), NULL };
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
	const char *command[] = { script("command", "sleep 3.5"), NULL };
	struct command what = plain(command);
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
	const char *command[] = { script("command", "sleep 0.5"), NULL };
	const char *missing[] = { scratch_path("missing"), NULL };
	struct command what = plain(command);
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
	what.argv = missing;
	what.started = note_pid;
	what.context = &pid;
	run(&what, &result);
	assert_int_equal(pid, 0);
	close(what.input);
}

/* In processes that lack something. */

static bool
with_sigchld_ignored(void)
{
	const char *command[] = { scratch_path("command"), NULL };
	struct command what = plain(command);
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

static struct command
stubborn(const char *const *command)
{
	struct command what = plain(command);

	what.timeout = 1500;
	what.kill_after = 200;
	what.input = input_of("");
	return what;
}

/* The command ends when its fifo is opened for writing. */
static bool
with_a_stuck_command(void)
{
	const char *command[] = { scratch_path("root"), "root",
		scratch_path("fifo"), NULL };
	struct command what = stubborn(command);
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
	gone = (struct pollfd){ result.pidfd, POLLIN, 0 };
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
	const char *command[] = { scratch_path("root"), "deaf", NULL };
	struct command what = stubborn(command);
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
	assert_int_equal(mkfifo(scratch_path("fifo"), 0666), 0);
	assert_int_equal(chmod(scratch_path("fifo"), 0666), 0);
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
		const char *command[] = { commands[i % 2], NULL };
		struct command what = plain(command);
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
	const char *commands[] = { script("good", "echo done"),
		script("bad", "echo done >&2; exit 1") };
	unsigned before = count_descriptors();
	pthread_t threads[THREADS];
	void *wrong;

	(void)state;
	need_pidfds();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many,
				     commands),
		    0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(count_descriptors(), before);
	assert_int_equal(log_holds("text=done\n"), THREADS * RUNS);
}

/* This program as a command. */

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
	if (strcmp(argv[1], "regroup") == 0)
		return be_regrouped();
	if (strcmp(argv[1], "root") == 0)
		return be_root(argc, argv);
	if (strcmp(argv[1], "deaf") == 0)
		return be_deaf();
	return 64;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_exit_status_is_told),
		TEST(a_signal_is_told),
		TEST(every_other_end_has_its_outcome),
		TEST(what_keeps_a_command_from_starting_may_pass),
		TEST(grandchildren_are_neither_waited_for_nor_ended),
		TEST(waiting_costs_no_processor_time),
		TEST(after_its_timeout_a_command_is_told_to_end),
		TEST(who_ignores_that_is_killed_with_all_its_children),
		TEST(children_that_ignore_it_are_killed_with_their_group),
		TEST(the_group_has_its_time_to_end),
		TEST(a_command_that_left_its_group_is_ended_all_the_same),
		TEST(stop_ends_a_command),
		TEST(stop_may_leave_less_than_kill_after),
		TEST(stop_hastens_the_end_of_a_timeout),
		TEST(stop_before_the_start_starts_nothing),
		TEST(no_descriptor_is_left_open),
		TEST(a_start_that_is_not_noted_is_told_again),
		TEST(the_caller_hears_of_the_start),
		TEST(an_end_that_another_took_is_no_success),
		TEST(a_command_that_cannot_be_killed_is_stuck_until_it_is_gone),
		TEST(one_that_cannot_be_told_to_end_is_waited_for),
		TEST(threads_do_not_disturb_each_other),
	};

	if (argc > 1)
		return be_command(argc, argv);
	if (!find_self())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
