/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "config/conf.h"
#include "event/event.h"
#include "signature/recipe.h"

static const struct bad together[] = {
	{ WAITS "delivery queue\n", 4, "`delivery queue' needs a journal" },
	{ "delivery queue\n" WAITS, 1, "`delivery queue' needs a journal" },
	{ "delivery queue\n" WAITS "delivery wait\n", 1, "needs a journal" },
	{ WAITS "dedupe body\n", 4,
	    "`dedupe' needs a journal: write `journal" },
	{ "dedupe body\n" WAITS, 1, "`dedupe' needs a journal" },
	{ WAITS "dedupe-window 1h\n", 4,
	    "`dedupe-window' needs a journal: write `journal PATH'" },
	{ "dedupe-window 1h\n" WAITS "hook i\nsecret-file /s\non * ignore\n", 1,
	    "`dedupe-window' needs a journal" },
	{ WAITS "keep 1d\n", 4,
	    "`keep' needs a journal: write `journal PATH'" },
	{ "keep 1d\n" WAITS, 1, "`keep' needs a journal" },
	{ WAITS "keep-dead forever\n", 4,
	    "`keep-dead' needs a journal: write `journal PATH'" },
	{ "keep 1d\nsecret-file /s\non * ignore\n", 1,
	    "`keep' needs a journal" },
	{ "dispatch none\n" WAITS, 1,
	    "`dispatch' needs a journal: write `jou" },
	{ "dispatch thread\nsecret-file /s\non * ignore\n", 1,
	    "`dispatch' needs a journal" },
	{ "delivery queue\njournal /j/q\n" WAITS "delivery wait\n", 1,
	    "`delivery queue' is for no hook, as each one waits: take this line" },
	{ WAITS "order hook\n", 4,
	    "`order' is for hooks that queue, and hook h waits: write `journal" },
	{ WAITS "batch 2\n", 4, "`batch' is for hooks that queue" },
	{ WAITS "retry 1s\n", 4, "`retry' is for hooks that queue" },
	{ WAITS "concurrency 2\n", 4, "`concurrency' is for hooks that queue" },
	{ WAITS "max-queue 2\n", 4, "`max-queue' is for hooks that queue" },
	{ WAITS "on-dead run /x\n", 4, "`on-dead' is for hooks that queue" },
	{ WAITS "on x also run /x\n", 4, "`also' is for hooks that queue" },
	{ QUEUES "delivery wait\norder none\n", 6,
	    "write `delivery queue', or" },
	{ QUEUES "delivery wait\non x also run /x\n", 6,
	    "write `delivery queue" },
	{ "batch 2\n" WAITS, 1, "and no hook does: write `journal PATH'" },
	{ "journal /j/q\nbatch 2\ndelivery wait\n" WAITS, 2,
	    "and no hook does: write `delivery queue'" },
	{ "batch 2\nsecret-file /s\non * ignore\n", 1, "`batch' is for hooks" },
	{ QUEUES "batch 2\ninput body\n", 5,
	    "`batch' does not go with `input b" },
	{ "journal /j/q\nbatch 2\n" WAITS "input body\n", 6,
	    "write `input line' or `input cloudevents'" },
	{ "signature none\nhook h\nsecret-file /s\non * ignore\n", 1,
	    "`signature none' is for one hook only" },
	{ WAITS "signature none\n", 4,
	    "`signature none' does not go with the secret of line 2" },
	{ "secret-file /s\nhook h\nsignature none\non * ignore\n", 3,
	    "does not go with the secret of line 1" },
};

static void
what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	assert_int_equal(check_bad(together, COUNT(together)), 0);
}

static void
a_journal_makes_hooks_queue(void **state)
{
	struct conf *conf = good(QUEUES "hook w\ndelivery wait\n"
					"secret-file /s\non * ignore\n");

	(void)state;
	assert_string_equal(conf->journal, "/j/q");
	assert_int_equal(conf->hooks[0].delivery, CONF_QUEUE);
	assert_int_equal(conf->hooks[0].timeout, HOUR);
	assert_int_equal(conf->hooks[1].delivery, CONF_WAIT);
	assert_int_equal(conf->hooks[1].timeout, 30 * SECOND);
	conf_release(conf);
}

