/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "base/pidfd.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/warnings.h"

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A text and the one warning it is given; `%s` is a good secret's path. */
static const struct {
	const char *text;
	unsigned line;
	const char *part; /* NULL: none at all */
} warnings[] = {
	{ "journal /j/q\nsecret-file %s\ndedupe body\non * ignore\n", 0, NULL },
	{ "secret-file %s\nsignature stripe\non * ignore\n", 0, NULL },
	{ "hook h\nsecret-file %s\non * ignore\n", 1, "can be sent again" },
	{ "hook h\nsecret-file %s\nsignature github\non * ignore\n", 3,
	    "no timestamp and there is no `dedupe'" },
	{ "hook h\nsignature none\non * ignore\n", 2,
	    "hook h takes requests that nobody signed" },
	{ "secret-file %s\nsignature stripe\non * ignore\n"
	  "event-name header X-Event\n",
	    4, "header X-Event is not signed" },
	{ "journal /j/q\nsecret-file %s\non * ignore\n"
	  "dedupe header X-Id\n",
	    4, "header X-Id is not signed" },
	{ "journal /j/q\nsecret-file %s\nsignature standard-webhooks\n"
	  "on * ignore\ndedupe header Webhook-Id\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\nsignature slack\n"
	  "on * ignore\ndedupe header X-Slack-Request-Timestamp\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\nsignature slack\n"
	  "on * ignore\ndedupe header X-Slack-Signature\n",
	    5, "is not signed" },
	{ "secret-file %s\nsignature stripe\non * ignore\ntimeout 30s\n", 0,
	    NULL },
	{ "secret-file %s\nsignature stripe\non * ignore\ntimeout 30001ms\n", 4,
	    "for more than 35s (`timeout' and `kill-after' together)" },
	{ "secret-file %s\nsignature stripe\non * ignore\nkill-after 6s\n", 4,
	    "for more than 35s" },
	{ "secret-file %s\nsignature stripe\non * ignore\nkill-after 20s\n"
	  "timeout 15s\n",
	    0, NULL },
	{ "kill-after 20s\nsecret-file %s\nsignature stripe\nhook h\n"
	  "timeout 16s\non * ignore\n",
	    5, "for more than 35s" },
	{ "timeout 41s\nsecret-file %s\nsignature stripe\nhook h\non * ignore\n",
	    1, "hook h waits for its command for more than 35s" },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\non * ignore\n"
	  "timeout 41s\n",
	    0, NULL },
	{ "secret-file %s\nsignature stripe\ncapture /tmp\non * ignore\n", 3,
	    "keeps refused requests in /tmp" },
	{ "secret-file %s\nsignature stripe\nhook a\non * ignore\n"
	  "hook b\non * ignore\n",
	    5, "hooks a and b have the same secret" },
	{ "secret-file %s\nsignature stripe\non pipeline_run_complete ignore\n",
	    3, "did you mean pipeline_run_completed?" },
	{ "secret-file %s\nsignature stripe\non Pipeline-Run_Eror ignore\n", 3,
	    "did you mean pipeline_run_error?" },
	{ "secret-file %s\nsignature stripe\non pipeline_run_error x.y "
	  "order_placed @failure pipeline_run_complet* ignore\n",
	    0, NULL },
	/* Anybody's events, unless the hook has some of the table as well. */
	{ "secret-file %s\nsignature stripe\nevent-name /type\n"
	  "on connection.added \"Push Hook\" orders/create ignore\n",
	    0, NULL },
	{ "secret-file %s\nsignature stripe\nevent-name /type\n"
	  "on pipeline_run_complete ignore\non connection_added ignore\n",
	    4, "did you mean pipeline_run_completed?" },
	{ "secret-file %s\nsignature stripe\non orders/create ignore\n", 3,
	    "no event is found under the name `orders/create': write `event-n" },
	{ "secret-file %s\nsignature stripe\non \"Push Hook\" ignore\n", 3,
	    "no event is found under the name `Push Hook'" },
	{ "secret-file %s\nsignature stripe\non " X64 "0 ignore\n", 3,
	    "no event is found under the name `0123" },
	{ "secret-file %s\nsignature stripe\non " X64 " ignore\n", 0, NULL },
	/* What is fresh again behind the window. */
	{ "journal /j/q\nsecret-file %s\nsignature stripe\ndedupe /id\n"
	  "dedupe-window 10m\non * ignore\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\ndedupe /id\n"
	  "dedupe-window 599999ms\non * ignore\n",
	    5,
	    "a captured request can be sent again behind it; "
	    "write `dedupe-window 600s' or more" },
	{ "journal /j/q\ndedupe-window 9m\nsecret-file %s\nsignature slack\n"
	  "dedupe body\nhook h\non * ignore\n",
	    2,
	    "hook h: the `dedupe-window' is shorter than twice the tolerance" },
	{ "journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	  "over {timestamp}.{body} tolerance 1d\ndedupe /id\non * ignore\n",
	    4, "write `dedupe-window 172800s' or more" },
	{ "journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	  "over {timestamp}.{body} tolerance 3ms\ndedupe /id\n"
	  "dedupe-window 5ms\non * ignore\n",
	    5, "write `dedupe-window 1s' or" },
	{ "journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	  "over {timestamp}.{body} tolerance 9223372036854775807ms\n"
	  "dedupe /id\non * ignore\n",
	    4, "shorter than twice the tolerance" },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\n"
	  "dedupe-window 1m\non * ignore\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\ndedupe body\ndedupe-window 1m\n"
	  "on * ignore\n",
	    0, NULL },
	{ "hook h\nsecret-file %s\nsignature github\non * ignore\n", 3,
	    "with `dedupe body', a second event that is equal to the byte is "
	    "dropped" },
