/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <pthread.h>
#include <spawn.h>

#include "../commands.h"

#include "base/descriptors.h"

/*
 * What is raised stays raised, so each test has a process of its own.  The
 * limits here fit into the exit status of a child that tells its own.
 */
enum {
	OLD = 200,
	RAISED = 220,
	HARD = 240,
	OWN = 100, /* what a child sets itself */
	THREADS = 8,
	ROUNDS = 6,
};

static bool
set_limits(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool
can_set_limits(void)
{
	return set_limits(OLD, HARD);
}

static void
need_limits(void)
{
	if (!in_child(can_set_limits)) {
		print_message("skipped: the hard limit cannot be lowered, as "
			      "under valgrind\n");
		skip();
	}
}

static rlim_t
soft_limit(void)
{
	struct rlimit limit = { 0, 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

static bool
raise_it(void)
{
	NEED(set_limits(OLD, HARD));
	descriptors_raise(RAISED);
	NEED(soft_limit() == RAISED);
	return true;
}

/* This program once more, as it is called in be_child. */
static pid_t
start_child(const char *what)
{
	char *const argv[] = { self, (char *)(uintptr_t)what, NULL };
	pid_t pid;

	return posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0 ? pid :
									 -1;
}

static int
status_of(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* The raised limit. */

static bool
raised_limits(void)
{
	struct rlimit limit;

	NEED(set_limits(OLD, HARD));
	NEED(descriptors_limit() == OLD);
	descriptors_raise(RAISED);
	NEED(descriptors_limit() == RAISED);
	NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	NEED(limit.rlim_cur == RAISED && limit.rlim_max == HARD);
	NEED(dup2(2, RAISED - 1) == RAISED - 1);
	return true;
}

static bool
raised_to_the_hard_limit(void)
{
	NEED(set_limits(OLD, HARD));
	descriptors_raise(100000);
	NEED(descriptors_limit() == HARD && soft_limit() == HARD);
	return true;
}

static void
the_soft_limit_is_raised_to_the_hard_one_or_the_most(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(raised_limits));
	assert_true(in_child(raised_to_the_hard_limit));
}

static bool
not_raised(void)
{
	pid_t pid;

	NEED(set_limits(OLD, OLD));
	descriptors_raise(RAISED);
	NEED(descriptors_limit() == OLD);
	NEED(!descriptors_lower(2));
	pid = start_child("told");
	NEED(set_limits(OWN, OLD));
	descriptors_restore(false, pid);
	NEED(soft_limit() == OWN && descriptors_limit() == OWN);
	NEED(status_of(pid) == OLD);
	return true;
}

static bool
not_lowered_by_raising(void)
{
	NEED(set_limits(OLD, HARD));
	descriptors_raise(OWN);
	NEED(descriptors_limit() == OLD && soft_limit() == OLD);
	return true;
}

static void
what_is_not_raised_is_left_alone(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(not_raised));
	assert_true(in_child(not_lowered_by_raising));
}

/* What children get. */

/* It is told of no child, which has to have been born so. */
static bool
born_with_it(void)
{
	pid_t pid;

	NEED(raise_it());
	NEED(descriptors_lower(2));
	NEED(soft_limit() == OLD && descriptors_limit() == RAISED);
	pid = start_child("told");
	descriptors_restore(true, -1);
	NEED(soft_limit() == RAISED);
	NEED(status_of(pid) == OLD);
	return true;
}

static void
a_child_is_born_with_the_old_limit(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(born_with_it));
}

static bool
gets_it_later(int open)
{
	pid_t pid;

	NEED(raise_it());
	NEED(dup2(2, open) == open);
	NEED(!descriptors_lower(2));
	NEED(soft_limit() == RAISED);
	pid = start_child("waits");
	NEED(pid > 0);
	descriptors_restore(false, pid);
	NEED(soft_limit() == RAISED);
	NEED(status_of(pid) == OLD);
	return true;
}

static bool
beside_the_last(void)
{
	return gets_it_later(OLD - 1);
}

static bool
beside_one_of_64(void)
{
	return gets_it_later(OLD - 64);
}

static bool
beside_one_below_them(void)
{
	NEED(raise_it());
	NEED(dup2(2, OLD - 65) == OLD - 65);
	NEED(descriptors_lower(2));
	descriptors_restore(true, -1);
	return true;
}

static void
with_many_open_it_gets_it_after_its_start(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(beside_the_last));
	assert_true(in_child(beside_one_of_64));
	assert_true(in_child(beside_one_below_them));
}

