/* SPDX-License-Identifier: ISC */
#include "../machine.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/pool.h"
#include "base/uuid.h"
#include "config/conf.h"
#include "journal/journal.h"

/* A hook whose line for even numbers runs `even`; the rest runs `cmd`. */
static struct conf *
load_two_lines(const char *directives, const char *even)
{
	struct buf text = { 0 };
	struct conf *conf;

	assert_int_equal(buf_printf(&text, "%son * where /n [2468] %s\n",
			     directives, even),
	    RC_OK);
	conf = load_hook(text.data);
	buf_free(&text);
	return conf;
}

static void
append_samples(struct machine *machine, unsigned n)
{
	for (unsigned i = 1; i <= n; i++)
		append_sample(machine->journal, "h", i, "");
}

/* What goes into one run. */

static void
a_batch_is_one_run(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd",
	    "echo \"$PELIHOOK_COUNT $(printf '%s\\n' "
	    "\"$body\" | wc -l)\" >>$M");
	build(&machine, load_hook("batch 5\ninput line\n"));
	for (unsigned i = 1; i <= 7; i++)
		append_sample(machine.journal, "h", i, "");
	drain_empty(&machine);
	expect_marks("start 1 \n5 5\nend 1  0\nstart 6 \n2 2\nend 6  0\n");
	assert_true(counts_are(machine.journal, "h done 7 "));
	take_apart(&machine);
}

static void
one_alone_is_not_waited_with(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "echo \"$PELIHOOK_COUNT $PELIHOOK_EVENT\" >>$M");
	build(&machine, load_hook("batch 5\ninput line\n"));
	append_samples(&machine, 1);
	drain_empty(&machine);
	expect_marks("start 1 1\n1 pipeline_run_error\nend 1 1 0\n");
	take_apart(&machine);
}

static void
each_line_has_its_own_run(void **state)
{
	struct machine machine;
	char even[PATH_MAX + 16];

	(void)state;
	write_command("cmd", "echo \"odd\" $body >>$M");
	write_command("even", "echo \"even\" $body >>$M");
	snprintf(even, sizeof(even), "lane l run %s/even", scratch);
	build(&machine, load_two_lines("lane l batch 9\ninput line\n", even));
	append_samples(&machine, 5);
	drain_empty(&machine);
	expect_marks("start 1 \nodd {\"n\":1} {\"n\":3} {\"n\":5}\nend 1  0\n"
		     "start 2 \neven {\"n\":2} {\"n\":4}\nend 2  0\n");
	assert_true(counts_are(machine.journal, "h done 5 "));
	take_apart(&machine);
}

static void
what_is_ignored_is_not_in_it(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "echo $PELIHOOK_COUNT $body >>$M");
	build(&machine, load_two_lines("batch 9\ninput line\n", "ignore"));
	append_samples(&machine, 4);
	drain_empty(&machine);
	expect_marks("start 1 \n2 {\"n\":1} {\"n\":3}\nend 1  0\n");
	assert_true(counts_are(machine.journal, "h done 4 "));
	take_apart(&machine);
}

static void
deliveries_of_one_event_go_to_their_lines(void **state)
{
	struct machine machine;
	struct buf hook = { 0 };
	struct sample sample;

	(void)state;
	write_command("cmd", "echo second $body >>$M");
	write_command("also", "echo first $body >>$M");
	assert_int_equal(buf_printf(&hook,
			     "lane l batch 9\ninput line\n"
			     "on * lane l also run %s/also\n",
			     scratch),
	    RC_OK);
	build(&machine, load_hook(hook.data));
	for (unsigned i = 1; i <= 2; i++) {
		fill_sample(&sample, "h", i);
		sample.entry.routes_len = 2;
		assert_int_equal(append_and_wait(machine.journal,
				     &sample.entry),
		    RC_OK);
	}
	drain_empty(&machine);
	expect_marks("start 1 \nfirst {\"n\":1} {\"n\":2}\nend 1  0\n"
		     "start 1 \nsecond {\"n\":1} {\"n\":2}\nend 1  0\n");
	buf_free(&hook);
	take_apart(&machine);
}

