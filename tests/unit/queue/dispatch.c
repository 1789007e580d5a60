/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../machine.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/sql.h"
#include "journal/stats.h"
#include "queue/dispatch.h"

/* What becomes of an event. */

static void
an_event_is_run_and_done(void **state)
{
	struct machine machine;
	struct buf log;

	(void)state;
	write_command("cmd",
	    "printf '%s %s %s %s' \"$body\" $PELIHOOK_HOOK "
	    "$PELIHOOK_EVENT $PELIHOOK_REMOTE_ADDR >>$M; echo said >&2");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 5, "");
	drain_empty(&machine);
	expect_marks("start 5 1\n{\"n\":5} h pipeline_run_error 192.0.2.7"
		     "end 5 1 0\n");
	assert_true(counts_are(machine.journal, "h done 1 "));
	log = read_file(scratch_path("log"));
	assert_non_null(strstr(log.data, "end=exit"));
	buf_free(&log);
	take_apart(&machine);
}

static void
until_empty_does_not_wait_for_retries(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine,
	    load("hook h\nsignature none\nretry 1h\n"
		 "on * run /bin/false\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	take_apart(&machine);
}

/* Routing by the configuration in force. */

static void
what_has_no_hook_stays_queued(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine,
	    load("hook other\nsignature none\n"
		 "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	assert_true(
	    file_holds(scratch_path("log"), "is gone\" hook=h events=1"));
	take_apart(&machine);
}

/* Whatever the order of the file. */
/* Another machine's hooks may have a line that takes it. */
static void
what_no_line_takes_waits_while_runners_differ(void **state)
{
	const struct journal_rules theirs = { .hook = "h", .digest = "other" };
	struct journal *other;
	struct machine machine;

	(void)state;
	if (journal_server() == NULL)
		skip();
	write_command("cmd", "");
	build(&machine,
	    load(
		"hook h\nsignature none\non connection_added run /bin/true\n"));
	other = open_journal();
	assert_int_equal(journal_tell_hooks(other, &theirs, 1), RC_OK);
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	journal_close(other);
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
}

static void
all_hooks_of_the_file_are_run(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine,
	    load("hook z\nsignature none\non * run /bin/true\n"
		 "hook h\nsignature none\non * run /bin/true\n"
		 "hook m\nsignature none\non * run /bin/true\n"
		 "hook a\nsignature none\non * run /bin/true\n"));
	append_sample(machine.journal, "z", 1, "");
	append_sample(machine.journal, "a", 2, "");
	append_sample(machine.journal, "h", 3, "");
	append_sample(machine.journal, "m", 4, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal,
	    "a done 1 h done 1 m done 1 z done 1 "));
	take_apart(&machine);
}

static void
a_new_configuration_is_taken_at_once(void **state)
{
	struct machine machine;
	struct conf *old;

	(void)state;
	write_command("cmd", "");
	build(&machine,
	    load("hook other\nsignature none\n"
		 "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"), "is gone\" hook=h events=1");
	pthread_mutex_lock(&machine.lock);
	old = machine.conf;
	machine.conf = load_hook("");
	pthread_mutex_unlock(&machine.lock);
	conf_release(old);
	wait_for_counts(machine.journal, "h done 1 ");
	stop(&machine);
	take_apart(&machine);
}

/* A configuration that is in force so many times, and then none, or another
 * one; the first four are before any claim, as what was stored has to be moved
 * first. */
struct fickle {
	struct machine *machine;
	struct conf *then;
	int left;
};

static struct conf *
ask_fickle(void *context)
{
	struct fickle *fickle = context;

	if (fickle->left-- > 0)
		return get_conf(fickle->machine);
	return fickle->then == NULL ? NULL : conf_hold(fickle->then);
}

static void
drain_fickle(struct machine *machine, struct fickle *fickle, enum rc rc)
{
	fickle->machine = machine;
	machine->settings.conf = ask_fickle;
	machine->settings.context = fickle;
	machine->settings.until_empty = true;
	assert_int_equal(dispatch_queue(&machine->settings), rc);
}

