/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include "../journal.h"

static void
a_journal_is_made_for_its_user_alone(void **state)
{
	struct journal *journal;
	struct stat about;
	char path[sizeof(journal_path) + 16];
	mode_t mask = umask(0);

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_MISSING);
	journal = open_lane();
	for (size_t i = 0; i < STAYS; i++) {
		snprintf(path, sizeof(path), "%s%s", journal_path, ends[i]);
		assert_int_equal(stat(path, &about), 0);
		assert_int_equal(about.st_mode & 0777, 0600);
	}
	journal_close(journal);
	umask(mask);
	assert_int_equal(journal_open(journal_path, 0, &journal), RC_OK);
	journal_close(journal);
	journal_close(NULL);
	assert_non_null(strstr(journal_version(), "SQLite"));
}

/* It has no log yet. */
static void
a_copy_that_vacuum_made_is_opened(void **state)
{
	struct journal *journal = open_lane();
	char sql[sizeof(journal_path) + 32];
	char path[sizeof(journal_path)];

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	snprintf(path, sizeof(path), "%s", scratch_path("copy"));
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", path);
	execute(sql);
	journal_close(journal);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(journal_open(path, 0, &journal), RC_OK);
	expect_counts(journal, "h queued 1 ");
	journal_close(journal);
}

static void
another_process_that_stores_is_noticed(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	bool changed = false;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	append_sample(journal, "h", 1, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	append_sample(other, "h", 2, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_true(changed);
	journal_close(other);
	journal_close(journal);
}

static void
what_could_not_wake_is_found(void **state)
{
	struct journal *journal = open_lane();
	int deaf = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool changed = false;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	journal_add_wakeup_fd(journal, deaf);
	append_sample(journal, "h", 1, "");
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_true(changed);
	assert_int_equal(journal_changed(journal, &changed), RC_OK);
	assert_false(changed);
	journal_close(journal);
	close(deaf);
}

static bool
is_woken(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

static void
each_that_asked_is_woken(void **state)
{
	struct journal *journal = open_lane();
	int first = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int second = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)state;
	journal_add_wakeup_fd(journal, first);
	journal_add_wakeup_fd(journal, second);
	append_sample(journal, "h", 1, "");
	assert_true(is_woken(first));
	assert_true(is_woken(second));
	journal_remove_wakeup_fd(journal, first);
	append_sample(journal, "h", 2, "");
	assert_false(is_woken(first));
	assert_true(is_woken(second));
	journal_close(journal);
	close(first);
	close(second);
}

/* From this byte on, to its end where it is shorter. */
static void
overwrite(const char *path, off_t at, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, len, at), len);
	close(fd);
}

/* All of it is in the first file then. */
static void
close_with_events(unsigned n)
{
	struct journal *journal = open_lane();

	for (unsigned i = 1; i <= n; i++)
		append_sample(journal, "h", i, "");
	journal_close(journal);
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

static void
a_good_journal_is_tried_and_opened(void **state)
{
	struct journal *journal = NULL;
	struct other other;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_OK);
	assert_null(journal);
	assert_int_equal(access(journal_path, F_OK), -1);
	close_with_events(3);
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_OK);
	assert_non_null(journal);
	journal_close(journal);
	/* Others that are at work are no fault. */
	other = lock_journal();
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_OK);
	journal_close(journal);
	disconnect_other(&other);
}

static void
a_damaged_journal_is_told_when_it_is_tried(void **state)
{
	static const char junk[4096] = "\377\377\377\377";
	struct journal *journal = NULL;
	off_t page;

	(void)state;
	only_of_a_file();
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	close_with_events(3);
	journal = open_journal();
	page = count_rows(journal,
	    "SELECT rootpage FROM sqlite_master WHERE name = 'events'");
	journal_close(journal);
	/* Opening does not read what the tables hold. */
	overwrite(journal_path, (page - 1) * 4096, junk, sizeof(junk));
	journal_close(open_journal());
	journal = NULL;
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_CONFIG);
	assert_int_equal(count_of(scratch_path("log"), "is damaged: "), 1);
	assert_int_equal(truncate(journal_path, 5000), 0);
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_CONFIG);
	overwrite(journal_path, 0, junk, sizeof(junk));
	assert_int_equal(journal_try(journal_path, NULL, &journal), RC_CONFIG);
	assert_int_equal(count_of(scratch_path("log"), "is no journal"), 1);
	assert_null(journal);
	log_close();
}