static void
hooks_are_not_mixed(void **state)
{
	static const char hook[] = "hook %s\nsignature none\nbatch 9\n"
				   "input line\non * run %s/cmd\n";
	struct machine machine;
	struct buf hooks = { 0 };

	(void)state;
	write_command("cmd", "echo $PELIHOOK_HOOK $body >>$M");
	assert_int_equal(buf_printf(&hooks, hook, "h", scratch), RC_OK);
	assert_int_equal(buf_printf(&hooks, hook, "i", scratch), RC_OK);
	build(&machine, load(hooks.data));
	for (unsigned i = 1; i <= 4; i++)
		append_sample(machine.journal, i % 2 == 1 ? "h" : "i", i, "");
	drain_empty(&machine);
	assert_true(file_holds(marks_path, "h {\"n\":1} {\"n\":3}\n"));
	assert_true(file_holds(marks_path, "i {\"n\":2} {\"n\":4}\n"));
	assert_int_equal(count_of(marks_path, "start"), 2);
	buf_free(&hooks);
	take_apart(&machine);
}

/* By default each line is a CloudEvent with its own identity. */
static void
lines_are_cloudevents_by_default(void **state)
{
	const char *copy = scratch_path("copy");
	struct machine machine;

	(void)state;
	write_command("cmd", "echo \"$body\" >$D/copy");
	build(&machine, load_hook("batch 3\n"));
	append_samples(&machine, 3);
	drain_empty(&machine);
	assert_int_equal(count_of(copy, "{\"specversion\":\"1.0\",\"id\":\""),
	    3);
	assert_int_equal(count_of(copy, "\"pelihookattempt\":1,"), 3);
	assert_int_equal(count_of(copy, "\n"), 3);
	for (unsigned i = 1; i <= 3; i++) {
		char data[32];

		snprintf(data, sizeof(data), "\"data\":{\"n\":%u}}\n", i);
		assert_int_equal(count_of(copy, data), 1);
	}
	take_apart(&machine);
}

/* What becomes of them. */

static void
a_failed_batch_is_taken_apart(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd",
	    "test $PELIHOOK_COUNT = 1 || code=1; "
	    "test $n != 2 || code=65");
	build(&machine, load_hook("batch 5\ninput line\n"));
	for (unsigned i = 1; i <= 3; i++)
		append_sample(machine.journal, "h", i, "");
	drain_empty(&machine);
	expect_marks("start 1 \nend 1  1\nstart 1 2\nend 1 2 0\n"
		     "start 2 2\nend 2 2 65\nstart 3 2\nend 3 2 0\n");
	assert_true(counts_are(machine.journal, "h done 2 h dead 1 "));
	take_apart(&machine);
}

static void
a_batch_that_has_to_wait_stays_one(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd",
	    "echo \"count $PELIHOOK_COUNT\" >>$M; "
	    "test -e $D/go || code=75; echo >$D/go");
	build(&machine, load_hook("batch 5\ninput line\n"));
	for (unsigned i = 1; i <= 3; i++)
		append_sample(machine.journal, "h", i, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 3 ");
	stop(&machine);
	expect_marks("start 1 \ncount 3\nend 1  75\n"
		     "start 1 \ncount 3\nend 1  0\n");
	take_apart(&machine);
}

