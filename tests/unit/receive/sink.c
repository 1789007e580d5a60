/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <sqlite3.h>

#include "../commands.h"
#include "../queue.h"

#include "base/buf.h"
#include "base/clock.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/sink.h"
#include "receive/wait.h"

/* A hook and an event for it, with the real command to wait for. */
struct scene {
	struct hook hook;
	struct rule rule;
	const char *command[4];
	struct wait *wait;
	struct shared_journal *shared;
	struct deciding_sink *deciding;
	struct sink sink;
};

static void
set_scene(struct scene *scene, const char *path)
{
	need_pidfds();
	*scene = (struct scene){
		.hook = {.name = "h", .delivery = CONF_WAIT,
		    .timeout = 20000, .kill_after = 1000, .max_running = 99,
		    .dedupe_window = 3600000, .max_queue = 2},
		.command = {"/bin/sh", "-c", "exit 0", NULL}
	};
	scene->rule = (struct rule){.command = scene->command};
	assert_int_equal(wait_open(16, -1, 300, &scene->wait), RC_OK);
	assert_int_equal(shared_journal_open(path, JOURNAL_BRIEF,
	    &scene->shared), RC_OK);
	assert_int_equal(sink_open(scene->shared, wait_sink(scene->wait),
	    &scene->deciding), RC_OK);
	scene->sink = sink_of(scene->deciding);
}

static void
clear_scene(struct scene *scene)
{
	sink_close(scene->deciding);
	shared_journal_close(scene->shared);
	wait_close(scene->wait);
}

static enum rc
put(struct scene *scene, const char *key)
{
	static const char *const none[] = {NULL};
	struct sample sample;
	struct job job;

	fill_sample(&sample, "h", 1);
	job = (struct job){
		.hook = &scene->hook, .rule = &scene->rule,
		.event = "pipeline_run_error", .receipt = &sample.receipt,
		.row = catalog_find(bytes_of("pipeline_run_error")),
		.body = sample.entry.body, .fields = none, .attempt = 1,
		.dedupe_key = bytes_of(key), .deliveries = 2
	};
	return scene->sink.put(scene->sink.context, &job);
}

static enum rc
add_count(void *context, const struct journal_count *count)
{
	return buf_printf(context, "%s %lld ",
	    journal_state_name(count->state), (long long)count->count);
}

static void
a_hook_that_queues_stores_a_delivery_for_each_line(void **state)
{
	struct scene scene;
	struct journal *journal;
	struct buf counts = {0};

	(void)state;
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	assert_int_equal(put(&scene, "a"), RC_QUEUED);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	assert_int_equal(put(&scene, ""), RC_QUEUED);
	assert_int_equal(put(&scene, ""), RC_QUEUE_FULL);
	assert_int_equal(shared_journal_get(scene.shared, &journal), RC_OK);
	assert_int_equal(journal_counts(journal, add_count, &counts), RC_OK);
	assert_string_equal(counts.data, "queued 4 ");
	buf_free(&counts);
	clear_scene(&scene);
}

static void
what_needs_no_journal_makes_none(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	assert_int_equal(put(&scene, ""), RC_DELIVERED);
	assert_int_equal(access(journal_path, F_OK), -1);
	clear_scene(&scene);
	sink_close(NULL);
	shared_journal_close(NULL);
}

static void
without_a_journal_nothing_is_queued(void **state)
{
	struct scene scene;
	struct journal *journal;

	(void)state;
	set_scene(&scene, NULL);
	assert_int_equal(put(&scene, ""), RC_DELIVERED);
	assert_int_equal(put(&scene, "a"), RC_CONFIG);
	scene.hook.delivery = CONF_QUEUE;
	assert_int_equal(put(&scene, ""), RC_CONFIG);
	assert_int_equal(shared_journal_get(scene.shared, &journal),
	    RC_MISSING);
	clear_scene(&scene);
}

