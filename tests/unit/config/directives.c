/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "event/event.h"
#include "signature/recipe.h"
#include "signature/secret.h"

static void
global_directives_are_understood(void **state)
{
	struct conf *conf = good(
	    "journal /q\ndispatch drain\n"
	    "page-url https://h:8443/p?x=1\n"
	    "stop-timeout 90s\nallow-root yes\nlog /var/log/p\nlog-format json\nlog-level debug\n"
	    "read-timeout 3s\n" WAITS "read-timeout 4s\n");
	struct conf *other = good("journal /q\ndispatch thread\nlog syslog\n"
				  "allow-root no\n"
				  "log-level warning\n" WAITS);
	struct conf *third = good("journal /q\ndispatch none\nlog stderr\n"
				  "page-url http://[::1]:81/a@b?x=c@d\n"
				  "log-level error\nlog-format text\n" WAITS);

	(void)state;
	assert_int_equal(conf->dispatch, CONF_DISPATCH_DRAIN);
	assert_int_equal(conf->stop_timeout, 90 * SECOND);
	assert_int_equal(conf->allow_root, CONF_YES);
	assert_int_equal(other->allow_root, CONF_NO);
	assert_int_equal(third->allow_root, CONF_NO);
	assert_int_equal(conf->log.target, LOG_TO_FILE);
	assert_string_equal(conf->log.path, "/var/log/p");
	assert_int_equal(conf->log.format, LOG_JSON);
	assert_int_equal(conf->log.level, LOG_LEVEL_DEBUG);
	assert_string_equal(conf->page_url, "https://h:8443/p?x=1");
	assert_string_equal(conf->hooks[0].page_url, conf->page_url);
	assert_null(other->page_url);
	assert_string_equal(third->page_url, "http://[::1]:81/a@b?x=c@d");
	assert_null(other->hooks[0].page_url);
	assert_int_equal(conf->read_timeout, 3 * SECOND);
	assert_int_equal(conf->hooks[0].read_timeout, 4 * SECOND);
	assert_int_equal(other->dispatch, CONF_DISPATCH_THREAD);
	assert_int_equal(other->log.target, LOG_TO_SYSLOG);
	assert_int_equal(other->log.level, LOG_LEVEL_WARNING);
	assert_int_equal(third->dispatch, CONF_DISPATCH_NONE);
	assert_int_equal(third->log.target, LOG_TO_STDERR);
	assert_int_equal(third->log.level, LOG_LEVEL_ERROR);
	conf_release(conf);
	conf_release(other);
	conf_release(third);
}

static void
hook_directives_are_understood(void **state)
{
	struct conf *conf = good(
	    "journal /j/q\nhook h\non * ignore\n"
	    "secret-file /a\nsecret-file /b hex\nsecret-file /c base64\n"
	    "secret-file /d whsec\nsecret-file /e raw\nsignature github\n"
	    "event-name /data/0/type\ndelivery queue\ntimeout 365d\n"
	    "kill-after 1ms\nretry 1s 2m\nconcurrency 1000\nmax-running 7\n"
	    "order /run~1id\ndedupe header X-Id\ndedupe-window 2h\n"
	    "batch 1000\nenv RUN /run/id\nenv B \"\"\nsetenv PATH /bin\n"
	    "setenv lower_1 'a b'\non-dead run /bin/mail -s dead root\n"
	    "max-body 512M\nread-timeout 1h\nmax-queue 100000000\n"
	    "keep 3650d\nkeep-dead 90d\ncapture /var/tmp/c\n"
	    "directory /var/tmp\nqueued-status 200\n"
	    "setenv-file T /t world-readable\n");
	const struct hook *hook = &conf->hooks[0];

	(void)state;
	assert_int_equal(hook->secrets_len, 5);
	assert_string_equal(hook->secrets[0].path, "/a");
	assert_int_equal(hook->secrets[0].coding, SECRET_RAW);
	assert_int_equal(hook->secrets[0].line, 4);
	assert_int_equal(hook->secrets[0].key.len, 0);
	assert_int_equal(hook->secrets[1].coding, SECRET_HEX);
	assert_int_equal(hook->secrets[2].coding, SECRET_BASE64);
	assert_int_equal(hook->secrets[3].coding, SECRET_WHSEC);
	assert_string_equal(hook->secrets[4].path, "/e");
	assert_int_equal(hook->secrets[4].coding, SECRET_RAW);
	assert_int_equal(hook->signature.kind, RECIPE_HEADER);
	assert_string_equal(hook->signature.prefix, "sha256=");
	assert_int_equal(hook->reading.name.from, EVENT_FROM_POINTER);
	assert_string_equal(hook->reading.name.pointer, "/data/0/type");
	assert_int_equal(hook->delivery, CONF_QUEUE);
	assert_int_equal(hook->timeout, 365 * DAY);
	assert_int_equal(hook->kill_after, 1);
	assert_int_equal(hook->retry_len, 2);
	assert_int_equal(hook->retry[0], SECOND);
	assert_int_equal(hook->retry[1], 2 * MINUTE);
	assert_int_equal(hook->concurrency, 1000);
	assert_int_equal(hook->max_running, 7);
	assert_int_equal(hook->reading.order.from, EVENT_FROM_POINTER);
	assert_string_equal(hook->reading.order.pointer, "/run~1id");
	assert_int_equal(hook->reading.dedupe.from, EVENT_FROM_HEADER);
	assert_string_equal(hook->reading.dedupe.header.name, "X-Id");
	assert_string_equal(hook->reading.dedupe.header.variable, "HTTP_X_ID");
	assert_int_equal(hook->dedupe_window, 2 * HOUR);
	assert_int_equal(hook->batch, 1000);
	assert_int_equal(hook->input, CONF_CLOUDEVENTS);
	assert_int_equal(hook->reading.env_len, 2);
	assert_string_equal(hook->reading.env[0].name, "RUN");
	assert_string_equal(hook->reading.env[0].value, "/run/id");
	assert_string_equal(hook->reading.env[1].value, "");
	assert_int_equal(hook->reading.env[1].line, 22);
	assert_int_equal(hook->setenv_len, 3);
	assert_string_equal(hook->setenv[2].name, "T");
	assert_int_equal(hook->setenv_files_len, 1);
	assert_string_equal(hook->setenv_files[0].path, "/t");
	assert_true(hook->setenv_files[0].world_readable);
	assert_string_equal(hook->directory, "/var/tmp");
	assert_int_equal(hook->queued_status, 200);
	assert_string_equal(hook->setenv[0].name, "PATH");
	assert_string_equal(hook->setenv[1].value, "a b");
	assert_string_equal(hook->on_dead[0], "/bin/mail");
	assert_string_equal(hook->on_dead[3], "root");
	assert_null(hook->on_dead[4]);
	assert_int_equal(hook->max_body, 512 * 1024 * 1024);
	assert_int_equal(hook->read_timeout, HOUR);
	assert_int_equal(hook->max_queue, 100000000);
	assert_int_equal(hook->keep, 3650 * DAY);
	assert_int_equal(hook->keep_dead, 90 * DAY);
	assert_string_equal(hook->capture, "/var/tmp/c");
	conf_release(conf);
}

