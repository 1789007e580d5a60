/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stddef.h>

#include "../journal.h"

#include "journal/stats.h"

enum {
	HOUR = 3600000,
	WRITERS = 4, /* processes, and threads of each */
	EACH = 2000,
	HOOKS = 510, /* that have a place of their own */
};

/* Two weeks on, so that hours before it are hours, too. */
static const int64_t noon = INT64_C(1800000000000);

static const struct journal_stats_request queued = {
	.hook = "h",
	.outcome = OUTCOME_QUEUED,
	.status = 202,
	.secret = "/etc/old",
	.time = noon,
	.event = noon - 1,
};

static const struct journal_stats_request unsigned_one = {
	.hook = "h",
	.outcome = OUTCOME_REFUSED,
	.status = 401,
	.reason = "bad-signature: because",
	.time = noon + 5,
};

static struct journal_stats *
open_stats(void)
{
	struct journal_stats *stats = NULL;

	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	return stats;
}

static const struct journal_stats_hook *
find(const struct journal_stats_report *report, const char *name)
{
	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->list[i].name, name) == 0)
			return &report->list[i];
	fail_msg("nothing of %s", name);
	return NULL;
}

static struct journal_stats_report
read_stats(struct pool *pool)
{
	struct journal_stats_report report = { 0 };
	struct buf error = { 0 };

	assert_int_equal(journal_stats_read(journal_path, pool, &report,
			     &error),
	    RC_OK);
	assert_int_equal(error.len, 0);
	return report;
}

static unsigned
kind_of(const char *word)
{
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		if (strcmp(journal_stats_word(kind), word) == 0)
			return kind;
	fail_msg("no %s", word);
	return 0;
}

static int64_t
total(const char *hook, const char *word)
{
	struct pool pool = { 0 };
	struct journal_stats_report report = read_stats(&pool);
	int64_t count = find(&report, hook)->totals[kind_of(word)];

	pool_free(&pool);
	return count;
}

static int64_t
at(const char *hook, const char *word, int64_t time)
{
	struct pool pool = { 0 };
	struct journal_stats_report report = read_stats(&pool);
	int64_t count = journal_stats_at(find(&report, hook), kind_of(word),
	    journal_stats_hour(time));

	pool_free(&pool);
	return count;
}

static void
a_request_is_found_again(void **state)
{
	struct pool pool = { 0 };
	struct journal_stats *stats = open_stats();
	struct journal_stats_report report;
	const struct journal_stats_hook *hook;

	(void)state;
	report = read_stats(&pool);
	assert_int_equal(report.n, 0);
	journal_stats_count(stats, &queued);
	journal_stats_count(stats, &unsigned_one);
	report = read_stats(&pool);
	assert_int_equal(report.n, 1);
	hook = &report.list[0];
	assert_string_equal(hook->name, "h");
	assert_int_equal(hook->last_event, noon - 1);
	assert_int_equal(hook->refused, noon + 5);
	assert_int_equal(hook->refused_status, 401);
	assert_string_equal(hook->reason, "bad-signature: because");
	assert_int_equal(hook->totals[JOURNAL_STATS_QUEUED], 1);
	assert_int_equal(hook->totals[kind_of("401")], 1);
	assert_int_equal(hook->totals[kind_of("500")], 0);
	assert_int_equal(hook->secrets_n, 1);
	assert_string_equal(hook->secrets[0].file, "/etc/old");
	assert_int_equal(hook->secrets[0].used, 1);
	assert_int_equal(hook->secrets[0].last, noon);
	assert_true(report.source > 0);
	assert_true(llabs(report.made - now()) < 600 * 1000);
	pool_free(&pool);
	journal_stats_close(stats);
}