static void
a_journal_that_could_not_be_opened_is_tried_again(void **state)
{
	struct scene scene;

	(void)state;
	assert_int_equal(mkdir(journal_path, 0700), 0);
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	assert_int_equal(put(&scene, ""), RC_CONFIG);
	assert_int_equal(rmdir(journal_path), 0);
	assert_int_equal(put(&scene, ""), RC_QUEUED);
	clear_scene(&scene);
}

static void
what_was_delivered_is_a_duplicate(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	assert_int_equal(put(&scene, "a"), RC_DELIVERED);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	assert_int_equal(put(&scene, "b"), RC_DELIVERED);
	clear_scene(&scene);
	set_scene(&scene, journal_path);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	clear_scene(&scene);
}

static void
what_failed_frees_its_key(void **state)
{
	static const struct {
		const char *script;
		enum rc rc;
	} cases[] = {
		{"exit 1", RC_FAILED}, {"exit 75", RC_TEMPORARY},
		{"exit 65", RC_REJECTED}, {"kill -9 $$", RC_FAILED}
	};
	struct scene scene;
	unsigned failed = 0;

	(void)state;
	set_scene(&scene, journal_path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		scene.command[2] = cases[i].script;
		failed += case_rc(cases[i].script, put(&scene, "a"),
		    cases[i].rc);
	}
	assert_int_equal(failed, 0);
	scene.command[2] = "exit 0";
	assert_int_equal(put(&scene, "a"), RC_DELIVERED);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	clear_scene(&scene);
}

static void *
put_in_thread(void *context)
{
	struct scene *scene = context;

	return put(scene, "a") == RC_DELIVERED ? scene : NULL;
}

static void
wait_for_file(const char *path)
{
	int64_t deadline = clock_steady() + 20000;

	while (access(path, F_OK) != 0 && clock_left(deadline) > 0)
		poll(NULL, 0, 5);
	assert_int_equal(access(path, F_OK), 0);
}

/* A command that says that it runs, and goes on until it is let go. */
static char gate[2 * PATH_MAX + 128];

static void
start_gated(struct scene *scene, pthread_t *thread)
{
	snprintf(gate, sizeof(gate), "echo >%s/runs; while test ! -e %s/go; "
	    "do sleep 0.01; done", scratch, scratch);
	scene->command[2] = gate;
	assert_int_equal(pthread_create(thread, NULL, put_in_thread, scene),
	    0);
	wait_for_file(scratch_path("runs"));
}

static void
while_the_first_runs_others_are_pending(void **state)
{
	struct scene scene;
	pthread_t thread;
	void *delivered = NULL;

	(void)state;
	set_scene(&scene, journal_path);
	start_gated(&scene, &thread);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put(&scene, "a"), RC_PENDING);
	scratch_file("go", "", 0600);
	pthread_join(thread, &delivered);
	assert_non_null(delivered);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	clear_scene(&scene);
}

static void
an_end_that_could_not_be_written_is_made_up_for(void **state)
{
	struct scene scene;
	struct journal *journal;
	pthread_t thread;
	void *delivered = NULL;
	sqlite3 *db;

	(void)state;
	set_scene(&scene, journal_path);
	start_gated(&scene, &thread);
	assert_int_equal(shared_journal_get(scene.shared, &journal), RC_OK);
	journal_patience(journal, 20);
	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	scratch_file("go", "", 0600);
	pthread_join(thread, &delivered);
	assert_non_null(delivered);
	assert_int_equal(put(&scene, "a"), RC_LOCKED);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(put(&scene, "a"), RC_DUPLICATE);
	clear_scene(&scene);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, \
    scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_hook_that_queues_stores_a_delivery_for_each_line),
		TEST(what_needs_no_journal_makes_none),
		TEST(without_a_journal_nothing_is_queued),
		TEST(a_journal_that_could_not_be_opened_is_tried_again),
		TEST(what_was_delivered_is_a_duplicate),
		TEST(what_failed_frees_its_key),
		TEST(while_the_first_runs_others_are_pending),
		TEST(an_end_that_could_not_be_written_is_made_up_for)
	};

	return cmocka_run_group_tests_name("enqueue", tests, NULL, NULL);
}