static void
a_duration_may_be_without_end(void **state)
{
	struct conf *conf = good("journal /j/q\nkeep-dead 5s\nhook h\n"
				 "secret-file /s\non * ignore\n"
				 "keep-dead forever\nhook i\nsecret-file /t\n"
				 "on * ignore\n");

	(void)state;
	assert_int_equal(conf->hooks[0].keep_dead, CLOCK_NEVER);
	assert_int_equal(conf->hooks[1].keep_dead, 5 * SECOND);
	conf_release(conf);
}

static void
what_a_run_is_known_by_may_be_a_default(void **state)
{
	struct conf *conf = good("run-id /a\npipeline-id /b\n"
				 "pipeline-name /c\n" WAITS
				 "pipeline-name /d\nhook i\nsecret-file /s\n"
				 "on * ignore\n");
	struct conf *none = good(WAITS);
	const struct event_reading *one = &conf->hooks[0].reading;
	const struct event_reading *two = &conf->hooks[1].reading;

	(void)state;
	assert_int_equal(one->run_id.from, EVENT_FROM_POINTER);
	assert_string_equal(one->run_id.pointer, "/a");
	assert_string_equal(one->pipeline_id.pointer, "/b");
	assert_string_equal(one->pipeline_name.pointer, "/d");
	assert_string_equal(two->pipeline_name.pointer, "/c");
	assert_int_equal(none->hooks[0].reading.run_id.from, EVENT_FROM_NONE);
	assert_int_equal(none->hooks[0].reading.pipeline_name.from,
	    EVENT_FROM_NONE);
	conf_release(conf);
	conf_release(none);
}

static void
sources_have_their_words(void **state)
{
	struct conf *conf = good(
	    QUEUES "order hook\ndedupe body\n"
		   "event-name header X-Event\nhook n\nsecret-file /s\n"
		   "on * ignore\norder none\ndedupe none\n");
	struct conf *other = good(QUEUES "dedupe /id\n");

	(void)state;
	assert_int_equal(conf->hooks[0].reading.order.from, EVENT_FROM_HOOK);
	assert_int_equal(conf->hooks[0].reading.dedupe.from, EVENT_FROM_BODY);
	assert_int_equal(conf->hooks[0].reading.name.from, EVENT_FROM_HEADER);
	assert_string_equal(conf->hooks[0].reading.name.header.variable,
	    "HTTP_X_EVENT");
	assert_int_equal(conf->hooks[1].reading.order.from, EVENT_FROM_NONE);
	assert_int_equal(conf->hooks[1].reading.dedupe.from, EVENT_FROM_NONE);
	assert_int_equal(other->hooks[0].reading.dedupe.from,
	    EVENT_FROM_POINTER);
	assert_string_equal(other->hooks[0].reading.dedupe.pointer, "/id");
	conf_release(conf);
	conf_release(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(global_directives_are_understood),
		SCRATCH_TEST(hook_directives_are_understood),
		SCRATCH_TEST(a_duration_may_be_without_end),
		SCRATCH_TEST(what_a_run_is_known_by_may_be_a_default),
		SCRATCH_TEST(sources_have_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
