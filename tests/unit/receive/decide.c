/* SPDX-License-Identifier: ISC */
#include "../scene.h"

#include "base/buf.h"
#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/decide.h"

static enum rc
add_state(void *context, const struct journal_count *count)
{
	return buf_printf(context, "%s %lld ", journal_state_name(count->state),
	    (long long)count->count);
}

static void
a_hook_that_queues_stores_a_delivery_for_each_line(void **state)
{
	struct scene scene;
	struct journal *journal;
	struct buf counts = { 0 };

	(void)state;
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	assert_outcome(put(&scene, "a"), OUTCOME_QUEUED);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	assert_outcome(put(&scene, ""), OUTCOME_QUEUED);
	assert_refused(put(&scene, ""), RC_QUEUE_FULL);
	assert_int_equal(shared_journal_get(scene.shared, &journal), RC_OK);
	assert_int_equal(journal_counts(journal, add_state, &counts), RC_OK);
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
	assert_outcome(put(&scene, ""), OUTCOME_DELIVERED);
	assert_int_equal(access(journal_path, F_OK), -1);
	clear_scene(&scene);
	decide_close(NULL);
	shared_journal_close(NULL);
}

static void
without_a_journal_nothing_is_queued(void **state)
{
	struct scene scene;
	struct journal *journal;

	(void)state;
	set_scene(&scene, NULL);
	assert_outcome(put(&scene, ""), OUTCOME_DELIVERED);
	assert_refused(put(&scene, "a"), RC_CONFIG);
	scene.hook.delivery = CONF_QUEUE;
	assert_refused(put(&scene, ""), RC_CONFIG);
	assert_int_equal(shared_journal_get(scene.shared, &journal),
	    RC_MISSING);
	clear_scene(&scene);
}

static void
a_journal_that_could_not_be_opened_is_tried_again(void **state)
{
	struct scene scene;

	(void)state;
	only_of_a_file();
	assert_int_equal(mkdir(journal_path, 0700), 0);
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	assert_refused(put(&scene, ""), RC_CONFIG);
	assert_int_equal(rmdir(journal_path), 0);
	assert_outcome(put(&scene, ""), OUTCOME_QUEUED);
	clear_scene(&scene);
}

/* A hook that is noted as that file's. */
static void
set_noted_scene(struct scene *scene, const char *file)
{
	struct journal *journal;
	struct sample sample;

	set_scene(scene, journal_path);
	scene->hook.delivery = CONF_QUEUE;
	assert_int_equal(shared_journal_get(scene->shared, &journal), RC_OK);
	fill_sample(&sample, "h", 1);
	sample.entry.file = file;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

static void
the_hook_of_a_file_that_is_gone_is_taken_over(void **state)
{
	char noted[JOURNAL_FILE_SIZE];
	struct journal *journal;
	struct scene scene;

	(void)state;
	only_of_a_file();
	set_noted_scene(&scene, "/gone.conf");
	assert_outcome(put(&scene, "a"), OUTCOME_QUEUED);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	assert_int_equal(shared_journal_get(scene.shared, &journal), RC_OK);
	assert_int_equal(journal_source_find(journal, "h", noted), RC_OK);
	assert_string_equal(noted, "/unit.conf");
	clear_scene(&scene);
}

static void
the_hook_of_another_file_is_refused(void **state)
{
	struct scene scene;
	char text[2 * PATH_MAX];

	(void)state;
	only_of_a_file();
	snprintf(text, sizeof(text),
	    "journal %s\nhook h\nsignature none\non * run /bin/true\n",
	    journal_path);
	set_noted_scene(&scene, scratch_file("other.conf", text, 0600));
	scene.hook.file = scratch_file("unit.conf", text, 0600);
	assert_int_equal(scratch_log(LOG_LEVEL_ERROR), 0);
	assert_refused(put(&scene, "a"), RC_CONFIG);
	assert_int_equal(log_holds("a hook is another configuration's"), 1);
	log_close();
	clear_scene(&scene);
}

static const struct journal_subject a_run = {
	.pipeline = "p",
	.name = "p",
	.run = "1",
};

static void
what_is_ignored_is_recorded_without_its_body(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	scene.deliveries = 0;
	scene.subject = &a_run;
	assert_outcome(put(&scene, ""), OUTCOME_IGNORED);
	assert_int_equal(query("SELECT count(*) FROM records"
			       " WHERE pipeline = 'p' AND run = '1'"),
	    1);
	assert_int_equal(query("SELECT count(*) FROM events"), 0);
	clear_scene(&scene);
}

static void
what_is_stored_is_recorded_with_it(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	scene.hook.delivery = CONF_QUEUE;
	scene.subject = &a_run;
	assert_outcome(put(&scene, "a"), OUTCOME_QUEUED);
	assert_int_equal(query("SELECT count(*) FROM events"
			       " WHERE pipeline = 'p' AND run = '1'"),
	    1);
	assert_outcome(put(&scene, "a"), OUTCOME_DUPLICATE);
	assert_int_equal(query("SELECT count(*) FROM events"), 1);
	assert_int_equal(query("SELECT count(*) FROM records"), 0);
	clear_scene(&scene);
}

static void
what_was_waited_for_is_recorded_whatever_came_of_it(void **state)
{
	static const struct {
		const char *key;
		const char *script;
		enum outcome outcome;
		int records;
	} cases[] = {
		{ "", "exit 1", OUTCOME_FAILED, 1 },
		{ "a", "exit 1", OUTCOME_FAILED, 1 },
		{ "a", "exit 0", OUTCOME_DELIVERED, 1 },
		{ "a", "exit 0", OUTCOME_DUPLICATE, 0 },
	};
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	scene.subject = &a_run;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scene.command[2] = cases[i].script;
		assert_outcome(put(&scene, cases[i].key), cases[i].outcome);
		assert_int_equal(query("SELECT count(*) FROM records"),
		    cases[i].records);
		execute("DELETE FROM records");
	}
	clear_scene(&scene);
}

static void
what_was_refused_is_not_recorded(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene, journal_path);
	scene.subject = &a_run;
	wait_abort(scene.wait);
	assert_refused(put(&scene, ""), RC_STOPPING);
	assert_int_equal(access(journal_path, F_OK), -1);
	clear_scene(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hook_that_queues_stores_a_delivery_for_each_line),
		TEST(what_needs_no_journal_makes_none),
		TEST(without_a_journal_nothing_is_queued),
		TEST(a_journal_that_could_not_be_opened_is_tried_again),
		TEST(the_hook_of_a_file_that_is_gone_is_taken_over),
		TEST(the_hook_of_another_file_is_refused),
		TEST(what_is_ignored_is_recorded_without_its_body),
		TEST(what_is_stored_is_recorded_with_it),
		TEST(what_was_waited_for_is_recorded_whatever_came_of_it),
		TEST(what_was_refused_is_not_recorded),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
