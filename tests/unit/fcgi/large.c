/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "../../../fcgi/client.h"
#include "../../../fcgi/large.h"

static void
so_many_begin_and_the_others_in_their_order(void **state)
{
	struct client clients[5] = { 0 };
	struct large *large = NULL;

	(void)state;
	assert_int_equal(large_open(2, &large), RC_OK);
	assert_true(large_enter(large, &clients[0]));
	assert_true(large_enter(large, &clients[1]));
	for (int i = 2; i < 5; i++)
		assert_false(large_enter(large, &clients[i]));
	for (int i = 2; i < 5; i++)
		assert_ptr_equal(large_next(large), &clients[i]);
	assert_null(large_next(large));
	assert_true(large_enter(large, &clients[2]));
	assert_false(large_enter(large, &clients[3]));
	assert_ptr_equal(large_next(large), &clients[3]);
	assert_null(large_next(large));
	assert_null(large_next(large));
	assert_true(large_enter(large, &clients[4]));
	assert_null(large_next(large));
	large_close(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_begin_and_the_others_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
