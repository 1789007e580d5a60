/* SPDX-License-Identifier: ISC */
#include <fcntl.h>

#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/load.h"

static void
hooks_are_found_by_name(void **state)
{
	struct conf *conf = good(WAITS "hook h2\nsecret-file /s\n"
				       "on * ignore\n");

	(void)state;
	assert_ptr_equal(conf_find(conf, bytes_of("h")), &conf->hooks[0]);
	assert_ptr_equal(conf_find(conf, bytes_of("h2")), &conf->hooks[1]);
	assert_null(conf_find(conf, bytes_of("H")));
	assert_null(conf_find(conf, bytes_of("")));
	assert_null(conf_find(conf, LIT("h\0")));
	conf_release(conf);
}

static void
names_of_hooks_are_known(void **state)
{
	static const char longest[] = "a23456789012345678901234567890123456789"
				      "0123456789012345678901234";

	(void)state;
	assert_true(conf_is_name(bytes_of("a")));
	assert_true(conf_is_name(bytes_of("0.a_B-9")));
	assert_true(conf_is_name(bytes_of(longest)));
	assert_false(conf_is_name(bytes_of("")));
	assert_false(conf_is_name(bytes_of(".a")));
	assert_false(conf_is_name(bytes_of("_a")));
	assert_false(conf_is_name(bytes_of("a b")));
	assert_false(conf_is_name(bytes_of("a/b")));
	assert_false(conf_is_name(bytes_of("\303\244")));
	assert_false(conf_is_name(LIT("a\0")));
	assert_false(
	    conf_is_name(bytes_of("a23456789012345678901234567890123"
				  "45678901234567890123456789012345")));
}

static void
the_file_is_named_by_the_environment(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("PELIHOOK_CONFIG"), 0);
	assert_int_equal(conf_default_file()[0], '/');
	assert_int_equal(setenv("PELIHOOK_CONFIG", "", 1), 0);
	assert_int_equal(conf_default_file()[0], '/');
	assert_int_equal(setenv("PELIHOOK_CONFIG", "/x/y.conf", 1), 0);
	assert_string_equal(conf_default_file(), "/x/y.conf");
	assert_int_equal(unsetenv("PELIHOOK_CONFIG"), 0);
}

static void
a_holder_keeps_the_configuration(void **state)
{
	struct conf *conf = good(WAITS);
	struct conf *held = conf_hold(conf);

	(void)state;
	assert_ptr_equal(held, conf);
	conf_release(conf);
	assert_string_equal(held->hooks[0].name, "h");
	conf_release(held);
	conf_release(NULL);
}

/* The file of good() as it is now. */
static struct conf *
read_again(struct conf *before)
{
	struct buf errors = { 0 };
	struct conf *conf = NULL;

	conf_release(before);
	assert_int_equal(conf_load(scratch_path("c"), &conf, &errors), RC_OK);
	buf_free(&errors);
	assert_false(conf_is_stale(conf));
	return conf;
}

static void
a_file_that_was_changed_is_stale(void **state)
{
	static const char text[] = "hook h\nsignature none\non * ignore\n";
	struct timespec long_ago[2] = { { 1000, 5 }, { 1000, 5 } };
	struct timespec far_ahead[2] = { { 7000000000, 5 }, { 7000000000, 5 } };
	struct conf *conf = good(text);
	const char *file = scratch_path("c");
	struct stat stat_of;

	(void)state;
	assert_false(conf_is_stale(conf));
	assert_int_equal(stat(file, &stat_of), 0);
	assert_int_equal(conf->time,
	    stat_of.st_ctim.tv_sec * 1000000000 + stat_of.st_ctim.tv_nsec);
	assert_int_equal(utimensat(AT_FDCWD, file, long_ago, 0), 0);
	assert_true(conf_is_stale(conf));
	conf = read_again(conf);
	assert_true(conf->time >= stat_of.st_ctim.tv_sec * 1000000000);
	assert_int_equal(utimensat(AT_FDCWD, file, far_ahead, 0), 0);
	conf = read_again(conf);
	assert_int_equal(conf->time, 7000000000000000005);
	/* Another one in its place, and none. */
	scratch_file("new", text, 0600);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path("new"), far_ahead, 0),
	    0);
	assert_false(conf_is_stale(conf));
	assert_int_equal(rename(scratch_path("new"), file), 0);
	assert_true(conf_is_stale(conf));
	conf = read_again(conf);
	assert_int_equal(unlink(file), 0);
	assert_true(conf_is_stale(conf));
	conf_release(conf);
}

static void
the_longest_kill_after_may_be_that_of_a_lane(void **state)
{
	struct conf *conf = good(QUEUES "kill-after 3s\non * run /a\n");
	struct conf *lane = good(
	    QUEUES "kill-after 3s\non a lane x run /a\non b lane y run /a\n"
		   "lane x kill-after 7s\nlane y kill-after 1s\n");

	(void)state;
	assert_int_equal(conf_longest_kill_after(conf), 3 * SECOND);
	assert_int_equal(conf_longest_kill_after(lane), 7 * SECOND);
	conf_release(conf);
	conf_release(lane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(hooks_are_found_by_name),
		SCRATCH_TEST(names_of_hooks_are_known),
		SCRATCH_TEST(the_file_is_named_by_the_environment),
		SCRATCH_TEST(a_holder_keeps_the_configuration),
		SCRATCH_TEST(a_file_that_was_changed_is_stale),
		SCRATCH_TEST(the_longest_kill_after_may_be_that_of_a_lane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
