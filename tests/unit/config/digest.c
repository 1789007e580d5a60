/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/digest.h"
#include "config/files.h"

/* The digest of the rules of a configuration's only hook. */
static void
digest_of(const char *directives, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	struct conf *conf;

	assert_int_equal(buf_printf(&text, "journal %s/q\nhook h\n%s%s%s",
			     scratch,
			     strstr(directives, "secret") == NULL ?
				 "signature none\n" :
				 "",
			     directives,
			     strstr(directives, "on ") == NULL ?
				 "on * run /a b c\n" :
				 ""),
	    RC_OK);
	conf = good(text.data);
	assert_int_equal(conf_digest(&conf->hooks[0], into), RC_OK);
	conf_release(conf);
	buf_free(&text);
}

#define LANE(name, settings)                                                   \
	"lane " name settings "\non * lane " name " run /a b c\n"

#define WATCH "on @watch run /a b c\n"

static void
what_decides_how_events_are_run_is_in_the_digest(void **state)
{
	static const char *const others[] = { "on * run /a bc\n",
		"on * run /a b c d\n", "on * run /a b 'c d'\n",
		"on @problem run /a b c\n", "on * also run /a b c\n",
		"on * ignore\n", "on a ignore\non * run /a b c\n",
		"on * run /a b c\non a ignore\n",
		"on * where /a b run /a b c\n", "on * where /a c run /a b c\n",
		"on * where /b b run /a b c\n", "delivery wait\n",
		"order hook\n", "order /a\n", "order /b\n", "concurrency 2\n",
		"batch 2\n", "input line\n", "env A /a\n", "env B /a\n",
		"env A /b\n", "setenv A b\n", "setenv A c\n", "timeout 2s\n",
		"kill-after 3s\n", "retry 1s\n", "retry 1s 1s\n",
		"on-dead run /a\n", "on-dead run /a b\n", "directory /d\n",
		"directory /e\n", "setenv-file A /b\n", "setenv-file A /c\n",
		LANE("x", ""), LANE("y", ""), LANE("x", " concurrency 2"),
		LANE("x", " order hook"), LANE("x", " order /a"),
		LANE("x", " retry 1s"), LANE("x", " timeout 2s"),
		LANE("x", " kill-after 3s"), LANE("x", " batch 2"),
		LANE("x", " directory /d"), LANE("x", "\ndirectory /d"),
		"run-id /a\n", "run-id /b\n", "pipeline-id /a\n",
		"pipeline-name /a\n", "on @watch run /a b c\n",
		WATCH "watch on\n", WATCH "watch on late 1h\n",
		WATCH "watch on stuck 1h\n", WATCH "watch on failing 2\n",
		WATCH "watch on silent 1h\n", WATCH "watch on remind 1h\n",
		WATCH "watch for a on\n", WATCH "watch for b on\n",
		WATCH "watch on\nwatch for b off\n",
		LANE("x", "") "on a lane x run /a b c\n" };
	static char digests[COUNT(others) + 1][CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	digest_of("", digests[COUNT(others)]);
	assert_int_equal(strlen(digests[COUNT(others)]), CONF_DIGEST_SIZE - 1);
	for (size_t i = 0; i < COUNT(others); i++)
		digest_of(others[i], digests[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		for (size_t k = i + 1; k <= COUNT(others); k++)
			failed += case_true(others[i], "a digest of its own",
			    strcmp(digests[i], digests[k]) != 0);
	assert_int_equal(failed, 0);
}

static void
what_decides_which_are_taken_is_not(void **state)
{
	static const char *const same[] = { "# a comment\n\n",
		"secret-file /s\n", "max-body 2K\n", "read-timeout 2s\n",
		"max-queue 7\n", "keep 3d\n", "keep-dead 3d\n", "dedupe body\n",
		"dedupe-window 3d\n", "event-name /a\n", "timeout 1h\n",
		"queued-status 200\n", "watch off\n", "watch for a off\n",
		"directory /\n", "concurrency 1\n" };
	char plain[CONF_DIGEST_SIZE];
	char got[CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	digest_of("", plain);
	for (size_t i = 0; i < COUNT(same); i++) {
		digest_of(same[i], got);
		failed += case_text(same[i], got, plain);
	}
	assert_int_equal(failed, 0);
}

/* The same as 0.1.0 made, whose journals hold it. */
static void
an_upgrade_is_no_change(void **state)
{
	char got[CONF_DIGEST_SIZE];

	(void)state;
	digest_of("on x also run /a b\non * run /a b c\nsetenv A b\n", got);
	assert_string_equal(got,
	    "5059edb2fdcc4d6a05dcacd2dc7da88d"
	    "924c055d5dfcc74e251aa001aba5c012");
}

/* A process that only reads another's file has nothing of its secrets. */
static void
it_is_the_same_whatever_is_in_the_files(void **state)
{
	struct buf errors = { .max = CEILING };
	char digests[3][CONF_DIGEST_SIZE];
	char text[3 * PATH_MAX];

	(void)state;
	scratch_file("t", "one", 0600);
	snprintf(text, sizeof(text),
	    "hook h\nsignature none\nsetenv A b\nsetenv-file B %s\n"
	    "on * ignore\n",
	    scratch_path("t"));
	for (size_t i = 0; i < COUNT(digests); i++) {
		struct conf *conf = good(text);

		if (i > 0)
			assert_int_equal(conf_load_files(conf, &conf->hooks[0],
					     &errors),
			    RC_OK);
		assert_int_equal(conf_digest(&conf->hooks[0], digests[i]),
		    RC_OK);
		assert_string_equal(digests[i], digests[0]);
		scratch_file("t", "another", 0600);
		conf_release(conf);
	}
}

/* The lanes' keys and the routing of a configuration's only hook, which are
 * there although its commands are not. */
static void
routing_of(const char *directives, char into[CONF_DIGEST_SIZE],
    char (*keys)[CONF_LANE_SIZE])
{
	struct buf text = { 0 };
	struct buf errors = { .max = CEILING };
	struct conf *conf;

	assert_int_equal(buf_printf(&text, QUEUES "%s", directives), RC_OK);
	conf = good(text.data);
	assert_string_equal(conf->hooks[0].routing, "");
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	snprintf(into, CONF_DIGEST_SIZE, "%s", conf->hooks[0].routing);
	for (size_t i = 0; keys != NULL && i < conf->hooks[0].lanes_len; i++)
		snprintf(keys[i], CONF_LANE_SIZE, "%s",
		    conf->hooks[0].lanes[i].key);
	conf_release(conf);
	buf_free(&text);
	buf_free(&errors);
}

static void
a_lane_is_known_by_its_name_or_all_words_of_its_command(void **state)
{
	static char keys[8][CONF_LANE_SIZE];
	char routing[CONF_DIGEST_SIZE];

	(void)state;
	routing_of("on a run /a b c\non b run /a bc\non c run /a b\n"
		   "on d run /a b c d\nlane x-1\n"
		   "on e lane x-1 run /a b c\n",
	    routing, keys);
	/* Of 2:/a1:b1:c- */
	assert_string_equal(keys[0],
	    "sha256:61536496b7f2d6c5f5324aa960d78eb5"
	    "08b7de1ba1ac9cad7217ebc81ac38d89");
	for (size_t i = 0; i < 4; i++) {
		assert_true(bytes_begin(bytes_of(keys[i]), "sha256:"));
		assert_int_equal(strlen(keys[i]), CONF_LANE_SIZE - 1);
		for (size_t k = i + 1; k < 5; k++)
			assert_string_not_equal(keys[i], keys[k]);
	}
	assert_string_equal(keys[4], "x-1");
}

#define ROUTED "on a run /a b\non * run /b\n"

static void
what_decides_where_deliveries_go_is_in_the_routing(void **state)
{
	static const char *const others[] = { ROUTED, "on a run /a b\n",
		"on a run /a c\non * run /b\n", "on a run /a b\non * ignore\n",
		"on a also run /a b\non * run /b\n",
		"on b run /a b\non * run /b\n", "on * run /b\non a run /a b\n",
		"on a run /b\non * run /b\n",
		"on a where /x y run /a b\non * run /b\n",
		"on a where /x z run /a b\non * run /b\n",
		"lane x\non a lane x run /a b\non * run /b\n",
		"lane y\non a lane y run /a b\non * run /b\n",
		"lane x\non a lane x run /a b\non * lane x run /b\n",
		"lane x order hook\non a lane x run /a b\non * run /b\n",
		ROUTED "order hook\n", ROUTED "order /a\n", ROUTED "order /b\n",
		"on a ignore\non a run /a b\non * run /b\n" };
	static char routings[COUNT(others)][CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		routing_of(others[i], routings[i], NULL);
	for (size_t i = 0; i < COUNT(others); i++)
		for (size_t k = i + 1; k < COUNT(others); k++)
			failed += case_true(others[i], "a routing of its own",
			    strcmp(routings[i], routings[k]) != 0);
	assert_int_equal(failed, 0);
}

/* In a lane with a name the command is not where deliveries go. */
static void
nothing_else_is_in_the_routing(void **state)
{
	static const char *const same[] = { "# a comment\n" ROUTED,
		"timeout 2s\n" ROUTED, "concurrency 3\n" ROUTED,
		"batch 2\n" ROUTED, "retry 1s\n" ROUTED, ROUTED "env A /a\n",
		ROUTED "setenv A b\n", ROUTED "on-dead run /x\n",
		ROUTED "order none\n" };
	char routing[2][CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	routing_of(ROUTED, routing[0], NULL);
	for (size_t i = 0; i < COUNT(same); i++) {
		routing_of(same[i], routing[1], NULL);
		failed += case_text(same[i], routing[1], routing[0]);
	}
	assert_int_equal(failed, 0);
	routing_of("lane x\non a lane x run /a\n", routing[0], NULL);
	routing_of("lane x timeout 2s concurrency 2 retry 1s kill-after 2s "
		   "batch 2 directory /d\non a lane x run /b\n",
	    routing[1], NULL);
	assert_string_equal(routing[0], routing[1]);
}

static void
watch_digest_of(const char *directives, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	struct conf *conf;

	assert_int_equal(buf_printf(&text, QUEUES "%s%s", directives, WATCH),
	    RC_OK);
	conf = good(text.data);
	assert_int_equal(conf_watch_digest(&conf->hooks[0], into), RC_OK);
	conf_release(conf);
	buf_free(&text);
}

static void
what_watching_goes_by_has_a_digest_of_its_own(void **state)
{
	static const char *const others[] = { "", "watch on\n",
		"watch on late 1h\n", "watch on stuck 1h\n",
		"watch on failing 2\n", "watch on silent 1h\n",
		"watch on remind 1h\n", "watch for a on\n", "watch for b on\n",
		"watch on\nwatch for b off\n" };
	static char digests[COUNT(others)][CONF_DIGEST_SIZE];
	char same[CONF_DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		watch_digest_of(others[i], digests[i]);
		assert_int_equal(strlen(digests[i]), CONF_DIGEST_SIZE - 1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(digests[i], digests[k]);
	}
	watch_digest_of("watch on late auto failing 1\non x run /y\n", same);
	assert_string_equal(same, digests[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_decides_how_events_are_run_is_in_the_digest),
		SCRATCH_TEST(what_decides_which_are_taken_is_not),
		SCRATCH_TEST(an_upgrade_is_no_change),
		SCRATCH_TEST(what_watching_goes_by_has_a_digest_of_its_own),
		SCRATCH_TEST(it_is_the_same_whatever_is_in_the_files),
		SCRATCH_TEST(
		    a_lane_is_known_by_its_name_or_all_words_of_its_command),
		SCRATCH_TEST(
		    what_decides_where_deliveries_go_is_in_the_routing),
		SCRATCH_TEST(nothing_else_is_in_the_routing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