#define ORDERED "journal /j/q\nsecret-file %s\nsignature stripe\norder hook\n"
	{ ORDERED "on a run /bin/sh\non b run /bin/sh a\n", 4,
	    "the order holds within a lane, and 2 have it: what one runs may" },
	{ ORDERED "on a run /bin/sh\non b lane x run /bin/sh\nlane x\n", 4,
	    "write `lane NAME', and the same `lane NAME' in each of them" },
	{ ORDERED "on a run /bin/sh\non b run /bin/sh\non c ignore\n", 0,
	    NULL },
	{ ORDERED "on a lane x run /bin/sh\non b lane x run /bin/sh a\n"
		  "lane x\n",
	    0, NULL },
	{ ORDERED "on a run /bin/sh\non b lane x run /bin/sh\n"
		  "lane x order none\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\n"
	  "on a run /bin/sh\non b run /bin/sh a\n",
	    0, NULL },
	/* What pelihook tells of itself. */
	{ "secret-file %s\nsignature stripe\nenv A /a\nenv TEXT /t\n"
	  "on * ignore\n",
	    4, "this `env' line replaces the PELIHOOK_TEXT of pelihook's own" },
	{ "secret-file %s\nsignature stripe\nenv PIPELINE /t\non * ignore\n", 3,
	    "PELIHOOK_PIPELINE" },
	{ "secret-file %s\nsignature stripe\nenv RUN /t\non * ignore\n", 3,
	    "PELIHOOK_RUN" },
	{ "secret-file %s\nsignature stripe\nenv URL /t\non * ignore\n", 3,
	    "PELIHOOK_URL" },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\n"
	  "on pelihook.run_stuck ignore\n",
	    4, "hook default watches nothing, so this line has no event of" },
	{ "secret-file %s\nsignature stripe\non * ignore\n"
	  "on a @watch ignore\n",
	    4, "write `watch on', or take them out of it" },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\nwatch on\n"
	  "on pelihook.run_stuck connection_added @watch ignore\n",
	    0, NULL },
	{ "journal /j/q\nsecret-file %s\nsignature stripe\n"
	  "watch for CRM late 6h\non @watch ignore\n",
	    0, NULL },
};

static unsigned
check_warning(const char *text, unsigned line, const char *part)
{
	struct buf found = { 0 };
	struct buf unready = { 0 };
	struct conf *conf = good(text);
	struct bad bad = { text, line, part };
	unsigned wrong = 0;

	(void)conf_load_all_files(conf, &unready);
	wrong += case_rc(text, conf_warnings(conf, 0, &found), RC_OK);
	if (part != NULL)
		wrong += check_error(&bad, &found);
	else
		wrong += case_text(text, found.len > 0 ? found.data : "", "");
	conf_release(conf);
	buf_free(&unready);
	buf_free(&found);
	return wrong;
}