static void
it_is_asked_for_before_each_claim(void **state)
{
	struct machine machine;
	struct fickle fickle = { .left = 5 };

	(void)state;
	write_command("cmd", "echo old >>$M");
	write_command("new", "");
	build(&machine, load_hook("concurrency 4\n"));
	fickle.then = load_hook("concurrency 1\n");
	((struct rule *)fickle.then->hooks[0].rules)
	    ->command = (const char *const[]){ scratch_path("new"), NULL };
	for (unsigned i = 1; i < 4; i++)
		append_sample(machine.journal, "h", i, "");
	drain_fickle(&machine, &fickle, RC_OK);
	assert_true(counts_are(machine.journal, "h done 3 "));
	assert_int_equal(count_of(marks_path, "old"), 1);
	assert_int_equal(count_of(marks_path, "end"), 3);
	conf_release(fickle.then);
	take_apart(&machine);
}

static void
without_any_what_runs_is_finished_and_no_more(void **state)
{
	struct machine machine;
	struct fickle fickle = { .left = 5 };
	clock_t used;

	(void)state;
	write_command("cmd", "sleep 0.4");
	build(&machine, load_hook("concurrency 4\n"));
	for (unsigned i = 1; i < 4; i++)
		append_sample(machine.journal, "h", i, "");
	used = clock();
	drain_fickle(&machine, &fickle, RC_CONFIG);
	/* It waits for the command without being busy. */
	assert_true(clock() - used < CLOCKS_PER_SEC / 5);
	expect_marks("start 1 1\nend 1 1 0\n");
	assert_true(counts_are(machine.journal, "h queued 2 h done 1 "));
	fickle.left = 0;
	drain_fickle(&machine, &fickle, RC_CONFIG);
	assert_int_equal(dispatch_alone(&machine.settings), RC_CONFIG);
	assert_true(counts_are(machine.journal, "h queued 2 h done 1 "));
	take_apart(&machine);
}

/* Several configurations. */

static const char newer_rules[] = "newer rules of a hook";

/* As if the file had been written then. */
static struct conf *
load_at(int64_t time, const char *directives)
{
	struct conf *conf = load_hook(directives);

	conf->time = time;
	return conf;
}

static void
drain_once(struct conf *conf)
{
	struct machine machine;

	build(&machine, conf);
	drain_empty(&machine);
	take_apart(&machine);
}

static void
by_older_rules_nothing_is_claimed(void **state)
{
	struct machine old;
	struct conf *conf;

	(void)state;
	only_of_a_file();
	write_command("cmd", "");
	build(&old, load_at(1, ""));
	append_sample(old.journal, "h", 1, "");
	drain_empty(&old);
	assert_true(counts_are(old.journal, "h done 1 "));
	drain_once(load_at(2, "timeout 5s\n"));
	assert_int_equal(count_of(scratch_path("log"), newer_rules), 0);
	append_sample(old.journal, "h", 2, "");
	drain_empty(&old);
	assert_int_equal(dispatch_alone(&old.settings), RC_OK);
	assert_true(counts_are(old.journal, "h queued 1 h done 1 "));
	/* Once for each time that it began. */
	assert_int_equal(count_of(scratch_path("log"), newer_rules), 2);
	drain_once(load_at(2, "timeout 5s\n"));
	assert_true(counts_are(old.journal, "h done 2 "));
	append_sample(old.journal, "h", 3, "");
	conf = old.conf;
	old.conf = load_at(3, "timeout 5s\n");
	conf_release(conf);
	drain_empty(&old);
	assert_true(counts_are(old.journal, "h done 3 "));
	assert_int_equal(count_of(scratch_path("log"), newer_rules), 2);
	take_apart(&old);
}