static void
an_old_one_of_a_batch_keeps_its_own_pause(void **state)
{
	struct machine machine;
	int64_t due;

	(void)state;
	write_command("cmd", "echo \"$body\" >>$M; code=75");
	build(&machine, load_hook("batch 5\ninput line\nretry 500ms 1h\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	for (due = clock_wall() + 600; clock_wall() < due;)
		poll(NULL, 0, 1);
	append_sample(machine.journal, "h", 2, "");
	machine.settings.until_empty = false;
	start(&machine);
	wait_for(marks_path, "end 2 2 75");
	stop(&machine);
	expect_marks("start 1 1\n{\"n\":1}\nend 1 1 75\n"
		     "start 1 \n{\"n\":1}\n{\"n\":2}\nend 1  75\n"
		     "start 2 2\n{\"n\":2}\nend 2 2 75\n");
	assert_true(counts_are(machine.journal, "h queued 2 "));
	take_apart(&machine);
}

static void
a_key_of_a_batch_stops_at_its_first_failure(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd",
	    "test $PELIHOOK_COUNT = 1 || code=1; "
	    "test $n != 2 || code=1");
	build(&machine, load_hook("batch 5\ninput line\norder /k\n"));
	for (unsigned i = 1; i <= 5; i++)
		append_keyed(machine.journal, i, i == 4 ? 'b' : 'a');
	start(&machine);
	wait_for(marks_path, "end 4 2 0");
	stop(&machine);
	assert_true(file_holds(marks_path,
	    "start 2 2\nend 2 2 1\n"
	    "start 4 2\nend 4 2 0\n"));
	take_apart(&machine);
}

static void
a_batch_that_waits_holds_back_its_key_for_all_lines(void **state)
{
	struct machine machine;
	char even[PATH_MAX + 16];

	(void)state;
	write_command("cmd", "test $n != 1 || code=75");
	write_command("even", "");
	snprintf(even, sizeof(even), "lane l run %s/even", scratch);
	build(&machine,
	    load_two_lines("lane l batch 9 order /k\ninput line\nretry 1h\n",
		even));
	/* 1, 3 and 5 are a batch, and the other line takes the rest. */
	for (unsigned i = 1; i <= 5; i++)
		append_keyed(machine.journal, i, i == 4 ? 'b' : 'a');
	start(&machine);
	wait_for(marks_path, "end 4");
	wait_for_counts(machine.journal, "h queued 4 h done 1 ");
	stop(&machine);
	assert_int_equal(count_of(marks_path, "start 2"), 0);
	take_apart(&machine);
}

static void
a_bad_event_is_known_only_alone(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test $PELIHOOK_COUNT = 1 || code=65");
	build(&machine, load_hook("batch 5\ninput line\n"));
	append_samples(&machine, 2);
	drain_empty(&machine);
	expect_marks("start 1 \nend 1  65\nstart 1 2\nend 1 2 0\n"
		     "start 2 2\nend 2 2 0\n");
	assert_true(counts_are(machine.journal, "h done 2 "));
	take_apart(&machine);
}

static void
a_batch_that_takes_too_long_is_taken_apart(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test $PELIHOOK_COUNT = 1 || exec sleep 60");
	build(&machine, load_hook("batch 5\ninput line\ntimeout 2s\n"));
	append_samples(&machine, 2);
	drain_empty(&machine);
	expect_marks("start 1 \nstart 1 2\nend 1 2 0\nstart 2 2\n"
		     "end 2 2 0\n");
	assert_true(file_holds(scratch_path("log"), "end=timeout"));
	take_apart(&machine);
}

static void
a_batch_that_dies_of_a_signal_is_taken_apart(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test $PELIHOOK_COUNT = 1 || kill -KILL $$");
	build(&machine, load_hook("batch 5\ninput line\n"));
	append_samples(&machine, 2);
	drain_empty(&machine);
	expect_marks("start 1 \nstart 1 2\nend 1 2 0\nstart 2 2\n"
		     "end 2 2 0\n");
	take_apart(&machine);
}

static void
a_command_that_is_gone_is_tried_alone_too(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook("batch 5\ninput line\nretry 1h\n"));
	append_samples(&machine, 2);
	assert_int_equal(unlink(scratch_path("cmd")), 0);
	drain_empty(&machine);
	assert_int_equal(count_of(scratch_path("log"),
			     "command cannot be started"),
	    3);
	assert_true(counts_are(machine.journal, "h queued 2 "));
	take_apart(&machine);
}

static enum rc
keep_id(void *context, const struct journal_row *row)
{
	snprintf(context, UUID_SIZE, "%s", row->id);
	return RC_OK;
}