static void
every_outcome_has_a_kind(void **state)
{
	static const struct {
		enum outcome outcome;
		int status;
		const char *word;
	} cases[] = {
		{ OUTCOME_IGNORED, 200, "ignored" },
		{ OUTCOME_DUPLICATE, 200, "duplicate" },
		{ OUTCOME_QUEUED, 202, "queued" },
		{ OUTCOME_DELIVERED, 200, "delivered" },
		{ OUTCOME_REJECTED, 422, "422" },
		{ OUTCOME_TEMPORARY, 503, "503" },
		{ OUTCOME_TIMEOUT, 504, "504" },
		{ OUTCOME_FAILED, 500, "500" },
		{ OUTCOME_REFUSED, 404, "404" },
		{ OUTCOME_REFUSED, 400, "400" },
		/* None that there is now. */
		{ OUTCOME_REFUSED, 418, "500" },
	};
	struct journal_stats *stats = open_stats();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal_stats_request request = {
			.hook = cases[i].word,
			.outcome = cases[i].outcome,
			.status = cases[i].status,
			.time = noon,
		};
		int64_t before = i < 10 ? 0 : 1;

		if (i == 10)
			assert_int_equal(total("500", "500"), before);
		journal_stats_count(stats, &request);
		assert_int_equal(total(cases[i].word, cases[i].word),
		    before + 1);
	}
	journal_stats_close(stats);
}

static void
a_request_without_a_hook_is_counted_as_of_none(void **state)
{
	struct journal_stats_request request = unsigned_one;
	struct journal_stats *stats = open_stats();

	(void)state;
	request.hook = NULL;
	request.status = 404;
	request.reason = NULL;
	journal_stats_count(stats, &request);
	assert_int_equal(total("", "404"), 1);
	journal_stats_count(NULL, &request);
	assert_int_equal(total("", "404"), 1);
	journal_stats_close(stats);
}

static void *
count_many(void *context)
{
	for (int i = 0; i < EACH; i++) {
		journal_stats_count(context, &queued);
		journal_stats_count(context, &unsigned_one);
	}
	return NULL;
}

static void
count_in_threads(void)
{
	struct journal_stats *stats = open_stats();
	pthread_t threads[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many,
				     stats),
		    0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	journal_stats_close(stats);
}

/* Each of them makes the file, where none was faster. */
static void
additions_of_processes_and_threads_add_up(void **state)
{
	struct pool pool = { 0 };
	struct journal_stats_report report;
	pid_t children[WRITERS];
	int64_t all = WRITERS * WRITERS * EACH;
	int status;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			count_in_threads();
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(total("h", "queued"), all);
	assert_int_equal(total("h", "401"), all);
	assert_int_equal(at("h", "queued", noon), all);
	report = read_stats(&pool);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.list[0].secrets_n, 1);
	assert_int_equal(report.list[0].secrets[0].used, all);
	pool_free(&pool);
}

static void
count_at(struct journal_stats *stats, int64_t time)
{
	struct journal_stats_request request = queued;

	request.time = time;
	journal_stats_count(stats, &request);
}

static void
hours_are_kept_in_a_ring(void **state)
{
	struct journal_stats *stats = open_stats();
	int64_t around = (int64_t)JOURNAL_STATS_HOURS * HOUR;

	(void)state;
	count_at(stats, noon);
	count_at(stats, noon + HOUR - 1);
	count_at(stats, noon + HOUR);
	assert_int_equal(at("h", "queued", noon), 2);
	assert_int_equal(at("h", "queued", noon + HOUR), 1);
	assert_int_equal(at("h", "queued", noon + 2 * HOUR), 0);
	/* Its place belongs to another hour now. */
	assert_int_equal(at("h", "queued", noon + around), 0);
	count_at(stats, noon + around);
	assert_int_equal(at("h", "queued", noon + around), 1);
	assert_int_equal(at("h", "queued", noon), 0);
	assert_int_equal(at("h", "queued", noon + HOUR), 1);
	/* The clock is set back. */
	count_at(stats, noon);
	assert_int_equal(at("h", "queued", noon), 1);
	assert_int_equal(total("h", "queued"), 5);
	assert_int_equal(at("h", "queued", -HOUR), 0);
	journal_stats_close(stats);
}

