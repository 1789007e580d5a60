/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../unit.h"

#include "base/descriptors.h"
#include "command/discard.h"

#include "../../../fcgi/shares.h"

static void
set_limit(rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(descriptors_limit(), files);
}

static const struct {
	unsigned threads;
	bool queue;
} cases[] = { { 1, false }, { 1, true }, { 2, false }, { 16, true },
	{ 16, false }, { 90, true } };

/* What each part may take at once, and the process's own, are never more. */
static void
all_shares_together_are_at_most_the_limit(void **state)
{
	static const size_t more[] = { 0, 1, 5, 12, 13, 100, 150 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t j = 0; j < COUNT(more); j++) {
			unsigned threads = cases[i].threads;
			size_t limit = shares_needed(threads, cases[i].queue) +
			    more[j];
			struct shares shares;

			set_limit(limit);
			shares = shares_make(threads, cases[i].queue);
			/* A connection once more, and its command. */
			wrong += case_true("shares", "at most the limit",
			    shares.connections + threads +
				    (threads + shares.commands) *
					DESCRIPTORS_COMMAND +
				    32 + discard_descriptors(limit) <=
				limit);
			wrong += case_true("shares", "enough connections",
			    shares.connections > threads);
			wrong += case_number("a queue runs",
			    shares.commands > 0, cases[i].queue);
		}
	assert_int_equal(wrong, 0);
}

static void
a_lower_limit_leaves_something_to_each(void **state)
{
	struct shares shares;

	(void)state;
	set_limit(20);
	shares = shares_make(16, true);
	assert_int_equal(shares.commands, 1);
	assert_true(shares.connections > 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shares_together_are_at_most_the_limit),
		cmocka_unit_test(a_lower_limit_leaves_something_to_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
