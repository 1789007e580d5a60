/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/account.h"
#include "base/pool.h"

enum { NOBODYS = 1999999999 };

static void
an_account_is_that_of_the_entry(void **state)
{
	struct pool pool = { 0 };
	struct account account;

	(void)state;
	assert_int_equal(account_find(0, &pool, &account), RC_OK);
	assert_string_equal(account.name, "root");
	assert_string_equal(account.home, "/root");
	pool_free(&pool);
}

static void
without_an_entry_it_is_the_number(void **state)
{
	struct pool pool = { 0 };
	struct account account;

	(void)state;
	assert_int_equal(account_find(NOBODYS, &pool, &account), RC_MISSING);
	assert_string_equal(account.name, "1999999999");
	assert_string_equal(account.home, "/");
	pool_free(&pool);
}

static void
names_are_for_people(void **state)
{
	char name[ACCOUNT_NAME_SIZE];

	(void)state;
	account_user(0, name);
	assert_string_equal(name, "root");
	account_user(NOBODYS, name);
	assert_string_equal(name, "1999999999");
	account_group(0, name);
	assert_string_equal(name, "root");
	account_group(NOBODYS, name);
	assert_string_equal(name, "1999999999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_is_that_of_the_entry),
		cmocka_unit_test(without_an_entry_it_is_the_number),
		cmocka_unit_test(names_are_for_people),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
