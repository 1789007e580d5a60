/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "../journal.h"

#include "base/log.h"
#include "journal/internal.h"
#include "journal/statement.h"
#include "journal/transaction.h"

static void
what_others_could_change_is_refused(void **state)
{
	struct journal *journal = open_lane();
	const char *link = scratch_path("link");

	(void)state;
	journal_close(journal);
	chmod(scratch, 0777);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	chmod(scratch, 0700);
	chmod(journal_path, 0622);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	chmod(journal_path, 0600);
	assert_int_equal(symlink(journal_path, link), 0);
	assert_int_equal(journal_open(link, 0, &journal), RC_CONFIG);
	assert_int_equal(journal_open(scratch, 0, &journal), RC_CONFIG);
	assert_int_equal(journal_open("/no/such/journal", JOURNAL_CREATE,
			     &journal),
	    RC_CONFIG);
	assert_int_equal(journal_open("relative", JOURNAL_CREATE, &journal),
	    RC_CONFIG);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_OK);
	journal_close(journal);
}

static void
a_directory_of_another_user_is_refused(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	journal_close(journal);
	if (geteuid() != 0) {
		print_message("only root can give a directory away\n");
		skip();
	}
	assert_int_equal(chown(journal_path, 65534, 65534), 0);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
	assert_int_equal(chown(journal_path, 0, 0), 0);
	assert_int_equal(chown(scratch, 65534, 65534), 0);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_CONFIG);
}

static void
a_strangers_file_beside_it_is_refused(void **state)
{
	struct journal *journal;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 1; i < COUNT(ends); i++) {
		journal_close(open_lane());
		assert_int_equal(mknod(end_path(ends[i]), S_IFREG | 0600, 0) ==
			    0 ||
			errno == EEXIST,
		    true);
		assert_int_equal(chown(end_path(ends[i]), 65534, 65534), 0);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
				     &journal),
		    RC_CONFIG);
		assert_int_equal(chown(end_path(ends[i]), 0, 0), 0);
		chmod(end_path(ends[i]), 0606);
		assert_int_equal(journal_open(journal_path, JOURNAL_BRIEF,
				     &journal),
		    RC_CONFIG);
		assert_int_equal(unlink(end_path(ends[i])), 0);
	}
}

/* Who chooses where a link leads chooses the journal. */
static void
a_strangers_link_to_it_is_refused(void **state)
{
	struct journal *journal;
	const char *through = scratch_path("open/link/journal.db");

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_directory("open", 01777);
	journal_close(open_lane());
	assert_int_equal(symlink("..", scratch_path("open/link")), 0);
	assert_int_equal(journal_open(through, 0, &journal), RC_OK);
	assert_string_equal(journal->path, journal_path);
	journal_close(journal);
	assert_int_equal(lchown(scratch_path("open/link"), 65534, 0), 0);
	assert_int_equal(journal_open(through, 0, &journal), RC_CONFIG);
}

static void
none_is_made_beside_what_is_left_of_one(void **state)
{
	struct journal *journal;

	(void)state;
	for (size_t i = 1; i < COUNT(ends); i++) {
		int fd = open(end_path(ends[i]), O_WRONLY | O_CREAT, 0600);

		assert_int_equal(close(fd), 0);
		assert_int_equal(journal_open(journal_path, JOURNAL_CREATE,
				     &journal),
		    RC_CONFIG);
		assert_int_equal(journal_open(journal_path, 0, &journal),
		    RC_CONFIG);
		assert_int_equal(access(journal_path, F_OK), -1);
		assert_int_equal(unlink(end_path(ends[i])), 0);
	}
	journal_close(open_lane());
}

static void
expect_gone(struct journal *journal)
{
	struct journal_claim claim;
	struct journal_orphans orphans;
	struct sample sample;
	bool changed;

	fill_sample(&sample, "h", 7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_STORE);
		assert_int_equal(journal_claim_due(journal, &one, now(),
				     &claim),
		    RC_STORE);
		assert_int_equal(journal_find_orphans(journal, &orphans),
		    RC_STORE);
		assert_int_equal(claim_key(journal, "k", now()), RC_STORE);
		assert_int_equal(journal_changed(journal, &changed), RC_STORE);
	}
}

/* It stays so when the file is back: what was missed cannot be known. */
static void
a_journal_whose_file_was_taken_away_is_gone(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < STAYS; i++) {
		struct journal *journal = open_lane();

		append_sample(journal, "h", 1, "");
		assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		move(name, "away");
		expect_gone(journal);
		assert_int_equal(access(scratch_path(name), F_OK), -1);
		assert_int_equal(lines_of_log("was removed while it was open"),
		    1);
		assert_int_equal(lines_of_log(name), 1);
		move("away", name);
		expect_gone(journal);
		journal_close(journal);
		assert_int_equal(lines_of_log("Stop all of pelihook, put "), 1);
		log_close();
		unlink(scratch_path("log"));
		/* Whoever opens it now has all that was stored. */
		journal = open_lane();
		expect(journal, &one, 1, JOURNAL_FINISH);
		expect_nothing(journal, &one);
		journal_close(journal);
	}
}

