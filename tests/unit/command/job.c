/* SPDX-License-Identifier: ISC */
#include "../events.h"

#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/rule.h"

static const struct event_pair env[] = { { "TEAM", "/team", 3 } };

static void
start(struct trial *trial, struct job *job)
{
	trial_start(trial,
	    LIT("{\"event\":\"pipeline_run_started\",\"team\":\"blue\"}"));
	trial->hook.reading.env = env;
	trial->hook.reading.env_len = COUNT(env);
	assert_int_equal(trial_parse(trial), RC_OK);
	*job = job_make(&trial->hook, trial->event.name, NULL, LIT("{}"));
}

static void
a_job_is_told_what_its_event_says(void **state)
{
	struct trial trial;
	struct job job;

	(void)state;
	start(&trial, &job);
	job.pipeline = "CRM";
	job.run = "7";
	assert_int_equal(job_describe(&job, &trial.event, &trial.pool), RC_OK);
	assert_ptr_equal(job.row, trial.event.row);
	assert_string_equal(job.text, "Pipeline CRM started (run 7).");
	assert_string_equal(job.fields[0], "PELIHOOK_TEAM=blue");
	assert_null(job.fields[1]);
	trial_end(&trial);
}

static void
what_is_only_said_has_no_fields(void **state)
{
	struct trial trial;
	struct job job;

	(void)state;
	start(&trial, &job);
	/* Neither the pipeline nor the run is known. */
	assert_int_equal(job_say(&job, &trial.event, &trial.pool), RC_OK);
	assert_ptr_equal(job.row, trial.event.row);
	assert_string_equal(job.text, "A pipeline started.");
	assert_null(job.fields);
	trial_end(&trial);
}

static void
a_line_with_a_command_has_a_lane(void **state)
{
	static const char *const command[] = { "/bin/true", NULL };
	struct lane lanes[2] = { 0 };
	struct rule rule = { .command = command, .lane = 1 };
	const struct rule none = { 0 };
	struct trial trial;
	struct job job;

	(void)state;
	start(&trial, &job);
	trial.hook.lanes = lanes;
	trial.hook.lanes_len = COUNT(lanes);
	job_route(&job, &rule);
	assert_ptr_equal(job.rule, &rule);
	assert_ptr_equal(job.lane, &lanes[1]);
	job_route(&job, &none);
	assert_ptr_equal(job.rule, &none);
	assert_null(job.lane);
	job_route(&job, NULL);
	assert_null(job.rule);
	assert_null(job.lane);
	trial_end(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_is_told_what_its_event_says),
		cmocka_unit_test(what_is_only_said_has_no_fields),
		cmocka_unit_test(a_line_with_a_command_has_a_lane),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
