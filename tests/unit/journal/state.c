/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/sql.h"

static void
states_have_names(void **state)
{
	enum journal_state found;

	(void)state;
	for (int i = JOURNAL_QUEUED; i <= JOURNAL_DROPPED; i++) {
		assert_int_equal(journal_state_find(journal_state_name(
							(enum journal_state)i),
				     &found),
		    RC_OK);
		assert_int_equal(found, i);
	}
	assert_int_equal(journal_state_find("Done", &found), RC_SYNTAX);
}

/* Statements are texts, and so have the numbers once more. */
static void
statements_number_the_states_alike(void **state)
{
	static const struct {
		const char *number;
		enum journal_state state;
	} table[] = { { SQL_QUEUED, JOURNAL_QUEUED },
		{ SQL_RUNNING, JOURNAL_RUNNING }, { SQL_DONE, JOURNAL_DONE },
		{ SQL_DEAD, JOURNAL_DEAD }, { SQL_DROPPED, JOURNAL_DROPPED } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(strtol(table[i].number, NULL, 10),
		    table[i].state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(states_have_names),
		TEST(statements_number_the_states_alike),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
