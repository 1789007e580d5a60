/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/descriptors.h"
#include "command/discard.h"
#include "queue/dispatch.h"

#include "../../../fcgi/shares.h"

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

			shares = shares_make(limit, threads, cases[i].queue);
			/* Workers, one or two more, have two files. */
			wrong += case_true("shares", "at most the limit",
			    shares.connections +
				    2 * (threads + (cases[i].queue ? 2 : 1)) +
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
	struct shares shares = shares_make(20, 16, true);

	(void)state;
	assert_int_equal(shares.commands, 1);
	assert_true(shares.connections > 16);
}

/* Of twice as many nothing more is made. */
static void
beyond_the_most_there_is_no_more(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned threads = cases[i].threads;
		size_t most = shares_most(threads);
		struct shares shares, twice;

		shares = shares_make(most, threads, cases[i].queue);
		wrong += case_number("connections",
		    (long long)shares.connections, 65536);
		wrong += case_number("commands", (long long)shares.commands,
		    cases[i].queue ? DISPATCH_MAX : 0);
		twice = shares_make(2 * most, threads, cases[i].queue);
		wrong += case_true("shares", "the same",
		    twice.connections == shares.connections &&
			twice.commands == shares.commands);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shares_together_are_at_most_the_limit),
		cmocka_unit_test(a_lower_limit_leaves_something_to_each),
		cmocka_unit_test(beyond_the_most_there_is_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
