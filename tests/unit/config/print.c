/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/print.h"

/* What each directive of this file comes to. */
static const char text[] =
    "journal /j/q\ndispatch drain\npage-url http://h/p\n"
    "stop-timeout 90s\nallow-root yes\nlog /l\nlog-format json\nlog-level debug\n" WAITS
    "signature github\nevent-name header X-Event\ntimeout 365d\n"
    "retry 1s 120s\nconcurrency 7\norder \"/a b\"\ndedupe body\n"
    "batch 3\non-dead run /bin/mail -s \"a b\"\nmax-body 65536\n"
    "run-id \"/a b\"\npipeline-id /p\npipeline-name /n\n"
    "capture /c\nkeep-dead 90d\ndirectory /d\nqueued-status 200\n";

static const struct {
	enum keyword keyword;
	const char *given;
	const char *not_given;
} cases[] = {
	{ KEYWORD_SIGNATURE,
	    "header X-Hub-Signature-256 prefix sha256= "
	    "encoding hex",
	    "auto" },
	{ KEYWORD_EVENT_NAME, "header X-Event", "found in the payload" },
	{ KEYWORD_RUN_ID, "\"/a b\"", "found in the payload" },
	{ KEYWORD_PIPELINE_ID, "/p", "found in the payload" },
	{ KEYWORD_PIPELINE_NAME, "/n", "found in the payload" },
	{ KEYWORD_PAGE_URL, "http://h/p", "" },
	{ KEYWORD_DELIVERY, "queue", "wait" },
	{ KEYWORD_JOURNAL, "/j/q", "none" },
	{ KEYWORD_LEASE, "1m", "1m" },
	{ KEYWORD_DISPATCH, "drain", "thread or drain, as the program does" },
	{ KEYWORD_TIMEOUT, "365d", "30s" },
	{ KEYWORD_RETRY, "1s 2m", "10s 1m 5m 15m 1h 3h 6h 12h" },
	{ KEYWORD_CONCURRENCY, "7", "1" },
	{ KEYWORD_MAX_RUNNING, "half the threads", "half the threads" },
	{ KEYWORD_ORDER, "\"/a b\"", "none" },
	{ KEYWORD_DEDUPE, "body", "none" },
	{ KEYWORD_INPUT, "cloudevents", "body" },
	{ KEYWORD_ON_DEAD, "run /bin/mail -s \"a b\"", "" },
	{ KEYWORD_MAX_BODY, "64K", "1M" },
	{ KEYWORD_KEEP_DEAD, "90d", "forever" },
	{ KEYWORD_STOP_TIMEOUT, "90s", "20s" },
	{ KEYWORD_ALLOW_ROOT, "yes", "no" },
	{ KEYWORD_CAPTURE, "/c", "" },
	{ KEYWORD_DIRECTORY, "/d", "/" },
	{ KEYWORD_QUEUED_STATUS, "200", "202" },
	{ KEYWORD_LOG, "/l", "stderr" },
	{ KEYWORD_LOG_FORMAT, "json", "text" },
	{ KEYWORD_LOG_LEVEL, "debug", "info" },
	/* Those that repeat have no one value. */
	{ KEYWORD_ON, "", "" },
	{ KEYWORD_ENV, "", "" },
};

static unsigned
check_print(const struct conf *conf, enum keyword keyword, const char *want)
{
	struct buf got = { 0 };
	unsigned wrong = case_rc(want,
	    conf_print(conf, &conf->hooks[0], keyword, &got), RC_OK);

	wrong += case_bytes(keywords_row(keyword)->name, buf_view(&got),
	    bytes_of(want));
	buf_free(&got);
	return wrong;
}

static void
values_in_force_are_printed(void **state)
{
	struct conf *given = good(text);
	struct conf *not_given = good(WAITS);
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong += check_print(given, cases[i].keyword, cases[i].given);
		wrong += check_print(not_given, cases[i].keyword,
		    cases[i].not_given);
	}
	assert_int_equal(wrong, 0);
	conf_release(given);
	conf_release(not_given);
}

/* As it is written, as no password can be in it. */
static void
a_shared_journal_and_its_lease_are_printed(void **state)
{
	struct conf *conf;
	unsigned wrong;

	(void)state;
	needs_postgresql();
	conf = good("journal \"postgresql://u@h1,h2/d b?service=p\"\n"
		    "lease 3s\n" WAITS);
	wrong = check_print(conf, KEYWORD_JOURNAL,
	    "postgresql://u@h1,h2/d b?service=p");
	wrong += check_print(conf, KEYWORD_LEASE, "3s");
	wrong += check_print(conf, KEYWORD_KILL_AFTER, "1s");
	assert_int_equal(wrong, 0);
	conf_release(conf);
}

