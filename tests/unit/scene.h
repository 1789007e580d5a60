/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SCENE_H
#define PELIHOOK_SCENE_H

#include <semaphore.h>

#include "commands.h"
#include "queue.h"

#include "base/buf.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/name.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/decide.h"
#include "receive/exchange.h"
#include "receive/wait.h"

/* A hook and an event for it, with the real command to wait for. */
struct scene {
	struct hook hook;
	struct rule rule;
	struct lane lane;
	const char *command[4];
	struct wait *wait;
	struct shared_journal *shared;
	struct decider *decider;
	struct sink sink;
	/* Of its events. */
	const struct journal_subject *subject;
	unsigned deliveries;
};

static inline void
set_scene(struct scene *scene, const char *path)
{
	const struct wait_settings waiting = {
		.threads = 16,
		.stop = -1,
		.stop_kill_after = 300,
	};
	struct decide_settings deciding = { 0 };

	need_pidfds();
	*scene = (struct scene){
		.hook = {.name = "h", .file = "/unit.conf", .delivery = CONF_WAIT,
		    .max_running = 99, .queued_status = 202,
		    .dedupe_window = 3600000, .max_queue = 2,},
		.command = {"/bin/sh", "-c", "exit 0", NULL},
	};
	scene->deliveries = 2;
	scene->rule = (struct rule){ .command = scene->command };
	scene->lane = (struct lane){
		.timeout = 20000,
		.kill_after = 1000,
		.directory = "/",
	};
	scene->hook.lanes = &scene->lane;
	scene->hook.lanes_len = 1;
	assert_int_equal(wait_open(&waiting, &scene->wait), RC_OK);
	assert_int_equal(shared_journal_open(path, JOURNAL_BRIEF,
			     &scene->shared),
	    RC_OK);
	deciding.journal = scene->shared;
	deciding.wait = scene->wait;
	assert_int_equal(decide_open(&deciding, &scene->decider), RC_OK);
	scene->sink = decide_sink(scene->decider);
}

static inline void
clear_scene(struct scene *scene)
{
	decide_close(scene->decider);
	shared_journal_close(scene->shared);
	wait_close(scene->wait);
}

/* A request whose end is waited for. */
struct putting {
	struct exchange_end end;
	unsigned ends;
	unsigned releases;
	sem_t over;
};

static inline void
putting_done(struct exchange *exchange, const struct exchange_end *end)
{
	struct putting *putting = exchange->gateway.context;

	putting->end = *end;
	putting->ends++;
	exchange_close(exchange);
	sem_post(&putting->over);
}

static inline void
putting_released(void *context)
{
	struct putting *putting = context;

	putting->releases++;
}

/* Puts an event with this key, and works until it is ended. */
static inline struct exchange_end
put(struct scene *scene, const char *key)
{
	static const char *const none[] = { NULL };
	static const char *const variables[] = { NULL };
	struct putting putting = { 0 };
	const struct gateway gateway = {
		.context = &putting,
		.variables = variables,
		.body_released = putting_released,
	};
	struct journal_route routes[2] = { { .lane = "a" },
		{ .lane = "b", .line = 1 } };
	struct exchange *exchange = exchange_open(&gateway, NULL);
	struct sample sample;

	assert_non_null(exchange);
	sem_init(&putting.over, 0, 0);
	fill_sample(&sample, "h", 1);
	exchange->hook = &scene->hook;
	exchange->done = putting_done;
	exchange->receipt = sample.receipt;
	exchange->routes = routes;
	exchange->deliveries = scene->deliveries;
	exchange->subject = scene->subject;
	exchange->counted = true;
	event_name_set(&exchange->event, bytes_of("pipeline_run_error"), "");
	assert_int_equal(buf_add(&exchange->request.body, sample.entry.body),
	    RC_OK);
	assert_int_equal(journal_dedupe_key(bytes_of(key), &exchange->dedupe),
	    RC_OK);
	exchange->job = job_make(&scene->hook, exchange->event.name,
	    &exchange->receipt, buf_view(&exchange->request.body));
	job_route(&exchange->job, &scene->rule);
	exchange->job.row = exchange->event.row;
	exchange->job.fields = none;
	scene->sink.put(scene->sink.context, exchange);
	decide_work(scene->decider);
	while (sem_wait(&putting.over) != 0)
		continue;
	assert_int_equal(putting.ends, 1);
	assert_int_equal(putting.releases, 1);
	sem_destroy(&putting.over);
	return putting.end;
}

#define assert_outcome(ended, expected)                                        \
	assert_int_equal((ended).outcome, (expected))

static inline void
assert_refused(struct exchange_end end, enum rc reason)
{
	assert_outcome(end, OUTCOME_REFUSED);
	assert_int_equal(end.reason, reason);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_place, scratch_remove)

#endif
