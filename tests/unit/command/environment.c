/* SPDX-License-Identifier: ISC */
#include "../one_job.h"

#include "base/pool.h"
#include "command/environment.h"
#include "command/job.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/receipt.h"

/* What the command sees. */

/* Exactly these variables, in any order. */
static unsigned
check_environment(const char *const *got, const char *const *want)
{
	unsigned wrong = 0;
	size_t n = 0, m = 0;

	for (; got[n] != NULL; n++)
		;
	for (; want[m] != NULL; m++) {
		size_t i = 0;

		while (i < n && strcmp(got[i], want[m]) != 0)
			i++;
		wrong += case_true(want[m], "present", i < n);
	}
	for (size_t i = 0; n != m && i < n; i++)
		print_error("there is %s\n", got[i]);
	return wrong + case_number("count", (long long)n, (long long)m);
}

static void
the_environment_is_the_table(void **state)
{
	static struct event_pair setenv_lines[] = { { "REGION", "eu west", 1 },
		{ "EMPTY", "", 2 } };
	static const char *const fields[] = { "PELIHOOK_TABLE=orders",
		"PELIHOOK_ROWS=7", NULL };
	static const struct catalog_row row = { "pipeline_run_failed",
		"pipeline", "failed", "failure", "error", "safe", "", "" };
	static const char *const want[] = { "PATH=" SPAWN_PATH, "HOME=/var/www",
		"USER=www-data", "LOGNAME=www-data", "LANG=C.UTF-8",
		"REGION=eu west", "EMPTY=", "PELIHOOK_TABLE=orders",
		"PELIHOOK_ROWS=7", "PELIHOOK_HOOK=peliqan",
		"PELIHOOK_EVENT=pipeline_run_failed", "PELIHOOK_KIND=pipeline",
		"PELIHOOK_OUTCOME=failure", "PELIHOOK_CAUSE=error",
		"PELIHOOK_RUN_STATUS=failed", "PELIHOOK_RETRIGGER=safe",
		"PELIHOOK_ID=01890a5d-ac96-774b-bcce-b302099a8057",
		"PELIHOOK_DIGEST=aa",
		"PELIHOOK_RECEIVED=2026-01-02T03:04:05.678Z",
		"PELIHOOK_ATTEMPT=2", "PELIHOOK_VERIFIED=1",
		"PELIHOOK_REMOTE_ADDR=192.0.2.7", "PELIHOOK_COUNT=1",
		"PELIHOOK_PIPELINE=CRM", "PELIHOOK_RUN=7",
		"PELIHOOK_TEXT=Pipeline CRM failed.",
		"PELIHOOK_URL=https://example.com/page?view=event"
		"&id=01890a5d-ac96-774b-bcce-b302099a8057",
		"PELIHOOK_CLAIM=0123456789abcdef0123456789abcdef", NULL };
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	setenv("HOME", "/of-another", 1);
	setenv("USER", "another", 1);
	hook.setenv = setenv_lines;
	hook.setenv_len = COUNT(setenv_lines);
	hook.page_url = "https://example.com/page";
	job.fields = fields;
	job.row = &row;
	job.pipeline = "CRM";
	job.run = "7";
	job.text = "Pipeline CRM failed.";
	assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
	assert_int_equal(check_environment(got, want), 0);
	pool_free(&pool);
}

static void
a_batch_sees_only_what_it_shares(void **state)
{
	static struct event_pair setenv_lines[] = { { "REGION", "eu", 1 } };
	static const char *const want[] = { "PATH=" SPAWN_PATH, "HOME=/var/www",
		"USER=www-data", "LOGNAME=www-data", "LANG=C.UTF-8",
		"REGION=eu", "PELIHOOK_HOOK=peliqan", "PELIHOOK_COUNT=3",
		"PELIHOOK_CLAIM=0123456789abcdef0123456789abcdef", NULL };
	struct job jobs[3];
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	job.pipeline = "CRM";
	job.run = "7";
	job.text = "Pipeline CRM failed.";
	hook.page_url = "https://example.com/page";
	for (size_t i = 0; i < COUNT(jobs); i++)
		jobs[i] = job;
	hook.setenv = setenv_lines;
	hook.setenv_len = 1;
	assert_int_equal(environment_make(jobs, 3, &pool, &got), RC_OK);
	assert_int_equal(check_environment(got, want), 0);
	pool_free(&pool);
}

