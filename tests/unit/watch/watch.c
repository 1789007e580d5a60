/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <sys/stat.h>

#include "../machine.h"

#include "journal/stats.h"
#include "watch/watch.h"

/* What judging takes from the file in which requests are counted. */

#define MINUTE INT64_C(60000)

enum {
	MADE = 24,   /* where in the file it says when it was made */
	HOOKS = 512, /* more than there is room for */
};

static const char one_hook[] = "hook h\nsignature none\n"
			       "watch on silent 10m late off\n"
			       "on @watch run /bin/true\n"
			       "on * ignore\n";

struct post {
	struct journal *journal;
	struct conf *conf;
	struct queue_hooks hooks;
	int64_t began;
};

static unsigned told;

static enum rc
route(const struct hook *hook, const struct event *event, struct pool *pool,
    struct journal_entry *entry)
{
	(void)hook;
	(void)event;
	(void)pool;
	(void)entry;
	told++;
	return RC_OK;
}

static void
take(struct post *post, const char *text)
{
	post->conf = load(text);
	assert_int_equal(queue_hooks_make(post->conf, &post->hooks), RC_OK);
	assert_int_equal(queue_hooks_note(&post->hooks, post->journal), RC_OK);
}

static void
leave(struct post *post)
{
	queue_hooks_free(&post->hooks);
	post->hooks = (struct queue_hooks){ 0 };
	conf_release(post->conf);
}

/* How often something was told; when there is more to do. */
static int64_t
look(const struct post *post, int64_t after)
{
	const struct watching watching = {
		.conf = post->conf,
		.rules = post->hooks.rules,
		.rules_len = post->hooks.limits.rules_len,
		.route = route,
		.now = post->began + after,
	};
	int64_t next = 0;

	for (int i = 0; i < 10 && next <= watching.now; i++)
		assert_int_equal(watch_step(post->journal, &watching, &next),
		    RC_OK);
	assert_true(next > watching.now);
	return next - post->began;
}

static void
count(const char *hook, int64_t time)
{
	struct journal_stats *stats = NULL;
	const struct journal_stats_request request = {
		.hook = hook,
		.outcome = OUTCOME_IGNORED,
		.status = 202,
		.time = time,
		.event = time,
	};

	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	journal_stats_count(stats, &request);
	journal_stats_close(stats);
}

static const char *
stats_path(void)
{
	static char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s-stats", journal_path);
	return path;
}

/* A hook that had an event a while ago, and somebody who judges since. */
static void
begin(struct post *post)
{
	*post = (struct post){
		.journal = open_journal(),
		.began = clock_wall() - 9 * MINUTE,
	};
	told = 0;
	take(post, one_hook);
	count("h", post->began);
	look(post, 0);
}

static void
end(struct post *post)
{
	leave(post);
	journal_close(post->journal);
}

static void
set_made(int64_t time)
{
	int fd = open(stats_path(), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, &time, sizeof(time), MADE), sizeof(time));
	close(fd);
}

/* The file is made now, nine minutes after the event. */
static void
a_file_that_is_gone_is_made_and_silence_counts_from_then(void **state)
{
	struct post post;

	(void)state;
	only_of_a_file();
	begin(&post);
	assert_int_equal(unlink(stats_path()), 0);
	look(&post, 10 * MINUTE);
	assert_int_equal(access(stats_path(), F_OK), 0);
	look(&post, 18 * MINUTE);
	assert_int_equal(told, 0);
	look(&post, 21 * MINUTE);
	assert_int_equal(told, 1);
	end(&post);
}

static void
by_one_that_was_made_before_it_is_silent_in_time(void **state)
{
	struct post post;

	(void)state;
	only_of_a_file();
	begin(&post);
	set_made(post.began - 1);
	assert_int_equal(look(&post, 9 * MINUTE), 10 * MINUTE);
	look(&post, 10 * MINUTE);
	assert_int_equal(told, 1);
	end(&post);
}

/* By a clock that was ahead, which is otherwise seen to. */
static void
one_that_was_made_later_than_now_says_nothing(void **state)
{
	struct post post;

	(void)state;
	only_of_a_file();
	begin(&post);
	set_made(post.began + 60 * MINUTE);
	look(&post, 10 * MINUTE);
	assert_int_equal(told, 1);
	end(&post);
}

static void
while_it_cannot_be_read_nothing_is_silent(void **state)
{
	struct post post;

	(void)state;
	only_of_a_file();
	begin(&post);
	assert_int_equal(unlink(stats_path()), 0);
	assert_int_equal(mkdir(stats_path(), 0700), 0);
	look(&post, 15 * MINUTE);
	assert_int_equal(rmdir(stats_path()), 0);
	scratch_file("journal.db-stats", "", 0600);
	look(&post, 30 * MINUTE);
	assert_int_equal(told, 0);
	end(&post);
}

/* It may be among the others. */
static void
of_a_hook_that_found_no_place_nothing_is_known(void **state)
{
	struct post post;
	char name[32];

	(void)state;
	only_of_a_file();
	begin(&post);
	assert_int_equal(unlink(stats_path()), 0);
	for (int i = 0; i < HOOKS; i++) {
		snprintf(name, sizeof(name), "other%d", i);
		count(name, post.began);
	}
	look(&post, 30 * MINUTE);
	assert_int_equal(told, 0);
	end(&post);
}

static void
that_others_found_no_place_is_no_matter(void **state)
{
	struct post post;
	char name[32];

	(void)state;
	only_of_a_file();
	begin(&post);
	set_made(post.began - 1);
	for (int i = 0; i < HOOKS; i++) {
		snprintf(name, sizeof(name), "other%d", i);
		count(name, post.began);
	}
	look(&post, 10 * MINUTE);
	assert_int_equal(told, 1);
	end(&post);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_is_gone_is_made_and_silence_counts_from_then),
		TEST(by_one_that_was_made_before_it_is_silent_in_time),
		TEST(one_that_was_made_later_than_now_says_nothing),
		TEST(while_it_cannot_be_read_nothing_is_silent),
		TEST(of_a_hook_that_found_no_place_nothing_is_known),
		TEST(that_others_found_no_place_is_no_matter),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