static void
rules_are_printed(void **state)
{
	static const char *const rules[] = { "* ignore",
		"@failure x \"a b\" ignore",
		"a where /b \"\" where /c [!x]* run /bin/x \"y z\"",
		"* also run /bin/x", "a where /b c lane x also run /bin/x" };
	struct buf lines = { 0 };
	struct conf *conf;

	(void)state;
	(void)buf_text(&lines, QUEUES "lane x\n");
	for (size_t i = 0; i < COUNT(rules); i++)
		(void)buf_printf(&lines, "on %s\n", rules[i]);
	conf = good(lines.data);
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct buf got = { 0 };

		assert_int_equal(conf_print_rule(&conf->hooks[0].rules[i + 1],
				     &got),
		    RC_OK);
		assert_string_equal(got.data, rules[i]);
		buf_free(&got);
	}
	conf_release(conf);
	buf_free(&lines);
}

static void
watch_lines_are_printed(void **state)
{
	static const struct {
		const char *line, *printed;
	} lines[] = {
		{ "off", "off" },
		{ "on",
		    "on failing 1 late auto stuck auto silent off remind off" },
		{ "on failing off late 6h stuck off silent 120m remind 1d",
		    "on failing off late 6h stuck off silent 2h remind 1d" },
		{ "for \"a b*\" late 2h",
		    "for \"a b*\" failing 3 late 2h stuck auto remind 4h" },
		{ "for x off", "for x off" },
	};
	char text_of[256];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		bool some = bytes_begin(bytes_of(lines[i].line), "for ");
		struct buf got = { 0 };
		struct conf *conf;

		snprintf(text_of, sizeof(text_of),
		    QUEUES "on @watch ignore\nwatch %s\n%s", lines[i].line,
		    some ? "watch on failing 3 silent 1h remind 4h\n" : "");
		conf = good(text_of);
		assert_int_equal(some ?
			conf_print_watch_for(&conf->hooks[0].watch_for[0],
			    &got) :
			conf_print_watch(&conf->hooks[0], &got),
		    RC_OK);
		assert_string_equal(got.data, lines[i].printed);
		conf_release(conf);
		buf_free(&got);
	}
}

static void
secrets_are_printed(void **state)
{
	static const char *const secrets[] = { "/s raw", "\"/a b\" hex",
		"/s whsec world-readable" };
	struct buf lines = { 0 };
	struct conf *conf;

	(void)state;
	(void)buf_text(&lines, "hook h\non * ignore\n");
	for (size_t i = 0; i < COUNT(secrets); i++)
		(void)buf_printf(&lines, "secret-file %s\n", secrets[i]);
	conf = good(lines.data);
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct buf got = { 0 };

		assert_int_equal(conf_print_secret(&conf->hooks[0].secrets[i],
				     &got),
		    RC_OK);
		assert_string_equal(got.data, secrets[i]);
		buf_free(&got);
	}
	conf_release(conf);
	buf_free(&lines);
}

static void
setenv_files_are_printed(void **state)
{
	struct conf *conf = good(WAITS "setenv-file A \"/a b\"\nsetenv C d\n"
				       "setenv-file B /b world-readable\n");
	struct buf got = { 0 };

	(void)state;
	assert_int_equal(conf_print_setenv_file(conf->hooks, 0, &got), RC_OK);
	buf_char(&got, '\n');
	assert_int_equal(conf_print_setenv_file(conf->hooks, 1, &got), RC_OK);
	assert_string_equal(got.data, "A \"/a b\"\nB /b world-readable");
	conf_release(conf);
	buf_free(&got);
}

static void
what_a_lane_has_of_its_own_is_printed(void **state)
{
	static const char *const settings[] = { "", " directory /d",
		" timeout 2s", " kill-after 3s", " retry 1s 2m",
		" concurrency 4", " order /a", " order \"/a b\"",
		" directory /d timeout 2s concurrency 4" };

	(void)state;
	for (size_t i = 0; i < COUNT(settings); i++) {
		struct buf lines = { 0 };
		struct buf got = { 0 };
		struct conf *conf;

		buf_printf(&lines,
		    QUEUES "on * lane x run /x\norder hook\n"
			   "lane x%s\n",
		    settings[i]);
		conf = good(lines.data);
		assert_int_equal(conf_print_lane(conf->hooks,
				     conf->hooks[0].lanes, &got),
		    RC_OK);
		assert_string_equal(got.len == 0 ? "" : got.data, settings[i]);
		conf_release(conf);
		buf_free(&lines);
		buf_free(&got);
	}
}

/* It is not written there, but follows. */
static void
with_a_lanes_batch_its_input_is_printed(void **state)
{
	struct conf *conf = good(QUEUES "on * lane x run /x\nlane x batch 2\n");
	struct buf got = { 0 };

	(void)state;
	assert_int_equal(conf_print_lane(conf->hooks, conf->hooks[0].lanes,
			     &got),
	    RC_OK);
	assert_string_equal(got.data, " batch 2 input cloudevents");
	conf_release(conf);
	buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(values_in_force_are_printed),
		SCRATCH_TEST(a_shared_journal_and_its_lease_are_printed),
		SCRATCH_TEST(rules_are_printed),
		SCRATCH_TEST(watch_lines_are_printed),
		SCRATCH_TEST(secrets_are_printed),
		SCRATCH_TEST(setenv_files_are_printed),
		SCRATCH_TEST(what_a_lane_has_of_its_own_is_printed),
		SCRATCH_TEST(with_a_lanes_batch_its_input_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