static void
what_has_no_place_is_counted_with_the_others(void **state)
{
	struct journal_stats *stats = open_stats();
	struct journal_stats_request request = queued;
	struct pool pool = { 0 };
	struct journal_stats_report report;
	char name[32];

	(void)state;
	request.hook = name;
	for (int i = 0; i < 1000; i++) {
		/* A place is left until there is none. */
		if (i == HOOKS)
			assert_false(read_stats(&pool).overflowed);
		snprintf(name, sizeof(name), "hook-%d", i);
		journal_stats_count(stats, &request);
		journal_stats_count(stats, &request);
	}
	report = read_stats(&pool);
	assert_true(report.overflowed);
	assert_int_equal(report.n, HOOKS + 1);
	assert_int_equal(find(&report, "hook-0")->totals[JOURNAL_STATS_QUEUED],
	    2);
	assert_int_equal(find(&report, "hook-509")
			     ->totals[JOURNAL_STATS_QUEUED],
	    2);
	assert_int_equal(find(&report, JOURNAL_STATS_OTHERS)
			     ->totals[JOURNAL_STATS_QUEUED],
	    2 * (1000 - HOOKS));
	pool_free(&pool);
	journal_stats_close(stats);
}

static void
secrets_have_places_and_a_rest(void **state)
{
	struct journal_stats *stats = open_stats();
	struct journal_stats_request request = queued;
	struct pool pool = { 0 };
	struct journal_stats_report report;
	const struct journal_stats_hook *hook;
	char name[PATH_MAX];

	(void)state;
	request.secret = name;
	memset(name, 'd', 500);
	snprintf(name + 500, sizeof(name) - 500, "/tail");
	journal_stats_count(stats, &request);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "/s%d", i);
		journal_stats_count(stats, &request);
	}
	report = read_stats(&pool);
	hook = find(&report, "h");
	assert_int_equal(hook->secrets_n, JOURNAL_STATS_SECRETS);
	assert_memory_equal(hook->secrets[0].file, "...ddd", 6);
	assert_non_null(strstr(hook->secrets[0].file, "d/tail"));
	assert_string_equal(hook->secrets[1].file, "/s0");
	assert_string_equal(hook->secrets[5].file, JOURNAL_STATS_OTHERS);
	assert_int_equal(hook->secrets[5].used, 6);
	pool_free(&pool);
	journal_stats_close(stats);
}

static void
reasons_without_end_do_no_harm(void **state)
{
	struct journal_stats *stats = open_stats();
	struct journal_stats_request request = unsigned_one;
	struct pool pool = { 0 };
	struct journal_stats_report report;
	char reason[32];

	(void)state;
	request.reason = reason;
	for (int i = 0; i < 100; i++) {
		snprintf(reason, sizeof(reason), "reason %d", i);
		request.time++;
		journal_stats_count(stats, &request);
	}
	report = read_stats(&pool);
	assert_string_equal(find(&report, "h")->reason, "");
	assert_int_equal(find(&report, "h")->refused, request.time);
	pool_free(&pool);
	journal_stats_close(stats);
}