static void
newer_rules_are_noticed_while_it_runs(void **state)
{
	struct machine old;
	struct conf *conf;

	(void)state;
	only_of_a_file();
	write_command("cmd", "");
	build(&old, load_at(1, ""));
	append_sample(old.journal, "h", 1, "");
	start(&old);
	wait_for_counts(old.journal, "h done 1 ");
	drain_once(load_at(2, "timeout 5s\n"));
	wait_for(scratch_path("log"), newer_rules);
	append_sample(old.journal, "h", 2, "");
	poll(NULL, 0, 300);
	assert_true(counts_are(old.journal, "h queued 1 h done 1 "));
	conf = load_at(2, "timeout 5s\n");
	pthread_mutex_lock(&old.lock);
	conf_release(old.conf);
	old.conf = conf;
	pthread_mutex_unlock(&old.lock);
	wait_for_counts(old.journal, "h done 2 ");
	assert_int_equal(count_of(scratch_path("log"), newer_rules), 1);
	stop(&old);
	take_apart(&old);
}

static void
what_reception_alone_sees_makes_no_newer_rules(void **state)
{
	(void)state;
	write_command("cmd", "");
	drain_once(load_at(2, "max-body 2K\nkeep 3d\n"));
	drain_once(load_at(1, "max-queue 5\n"));
	assert_int_equal(count_of(scratch_path("log"), newer_rules), 0);
}

/* Waking. */

static void
an_event_of_this_process_is_run_at_once(void **state)
{
	struct machine machine;
	int64_t began;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 1 ");
	began = clock_steady();
	for (unsigned i = 2; i < 7; i++) {
		char text[32];

		append_sample(machine.journal, "h", i, "");
		snprintf(text, sizeof(text), "end %u", i);
		wait_for(marks_path, text);
	}
	/* Five looks after what others store would take 4500 ms. */
	assert_true(clock_steady() - began < 3000);
	stop(&machine);
	take_apart(&machine);
}

static void
an_event_of_another_process_is_noticed(void **state)
{
	struct machine machine;
	struct journal *other;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 1 ");
	other = open_journal();
	append_sample(other, "h", 2, "");
	wait_for(marks_path, "end 2");
	journal_close(other);
	stop(&machine);
	take_apart(&machine);
}

/* Concurrency and order. */

struct mark {
	bool starts;
	unsigned number;
	int code;
};

static size_t
parse_marks(struct mark *marks, size_t room)
{
	struct buf all = read_file(marks_path);
	struct bytes rest = buf_view(&all);
	struct bytes line;
	size_t n = 0;
	unsigned attempt;
	char text[64];

	while (bytes_split(&rest, "\n", &line) && line.len > 0) {
		snprintf(text, sizeof(text), "%.*s", (int)line.len, line.data);
		assert_true(n < room);
		marks[n] = (struct mark){ .code = -1 };
		marks[n].starts = text[0] == 's';
		if (marks[n].starts)
			assert_int_equal(sscanf(text, "start %u %u",
					     &marks[n].number, &attempt),
			    2);
		else
			assert_int_equal(sscanf(text, "end %u %u %d",
					     &marks[n].number, &attempt,
					     &marks[n].code),
			    3);
		n++;
	}
	buf_free(&all);
	return n;
}

static int
most_at_once(const struct mark *marks, size_t n)
{
	int running = 0;
	int most = 0;

	for (size_t i = 0; i < n; i++) {
		running += marks[i].starts ? 1 : -1;
		most = running > most ? running : most;
	}
	return most;
}

static void
concurrency_is_used_and_kept(void **state)
{
	static struct mark marks[200];
	struct machine machine;
	size_t n;

	(void)state;
	/* Each waits until a second one runs beside it. */
	write_command("cmd",
	    "i=0; while test $(grep -c start $M) -lt 2 && "
	    "test $i -lt 1000; do i=$((i + 1)); sleep 0.01; done");
	build(&machine, load_hook("concurrency 3\n"));
	for (unsigned i = 0; i < 12; i++)
		append_sample(machine.journal, "h", i, "");
	drain_empty(&machine);
	n = parse_marks(marks, COUNT(marks));
	assert_int_equal(n, 24);
	assert_true(most_at_once(marks, n) >= 2);
	assert_true(most_at_once(marks, n) <= 3);
	assert_true(counts_are(machine.journal, "h done 12 "));
	take_apart(&machine);
}