static void
a_journal_without_one_of_its_parts_is_told(void **state)
{
	static const struct {
		const char *statement;
		const char *told;
	} faults[] = {
		{ "DROP TABLE events", "has no table events" },
		{ "DROP TABLE deliveries", "has no table deliveries" },
		{ "DROP TABLE attempts", "has no table attempts" },
		{ "DROP TABLE keys", "has no table keys" },
		{ "DROP TABLE opens", "has no table opens" },
		{ "DROP TABLE tallies", "has no table tallies" },
		{ "DROP TABLE runners", "has no table runners" },
		{ "DROP TABLE notes", "has no table notes" },
		{ "DROP TABLE rules", "has no table rules" },
		{ "DROP TABLE sources", "has no table sources" },
		{ "DROP INDEX deliveries_open",
		    "has no index deliveries_open" },
		{ "ALTER TABLE events RENAME remote TO other",
		    "has no table events with a column remote" },
		{ "PRAGMA user_version=0", "version 0" },
		{ "PRAGMA user_version=1", "not those of the version" },
	};
	struct journal *journal = NULL;

	(void)state;
	only_of_a_file();
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	for (size_t i = 0; i < COUNT(faults); i++) {
		close_with_events(1);
		execute(faults[i].statement);
		assert_int_equal(journal_try(journal_path, NULL, &journal),
		    RC_CONFIG);
		assert_int_equal(count_of(scratch_path("log"), faults[i].told),
		    1);
		remove_journal();
	}
	assert_null(journal);
	log_close();
}

/* All that was stored is in -wal until a runner ends. */
static void
a_journal_without_its_wal_is_no_new_one(void **state)
{
	struct journal *journal;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_open(journal_path,
			     JOURNAL_CREATE | JOURNAL_BRIEF, &journal),
	    RC_OK);
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	assert_int_equal(unlink(end_path("-wal")), 0);
	assert_int_equal(unlink(end_path("-shm")), 0);
	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_CONFIG);
	remove_journal();
	journal_close(open_lane());
}

static void
who_is_hasty_waits_for_nobody_for_long(void **state)
{
	struct journal *journal = open_lane();
	int64_t began;
	struct other other;

	(void)state;
	journal_close(journal);
	other = shut_journal();
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	began = clock_steady();
	assert_int_equal(journal_open(journal_path,
			     JOURNAL_CREATE | JOURNAL_BRIEF | JOURNAL_HASTY,
			     &journal),
	    RC_LOCKED);
	assert_true(clock_steady() - began < 1000);
	log_close();
	disconnect_other(&other);
}

/* Of who waits as a rule it takes five seconds and more. */
static void
who_only_looks_gives_up_before_others_do(void **state)
{
	struct journal *looks = NULL;
	int64_t began;
	struct other other;

	(void)state;
	journal_close(open_lane());
	other = shut_journal();
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	began = clock_steady();
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_LOCKED);
	assert_true(clock_steady() - began < 4000);
	log_close();
	disconnect_other(&other);
}

/* What the file holds, and how long the write-ahead log is; -1: there is
 * none. */