static void
the_file_is_private_small_and_whole(void **state)
{
	struct stat about;

	(void)state;
	only_of_a_file();
	journal_stats_close(open_stats());
	assert_int_equal(stat(end_path("-stats"), &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_in_range(about.st_size, 4096, 4 * 1024 * 1024);
	/* Not a page of it is still to be found room for. */
	assert_true(about.st_blocks * 512 >= about.st_size);
	/* It is made under another name, of which nothing is left. */
	assert_int_equal(rmdir(scratch), -1);
	assert_int_equal(unlink(end_path("-stats")), 0);
	assert_int_equal(rmdir(scratch), 0);
	assert_int_equal(mkdir(scratch, 0700), 0);
}

/* Whatever is there stays as it is, and requests go on. */
static void
expect_refused(const char *why)
{
	struct journal_stats *stats;
	struct journal_stats_report report;
	struct pool pool = { 0 };
	struct buf error = { 0 };

	unlink(scratch_path("log"));
	assert_int_equal(scratch_log(LOG_LEVEL_INFO), 0);
	stats = open_stats();
	journal_stats_count(stats, &queued);
	journal_stats_count(stats, &queued);
	journal_stats_close(stats);
	assert_int_equal(lines_of_log(why), 1);
	assert_int_equal(journal_stats_read(journal_path, &pool, &report,
			     &error),
	    RC_CONFIG);
	assert_non_null(strstr(error.data, why));
	buf_free(&error);
	pool_free(&pool);
}

static void
a_file_that_is_none_is_refused_and_stays(void **state)
{
	char *path = strdup(end_path("-stats"));
	struct stat about;
	char *bytes;
	int fd;

	(void)state;
	only_of_a_file();
	scratch_file("journal.db-stats", "", 0600);
	expect_refused("is no file of counts");
	scratch_file("journal.db-stats", "some text", 0600);
	expect_refused("is no file of counts");
	unlink(path);
	journal_stats_close(open_stats());
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(truncate(path, about.st_size - 1), 0);
	expect_refused("is no file of counts");
	assert_int_equal(truncate(path, about.st_size), 0);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "\2", 1, 8), 1);
	expect_refused("another release");
	assert_int_equal(pwrite(fd, "PLHK", 4, 0), 4);
	expect_refused("is no file of counts");
	/* Nothing was written to it. */
	bytes = calloc(1, (size_t)about.st_size);
	assert_int_equal(pread(fd, bytes, (size_t)about.st_size, 0),
	    about.st_size);
	for (off_t i = 64; i < about.st_size; i++)
		assert_int_equal(bytes[i], 0);
	free(bytes);
	close(fd);
	free(path);
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	char *path = strdup(end_path("-stats"));

	(void)state;
	only_of_a_file();
	journal_stats_close(open_stats());
	assert_int_equal(chmod(path, 0620), 0);
	expect_refused("chmod g-w it");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(link(path, scratch_path("other")), 0);
	expect_refused("journal.db-stats");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(scratch_path("other"), path), 0);
	expect_refused("is no regular file: take it away");
	free(path);
}

/* As an ordinary user, for root may write everywhere. */
static void
what_is_no_file_or_cannot_be_written_is_refused(void **state)
{
	const uid_t nobody = 65534;
	char *path = strdup(end_path("-stats"));

	(void)state;
	only_of_a_file();
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused("is no regular file: take it away");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused("is no regular file: take it away");
	assert_int_equal(unlink(path), 0);
	if (getuid() == 0) {
		scratch_file("journal.db-stats", "", 0600);
		assert_int_equal(chown(path, nobody, (gid_t)-1), 0);
		expect_refused("does not belong to the user of this process");
		assert_int_equal(unlink(path), 0);
		assert_int_equal(chown(scratch, nobody, (gid_t)-1), 0);
		assert_int_equal(seteuid(nobody), 0);
	}
	journal_stats_close(open_stats());
	assert_int_equal(chmod(path, 0400), 0);
	expect_refused("cannot be opened: Permission denied: chmod u+rw it");
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(chown(scratch, 0, (gid_t)-1), 0);
	}
	free(path);
}

static void
none_is_made_where_others_may_write(void **state)
{
	struct journal_stats *stats;

	(void)state;
	only_of_a_file();
	assert_int_equal(scratch_log(LOG_LEVEL_INFO), 0);
	assert_int_equal(chmod(scratch, 01777), 0);
	stats = open_stats();
	journal_stats_count(stats, &queued);
	journal_stats_close(stats);
	assert_int_equal(chmod(scratch, 0700), 0);
	assert_int_equal(access(end_path("-stats"), F_OK), -1);
	assert_int_equal(lines_of_log("requests are not counted: "), 1);
}