enum { EVENTS = 120, KEYS = 10 };

/* Events of one key: never at once, and none before the one before is done. */
/* For which there are descriptors. */
static void
no_more_run_at_once_than_there_is_room_for(void **state)
{
	static struct mark marks[200];
	struct machine machine;
	size_t n;

	(void)state;
	write_command("cmd", "sleep 0.05");
	build(&machine, load_hook("concurrency 8\n"));
	machine.settings.most = 2;
	for (unsigned i = 0; i < 8; i++)
		append_sample(machine.journal, "h", i, "");
	drain_empty(&machine);
	n = parse_marks(marks, COUNT(marks));
	assert_int_equal(n, 16);
	assert_true(most_at_once(marks, n) <= 2);
	take_apart(&machine);
}

static void
check_key(const struct mark *marks, size_t n, unsigned key)
{
	unsigned next = key;
	bool running = false;

	for (size_t i = 0; i < n; i++) {
		if (marks[i].number % KEYS != key)
			continue;
		assert_int_equal(marks[i].number, next);
		assert_true(running != marks[i].starts);
		running = marks[i].starts;
		if (!running && marks[i].code == 0)
			next += KEYS;
	}
	assert_false(running);
	assert_int_equal(next, EVENTS + key);
}

static struct conf *
load_ordered(void)
{
	return load_hook("concurrency 8\norder /k\n"
			 "retry 5ms 5ms 5ms 5ms 5ms 5ms 5ms 5ms\n");
}

/* Drains in a process of its own until the pipe is closed. */
static pid_t
start_process(struct conf *conf, int *pipe_end)
{
	struct machine machine;
	char byte;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[1]);
		build(&machine, conf);
		start(&machine);
		(void)!read(ends[0], &byte, 1);
		stop(&machine);
		_exit(0);
	}
	close(ends[0]);
	*pipe_end = ends[1];
	return child;
}

static void
order_holds_with_failures_and_two_processes(void **state)
{
	static struct mark marks[4000];
	struct machine machine;
	int status = 0;
	struct conf *conf;
	int pipe_end;
	size_t n;
	pid_t child;

	(void)state;
	write_command("cmd",
	    "test $(((n * 7 + PELIHOOK_ATTEMPT) % 4)) != 0"
	    " || code=1");
	conf = load_ordered();
	child = start_process(conf, &pipe_end);
	build(&machine, conf);
	for (unsigned i = 0; i < EVENTS; i++)
		append_keyed(machine.journal, i, (char)('a' + i % KEYS));
	start(&machine);
	wait_for_counts(machine.journal, "h done 120 ");
	stop(&machine);
	close(pipe_end);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	n = parse_marks(marks, COUNT(marks));
	assert_true(n > 2 * EVENTS);
	assert_true(most_at_once(marks, n) <= 8);
	for (unsigned i = 0; i < KEYS; i++)
		check_key(marks, n, i);
	take_apart(&machine);
}

/* Lanes. */

