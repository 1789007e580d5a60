/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/sqlite_schema.h"

static void
a_file_that_is_no_journal_is_left_as_it_is(void **state)
{
	static const char text[] =
	    "Dear diary, this is no data base at "
	    "all, but longer than the header of one would be. It goes on "
	    "and on so that nobody can say that it was cut short.";
	struct journal *journal;
	char got[sizeof(text)] = "";
	int fd = open(journal_path, O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_CONFIG);
	assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(text));
	assert_string_equal(got, text);
	/* One that is shorter than any header, too. */
	for (size_t size = sizeof(text) - 1; size > 0; size--) {
		assert_int_equal(ftruncate(fd, (off_t)size), 0);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
				     &journal),
		    RC_CONFIG);
		assert_int_equal(pread(fd, got, sizeof(got), 0), size);
		assert_memory_equal(got, text, size);
	}
	close(fd);
	unlink(journal_path);
	execute("CREATE TABLE other(a)");
	chmod(journal_path, 0600);
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_CONFIG);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	journal_close(journal);
	execute("PRAGMA user_version=99");
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_CONFIG);
}

/* The next steps, whichever there are already. */
static void
an_older_schema_goes_forward_step_by_step(void **state)
{
	static const char version[] = "SELECT user_version FROM"
				      " pragma_user_version";
	const char *steps[32] = { NULL };
	struct journal *journal = open_lane();
	int now_at = (int)journal_number(journal, 0, version, NO_VALUES);

	(void)state;
	assert_in_range(now_at, 1, COUNT(steps) - 3);
	steps[now_at] = "CREATE TABLE second(a);"
			" INSERT INTO second VALUES(2)";
	steps[now_at + 1] = "ALTER TABLE second ADD COLUMN b";
	steps[now_at + 2] = "CREATE TABLE fourth(a); CREATE TABLE second(a)";
	append_sample(journal, "h", 7, "");
	for (int i = 0; i < 2; i++)
		assert_int_equal(sqlite_migrate_steps(journal, steps,
				     now_at + 2),
		    RC_OK);
	assert_int_equal(journal_number(journal, 0, version, NO_VALUES),
	    now_at + 2);
	assert_int_equal(journal_number(journal, 0,
			     "SELECT a FROM second WHERE b IS NULL", NO_VALUES),
	    2);
	/* A step that fails leaves nothing of it, and the old version. */
	assert_int_equal(sqlite_migrate_steps(journal, steps, now_at + 3),
	    RC_CORRUPT);
	journal->failure = JOURNAL_FINE;
	assert_int_equal(journal_number(journal, 0, version, NO_VALUES),
	    now_at + 2);
	assert_int_equal(
	    journal_number(journal, 0,
		"SELECT count(*) FROM sqlite_master WHERE name = 'fourth'",
		NO_VALUES),
	    0);
	assert_int_equal(sqlite_migrate_steps(journal, steps, now_at + 1),
	    RC_CONFIG);
	expect(journal, &one, 7, JOURNAL_FINISH);
	journal_close(journal);
}

static void
what_no_journal_is_made_of_is_refused(void **state)
{
	static const char *const statements[] = {
		"PRAGMA user_version=-3",
		"CREATE VIEW more AS SELECT * FROM events",
		("CREATE TRIGGER more AFTER INSERT ON events BEGIN"
		 " DELETE FROM events; END"),
		"CREATE VIRTUAL TABLE more USING rtree(a, b, c)",
	};
	struct journal *journal;

	(void)state;
	for (size_t i = 0; i < COUNT(statements); i++) {
		journal_close(open_lane());
		execute(statements[i]);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
				     &journal),
		    RC_CONFIG);
		remove_journal();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_is_no_journal_is_left_as_it_is),
		TEST(a_newer_schema_is_refused),
		TEST(an_older_schema_goes_forward_step_by_step),
		TEST(what_no_journal_is_made_of_is_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