static const struct bad leases[] = {
	{ "lease 30s\n" WAITS, 1,
	    "`lease' needs a journal that several machines share: write "
	    "`journal postgresql://USER@HOST/DATABASE'" },
	{ "lease 30s\n" QUEUES, 1, "`lease' needs a journal that several" },
	{ "journal /j/q\nlease 1m\nsecret-file /s\non * ignore\n", 2,
	    "`lease' needs a journal that several" },
	{ "journal q\nlease 1m\n" WAITS, 1, "is no absolute path" },
	{ "lease 2999ms\n" QUEUES, 1, "is out of range: write 3s to 1h" },
	{ WAITS "lease 1m\n", 4, "`lease' is for all hooks: write it before" },
};

static const struct bad shared_leases[] = {
	{ "lease 2s\n" SHARED, 1, "is out of range: write 3s to 1h" },
	{ "lease 61m\n" SHARED, 1, "is out of range: write 3s to 1h" },
	{ "lease 1m\nlease 1m\n" SHARED, 2, "given in line 1 already" },
	/* The default is 60s. */
	{ SHARED "kill-after 40001ms\n", 5, "is too long for a lease of 1m" },
	{ SHARED "kill-after 1h\n", 5,
	    "`kill-after 1h' is too long for a lease of 1m, before the "
	    "end of which all commands have to be killed where the database "
	    "cannot be reached: write 40s or less, or a longer `lease'" },
	{ "lease 30s\n" SHARED "kill-after 10001ms\n", 6, "write 10s or le" },
	{ "lease 29s\n" SHARED "kill-after 10s\n", 6, "write 9666ms or les" },
	{ "lease 3s\n" SHARED "kill-after 1001ms\n", 6, "write 1s or less" },
	{ "lease 1h\n" SHARED "kill-after 1h\n", 6, "write 3580s or less" },
	/* Once, however many hooks it is in force in. */
	{ "kill-after 41s\n" SHARED "hook i\nsecret-file /s\non * ignore\n", 1,
	    "write 40s or less" },
	/* Also where no hook has it. */
	{ "kill-after 41s\n" SHARED "kill-after 1s\n", 1, "write 40s or" },
	{ "journal postgresql://\nkill-after 41s\nsecret-file /s\n"
	  "on * ignore\n",
	    2, "write 40s or less" },
	{ SHARED "on x lane x run /x\nlane x kill-after 41s\n", 6,
	    "write 40s or less" },
	{ "lane x kill-after 41s\n" SHARED "on x lane x run /x\n", 1,
	    "write 40s or less" },
	{ "lease 3s\n" SHARED "kill-after 2h\n", 6, "write 1ms to 1h" },
	{ "lease 2h\n" SHARED "kill-after 1h\n", 1, "write 3s to 1h" },
};

static void
a_lease_is_for_a_shared_journal(void **state)
{
	(void)state;
	assert_int_equal(check_bad(leases, COUNT(leases)), 0);
}

static void
a_lease_outlasts_what_kill_after_gives(void **state)
{
	(void)state;
	needs_postgresql();
	assert_int_equal(check_bad(shared_leases, COUNT(shared_leases)), 0);
}

