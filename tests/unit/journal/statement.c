/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/statement.h"

static const char *
text_of(struct journal *journal, const char *text, struct journal_values values)
{
	static char copy[64];
	struct journal_reader reader = {
		.journal = journal,
		.row = journal_query(journal, text, values),
	};

	assert_true(journal_next(journal, reader.row));
	journal_text_into(&reader, 0, JOURNAL_TEXT_NOTE, copy);
	journal_end_query(reader.row);
	return copy;
}

/* Whatever type of number it is in C. */
static void
values_are_bound_in_their_order_and_type(void **state)
{
	static const char types[] =
	    "SELECT typeof(?1) || ' ' || typeof(?2)"
	    " || ' ' || typeof(?3) || ' ' || typeof(?4)";
	static const char sum[] = "SELECT 1000 * ?1 + 100 * ?2 + 10 * ?3 +"
				  " ?4";
	struct journal *journal = open_lane();
	unsigned char small = 2;
	int negative = -3;
	bool yes = true;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_number(journal, 0, sum,
			     BIND(INT(small), INT(negative), INT(yes),
				 INT(INT64_C(1) << 40))),
	    1710 + (INT64_C(1) << 40));
	assert_string_equal(text_of(journal, types,
				BIND(INT(negative), TEXT("a"), BYTES(LIT("a")),
				    BYTES(LIT("")))),
	    "integer text blob null");
	assert_string_equal(text_of(journal, types,
				BIND(TEXT(""), TEXT(NULL), INT(0), INT(0))),
	    "text null integer integer");
	/* What was bound before is not there any more. */
	assert_string_equal(text_of(journal, types, BIND(TEXT(""))),
	    "text null null null");
	journal_close(journal);
}

static void
the_first_error_ends_all_that_follows(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	journal_fail(journal, JOURNAL_FINE);
	assert_false(journal_failed(journal));
	journal_fail(journal, JOURNAL_FAILED_MEMORY);
	journal_fail(journal, JOURNAL_FAILED_LOCK);
	assert_true(journal_failed(journal));
	assert_int_equal(journal_meaning(journal->failure), RC_MEMORY);
	assert_null(journal_query(journal, "SELECT 1", NO_VALUES));
	assert_false(journal_next(journal, NULL));
	assert_int_equal(journal_change_rows(journal,
			     "INSERT INTO notes(name, number) VALUES('a', 1)",
			     NO_VALUES),
	    0);
	assert_int_equal(journal_number(journal, 7, "SELECT 1", NO_VALUES), 7);
	journal_close(journal);
	journal = open_lane();
	assert_int_equal(journal_number(journal, -1,
			     "SELECT count(*) FROM notes WHERE name = 'a'",
			     NO_VALUES),
	    0);
	journal_close(journal);
}

static void
no_memory_is_a_failure(void **state)
{
	struct journal *journal = open_lane();
	char byte;

	(void)state;
	assert_ptr_equal(journal_need(journal, &byte), &byte);
	assert_false(journal_failed(journal));
	assert_null(journal_need(journal, NULL));
	assert_int_equal(journal_meaning(journal->failure), RC_MEMORY);
	/* And what there is some for later does not make up for it. */
	assert_ptr_equal(journal_need(journal, &byte), &byte);
	assert_true(journal_failed(journal));
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_bound_in_their_order_and_type),
		TEST(the_first_error_ends_all_that_follows),
		TEST(no_memory_is_a_failure),
	};

	return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
