/* SPDX-License-Identifier: ISC */
#include <pthread.h>

#include "../scene.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/dedupe.h"

static void
what_was_delivered_is_a_duplicate(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	assert_outcome(put(&scene, "a"), OUTCOME_DELIVERED);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	assert_outcome(put(&scene, "b"), OUTCOME_DELIVERED);
	clear_scene(&scene);
	set_scene(&scene, journal_path);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	clear_scene(&scene);
}

static void
what_failed_frees_its_key(void **state)
{
	static const struct {
		const char *script;
		enum outcome outcome;
	} cases[] = { { "exit 1", OUTCOME_FAILED },
		{ "exit 75", OUTCOME_TEMPORARY },
		{ "exit 65", OUTCOME_REJECTED },
		{ "kill -9 $$", OUTCOME_FAILED } };
	struct scene scene;
	unsigned failed = 0;

	(void)state;
	set_scene(&scene, journal_path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		scene.command[2] = cases[i].script;
		failed += case_number(cases[i].script, put(&scene, "a").outcome,
		    cases[i].outcome);
	}
	assert_int_equal(failed, 0);
	scene.command[2] = "exit 0";
	assert_outcome(put(&scene, "a"), OUTCOME_DELIVERED);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	clear_scene(&scene);
}

static void *
put_in_thread(void *context)
{
	struct scene *scene = context;

	return put(scene, "a").outcome == OUTCOME_DELIVERED ? scene : NULL;
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
	snprintf(gate, sizeof(gate),
	    "echo >%s/runs; while test ! -e %s/go; "
	    "do sleep 0.01; done",
	    scratch, scratch);
	scene->command[2] = gate;
	assert_int_equal(pthread_create(thread, NULL, put_in_thread, scene), 0);
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
		assert_refused(put(&scene, "a"), RC_PENDING);
	scratch_file("go", "", 0600);
	pthread_join(thread, &delivered);
	assert_non_null(delivered);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	clear_scene(&scene);
}

/* A command that ends well while the journal is locked. */
static struct other
deliver_while_locked(struct scene *scene)
{
	struct journal *journal;
	pthread_t thread;
	void *delivered = NULL;
	struct other db;

	set_scene(scene, journal_path);
	start_gated(scene, &thread);
	assert_int_equal(shared_journal_get(scene->shared, &journal), RC_OK);
	journal_set_busy_timeout(journal, 20);
	db = lock_journal();
	scratch_file("go", "", 0600);
	pthread_join(thread, &delivered);
	assert_non_null(delivered);
	return db;
}

static void
an_end_that_could_not_be_written_is_made_up_for(void **state)
{
	struct scene scene;
	struct other db = deliver_while_locked(&scene);

	(void)state;
	assert_refused(put(&scene, "a"), RC_LOCKED);
	disconnect_other(&db);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	clear_scene(&scene);
}

/* Nothing comes that would have it written. */
static void
an_end_that_could_not_be_written_is_tried_again(void **state)
{
	int64_t deadline = clock_steady() + 20000;
	struct scene scene, other;
	struct other db = deliver_while_locked(&scene);
	int left;

	(void)state;
	left = decide_tick(scene.decider);
	assert_true(left > 0);
	disconnect_other(&db);
	set_scene(&other, journal_path);
	assert_refused(put(&other, "a"), RC_PENDING);
	while (left >= 0 && clock_left(deadline) > 0) {
		poll(NULL, 0, left < 50 ? left : 50);
		decide_work(scene.decider);
		left = decide_tick(scene.decider);
	}
	assert_int_equal(left, -1);
	assert_outcome(put(&other, "a"), OUTCOME_DUPLICATE);
	clear_scene(&other);
	clear_scene(&scene);
}

static bool
promise(void *context)
{
	(void)context;
	return true;
}

/* Whoever was called to write has gone home. */
static void
what_is_left_at_the_end_is_written(void **state)
{
	struct journal *journal = open_journal();
	struct journal_key key = dedupe_key("a");
	struct dedupe *dedupe;

	(void)state;
	journal_set_helper(journal, promise, NULL);
	assert_int_equal(dedupe_open(&dedupe), RC_OK);
	dedupe_keep(dedupe, &key, clock_wall() + 60000);
	dedupe_close(dedupe, journal);
	assert_int_equal(query("SELECT count(*) FROM keys"), 1);
	journal_close(journal);
}

static void
what_gets_no_turn_frees_its_key(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	wait_abort(scene.wait);
	assert_refused(put(&scene, "a"), RC_STOPPING);
	/* Not pending. */
	assert_refused(put(&scene, "a"), RC_STOPPING);
	clear_scene(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_delivered_is_a_duplicate),
		TEST(what_failed_frees_its_key),
		TEST(while_the_first_runs_others_are_pending),
		TEST(what_gets_no_turn_frees_its_key),
		TEST(an_end_that_could_not_be_written_is_made_up_for),
		TEST(an_end_that_could_not_be_written_is_tried_again),
		TEST(what_is_left_at_the_end_is_written),
	};

	return cmocka_run_group_tests_name("dedupe", tests, NULL, NULL);
}