/* Of a lease, the most that is taken, and what holds where none is given. */
static void
kill_after_goes_by_the_lease(void **state)
{
	static const struct {
		const char *text;
		int64_t given;
		int64_t unset;
	} cases[] = {
		{ "kill-after 40s\n" SHARED, 40 * SECOND, 5 * SECOND },
		{ "lease 3s\nkill-after 1s\n" SHARED, SECOND, SECOND },
		{ "lease 9s\nkill-after 2s\n" SHARED, 2 * SECOND, 3 * SECOND },
		{ "lease 15s\nkill-after 5s\n" SHARED, 5 * SECOND, 5 * SECOND },
		{ "lease 1h\nkill-after 3580s\n" SHARED, 3580 * SECOND,
		    5 * SECOND },
		{ "kill-after 1h\n" QUEUES, HOUR, 5 * SECOND },
		{ "kill-after 1h\n" WAITS, HOUR, 5 * SECOND },
	};

	(void)state;
	needs_postgresql();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *conf = good(cases[i].text);

		assert_int_equal(conf_longest_kill_after(conf), cases[i].given);
		assert_int_equal(conf_kill_after(conf), cases[i].unset);
		conf_release(conf);
	}
}

static void
a_short_lease_shortens_the_default_of_kill_after(void **state)
{
	struct conf *conf;

	(void)state;
	needs_postgresql();
	conf = good("lease 6s\n" SHARED "on x run /x\non y lane y run /y\n"
		    "lane y kill-after 1s\n");
	assert_int_equal(conf->lease, 6 * SECOND);
	assert_int_equal(conf->hooks[0].kill_after, 2 * SECOND);
	assert_int_equal(conf->hooks[0].lanes[0].kill_after, 2 * SECOND);
	assert_int_equal(conf->hooks[0].lanes[1].kill_after, SECOND);
	assert_int_equal(conf_hook_kill_after(&conf->hooks[0]), 2 * SECOND);
	conf_release(conf);
	conf = good("lease 6s\njournal postgresql:///\nsecret-file /s\n"
		    "on * ignore\n");
	assert_int_equal(conf->hooks[0].kill_after, 2 * SECOND);
	conf_release(conf);
}

static void
no_hook_line_is_one_hook(void **state)
{
	struct conf *conf = good("secret-file /s\ntimeout 3s\non * ignore\n");

	(void)state;
	assert_int_equal(conf->hooks_len, 1);
	assert_string_equal(conf->hooks[0].name, "default");
	assert_int_equal(conf->hooks[0].line, 3);
	assert_int_equal(conf->hooks[0].rules_len, 1);
	assert_int_equal(conf->hooks[0].timeout, 3 * SECOND);
	conf_release(conf);
}

static void
defaults_hold_until_a_hook_differs(void **state)
{
	struct conf *conf = good(
	    "timeout 3s\nmax-body 2K\nsecret-file /a\n"
	    "secret-file /b\nsecret-file /c\nenv A /a\nenv B /b\n"
	    "setenv A a\nhook one\non * ignore\nhook two\non * ignore\n"
	    "timeout 4s\nsecret-file /d\nenv A /other\nsetenv B b\n"
	    "hook three\non * ignore\n");
	const struct hook *hook = conf->hooks;

	(void)state;
	assert_int_equal(conf->hooks_len, 3);
	assert_int_equal(hook[0].timeout, 3 * SECOND);
	assert_int_equal(hook[1].timeout, 4 * SECOND);
	assert_int_equal(hook[2].timeout, 3 * SECOND);
	assert_int_equal(hook[1].max_body, 2048);
	assert_int_equal(hook[0].secrets_len, 3);
	assert_int_equal(hook[1].secrets_len, 1);
	assert_string_equal(hook[1].secrets[0].path, "/d");
	assert_int_equal(hook[2].secrets_len, 3);
	assert_string_equal(hook[2].secrets[0].path, "/a");
	assert_true(hook[0].secrets != hook[2].secrets);
	assert_int_equal(hook[0].reading.env_len, 2);
	assert_int_equal(hook[1].reading.env_len, 1);
	assert_string_equal(hook[1].reading.env[0].value, "/other");
	assert_string_equal(hook[2].reading.env[0].value, "/a");
	assert_int_equal(hook[1].setenv_len, 1);
	assert_string_equal(hook[1].setenv[0].name, "B");
	conf_release(conf);
}