static void
a_failed_batch_is_one_attempt_of_each(void **state)
{
	struct journal_filter filter = { .state = -1, .limit = 1 };
	struct journal_event_report report;
	struct pool pool = { 0 };
	struct machine machine;
	char id[UUID_SIZE];

	(void)state;
	write_command("cmd", "test $PELIHOOK_COUNT = 1 || code=3");
	build(&machine, load_hook("batch 5\ninput line\n"));
	append_samples(&machine, 2);
	drain_empty(&machine);
	assert_int_equal(journal_list(machine.journal, &filter, keep_id, id),
	    RC_OK);
	assert_int_equal(journal_show(machine.journal, id, &pool, &report),
	    RC_OK);
	assert_int_equal(report.deliveries[0].attempts, 2);
	assert_int_equal(report.deliveries[0].n, 2);
	assert_int_equal(report.deliveries[0].list[0].number, 1);
	assert_int_equal(report.deliveries[0].list[0].code, 3);
	assert_int_equal(report.deliveries[0].list[1].number, 2);
	assert_int_equal(report.deliveries[0].list[1].code, 0);
	pool_free(&pool);
	take_apart(&machine);
}

static void
each_that_dies_in_a_batch_is_mourned_alone(void **state)
{
	struct machine machine;
	struct buf hook = { 0 };

	(void)state;
	write_command("cmd", "code=75");
	write_command("dead", "echo \"dead $body\" >>$M");
	assert_int_equal(buf_printf(&hook,
			     "batch 5\ninput line\n"
			     "retry 20ms\non-dead run %s/dead\n",
			     scratch),
	    RC_OK);
	build(&machine, load_hook(hook.data));
	append_samples(&machine, 2);
	start(&machine);
	wait_for(marks_path, "dead {\"n\":2}\nend");
	stop(&machine);
	assert_true(counts_are(machine.journal, "h dead 2 "));
	expect_marks("start 1 \nend 1  75\nstart 1 \nend 1  75\n"
		     "start 1 2\ndead {\"n\":1}\nend 1 2 0\n"
		     "start 2 2\ndead {\"n\":2}\nend 2 2 0\n");
	buf_free(&hook);
	take_apart(&machine);
}

static enum rc
add_attempts(void *context, const struct journal_row *row)
{
	return buf_printf(context, "%u ", row->attempts);
}

/* The batch was an attempt; what was stopped or not begun was none. */
static void
a_stop_gives_back_what_was_not_tried_alone(void **state)
{
	struct journal_filter filter = { .state = -1, .limit = 9 };
	struct buf attempts = { 0 };
	struct machine machine;

	(void)state;
	write_command("cmd",
	    "test $PELIHOOK_COUNT = 1 && exec sleep 60; "
	    "code=1");
	build(&machine, load_hook("batch 5\ninput line\n"));
	append_samples(&machine, 3);
	start(&machine);
	wait_for(marks_path, "start 1 2");
	stop(&machine);
	expect_marks("start 1 \nend 1  1\nstart 1 2\n");
	assert_true(counts_are(machine.journal, "h queued 3 "));
	assert_int_equal(journal_list(machine.journal, &filter, add_attempts,
			     &attempts),
	    RC_OK);
	assert_string_equal(attempts.data, "1 1 1 ");
	buf_free(&attempts);
	take_apart(&machine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_one_run),
		TEST(one_alone_is_not_waited_with),
		TEST(each_line_has_its_own_run),
		TEST(what_is_ignored_is_not_in_it),
		TEST(deliveries_of_one_event_go_to_their_lines),
		TEST(hooks_are_not_mixed),
		TEST(lines_are_cloudevents_by_default),
		TEST(a_failed_batch_is_taken_apart),
		TEST(a_batch_that_has_to_wait_stays_one),
		TEST(an_old_one_of_a_batch_keeps_its_own_pause),
		TEST(a_key_of_a_batch_stops_at_its_first_failure),
		TEST(a_batch_that_waits_holds_back_its_key_for_all_lines),
		TEST(a_bad_event_is_known_only_alone),
		TEST(a_batch_that_takes_too_long_is_taken_apart),
		TEST(a_batch_that_dies_of_a_signal_is_taken_apart),
		TEST(a_command_that_is_gone_is_tried_alone_too),
		TEST(a_failed_batch_is_one_attempt_of_each),
		TEST(each_that_dies_in_a_batch_is_mourned_alone),
		TEST(a_stop_gives_back_what_was_not_tried_alone),
	};

	tester = getpid();
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
