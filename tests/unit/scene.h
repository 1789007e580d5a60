/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SCENE_H
#define PELIHOOK_SCENE_H

#include "commands.h"
#include "queue.h"

#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/decide.h"
#include "receive/wait.h"

/* A hook and an event for it, with the real command to wait for. */
struct scene {
	struct hook hook;
	struct rule rule;
	const char *command[4];
	struct wait *wait;
	struct shared_journal *shared;
	struct decider *decider;
	struct sink sink;
};

static inline void
set_scene(struct scene *scene, const char *path)
{
	need_pidfds();
	*scene = (struct scene){
		.hook = {.name = "h", .file = "/unit.conf", .delivery = CONF_WAIT,
		    .timeout = 20000, .kill_after = 1000, .max_running = 99,
		    .dedupe_window = 3600000, .max_queue = 2,},
		.command = {"/bin/sh", "-c", "exit 0", NULL},
	};
	scene->rule = (struct rule){ .command = scene->command };
	assert_int_equal(wait_open(16, -1, 300, &scene->wait), RC_OK);
	assert_int_equal(shared_journal_open(path, JOURNAL_BRIEF,
			     &scene->shared),
	    RC_OK);
	assert_int_equal(decide_open(scene->shared, wait_sink(scene->wait),
			     &scene->decider),
	    RC_OK);
	scene->sink = decide_sink(scene->decider);
}

static inline void
clear_scene(struct scene *scene)
{
	decide_close(scene->decider);
	shared_journal_close(scene->shared);
	wait_close(scene->wait);
}

static inline enum outcome
put_job(struct scene *scene, const char *key, enum rc *reason)
{
	static const char *const none[] = { NULL };
	struct sample sample;
	struct job job;

	fill_sample(&sample, "h", 1);
	job = job_make(&scene->hook, "pipeline_run_error", &sample.receipt,
	    sample.entry.body);
	job.rule = &scene->rule;
	job.row = catalog_find(bytes_of("pipeline_run_error"));
	job.fields = none;
	job.dedupe_key = bytes_of(key);
	job.deliveries = 2;
	return scene->sink.put(scene->sink.context, &job, reason);
}

static inline enum outcome
put(struct scene *scene, const char *key)
{
	enum rc reason = RC_OK;

	return put_job(scene, key, &reason);
}

/* Why it is refused; RC_OK where it is not. */
static inline enum rc
put_refused(struct scene *scene, const char *key)
{
	enum rc reason = RC_OK;
	enum outcome outcome = put_job(scene, key, &reason);

	return outcome == OUTCOME_REFUSED ? reason : RC_OK;
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_place, scratch_remove)

#endif