/* Each of the two directives by itself. */
static void
own_variables_replace_those_of_the_defaults(void **state)
{
	struct conf *conf = good(
	    "secret-file /s\nsetenv A a\nsetenv-file B /b\n"
	    "hook one\non * ignore\nsetenv C c\n"
	    "hook two\non * ignore\nsetenv-file D /d\nsetenv-file E /e\n"
	    "hook three\non * ignore\n");
	static const char *const names[][3] = { { "C", "B", NULL },
		{ "A", "D", "E" }, { "A", "B", NULL } };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct hook *hook = &conf->hooks[i];

		assert_int_equal(hook->setenv_len, i == 1 ? 3 : 2);
		for (size_t k = 0; k < hook->setenv_len; k++)
			assert_string_equal(hook->setenv[k].name, names[i][k]);
	}
	assert_int_equal(conf->hooks[1].setenv_files_len, 2);
	assert_string_equal(conf->hooks[1].setenv_files[1].path, "/e");
	assert_int_equal(conf->hooks[1].setenv_files[1].line, 10);
	/* What is loaded for one is not the other's. */
	assert_true(conf->hooks[0].setenv_files != conf->hooks[2].setenv_files);
	assert_true(conf->hooks[0].setenv != conf->hooks[2].setenv);
	conf_release(conf);
}

/* A default for queues is none for the hooks that wait. */
static void
queue_defaults_pass_by_hooks_that_wait(void **state)
{
	struct conf *conf = good(
	    "journal /j/q\nbatch 10\norder hook\n"
	    "on-dead run /x\nretry 1s\nsecret-file /s\nhook w\n"
	    "delivery wait\ninput body\non * ignore\nhook q\non * ignore\n");

	(void)state;
	assert_int_equal(conf->hooks[0].batch, 1);
	assert_int_equal(conf->hooks[0].reading.order.from, EVENT_FROM_NONE);
	assert_null(conf->hooks[0].on_dead);
	assert_int_equal(conf->hooks[0].input, CONF_BODY);
	assert_int_equal(conf->hooks[1].batch, 10);
	assert_int_equal(conf->hooks[1].reading.order.from, EVENT_FROM_HOOK);
	assert_int_equal(conf->hooks[1].input, CONF_CLOUDEVENTS);
	assert_non_null(conf->hooks[1].on_dead);
	conf_release(conf);
}

static void
a_batch_may_be_lines(void **state)
{
	struct conf *conf = good(QUEUES "batch 3\ninput line\n");
	struct conf *one = good(QUEUES "batch 1\ninput body\n");

	(void)state;
	assert_int_equal(conf->hooks[0].input, CONF_LINE);
	assert_int_equal(one->hooks[0].input, CONF_BODY);
	conf_release(conf);
	conf_release(one);
}

static void
a_hook_may_go_unsigned(void **state)
{
	struct conf *conf = good("hook u\nsignature none\non * ignore\n" WAITS);

	(void)state;
	assert_int_equal(conf->hooks[0].signature.kind, RECIPE_NONE);
	assert_int_equal(conf->hooks[0].secrets_len, 0);
	conf_release(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_does_not_go_together_is_refused),
		SCRATCH_TEST(a_journal_makes_hooks_queue),
		SCRATCH_TEST(a_lease_is_for_a_shared_journal),
		SCRATCH_TEST(a_lease_outlasts_what_kill_after_gives),
		SCRATCH_TEST(kill_after_goes_by_the_lease),
		SCRATCH_TEST(a_short_lease_shortens_the_default_of_kill_after),
		SCRATCH_TEST(no_hook_line_is_one_hook),
		SCRATCH_TEST(defaults_hold_until_a_hook_differs),
		SCRATCH_TEST(own_variables_replace_those_of_the_defaults),
		SCRATCH_TEST(queue_defaults_pass_by_hooks_that_wait),
		SCRATCH_TEST(a_batch_may_be_lines),
		SCRATCH_TEST(a_hook_may_go_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
