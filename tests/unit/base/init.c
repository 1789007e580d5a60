/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit.h"

#include "base/init.h"

/*
 * The first process of a namespace needs one of its own: that takes a child
 * that makes it and a grandchild that is it.  The status of the child is the
 * grandchild's, and SKIPPED where there can be no namespace.
 */
enum {
	SKIPPED = 99,
	ZOMBIES = 20,
	PATIENCE = 10 * 1000, /* milliseconds */
};

static int
begin_and(int (*work)(void))
{
	struct init init;

	if (init_begin(&init) != RC_OK)
		return 90;
	if (init.over)
		return init.status;
	return init.served && getpid() != 1 ? work() : 91;
}

/* first: what the first process does; else it begins, and work is done. */
static int
as_first(int (*first)(void), int (*work)(void))
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) != 0)
		return SKIPPED;
	pid = fork();
	if (pid == 0)
		_exit(first != NULL ? first() : begin_and(work));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 92;
	return WEXITSTATUS(status);
}

static void
expect(int (*first)(void), int (*work)(void), int expected)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(as_first(first, work));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void
expect_status(int (*work)(void), int expected)
{
	expect(NULL, work, expected);
}

static int
end_with_7(void)
{
	return 7;
}

static void
the_status_is_passed(void **state)
{
	(void)state;
	expect_status(end_with_7, 7);
}

static int
ignoring_ends(void)
{
	signal(SIGCHLD, SIG_IGN);
	return begin_and(end_with_7);
}

static void
the_status_is_passed_where_ends_were_ignored(void **state)
{
	(void)state;
	expect(ignoring_ends, NULL, 7);
}

static int
end_by_kill(void)
{
	raise(SIGKILL);
	return 1;
}

static void
a_death_is_told_as_shells_do(void **state)
{
	(void)state;
	expect_status(end_by_kill, 128 + SIGKILL);
}

/* A child that ends at once, and leaves one that ends a little later: its
 * number. */
static pid_t
leave_one(void)
{
	int numbers[2];
	pid_t left = -1;
	pid_t pid;

	if (pipe(numbers) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		left = fork();
		if (left == 0)
			_exit(0);
		_exit(write(numbers[1], &left, sizeof(left)) != sizeof(left));
	}
	close(numbers[1]);
	if (read(numbers[0], &left, sizeof(left)) != sizeof(left))
		left = -1;
	close(numbers[0]);
	waitpid(pid, NULL, 0);
	return left;
}

/* A zombie can still be signalled. */
static int
leave_many(void)
{
	for (int i = 0; i < ZOMBIES; i++) {
		pid_t left = leave_one();
		int waited = 0;

		if (left < 0)
			return 1;
		while (kill(left, 0) == 0 && waited++ < PATIENCE)
			poll(NULL, 0, 1);
		if (errno != ESRCH || waited >= PATIENCE)
			return 2;
	}
	return 0;
}

static void
what_is_left_behind_is_reaped(void **state)
{
	(void)state;
	expect_status(leave_many, 0);
}

/* The first process hears it and is not ended; this one is told. */
static int
hear(int number)
{
	struct timespec patience = { .tv_sec = PATIENCE / 1000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (kill(1, number) != 0)
		return 1;
	return sigtimedwait(&set, NULL, &patience) == number ? 0 : 2;
}

static int
hear_all(void)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (hear(numbers[i]) != 0)
			return (int)i + 1;
	return 0;
}

static void
signals_are_passed_on(void **state)
{
	(void)state;
	expect_status(hear_all, 0);
}

static int
read_listen_pid(void)
{
	const char *pid = getenv("LISTEN_PID");

	return pid != NULL && strtol(pid, NULL, 10) == getpid() ? 0 : 1;
}

static void
a_socket_is_passed_on(void **state)
{
	(void)state;
	setenv("LISTEN_PID", "1", 1);
	expect_status(read_listen_pid, 0);
	unsetenv("LISTEN_PID");
}

static int
give_up_what_is_left(void)
{
	struct init init;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
	    init_begin(&init) != RC_OK || leave_one() < 0)
		return 1;
	return waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 2;
}

static void
a_subreaper_is_none_any_more(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(give_up_what_is_left());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
any_other_process_goes_on_alone(void **state)
{
	struct init init = { .served = true, .over = true };

	(void)state;
	assert_int_equal(init_begin(&init), RC_OK);
	assert_false(init.served);
	assert_false(init.over);
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_other_process_goes_on_alone),
		cmocka_unit_test(a_subreaper_is_none_any_more),
		cmocka_unit_test(the_status_is_passed),
		cmocka_unit_test(the_status_is_passed_where_ends_were_ignored),
		cmocka_unit_test(a_death_is_told_as_shells_do),
		cmocka_unit_test(what_is_left_behind_is_reaped),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(a_socket_is_passed_on),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