static void
a_lane_that_may_run_more_than_there_are_places_leaves_one(void **state)
{
	struct machine machine;
	char lines[2 * PATH_MAX];

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	write_command("even", "");
	snprintf(lines, sizeof(lines),
	    "concurrency 9\non * where /n [02468] run %s/even\n", scratch);
	build(&machine, load_hook(lines));
	machine.settings.most = 3;
	for (unsigned i = 1; i <= 9; i += 2)
		append_sample(machine.journal, "h", i, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	wait_for(marks_path, "start 3 1");
	append_sample(machine.journal, "h", 2, "");
	wait_for(marks_path, "end 2 1 0");
	assert_int_equal(count_of(marks_path, "start"), 3);
	scratch_file("go", "", 0600);
	wait_for_counts(machine.journal, "h done 6 ");
	stop(&machine);
	take_apart(&machine);
}

/* Where there is no other lane all places are for the one. */
static void
a_lane_alone_has_all_places(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	build(&machine, load_hook("concurrency 9\n"));
	machine.settings.most = 2;
	for (unsigned i = 1; i <= 3; i++)
		append_sample(machine.journal, "h", i, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	wait_for(marks_path, "start 2 1");
	scratch_file("go", "", 0600);
	wait_for_counts(machine.journal, "h done 3 ");
	stop(&machine);
	take_apart(&machine);
}

/* Being wanted. */

static atomic_bool wanted;

static bool
is_wanted(void *context)
{
	(void)context;
	return wanted;
}

static void
build_wanted(struct machine *machine)
{
	write_command("cmd",
	    "case $n in 1) while test ! -e $D/go; do sleep 0.01; done;; esac");
	build(machine, load_hook("concurrency 4\n"));
	machine->settings.wanted = is_wanted;
	wanted = true;
	append_sample(machine->journal, "h", 1, "");
	start(machine);
	wait_for(marks_path, "start 1 1");
	wanted = false;
	append_sample(machine->journal, "h", 2, "");
}

static void
what_is_not_wanted_finishes_what_runs_and_no_more(void **state)
{
	struct machine machine;

	(void)state;
	build_wanted(&machine);
	scratch_file("go", "", 0600);
	pthread_join(machine.thread, NULL);
	assert_int_equal(machine.rc, RC_CONFIG);
	expect_marks("start 1 1\nend 1 1 0\n");
	assert_true(counts_are(machine.journal, "h queued 1 h done 1 "));
	take_apart(&machine);
}

static void
what_is_wanted_again_goes_on_beside_what_runs(void **state)
{
	struct machine machine;

	(void)state;
	build_wanted(&machine);
	wanted = true;
	wait_for(marks_path, "end 2 1 0");
	assert_false(file_holds(marks_path, "end 1"));
	scratch_file("go", "", 0600);
	wait_for_counts(machine.journal, "h done 2 ");
	stop(&machine);
	take_apart(&machine);
}

/* Stopping and dying. */

static void
what_runs_is_ended_and_given_back_at_a_stop(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test -e $D/go || exec sleep 60");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	stop(&machine);
	assert_true(counts_are(machine.journal, "h queued 2 "));
	assert_true(file_holds(scratch_path("log"), "given back"));
	scratch_file("go", "", 0600);
	(void)!read(machine.settings.stop, &(uint64_t){ 0 }, 8);
	drain_empty(&machine);
	/* It was not counted as a try. */
	expect_marks("start 1 1\nstart 1 1\nend 1 1 0\n"
		     "start 2 1\nend 2 1 0\n");
	take_apart(&machine);
}

static void
what_ends_in_time_is_settled_at_a_stop(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	ring_stop(&machine);
	scratch_file("go", "", 0600);
	pthread_join(machine.thread, NULL);
	assert_true(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
}

static void
one_drain_at_a_time_looks_once_more(void **state)
{
	struct machine machine;
	struct journal *other;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	other = open_journal();
	assert_int_equal(journal_drain_lock(other), RC_OK);
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	journal_drain_unlock(other);
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h done 1 "));
	assert_int_equal(journal_drain_lock(other), RC_OK);
	journal_close(other);
	take_apart(&machine);
}

static void
a_drain_does_not_spin_where_others_have_the_place(void **state)
{
	struct machine machine;
	struct journal *other;
	struct journal_claim claim;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	other = open_journal();
	claim_as_others_do(other, machine.conf, clock_wall(), &claim);
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h queued 1 h running 1 "));
	journal_claim_free(&claim);
	journal_close(other);
	/* Its runner is gone now. */
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h done 2 "));
	take_apart(&machine);
}

static void
trouble_ends_a_drain_that_is_not_to_last(void **state)
{
	struct machine machine;
	struct other db;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	journal_set_busy_timeout(machine.journal, 20);
	db = lock_journal();
	assert_int_equal(dispatch_alone(&machine.settings), RC_LOCKED);
	disconnect_other(&db);
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
}

/* No delivery depends on what is known of runs, nor on what is counted. */
static void
what_no_delivery_depends_on_holds_nothing_up(void **state)
{
	static const char *const tables[] = { "hours", "watches", "mutes",
		"judgements", "successes", "runs", "pipelines", "records" };
	struct machine machine;
	char text[64];

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook("watch on\non @watch run /bin/true\n"));
	machine.settings.until_empty = true;
	for (unsigned i = 0; i < COUNT(tables); i++) {
		snprintf(text, sizeof(text), "DROP TABLE %s", tables[i]);
		execute(text);
		for (unsigned n = 0; n < 3; n++)
			append_sample(machine.journal, "h", 10 * i + n, "");
		(void)dispatch_queue(&machine.settings);
		assert_int_equal(query("SELECT count(*) FROM deliveries d"
				       " JOIN events e ON e.seq = d.event"
				       " WHERE e.name NOT LIKE 'pelihook.%'"
				       " AND state = " SQL_DONE),
		    3 * (i + 1));
	}
	assert_int_equal(dispatch_queue(&machine.settings), RC_CORRUPT);
	take_apart(&machine);
}

static void
a_drain_purges_what_is_not_kept(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine,
	    load("hook h\nsignature none\nkeep 1ms\n"
		 "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	/* The next purge is due in an hour: not now, but then. */
	append_sample(machine.journal, "h", 2, "");
	drain_empty(&machine);
	assert_true(file_holds(scratch_path("log"), "msg=done"));
	execute("UPDATE notes SET number = number - 3600000");
	assert_true(counts_are(machine.journal, "h done 1 ") ||
	    counts_are(machine.journal, "h done 2 "));
	poll(NULL, 0, 2);
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, ""));
	take_apart(&machine);
}

static enum rc
sum_hours(void *context, const struct journal_hour *hour)
{
	if (strcmp(hour->what, "queued") == 0)
		*(int64_t *)context += hour->count;
	return RC_OK;
}

static void
a_drain_folds_what_was_counted(void **state)
{
	struct machine machine;
	struct journal_stats *stats = NULL;
	struct journal_stats_request request = {
		.hook = "h",
		.outcome = OUTCOME_QUEUED,
		.status = 202,
		.time = clock_wall(),
	};

	(void)state;
	only_of_a_file();
	build(&machine, load("hook h\nsignature none\non * run /bin/true\n"));
	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	for (int64_t n = 1; n < 4; n++) {
		int64_t sum = 0;

		journal_stats_count(stats, &request);
		drain_empty(&machine);
		assert_int_equal(journal_hours(machine.journal, 0, sum_hours,
				     &sum),
		    RC_OK);
		/* The second comes too soon. */
		assert_int_equal(sum, n == 2 ? 1 : n);
		if (n == 2)
			execute("UPDATE notes SET number = number - 3600000");
	}
	journal_stats_close(stats);
	take_apart(&machine);
}

/* Nothing comes any more, and nothing is run. */
static void
the_log_that_a_reader_let_grow_is_cut_off_while_nothing_comes(void **state)
{
	struct machine machine;
	struct stat about;
	struct other reader;
	int64_t deadline = clock_steady() + PATIENCE;
	bool due = false;

	(void)state;
	only_of_a_file();
	write_command("cmd", "");
	build(&machine, load_hook(""));
	/* The next purge, which does it too, is far. */
	assert_int_equal(journal_purge_due(machine.journal, clock_wall(), &due),
	    RC_OK);
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 1 ");
	reader = read_journal();
	for (unsigned i = 2; i < 8; i++)
		append_large(machine.journal, "other", i);
	assert_int_equal(stat(scratch_path("journal.db-wal"), &about), 0);
	assert_true(about.st_size > JOURNAL_LOG_USUAL);
	disconnect_other(&reader);
	while (about.st_size > JOURNAL_LOG_USUAL && clock_left(deadline) > 0) {
		poll(NULL, 0, 20);
		assert_int_equal(stat(scratch_path("journal.db-wal"), &about),
		    0);
	}
	assert_in_range(about.st_size, 0, JOURNAL_LOG_USUAL);
	stop(&machine);
	take_apart(&machine);
}

/* The events are 100 days old, and a purge is due. */
static void
make_old(void)
{
	char text[80];

	snprintf(text, sizeof(text), "UPDATE events SET received = %lld",
	    (long long)clock_wall() - 8640000000);
	execute(text);
	execute("UPDATE deliveries SET finished = (SELECT max(received)"
		" FROM events) WHERE finished > 0;"
		"DELETE FROM notes WHERE name = 'purged'");
}

static void
each_hook_keeps_by_its_newest_rules(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	append_sample(journal, "other", 2, "");
	drain_once(load("hook other\nsignature none\nkeep 200d\n"
			"on * run /bin/true\n"));
	/* It has no hook of that name, and an own one that keeps less. */
	write_command("cmd", "");
	drain_once(load_at(2, "keep 300d\n"));
	make_old();
	drain_once(load_at(3, "keep 300d\n"));
	assert_true(counts_are(journal, "h done 1 other done 1 "));
	/* An older file says less of the same hook. */
	make_old();
	drain_once(load_at(1, "keep 1d\n"));
	assert_true(counts_are(journal, "h done 1 other done 1 "));
	make_old();
	drain_once(load_at(4, "keep 1d\n"));
	assert_true(counts_are(journal, "other done 1 "));
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_is_run_and_done),
		TEST(until_empty_does_not_wait_for_retries),
		TEST(what_has_no_hook_stays_queued),
		TEST(what_no_line_takes_waits_while_runners_differ),
		TEST(all_hooks_of_the_file_are_run),
		TEST(a_new_configuration_is_taken_at_once),
		TEST(it_is_asked_for_before_each_claim),
		TEST(without_any_what_runs_is_finished_and_no_more),
		TEST(by_older_rules_nothing_is_claimed),
		TEST(newer_rules_are_noticed_while_it_runs),
		TEST(what_reception_alone_sees_makes_no_newer_rules),
		TEST(each_hook_keeps_by_its_newest_rules),
		TEST(an_event_of_this_process_is_run_at_once),
		TEST(an_event_of_another_process_is_noticed),
		TEST(concurrency_is_used_and_kept),
		TEST(no_more_run_at_once_than_there_is_room_for),
		TEST(a_lane_that_may_run_more_than_there_are_places_leaves_one),
		TEST(a_lane_alone_has_all_places),
		TEST(order_holds_with_failures_and_two_processes),
		TEST(what_is_not_wanted_finishes_what_runs_and_no_more),
		TEST(what_is_wanted_again_goes_on_beside_what_runs),
		TEST(what_runs_is_ended_and_given_back_at_a_stop),
		TEST(what_ends_in_time_is_settled_at_a_stop),
		TEST(one_drain_at_a_time_looks_once_more),
		TEST(a_drain_does_not_spin_where_others_have_the_place),
		TEST(trouble_ends_a_drain_that_is_not_to_last),
		TEST(what_no_delivery_depends_on_holds_nothing_up),
		TEST(a_drain_purges_what_is_not_kept),
		TEST(a_drain_folds_what_was_counted),
		TEST(
		    the_log_that_a_reader_let_grow_is_cut_off_while_nothing_comes),
	};

	tester = getpid();
	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
