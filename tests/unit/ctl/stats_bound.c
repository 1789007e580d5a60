/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/bytes.h"
#include "journal/journal.h"

#include "../../../ctl/stats_bound.h"
#include "../../../ctl/stats_print.h"

enum { ROOM = 64 };

/* A hook's events as they were gathered. */
struct scene {
	struct stats stats;
	struct stats_hook hook;
	struct stats_event events[ROOM];
	char names[ROOM][16];
};

static void
add(struct scene *scene, const char *name, int64_t done, int64_t queued)
{
	scene->events[scene->hook.n++] = (struct stats_event){
		.event = name,
		.counts = { [JOURNAL_QUEUED] = queued, [JOURNAL_DONE] = done },
		.oldest = { .received = queued == 0 ? 0 : 1000 - queued },
	};
	scene->hook.list = scene->events;
	scene->stats.list = &scene->hook;
	scene->stats.n = 1;
}

/* Names that nobody knows, each with one delivery more. */
static void
add_many(struct scene *scene, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		snprintf(scene->names[i], sizeof(scene->names[i]), "name-%02u",
		    i);
		add(scene, scene->names[i], i, 1);
	}
}

static void
bound(struct scene *scene, const char *rules, size_t most)
{
	char text[256];
	struct conf *conf;

	snprintf(text, sizeof(text), "hook h\nsecret-file /s\n%s", rules);
	conf = good(text);
	scene->hook.hook = "h";
	assert_int_equal(stats_bound(&scene->stats, conf, most), RC_OK);
	conf_release(conf);
}

/* The names that are left, each with its deliveries that are done. */
static void
expect(struct scene *scene, const char *want)
{
	struct buf got = { 0 };

	for (size_t i = 0; i < scene->hook.n; i++)
		buf_printf(&got, "%s %lld ", scene->hook.list[i].event,
		    (long long)scene->hook.list[i].counts[JOURNAL_DONE]);
	assert_string_equal(got.data, want);
	buf_free(&got);
	pool_free(&scene->stats.pool);
}

static void
few_names_are_left_as_they_are(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	add_many(&scene, 3);
	bound(&scene, "on * ignore\n", 3);
	expect(&scene, "name-01 1 name-02 2 name-03 3 ");
}

static void
the_names_with_the_fewest_deliveries_are_summed_up(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	add_many(&scene, 6);
	bound(&scene, "on * ignore\n", 4);
	assert_int_equal(scene.hook.list[3].counts[JOURNAL_QUEUED], 3);
	assert_int_equal(scene.hook.list[3].oldest.received, 999);
	expect(&scene, "name-04 4 name-05 5 name-06 6 (other) 6 ");
}

static void
of_names_that_are_as_frequent_the_first_ones_stay(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	add(&scene, "a", 1, 0);
	add(&scene, "b", 1, 0);
	add(&scene, "c", 1, 0);
	bound(&scene, "on * ignore\n", 2);
	expect(&scene, "a 1 (other) 2 ");
}

static void
names_that_are_known_always_stay(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	add_many(&scene, 4);
	add(&scene, "pipeline_run_error", 0, 0);
	bound(&scene, "on name-01 other ignore\non name-02 run /c\n", 2);
	expect(&scene, "name-01 1 name-02 2 pipeline_run_error 0 (other) 7 ");
}

/* Two series of one name, and nothing of it all would be read. */
static void
an_event_of_the_name_of_the_rest_is_of_the_rest(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	add(&scene, STATS_REST, 50, 0);
	add_many(&scene, 3);
	bound(&scene, "on \"" STATS_REST "\" ignore\n", 3);
	expect(&scene, "name-02 2 name-03 3 (other) 51 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(few_names_are_left_as_they_are),
		SCRATCH_TEST(
		    the_names_with_the_fewest_deliveries_are_summed_up),
		SCRATCH_TEST(of_names_that_are_as_frequent_the_first_ones_stay),
		SCRATCH_TEST(names_that_are_known_always_stay),
		SCRATCH_TEST(an_event_of_the_name_of_the_rest_is_of_the_rest),
	};

	return cmocka_run_group_tests_name("stats_bound", tests, NULL, NULL);
}
