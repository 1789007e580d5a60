/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/digest.h"

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
		"on-dead run /a\n", "on-dead run /a b\n" };
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
		"concurrency 1\n" };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_decides_how_events_are_run_is_in_the_digest),
		SCRATCH_TEST(what_decides_which_are_taken_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
