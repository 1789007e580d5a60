/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../commands.h"

#include "base/descriptors.h"

/* What is raised stays raised, so each test has a process of its own. */
enum {
	OLD = 200,
	RAISED = 220,
	HARD = 240,
	OWN = 100,
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
	NEED(set_limits(OLD, OLD));
	descriptors_raise(RAISED);
	NEED(descriptors_limit() == OLD);
	NEED(set_limits(OWN, OLD));
	descriptors_restore();
	return soft_limit() == OWN && descriptors_limit() == OWN;
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

/* What a child gets. */

static bool
restored(void)
{
	NEED(raise_it());
	NEED(dup2(2, OLD) == OLD);
	descriptors_restore();
	NEED(soft_limit() == OLD && descriptors_limit() == RAISED);
	return fcntl(OLD, F_GETFD) >= 0;
}

static void
the_old_limit_is_restored(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(restored));
}

static bool
lower_hard_limit(void)
{
	NEED(raise_it());
	NEED(set_limits(OWN, OLD - 1));
	descriptors_restore();
	return soft_limit() == OLD - 1;
}

static void
a_hard_limit_that_was_lowered_meanwhile_is_kept_to(void **state)
{
	(void)state;
	need_limits();
	assert_true(in_child(lower_hard_limit));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_soft_limit_is_raised_to_the_hard_one_or_the_most),
		cmocka_unit_test(what_is_not_raised_is_left_alone),
		cmocka_unit_test(the_old_limit_is_restored),
		cmocka_unit_test(
		    a_hard_limit_that_was_lowered_meanwhile_is_kept_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