static void
damaged_words_do_no_harm(void **state)
{
	char *path = strdup(end_path("-stats"));
	struct pool pool = { 0 };
	struct journal_stats_report report;
	struct journal_stats *stats = open_stats();
	char noise[4096];
	int fd;

	(void)state;
	only_of_a_file();
	journal_stats_count(stats, &queued);
	journal_stats_count(stats, &unsigned_one);
	memset(noise, 0xff, sizeof(noise));
	fd = open(path, O_RDWR);
	for (off_t offset = 64; offset < 3500 * 1000;
	     offset += (off_t)sizeof(noise))
		assert_true(pwrite(fd, noise, sizeof(noise), offset) > 0);
	close(fd);
	report = read_stats(&pool);
	for (size_t i = 0; i < report.n; i++)
		for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
			journal_stats_at(&report.list[i], kind,
			    journal_stats_hour(noon));
	journal_stats_count(stats, &queued);
	pool_free(&pool);
	journal_stats_close(stats);
	free(path);
}

static void
none_is_there_before_the_first_request(void **state)
{
	struct pool pool = { 0 };
	struct journal_stats_report report;
	struct buf error = { 0 };

	(void)state;
	assert_int_equal(journal_stats_read(journal_path, &pool, &report,
			     &error),
	    RC_MISSING);
	assert_int_equal(access(end_path("-stats"), F_OK), -1);
	pool_free(&pool);
}

static void
one_that_is_made_anew_has_another_source(void **state)
{
	struct pool pool = { 0 };
	struct journal_stats_report report;
	int64_t source;

	(void)state;
	only_of_a_file();
	journal_stats_close(open_stats());
	source = read_stats(&pool).source;
	assert_int_equal(unlink(end_path("-stats")), 0);
	journal_stats_close(open_stats());
	report = read_stats(&pool);
	assert_int_not_equal(report.source, source);
	pool_free(&pool);
}

/* Nobody writes into what is gone for longer than until the next look. */
static void
a_file_that_is_taken_away_is_made_anew(void **state)
{
	struct journal_stats *stats = open_stats();

	(void)state;
	only_of_a_file();
	journal_stats_count(stats, &queued);
	journal_stats_look(stats);
	journal_stats_count(stats, &queued);
	assert_int_equal(total("h", "queued"), 2);
	assert_int_equal(unlink(end_path("-stats")), 0);
	journal_stats_count(stats, &queued);
	assert_int_equal(access(end_path("-stats"), F_OK), -1);
	journal_stats_look(stats);
	journal_stats_count(stats, &queued);
	assert_int_equal(total("h", "queued"), 1);
	journal_stats_close(stats);
}

static void
a_file_that_was_wrong_is_looked_at_again(void **state)
{
	struct journal_stats *stats;

	(void)state;
	only_of_a_file();
	assert_int_equal(scratch_log(LOG_LEVEL_INFO), 0);
	scratch_file("journal.db-stats", "some text", 0600);
	stats = open_stats();
	journal_stats_look(stats);
	journal_stats_look(stats);
	assert_int_equal(lines_of_log("is no file of counts"), 1);
	assert_int_equal(unlink(end_path("-stats")), 0);
	journal_stats_look(stats);
	journal_stats_count(stats, &queued);
	assert_int_equal(total("h", "queued"), 1);
	journal_stats_close(stats);
	journal_stats_look(NULL);
	journal_stats_close(NULL);
}

/* No server is asked: the name alone tells where its counts are. */
static const char shared[] = "postgresql://nobody@192.0.2.1/of-a-unit-test";

static void
count_shared(const char *journal)
{
	struct journal_stats *stats = NULL;

	assert_int_equal(journal_stats_open(journal, &stats), RC_OK);
	journal_stats_count(stats, &queued);
	journal_stats_close(stats);
}

static void
drop_shared(const char *journal)
{
	struct buf path = { 0 };

	assert_int_equal(journal_stats_path(journal, &path), RC_OK);
	assert_int_equal(unlink(path.data), 0);
	buf_free(&path);
}