static bool
has(const char *const *list, const char *variable)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, variable) == 0)
			return true;
	return false;
}

static void
setenv_takes_the_place_of_a_default(void **state)
{
	static struct event_pair setenv_lines[] = { { "PATH", "/opt/bin", 1 },
		{ "HOME", "/h", 2 }, { "LANG", "de", 3 }, { "PAT", "H", 4 } };
	struct receipt unsigned_receipt = receipt;
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	unsigned_receipt.verified = false;
	job.receipt = &unsigned_receipt;
	hook.setenv = setenv_lines;
	hook.setenv_len = COUNT(setenv_lines);
	assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
	assert_true(has(got, "PATH=/opt/bin"));
	assert_true(has(got, "HOME=/h"));
	assert_true(has(got, "LANG=de"));
	assert_true(has(got, "PAT=H"));
	assert_true(has(got, "PELIHOOK_VERIFIED=0"));
	assert_true(has(got, "PELIHOOK_KIND=pipeline"));
	assert_true(has(got, "PELIHOOK_OUTCOME="));
	for (size_t i = 0; got[i] != NULL; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(strncmp(got[i], got[j],
						 strcspn(got[i], "=") + 1),
			    0);
	pool_free(&pool);
}

static bool
has_name(const char *const *list, const char *name)
{
	size_t len = strlen(name);

	for (; *list != NULL; list++)
		if (strncmp(*list, name, len) == 0 && (*list)[len] == '=')
			return true;
	return false;
}

static void
what_is_not_known_is_not_set(void **state)
{
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	job.pipeline = "";
	job.run = NULL;
	job.text = "A pipeline failed.";
	assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
	assert_false(has_name(got, "PELIHOOK_PIPELINE"));
	assert_false(has_name(got, "PELIHOOK_RUN"));
	assert_false(has_name(got, "PELIHOOK_URL"));
	assert_true(has(got, "PELIHOOK_TEXT=A pipeline failed."));
	pool_free(&pool);
}

static void
an_env_line_takes_the_place_of_what_was_found_or_not(void **state)
{
	static const char *const fields[] = { "PELIHOOK_PIPELINE=mine",
		"PELIHOOK_RUN=r", "PELIHOOK_TEXT=t", "PELIHOOK_URL=u", NULL };
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	job.fields = fields;
	for (int known = 0; known < 2; known++) {
		job.pipeline = known ? "CRM" : "";
		job.run = known ? "7" : "";
		job.text = known ? "Pipeline CRM failed." : NULL;
		hook.page_url = known ? "https://example.com/" : NULL;
		assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
		for (size_t i = 0; fields[i] != NULL; i++)
			assert_true(has(got, fields[i]));
		assert_false(has(got, "PELIHOOK_PIPELINE=CRM"));
		assert_false(has(got, "PELIHOOK_TEXT=Pipeline CRM failed."));
	}
	pool_free(&pool);
}

static void
a_url_that_has_a_query_gets_more_of_it(void **state)
{
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	hook.page_url = "https://example.com/?team=a";
	assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
	assert_true(has(got,
	    "PELIHOOK_URL=https://example.com/?team=a&view=event"
	    "&id=01890a5d-ac96-774b-bcce-b302099a8057"));
	pool_free(&pool);
}

static void
pelihooks_own_events_come_from_nowhere(void **state)
{
	struct pool pool = { 0 };
	const char *const *got;

	(void)state;
	job.event = "pelihook.run_stuck";
	job.row = catalog_find_watch(bytes_of(job.event));
	assert_non_null(job.row);
	assert_int_equal(environment_make(&job, 1, &pool, &got), RC_OK);
	assert_false(has_name(got, "PELIHOOK_REMOTE_ADDR"));
	assert_true(has(got, "PELIHOOK_VERIFIED=1"));
	assert_true(has(got, "PELIHOOK_KIND=watch"));
	assert_true(has(got, "PELIHOOK_OUTCOME=stuck"));
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_environment_is_the_table),
		TEST(a_batch_sees_only_what_it_shares),
		TEST(setenv_takes_the_place_of_a_default),
		TEST(what_is_not_known_is_not_set),
		TEST(an_env_line_takes_the_place_of_what_was_found_or_not),
		TEST(a_url_that_has_a_query_gets_more_of_it),
		TEST(pelihooks_own_events_come_from_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