/* The second start needs the raised limit, and has it at once. */
static bool
two_starts(void)
{
	pid_t pid;

	NEED(raise_it());
	NEED(descriptors_lower(2));
	NEED(!descriptors_lower(OLD));
	NEED(soft_limit() == RAISED);
	pid = start_child("waits");
	descriptors_restore(true, pid);
	NEED(soft_limit() == RAISED);
	NEED(status_of(pid) == OLD);
	NEED(descriptors_lower(2));
	NEED(soft_limit() == RAISED);
	descriptors_restore(false, -1);
	NEED(soft_limit() == OLD);
	descriptors_restore(true, -1);
	NEED(soft_limit() == RAISED);
	return true;
}

static void
a_descriptor_beyond_the_old_limit_is_handed_on(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(two_starts));
}

static bool
its_own_limit(void)
{
	struct rlimit limit = { 0, 0 };
	int done[2];
	char c;
	pid_t pid;

	NEED(raise_it());
	NEED(pipe(done) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (set_limits(OWN, HARD) && write(done[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(done[1]);
	NEED(read(done[0], &c, 1) == 1);
	NEED(!descriptors_lower(OLD));
	descriptors_restore(false, pid);
	NEED(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0);
	NEED(limit.rlim_cur == OWN && limit.rlim_max == HARD);
	NEED(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	return true;
}

static void
what_a_child_set_itself_stays(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(its_own_limit));
}

/* Every other one as if it handed on what is beyond the old limit. */
static void *
start_some(void *context)
{
	const unsigned *number = context;
	unsigned wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		int highest = (*number + i) % 2 == 0 ? 2 : OLD;
		bool lowered = descriptors_lower(highest);
		pid_t pid = start_child("waits");

		descriptors_restore(lowered, pid);
		wrong += lowered != (highest == 2);
		wrong += status_of(pid) != OLD;
	}
	return (void *)(uintptr_t)wrong;
}

static bool
many_threads(void)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	void *wrong;

	NEED(raise_it());
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		NEED(pthread_create(&threads[i], NULL, start_some,
			 &numbers[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		NEED(pthread_join(threads[i], &wrong) == 0);
		NEED(wrong == NULL);
	}
	NEED(soft_limit() == RAISED);
	return true;
}

static void
threads_start_children_at_once(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(many_threads));
}

static bool
lower_hard_limit(void)
{
	NEED(raise_it());
	NEED(descriptors_lower(2));
	NEED(set_limits(OLD, OLD + 1));
	descriptors_restore(true, -1);
	NEED(soft_limit() == OLD + 1);
	return true;
}

static void
a_hard_limit_that_was_lowered_meanwhile_is_kept_to(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(lower_hard_limit));
}

/* This program as a child: its status is its limit, at once or when it has
 * the old one. */
static int
be_child(const char *what)
{
	int64_t deadline = clock_steady() + PATIENCE;

	if (strcmp(what, "waits") == 0)
		while (soft_limit() != OLD && clock_left(deadline) > 0)
			poll(NULL, 0, 1);
	return (int)soft_limit();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_soft_limit_is_raised_to_the_hard_one_or_the_most),
		cmocka_unit_test(what_is_not_raised_is_left_alone),
		cmocka_unit_test(a_child_is_born_with_the_old_limit),
		cmocka_unit_test(with_many_open_it_gets_it_after_its_start),
		cmocka_unit_test(
		    a_descriptor_beyond_the_old_limit_is_handed_on),
		cmocka_unit_test(what_a_child_set_itself_stays),
		cmocka_unit_test(threads_start_children_at_once),
		cmocka_unit_test(
		    a_hard_limit_that_was_lowered_meanwhile_is_kept_to),
	};

	if (argc > 1)
		return be_child(argv[1]);
	if (!find_self())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