static void
those_of_a_shared_journal_are_in_memory(void **state)
{
	struct journal_stats_report report = { 0 };
	struct buf name = { 0 };
	struct buf expected = { 0 };
	struct buf other = { 0 };
	struct buf error = { 0 };
	struct pool pool = { 0 };
	struct stat about;
	char *slash;

	(void)state;
	assert_int_equal(journal_stats_path("/a/b", &name), RC_OK);
	assert_string_equal(name.data, "/a/b-stats");
	buf_free(&name);
	assert_int_equal(journal_stats_path(shared, &name), RC_OK);
	assert_int_equal(journal_stats_path("postgresql:///x", &other), RC_OK);
	assert_string_not_equal(name.data, other.data);
	assert_int_equal(buf_printf(&expected, "/dev/shm/pelihook-%u/",
			     (unsigned)geteuid()),
	    RC_OK);
	assert_true(bytes_begin(buf_view(&name), expected.data));
	(void)unlink(name.data);
	assert_int_equal(journal_stats_read(shared, &pool, &report, &error),
	    RC_MISSING);
	count_shared(shared);
	count_shared(shared);
	assert_int_equal(journal_stats_read(shared, &pool, &report, &error),
	    RC_OK);
	assert_int_equal(find(&report, "h")->totals[JOURNAL_STATS_QUEUED], 2);
	assert_int_equal(stat(name.data, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	slash = strrchr(name.data, '/');
	*slash = '\0';
	assert_int_equal(stat(name.data, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0700);
	drop_shared(shared);
	pool_free(&pool);
	buf_free(&name);
	buf_free(&expected);
	buf_free(&other);
}

/* Of a user that nobody is, so that no other test is disturbed. */
static void
a_place_in_memory_that_others_made_is_refused(void **state)
{
	enum { NOBODY = 2147480001, SOMEBODY = 2147480002 };
	static const char place[] = "/dev/shm/pelihook-2147480001";
	struct journal_stats_report report = { 0 };
	struct buf error = { 0 };
	struct pool pool = { 0 };

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(place, 0700), 0);
	assert_int_equal(chown(place, SOMEBODY, SOMEBODY), 0);
	assert_int_equal(scratch_log(LOG_LEVEL_INFO), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	count_shared(shared);
	assert_int_equal(journal_stats_read(shared, &pool, &report, &error),
	    RC_CONFIG);
	assert_non_null(strstr(error.data, place));
	buf_free(&error);
	/* Its own, but others may write there. */
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(lines_of_log("requests are not counted: "), 1);
	assert_int_equal(chown(place, NOBODY, NOBODY), 0);
	assert_int_equal(chmod(place, 01777), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(journal_stats_read(shared, &pool, &report, &error),
	    RC_CONFIG);
	buf_free(&error);
	assert_int_equal(chmod(place, 0700), 0);
	count_shared(shared);
	assert_int_equal(journal_stats_read(shared, &pool, &report, &error),
	    RC_OK);
	assert_int_equal(report.n, 1);
	drop_shared(shared);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rmdir(place), 0);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_found_again),
		TEST(every_outcome_has_a_kind),
		TEST(a_request_without_a_hook_is_counted_as_of_none),
		TEST(additions_of_processes_and_threads_add_up),
		TEST(hours_are_kept_in_a_ring),
		TEST(what_has_no_place_is_counted_with_the_others),
		TEST(secrets_have_places_and_a_rest),
		TEST(reasons_without_end_do_no_harm),
		TEST(the_file_is_private_small_and_whole),
		TEST(a_file_that_is_none_is_refused_and_stays),
		TEST(a_file_that_others_may_write_is_refused),
		TEST(what_is_no_file_or_cannot_be_written_is_refused),
		TEST(none_is_made_where_others_may_write),
		TEST(damaged_words_do_no_harm),
		TEST(none_is_there_before_the_first_request),
		TEST(one_that_is_made_anew_has_another_source),
		TEST(a_file_that_is_taken_away_is_made_anew),
		TEST(a_file_that_was_wrong_is_looked_at_again),
		TEST(those_of_a_shared_journal_are_in_memory),
		TEST(a_place_in_memory_that_others_made_is_refused),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