static void
look_at_files(struct buf *file, off_t *log)
{
	char text[4096];
	struct stat about;
	ssize_t n;
	int fd = open(journal_path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((n = read(fd, text, sizeof(text))) > 0)
		assert_int_equal(buf_add(file,
				     (struct bytes){ text, (size_t)n }),
		    RC_OK);
	close(fd);
	*log = stat(end_path("-wal"), &about) == 0 ? about.st_size : -1;
}

static void
expect_same_files(const struct buf *file, off_t log)
{
	struct buf now_file = { 0 };
	off_t now_log;

	look_at_files(&now_file, &now_log);
	assert_int_equal(now_file.len, file->len);
	assert_memory_equal(now_file.data, file->data, file->len);
	assert_int_equal(now_log, log);
	buf_free(&now_file);
}

static void
who_only_looks_changes_nothing(void **state)
{
	struct journal *journal = open_lane();
	struct journal *looks = NULL;
	struct journal_rules rules = { .hook = "h", .digest = "1" };
	struct buf file = { 0 };
	struct sample sample;
	off_t log;

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	look_at_files(&file, &log);
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_OK);
	assert_int_equal(list(looks, -1).n, 1);
	fill_sample(&sample, "h", 2);
	assert_int_equal(append_and_wait(looks, &sample.entry), RC_STORE);
	assert_int_equal(journal_note_rules(looks, &rules, 1), RC_STORE);
	expect_same_files(&file, log);
	/* What others store is seen, and what it looks at is left to them. */
	append_sample(journal, "h", 3, "");
	assert_int_equal(list(looks, -1).n, 2);
	buf_free(&file);
	look_at_files(&file, &log);
	journal_close(journal);
	expect_same_files(&file, log);
	journal_close(looks);
	expect_same_files(&file, log);
	buf_free(&file);
	/* Without a write-ahead log, as after the last one that writes. */
	journal_close(open_lane());
	look_at_files(&file, &log);
	assert_int_equal(log, -1);
	assert_int_equal(journal_open(journal_path,
			     JOURNAL_LOOKS | JOURNAL_HASTY, &looks),
	    RC_OK);
	assert_int_equal(list(looks, -1).n, 2);
	journal_close(looks);
	expect_same_files(&file, 0);
	buf_free(&file);
	journal = open_lane();
	expect(journal, &one, 1, JOURNAL_FINISH);
	journal_close(journal);
}

static void
who_only_looks_makes_no_journal_and_renews_none(void **state)
{
	static const char version[] = "SELECT user_version FROM"
				      " pragma_user_version";
	struct journal *looks = NULL;
	struct stat about;
	int fd;

	(void)state;
	only_of_a_file();
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_MISSING);
	for (size_t i = 0; i < COUNT(ends); i++)
		assert_int_equal(access(end_path(ends[i]), F_OK), -1);
	/* One that somebody is about to make. */
	fd = open(journal_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_MISSING);
	assert_int_equal(stat(journal_path, &about), 0);
	assert_int_equal(about.st_size, 0);
	remove_journal();
	make_earlier();
	assert_in_range(query(version), 1, 3);
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_RANGE);
	assert_in_range(query(version), 1, 3);
	journal_close(open_journal());
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_OK);
	journal_close(looks);
	/* Nor are its locks made where they are gone. */
	unlink(end_path("-runners"));
	assert_int_equal(journal_open(journal_path, JOURNAL_LOOKS, &looks),
	    RC_RANGE);
	assert_int_equal(access(end_path("-runners"), F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_journal_is_made_for_its_user_alone),
		TEST(a_copy_that_vacuum_made_is_opened),
		TEST(another_process_that_stores_is_noticed),
		TEST(what_could_not_wake_is_found),
		TEST(each_that_asked_is_woken),
		TEST(a_good_journal_is_tried_and_opened),
		TEST(a_damaged_journal_is_told_when_it_is_tried),
		TEST(a_journal_without_one_of_its_parts_is_told),
		TEST(a_journal_without_its_wal_is_no_new_one),
		TEST(who_is_hasty_waits_for_nobody_for_long),
		TEST(who_only_looks_gives_up_before_others_do),
		TEST(who_only_looks_changes_nothing),
		TEST(who_only_looks_makes_no_journal_and_renews_none),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
