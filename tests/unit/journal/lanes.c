/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/lanes.h"

struct asking {
	const char *hook;
	const char *key;
	int64_t id;
	enum rc rc; /* what it comes to */
};

static enum rc
find(struct journal *journal, void *arguments)
{
	struct asking *asking = arguments;

	asking->id = journal_lane_find(journal, asking->hook, asking->key);
	return RC_OK;
}

static enum rc
make(struct journal *journal, void *arguments)
{
	struct asking *asking = arguments;

	asking->id = journal_lane_make(journal, asking->hook, asking->key);
	if (asking->rc != RC_OK)
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
	return RC_OK;
}

static int64_t
found(struct journal *journal, const char *hook, const char *key)
{
	struct asking asking = { hook, key, -1, RC_OK };

	assert_int_equal(journal_read(journal, find, &asking), RC_OK);
	return asking.id;
}

static int64_t
made(struct journal *journal, const char *hook, const char *key)
{
	struct asking asking = { hook, key, -1, RC_OK };

	assert_int_equal(journal_write(journal, make, &asking), RC_OK);
	return asking.id;
}

static void
a_lane_has_one_number_for_all(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	char key[16];

	(void)state;
	assert_int_equal(found(journal, "h", "a"), 0);
	assert_int_equal(made(journal, "h", "a"), 1);
	assert_int_equal(made(other, "h", "a"), 1);
	assert_int_equal(made(other, "i", "a"), 2);
	assert_int_equal(found(journal, "i", "a"), 2);
	assert_int_equal(made(journal, "h", ""), 3);
	/* More than are known without a look. */
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(made(i % 2 == 0 ? journal : other, "h", key),
		    i + 4);
	}
	for (int i = 299; i >= 0; i--) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(found(journal, "h", key), i + 4);
	}
	journal_close(other);
	journal_close(journal);
}

static void
a_number_that_was_undone_is_forgotten(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();
	struct asking asking = { "h", "a", -1, RC_MEMORY };
	int64_t other_lane;

	(void)state;
	assert_int_equal(journal_write(journal, make, &asking), RC_MEMORY);
	assert_int_equal(asking.id, 1);
	other_lane = made(other, "h", "b");
	assert_int_equal(found(journal, "h", "a"), 0);
	assert_int_not_equal(made(journal, "h", "a"), other_lane);
	journal_close(other);
	journal_close(journal);
}

static void
a_number_that_is_none_is_replaced(void **state)
{
	static const char *const numbers[] = { "0", "-7" };
	char statement[64];
	int64_t id;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct journal *journal = open_journal();

		made(journal, "h", "a");
		journal_close(journal);
		snprintf(statement, sizeof(statement),
		    "UPDATE lanes SET id = %s", numbers[i]);
		execute(statement);
		journal = open_journal();
		assert_int_equal(found(journal, "h", "a"), 0);
		id = made(journal, "h", "a");
		assert_true(id > 0);
		assert_int_equal(found(journal, "h", "a"), id);
		journal_close(journal);
		remove_journal();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lane_has_one_number_for_all),
		TEST(a_number_that_was_undone_is_forgotten),
		TEST(a_number_that_is_none_is_replaced),
	};

	return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