static void
a_journal_whose_file_was_replaced_is_gone(void **state)
{
	struct stat about;
	char name[64];

	(void)state;
	for (size_t i = 0; i < STAYS; i++) {
		struct journal *journal = open_lane();

		assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		move(name, "away");
		scratch_file(name, "", 0600);
		expect_gone(journal);
		journal_close(journal);
		assert_int_equal(stat(scratch_path(name), &about), 0);
		assert_int_equal(about.st_size, 0);
		assert_int_equal(lines_of_log("was replaced while it was open"),
		    1);
		log_close();
		unlink(scratch_path("log"));
		move("away", name);
	}
}

/* Who goes on in it stores what nobody finds. */
static void
a_journal_that_was_emptied_is_gone(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	append_sample(journal, "h", 1, "");
	assert_false(journal_is_gone(journal));
	assert_int_equal(truncate(scratch_path("journal.db"), 0), 0);
	expect_gone(journal);
	assert_true(journal_is_gone(journal));
	journal_close(journal);
	assert_int_equal(lines_of_log("was emptied while it was open"), 1);
	log_close();
	unlink(scratch_path("log"));
}

/* SQLite takes -wal and -shm away by their names when it ends. */
static void
the_one_in_its_place_is_left_alone(void **state)
{
	struct journal *journal = open_lane();
	struct journal *idle = open_lane();
	struct journal *other;
	struct stat before[STAYS];
	struct stat about;
	char name[64];

	(void)state;
	append_sample(journal, "h", 1, "");
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(unlink(end_path(ends[i])), 0);
	other = open_lane();
	assert_true(journal_is_same(journal, idle));
	assert_false(journal_is_same(journal, other));
	append_sample(other, "h", 2, "");
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(stat(end_path(ends[i]), &before[i]), 0);
	expect_gone(journal);
	journal_close(journal);
	/* Nobody asked it anything. */
	journal_close(idle);
	for (size_t i = 0; i < STAYS; i++) {
		snprintf(name, sizeof(name), "journal.db%s", ends[i]);
		assert_int_equal(stat(scratch_path(name), &about), 0);
		assert_int_equal(about.st_ino, before[i].st_ino);
	}
	append_sample(other, "h", 3, "");
	expect_counts(other, "h queued 2 ");
	journal_close(other);
}

/* The whole directory, and the same files under another name above. */
static void
a_directory_may_move_if_its_path_still_leads_there(void **state)
{
	struct journal *journal;
	char path[sizeof(journal_path) + 16];

	(void)state;
	scratch_directory("d", 0700);
	snprintf(path, sizeof(path), "%s/d/journal.db", scratch);
	assert_int_equal(journal_open(path, JOURNAL_CREATE, &journal), RC_OK);
	move("d", "e");
	assert_int_equal(symlink("e", scratch_path("d")), 0);
	append_sample(journal, "h", 1, "");
	assert_int_equal(unlink(scratch_path("d")), 0);
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	expect_gone(journal);
	assert_int_equal(lines_of_log("was removed while it was open"), 1);
	log_close();
	journal_close(journal);
}

static enum rc
lose_file(struct journal *journal, void *arguments)
{
	journal_do(journal, "DELETE FROM tallies", NO_VALUES);
	move("journal.db-wal", "away");
	return *(enum rc *)arguments;
}

/* It is looked at before anybody is told that it is stored. */
static void
what_goes_away_in_a_transaction_is_noticed(void **state)
{
	struct journal *journal = open_lane();
	enum rc told = RC_OK;

	(void)state;
	assert_int_equal(scratch_log(LOG_LEVEL_DEBUG), 0);
	assert_int_equal(journal_write(journal, lose_file, &told), RC_STORE);
	move("away", "journal.db-wal");
	expect_gone(journal);
	journal_close(journal);
	journal = open_lane();
	assert_int_equal(journal_read(journal, lose_file, &told), RC_STORE);
	assert_int_equal(lines_of_log("was removed while it was open"), 2);
	log_close();
	journal_close(journal);
}

/* A copy for a backup, or a mode, is nobody's removal. */
static void
what_only_looks_otherwise_goes_on(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	for (size_t i = 0; i < STAYS; i++)
		assert_int_equal(link(end_path(ends[i]),
				     scratch_path("copy")) == 0 &&
			unlink(scratch_path("copy")) == 0,
		    true);
	assert_int_equal(chmod(journal_path, 0640), 0);
	append_sample(journal, "h", 1, "");
	execute("VACUUM");
	append_sample(journal, "h", 2, "");
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_others_could_change_is_refused),
		TEST(a_directory_of_another_user_is_refused),
		TEST(a_strangers_file_beside_it_is_refused),
		TEST(a_strangers_link_to_it_is_refused),
		TEST(none_is_made_beside_what_is_left_of_one),
		TEST(a_journal_whose_file_was_taken_away_is_gone),
		TEST(a_journal_whose_file_was_replaced_is_gone),
		TEST(a_journal_that_was_emptied_is_gone),
		TEST(the_one_in_its_place_is_left_alone),
		TEST(a_directory_may_move_if_its_path_still_leads_there),
		TEST(what_goes_away_in_a_transaction_is_noticed),
		TEST(what_only_looks_otherwise_goes_on),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
