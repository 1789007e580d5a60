/* SPDX-License-Identifier: ISC */
#include "../jobs.h"

#include "base/bytes.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"

static void
several_jobs_are_one_run(void **state)
{
	struct hook hook = a_hook("peliqan");
	struct job jobs[2] = { a_job(&hook), a_job(&hook) };
	const struct command how = { .stop = -1 };
	struct run_result result;

	(void)state;
	need_pidfds();
	lane.input = CONF_LINE;
	jobs[1].body = LIT("[2,\n3]");
	command[0] = script("command",
	    "cat; echo $PELIHOOK_HOOK $PELIHOOK_COUNT $PELIHOOK_EVENT.");
	command[1] = NULL;
	execute(jobs, 2, &how, &result);
	assert_int_equal(result.end, RUN_EXIT);
	assert_int_equal(result.code, 0);
	assert_true(bytes_is((struct bytes){ result.tail, result.tail_len },
	    "{\"a\":1}\n[2,3]\npeliqan 2 .\n"));
	execute(jobs, 1, &how, &result);
	assert_true(bytes_is((struct bytes){ result.tail, result.tail_len },
	    "{\"a\":1}\npeliqan 1 pipeline_run_failed.\n"));
}

static enum rc
note_pid(void *context, pid_t pid)
{
	*(pid_t *)context = pid;
	return RC_OK;
}

static void
the_start_is_told(void **state)
{
	struct hook hook = a_hook("peliqan");
	struct job job = a_job(&hook);
	struct run_result result;
	pid_t pid = 0;
	const struct command how = {
		.stop = -1,
		.started = note_pid,
		.context = &pid,
	};

	(void)state;
	need_pidfds();
	command[0] = "/bin/true";
	command[1] = NULL;
	execute(&job, 1, &how, &result);
	assert_true(pid > 0);
	assert_int_equal(pid, result.pid);
}

static bool
without_files(void)
{
	struct hook hook = a_hook("peliqan");
	struct job job = a_job(&hook);
	const struct command how = { .stop = -1 };
	struct run_result result = { .pid = 7, .pidfd = 7 };

	NEED(forbid(SYS_memfd_create, EMFILE));
	NEED(forbid(SYS_openat, EMFILE));
	execute(&job, 1, &how, &result);
	NEED(result.end == RUN_UNSTARTED);
	NEED(result.code == EMFILE);
	NEED(result.pid == -1 && result.pidfd == -1);
	NEED(run_outcome(&result) == OUTCOME_BUSY);
	return true;
}

static bool
can_forbid(void)
{
	return forbid(SYS_memfd_create, EMFILE);
}

static void
without_its_input_no_command_is_started(void **state)
{
	(void)state;
	if (!in_child(can_forbid))
		skip();
	assert_true(in_child(without_files));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(several_jobs_are_one_run),
		TEST(the_start_is_told),
		TEST(without_its_input_no_command_is_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