static void
warnings_are_told(void **state)
{
	char text[4 * PATH_MAX];
	char secret[PATH_MAX + 16];
	unsigned wrong = 0;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(secret, sizeof secret, "%s/s", scratch);
	for (size_t i = 0; i < COUNT(warnings); i++) {
		const char *hole = strstr(warnings[i].text, "%s");

		snprintf(text, sizeof text, "%.*s%s%s",
		    hole == NULL ? 0 : (int)(hole - warnings[i].text),
		    warnings[i].text, hole == NULL ? "" : secret,
		    hole == NULL ? warnings[i].text : hole + 2);
		/* Where no command can be started, that is one more. */
		if (strstr(text, " run ") == NULL || pidfd_check() == RC_OK)
			wrong += check_warning(text, warnings[i].line,
			    warnings[i].part);
	}
	assert_int_equal(wrong, 0);
}

static void
a_shared_secret_is_told_once_a_hook(void **state)
{
	struct buf text = { 0 };
	struct buf found = { 0 };
	struct conf *conf;
	size_t lines = 0;

	(void)state;
	assert_int_equal(buf_printf(&text,
			     "secret-file %s\n"
			     "signature slack\n",
			     scratch_file("s", "x", 0600)),
	    RC_OK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(buf_printf(&text,
				     "hook h%u\n"
				     "on * ignore\n",
				     i),
		    RC_OK);
	conf = good(text.data);
	assert_int_equal(conf_load_all_files(conf, &found), RC_OK);
	assert_int_equal(conf_warnings(conf, 0, &found), RC_OK);
	for (const char *at = found.data; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 4);
	conf_release(conf);
	buf_free(&text);
	buf_free(&found);
}

static void
an_odd_secret_is_told(void **state)
{
	static const struct {
		struct bytes secret;
		const char *part; /* NULL: nothing is odd */
	} cases[] = {
		{ RAW(" x\n"), "/s begins or ends with a blank" },
		{ RAW("\357\273\277hush\r\n"), "a byte order mark" },
		{ RAW("\"hush\"\n"), "has quotes round it" },
		{ RAW("SECRET=hush\n"), "has a name before it" },
		{ RAW("hush\nhush\n"), "has more than one line" },
		{ RAW("hush\r\n"), NULL },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf found = { 0 };
		struct conf *conf = with_secret(cases[i].secret,
		    "raw\nsignature slack");
		struct bad bad = { cases[i].secret.data, 3, cases[i].part };

		assert_int_equal(conf_load_all_files(conf, &found), RC_OK);
		assert_int_equal(conf_warnings(conf, 0, &found), RC_OK);
		if (bad.part != NULL)
			wrong += check_error(&bad, &found);
		else
			wrong += case_number("none", (long long)found.len, 0);
		wrong += case_true(bad.text, "the secret is not told",
		    !holds_text(buf_view(&found), "hush"));
		conf_release(conf);
		buf_free(&found);
	}
	assert_int_equal(wrong, 0);
}

/* Each hook that watches, beside what is said of all. */
static void
who_watches_wants_somebody_who_judges(void **state)
{
	struct buf found = { 0 };
	struct conf *conf = good(
	    "journal /j/q\nlog /l\nsignature slack\nsecret-file /s\n"
	    "hook a\nwatch on\non @watch ignore\n"
	    "hook b\non * ignore\n");

	(void)state;
	assert_int_equal(conf_warnings(conf, CONF_BEHIND_CGI, &found), RC_OK);
	assert_int_equal(found.len, 0);
	assert_int_equal(conf_warnings(conf, CONF_BEHIND_CGI | CONF_UNTIMED,
			     &found),
	    RC_OK);
	assert_non_null(strstr(found.data,
	    "c:6: hook a: `watch' judges when the queue is run, and nothing "
	    "was found that runs it while no event comes: no alarm is sent for "
	    "what is late, stuck or silent; start pelihook.fcgi, or enable "
	    "pelihook-drain.timer or install pelihook-drain.cron"));
	assert_null(strstr(found.data, "hook b"));
	conf_release(conf);
	buf_free(&found);
}

static void
only_what_nothing_runs_wants_a_timer(void **state)
{
	static const struct {
		const char *text;
		unsigned around;
		const char *part; /* NULL: nothing */
	} cases[] = {
		{ "journal /j/q\nlog /l\n", 0, NULL },
		{ "journal /j/q\nlog /l\n", CONF_BEHIND_CGI, NULL },
		{ "journal /j/q\nlog /l\n", CONF_BEHIND_CGI | CONF_UNTIMED,
		    "no timer and no cron line was found that runs the queue: "
		    "under CGI nothing else runs `pelihookctl drain' when a "
		    "retry is due; start pelihook.fcgi, or enable " },
		{ "journal /j/q\ndispatch none\n", CONF_UNTIMED,
		    "with this `dispatch' nothing else runs `pelihookctl drain' "
		    "when a retry is due; enable pelihook-drain.timer" },
		{ "log /l\n", CONF_BEHIND_CGI | CONF_UNTIMED, NULL },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf found = { 0 };
		struct bad bad = { cases[i].text, 1, cases[i].part };
		char text[256];
		struct conf *conf;

		snprintf(text, sizeof text, "%ssignature slack\n" WAITS,
		    cases[i].text);
		conf = good(text);
		wrong += case_rc(text,
		    conf_warnings(conf, cases[i].around, &found), RC_OK);
		if (bad.part != NULL)
			wrong += check_error(&bad, &found);
		else
			wrong += case_number(text, (long long)found.len, 0);
		conf_release(conf);
		buf_free(&found);
	}
	assert_int_equal(wrong, 0);
}

/* The command `cmd` of the scratch directory, and where it is named. */
static unsigned
check_command(const char *script, const char *lines, unsigned line,
    const char *part)
{
	struct buf found = { 0 };
	char text[4 * PATH_MAX];
	struct conf *conf;
	struct bad bad = { script, line, part };
	unsigned wrong = 0;

	scratch_file("cmd", script, 0755);
	snprintf(text, sizeof text,
	    "journal /j/q\nhook h\nsecret-file /s\nsignature slack\n%s %s/cmd\n",
	    lines, scratch);
	conf = good(text);
	wrong += case_rc(text, conf_warnings(conf, 0, &found), RC_OK);
	if (part != NULL)
		wrong += check_error(&bad, &found);
	else
		wrong += case_text(script, found.len > 0 ? found.data : "", "");
	conf_release(conf);
	buf_free(&found);
	return wrong;
}

static void
a_command_that_no_kernel_starts_is_told(void **state)
{
	static const struct {
		const char *script;
		const char *lines;
		unsigned line;
		const char *part;
	} cases[] = {
		{ "#!/bin/sh\nexit 0\n", "on * run", 0, NULL },
		{ "#!/usr/bin/env sh\nexit 0\n", "on * run", 0, NULL },
		{ "\177ELF and more", "on * run", 0, NULL },
		{ "#!/bin/sh\r\nexit 0\r\n", "on * run", 5,
		    "/cmd has a first line that ends in CR" },
		{ "exit 0\n", "on * run", 5,
		    "/cmd is no program and has no #!" },
		{ "#!/usr/bin/nosuch\n", "on * run", 5,
		    "/cmd has the interpreter /usr/bin/nosuch, which is missing" },
		{ "\357\273\277#!/bin/sh\n", "on * run", 5,
		    "/cmd has a byte order mark before its #!" },
		{ "exit 0\n", "on * ignore\non-dead run", 6,
		    "/cmd is no program" },
		{ "exit 0\n", "on a ignore\non * also run", 6,
		    "/cmd is no program" },
		{ "#!/usr/bin/env sh\n", "setenv PATH /nowhere\non * run", 6,
		    "/cmd has the interpreter sh, which is not in the PATH of commands" },
	};
	unsigned wrong = 0;

	(void)state;
	/* Here that is told of every command. */
	if (pidfd_check() != RC_OK)
		skip();
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_command(cases[i].script, cases[i].lines,
		    cases[i].line, cases[i].part);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(warnings_are_told),
		SCRATCH_TEST(a_shared_secret_is_told_once_a_hook),
		SCRATCH_TEST(an_odd_secret_is_told),
		SCRATCH_TEST(who_watches_wants_somebody_who_judges),
		SCRATCH_TEST(only_what_nothing_runs_wants_a_timer),
		SCRATCH_TEST(a_command_that_no_kernel_starts_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
