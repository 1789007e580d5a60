/* SPDX-License-Identifier: ISC */
#include <sys/mount.h>

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <time.h>

#include "../machine.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/dispatch.h"

/* What becomes of an event. */

static void
an_event_is_run_and_done(void **state)
{
	struct machine machine;
	struct buf log;

	(void)state;
	write_command("cmd", "printf '%s %s %s %s' \"$body\" $PELIHOOK_HOOK "
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
a_failing_one_is_tried_again(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test $PELIHOOK_ATTEMPT = 3 || code=1");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 1 ");
	stop(&machine);
	expect_marks("start 1 1\nend 1 1 1\nstart 1 2\nend 1 2 1\n"
	    "start 1 3\nend 1 3 0\n");
	take_apart(&machine);
}

static void
after_the_last_pause_it_is_dead(void **state)
{
	struct machine machine;
	char hook[PATH_MAX + 64];

	(void)state;
	write_command("cmd", "code=$((74 + PELIHOOK_ATTEMPT % 2))");
	write_command("dead", "echo \"dead $body\" >>$M; code=3");
	snprintf(hook, sizeof(hook), "on-dead run %s/dead\n", scratch);
	build(&machine, load_hook(hook));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"),
	    "msg=\"on-dead failed\" hook=h event=");
	stop(&machine);
	assert_true(counts_are(machine.journal, "h dead 1 "));
	expect_marks("start 1 1\nend 1 1 75\nstart 1 2\nend 1 2 74\n"
	    "start 1 3\nend 1 3 75\nstart 1 4\nend 1 4 74\n"
	    "start 1 4\ndead {\"n\":1}\nend 1 4 3\n");
	take_apart(&machine);
}

static void
a_bad_event_is_dead_at_once(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "code=65");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	expect_marks("start 1 1\nend 1 1 65\n");
	assert_true(counts_are(machine.journal, "h dead 1 "));
	take_apart(&machine);
}

static void
until_empty_does_not_wait_for_retries(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine, load("hook h\nsignature none\nretry 1h\n"
	    "on * run /bin/false\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	take_apart(&machine);
}

static enum rc
note_last(void *context, const struct journal_row *row)
{
	snprintf(context, 32, "%s %d %u", row->outcome, row->code,
	    row->attempts);
	return RC_OK;
}

static void
last(struct journal *journal, char got[32])
{
	struct journal_filter filter = {.state = -1, .limit = 1};

	got[0] = '\0';
	assert_int_equal(journal_list(journal, &filter, note_last, got),
	    RC_OK);
}

static void
expect_last(struct journal *journal, const char *text)
{
	char got[32];

	last(journal, got);
	assert_string_equal(got, text);
}

static int
remove_journal(void)
{
	char runners[sizeof(journal_path) + 16];

	snprintf(runners, sizeof(runners), "%s-runners", journal_path);
	return unlink(journal_path) == 0 ? unlink(runners) : -1;
}

static void
ends_of_other_kinds_are_told(void **state)
{
	static const struct {
		const char *act;
		const char *timeout;
		const char *told;
	} cases[] = {
		{"kill -9 $$", "timeout 30s\nretry 1h\n", "signal 9 1"},
		{"trap 'exit 0' TERM; sleep 60 & wait",
		    "timeout 200ms\nretry 1h\n", "timeout 0 1"},
		{"code=3", "timeout 30s\nretry 1h\n", "exit 3 1"}
	};
	struct machine machine;
	unsigned failed = 0;
	char got[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_command("cmd", cases[i].act);
		build(&machine, load_hook(cases[i].timeout));
		append_sample(machine.journal, "h", (unsigned)i, "");
		drain_empty(&machine);
		last(machine.journal, got);
		failed += case_text(cases[i].act, got, cases[i].told);
		take_apart(&machine);
		assert_int_equal(remove_journal(), 0);
	}
	assert_int_equal(failed, 0);
}

static void
what_cannot_be_started_is_tried_again(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	assert_int_equal(unlink(scratch_path("cmd")), 0);
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h dead 1 ");
	stop(&machine);
	expect_last(machine.journal, "unstarted 2 4");
	assert_true(file_holds(scratch_path("log"), "level=error"));
	take_apart(&machine);
}

/* Routing by the configuration in force. */

static void
what_is_ignored_now_is_done(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine, load("hook h\nsignature none\n"
	    "on pipeline_run_error ignore\non * run /bin/false\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h done 1 "));
	expect_last(machine.journal, "ignored 0 1");
	take_apart(&machine);
}

static void
what_has_no_hook_stays_queued(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine, load("hook other\nsignature none\n"
	    "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	assert_true(file_holds(scratch_path("log"),
	    "is gone\" hook=h events=1"));
	take_apart(&machine);
}

static void
each_delivery_has_its_line(void **state)
{
	struct machine machine;
	struct sample sample;
	char text[3 * PATH_MAX];

	(void)state;
	write_command("first", "echo first >>$M");
	write_command("second", "echo second >>$M");
	snprintf(text, sizeof(text), "hook h\nsignature none\n"
	    "on * also run %s/first\non connection_added run /bin/false\n"
	    "on * run %s/second\n", scratch, scratch);
	build(&machine, load(text));
	fill_sample(&sample, "h", 1);
	/* One more than there are lines now. */
	sample.entry.deliveries = 3;
	assert_int_equal(journal_append(machine.journal, &sample.entry),
	    RC_OK);
	drain_empty(&machine);
	expect_marks("start 1 1\nfirst\nend 1 1 0\n"
	    "start 1 1\nsecond\nend 1 1 0\n");
	assert_true(counts_are(machine.journal, "h done 3 "));
	take_apart(&machine);
}

static void
a_new_configuration_is_taken_at_once(void **state)
{
	struct machine machine;
	struct conf *old;

	(void)state;
	write_command("cmd", "");
	build(&machine, load("hook other\nsignature none\n"
	    "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"),
	    "is gone\" hook=h events=1");
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
 * one; the first two are before any claim. */
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
	struct fickle fickle = {.left = 3};

	(void)state;
	write_command("cmd", "echo old >>$M");
	write_command("new", "");
	build(&machine, load_hook("concurrency 4\n"));
	fickle.then = load_hook("concurrency 1\n");
	((struct rule *)fickle.then->hooks[0].rules)->command =
	    (const char *const[]){scratch_path("new"), NULL};
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
	struct fickle fickle = {.left = 3};
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
		snprintf(text, sizeof(text), "%.*s", (int)line.len,
		    line.data);
		assert_true(n < room);
		marks[n] = (struct mark){.code = -1};
		marks[n].starts = text[0] == 's';
		if (marks[n].starts)
			assert_int_equal(sscanf(text, "start %u %u",
			    &marks[n].number, &attempt), 2);
		else
			assert_int_equal(sscanf(text, "end %u %u %d",
			    &marks[n].number, &attempt, &marks[n].code), 3);
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
	write_command("cmd", "i=0; while test $(grep -c start $M) -lt 2 && "
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
	char key[16];
	int status = 0;
	struct conf *conf;
	int pipe_end;
	size_t n;
	pid_t child;

	(void)state;
	write_command("cmd", "test $(((n * 7 + PELIHOOK_ATTEMPT) % 4)) != 0"
	    " || code=1");
	conf = load_ordered();
	child = start_process(conf, &pipe_end);
	build(&machine, conf);
	for (unsigned i = 0; i < EVENTS; i++) {
		snprintf(key, sizeof(key), "%u", i % KEYS);
		append_sample(machine.journal, "h", i, key);
	}
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
	(void)!read(machine.settings.stop, &(uint64_t){0}, 8);
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

/* A process with a drain that is killed once its command has begun. */
static void
kill_a_drain(const char *mark)
{
	struct machine machine;
	struct conf *conf = load_hook("kill-after 300ms\n");
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		build(&machine, conf);
		drain_empty(&machine);
		_exit(0);
	}
	wait_for(marks_path, mark);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	conf_release(conf);
}

static void
a_command_that_outlived_its_runner_is_ended_first(void **state)
{
	struct machine machine;
	struct journal *journal = open_journal();

	(void)state;
	/* The first one does not listen to SIGTERM, and has a child. */
	write_command("cmd", "if test $PELIHOOK_ATTEMPT = 1; then trap '' "
	    "TERM; sleep 60 & for i in 1 2 3 4 5 6 7 8 9; do "
	    "echo alive >>$M; sleep 1; done; fi");
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	kill_a_drain("alive");
	build(&machine, load_hook("kill-after 300ms\n"));
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h done 1 "));
	assert_true(file_holds(scratch_path("log"),
	    "msg=\"a process group outlived its runner and is ended\" group="));
	assert_true(file_holds(scratch_path("log"),
	    "msg=\"given back, its runner is gone\" hook=h id="));
	assert_int_equal(count_of(marks_path, "start 1 2\n"), 1);
	assert_int_equal(count_of(marks_path, "end 1 1 "), 0);
	assert_true(file_holds(marks_path, "start 1 2\nend 1 2 0\n"));
	take_apart(&machine);
}

static void
a_command_that_ended_meanwhile_is_run_again(void **state)
{
	struct machine machine;
	struct journal *journal = open_journal();

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	kill_a_drain("start 1 1");
	scratch_file("go", "", 0600);
	wait_for(marks_path, "end 1 1 0");
	build(&machine, load_hook("kill-after 300ms\n"));
	drain_empty(&machine);
	expect_marks("start 1 1\nend 1 1 0\nstart 1 2\nend 1 2 0\n");
	take_apart(&machine);
}

/* A claim whose runner is gone, with the note of its run. */
static void
leave_orphan(const struct journal_note *note)
{
	struct journal *journal = open_journal();
	struct journal_want want = {"h", 1, 1, NULL};
	struct journal_wants wants = {&want, 1};
	struct journal_claim claim;

	/* What waits for a retry is due by then, too. */
	assert_int_equal(journal_claim(journal, &wants,
	    clock_wall() + 7200000, &claim), RC_OK);
	assert_int_equal(journal_note_run(&claim, note), RC_OK);
	journal_claim_free(&claim);
	journal_close(journal);
}

static void
leave_event(void)
{
	struct journal *journal = open_journal();

	append_sample(journal, "h", 1, "");
	journal_close(journal);
}

/* A process that is in no group of its own, deaf to what can be ignored. */
static pid_t
start_strayed(struct journal_note *note)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	*note = (struct journal_note){
		"0123456789abcdef0123456789abcdef", pid, 0, getsid(0),
		clock_boot() - 60000, clock_boot() + 3600000
	};
	assert_int_equal(procfs_start_time(pid, &note->start), RC_OK);
	return pid;
}

static void
a_command_that_left_its_group_is_ended_first(void **state)
{
	struct journal_note note;
	struct machine machine;
	pid_t pid = start_strayed(&note);
	int status = 0;

	(void)state;
	leave_event();
	leave_orphan(&note);
	write_command("cmd", "");
	build(&machine, load_hook("kill-after 100ms\n"));
	start(&machine);
	wait_for(scratch_path("log"), "outlived its runner and is ended");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	wait_for(marks_path, "end 1 2 0\n");
	stop(&machine);
	take_apart(&machine);
}

/* It is never touched, and for as long as it may take nothing is run. */
static void
a_command_that_cannot_be_looked_at_counts_as_running(void **state)
{
	struct journal_note note;
	struct machine machine;
	pid_t pid = start_strayed(&note);
	int64_t limit = clock_boot() + 2500;

	(void)state;
	note.start = 0;
	note.limit = limit;
	leave_event();
	leave_orphan(&note);
	write_command("cmd", "");
	build(&machine, load_hook("kill-after 100ms\n"));
	start(&machine);
	wait_for(scratch_path("log"), "cannot be looked at");
	assert_true(counts_are(machine.journal, "h running 1 "));
	wait_for(marks_path, "end 1 2 0\n");
	assert_true(clock_boot() >= limit);
	stop(&machine);
	assert_int_equal(count_of(scratch_path("log"),
	    "cannot be looked at"), 1);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	take_apart(&machine);
}

static void
lose_tries(unsigned n)
{
	struct journal_note note;
	struct machine machine;
	pid_t pid = start_strayed(&note);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (; n > 0; n--) {
		leave_orphan(&note);
		/* Gives it back, and is told to stop before it claims. */
		build(&machine, load("hook g\nsignature none\n"
		    "on * run /bin/true\n"));
		drain_empty(&machine);
		take_apart(&machine);
	}
}

/* Three times in a row nothing happens; from then on each uses a pause up. */
static void
tries_that_were_lost_too_often_count(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "");
	leave_event();
	lose_tries(3);
	build(&machine, load_hook("retry 1h\n"));
	drain_empty(&machine);
	expect_marks("start 1 4\nend 1 4 0\n");
	take_apart(&machine);
	leave_event();
	lose_tries(4);
	build(&machine, load_hook("retry 1h\n"));
	drain_empty(&machine);
	expect_marks("start 1 4\nend 1 4 0\n");
	assert_true(counts_are(machine.journal, "h queued 1 h done 1 "));
	assert_true(file_holds(scratch_path("log"),
	    "attempt=5 end=lost retry-ms="));
	take_apart(&machine);
}

/* With no pause left it is dead, and that is told. */
static void
what_only_gets_lost_is_dead_at_last(void **state)
{
	char hook[PATH_MAX + 64];
	struct machine machine;

	(void)state;
	write_command("cmd", "");
	write_command("dead", "echo dead >>$M");
	snprintf(hook, sizeof(hook), "retry 1h\non-dead run %s/dead\n",
	    scratch);
	leave_event();
	lose_tries(4);
	build(&machine, load_hook(hook));
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h queued 1 "));
	take_apart(&machine);
	lose_tries(1);
	build(&machine, load_hook(hook));
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h dead 1 "));
	assert_true(file_holds(marks_path, "dead\n"));
	take_apart(&machine);
}

static void
a_result_that_cannot_be_written_is_kept(void **state)
{
	struct machine machine;
	sqlite3 *db;

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	build(&machine, load_hook("concurrency 2\n"));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	journal_patience(machine.journal, 20);
	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	scratch_file("go", "", 0600);
	wait_for(marks_path, "end 1 1 0");
	wait_for(scratch_path("log"), "database is locked");
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	wait_for_counts(machine.journal, "h done 1 ");
	append_sample(machine.journal, "h", 2, "");
	wait_for_counts(machine.journal, "h done 2 ");
	assert_int_equal(count_of(marks_path, "start"), 2);
	stop(&machine);
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
	static const struct journal_want want = {"h", 1, 1, NULL};
	static const struct journal_wants wants = {&want, 1};
	struct machine machine;
	struct journal *other;
	struct journal_claim claim;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	other = open_journal();
	assert_int_equal(journal_claim(other, &wants, clock_wall(), &claim),
	    RC_OK);
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
	sqlite3 *db;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	journal_patience(machine.journal, 20);
	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(dispatch_alone(&machine.settings), RC_LOCKED);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(dispatch_alone(&machine.settings), RC_OK);
	assert_true(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
}

static void
a_drain_purges_what_is_not_kept(void **state)
{
	struct machine machine;
	sqlite3 *db;

	(void)state;
	build(&machine, load("hook h\nsignature none\nkeep 1ms\n"
	    "on * run /bin/true\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	/* The next purge is due in an hour: not now, but then. */
	append_sample(machine.journal, "h", 2, "");
	drain_empty(&machine);
	assert_true(file_holds(scratch_path("log"), "msg=done"));
	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE notes SET number = "
	    "number - 3600000", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_true(counts_are(machine.journal, "h done 1 ") ||
	    counts_are(machine.journal, "h done 2 "));
	poll(NULL, 0, 2);
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, ""));
	take_apart(&machine);
}

static void
execute(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(journal_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

/* The events are 100 days old, and a purge is due. */
static void
make_old(void)
{
	execute("UPDATE events SET received ="
	    " strftime('%s', 'now') * 1000 - 8640000000;"
	    "UPDATE deliveries SET finished = (SELECT max(received)"
	    " FROM events) WHERE finished > 0;"
	    "DELETE FROM notes WHERE name = 'purged'");
}

static void
each_hook_keeps_by_its_newest_rules(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
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

/* Without room, and without the power to end a command. */

static bool
fill_up(const char *path)
{
	char chunk[4096] = "";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(fd, chunk, sizeof(chunk)) > 0)
		continue;
	return close(fd) == 0;
}

static bool
mount_small(const char *path)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL,
	    MS_REC | MS_PRIVATE, NULL) == 0 && mount("tmpfs", path, "tmpfs",
	    0, "size=1m,mode=0700") == 0;
}

/* The configuration was read before: the journal is in the small place. */
static struct conf *small_conf;

static bool
a_full_disk_on_the_way(void)
{
	const char *filler = "small/filler";
	struct machine machine;

	if (!mount_small(scratch_path("small")))
		return false;
	build(&machine, small_conf);
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	NEED(fill_up(scratch_path(filler)));
	scratch_file("go", "", 0600);
	wait_for(scratch_path("log"), "journal: ");
	/* It is tried again and again, and nothing else is begun. */
	NEED(count_of(marks_path, "start") == 1);
	NEED(counts_are(machine.journal, "h queued 1 h running 1 "));
	NEED(unlink(scratch_path(filler)) == 0);
	wait_for_counts(machine.journal, "h done 2 ");
	NEED(count_of(marks_path, "start") == 2);
	stop(&machine);
	take_apart(&machine);
	return true;
}

static bool
can_mount(void)
{
	return mount_small(scratch_path("small"));
}

static void
a_result_outlasts_a_full_disk(void **state)
{
	(void)state;
	need_pidfds();
	scratch_directory("small", 0700);
	if (geteuid() != 0 || !in_child(can_mount)) {
		print_message("skipped: nobody but root can mount\n");
		skip();
	}
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	small_conf = load_hook("");
	snprintf(journal_path, sizeof(journal_path), "%s",
	    scratch_path("small/journal.db"));
	assert_true(in_child(a_full_disk_on_the_way));
	conf_release(small_conf);
}

static struct conf *root_conf;

static bool
with_a_stuck_command(void)
{
	struct machine machine;
	int fifo;

	NEED(become_nobody());
	build(&machine, root_conf);
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	start(&machine);
	wait_for(scratch_path("log"), "command outlives SIGKILL");
	NEED(counts_are(machine.journal, "h queued 1 h running 1 "));
	fifo = open(in_directory("fifo"), O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	wait_for(scratch_path("log"), "msg=tried");
	close(fifo);
	stop(&machine);
	take_apart(&machine);
	return true;
}

static bool
stop_with_a_stuck_command(void)
{
	struct machine machine;
	int fifo;

	NEED(become_nobody());
	build(&machine, conf_hold(root_conf));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"), "command outlives SIGKILL");
	stop(&machine);
	NEED(counts_are(machine.journal, "h running 1 "));
	take_apart(&machine);
	/* Nobody runs it again while it is there. */
	build(&machine, conf_hold(root_conf));
	NEED(dispatch_alone(&machine.settings) == RC_OK);
	NEED(counts_are(machine.journal, "h running 1 "));
	NEED(file_holds(scratch_path("log"), "cannot be ended"));
	fifo = open(in_directory("fifo"), O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	NEED(waitpid(-1, NULL, 0) > 0);
	NEED(dispatch_alone(&machine.settings) == RC_OK);
	NEED(file_holds(scratch_path("log"), "given back"));
	NEED(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
	close(fifo);
	return true;
}

static int
make_both(void **state)
{
	return make_directory(state) != 0 || make_all(state) != 0 ? -1 : 0;
}

static int
remove_both(void **state)
{
	return remove_all(state) != 0 || remove_directory(state) != 0 ? -1 :
	    0;
}

static void
prepare_stuck(void)
{
	struct buf text = {0};

	prepare_root_command();
	assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
	assert_int_equal(chmod(in_directory("fifo"), 0666), 0);
	assert_int_equal(buf_printf(&text, "hook h\nsignature none\n"
	    "timeout 300ms\nkill-after 100ms\nretry 1h\n"
	    "on * run %s root %s\n", in_directory("root"),
	    in_directory("fifo")), RC_OK);
	root_conf = load(text.data);
	buf_free(&text);
	assert_int_equal(chown(scratch, NOBODY, NOBODY), 0);
	assert_int_equal(chown(scratch_path("log"), NOBODY, NOBODY), 0);
}

static void
a_stuck_command_keeps_its_claim_until_it_is_gone(void **state)
{
	(void)state;
	prepare_stuck();
	assert_true(in_child(with_a_stuck_command));
	conf_release(root_conf);
}

static void
a_stuck_command_is_not_run_beside_itself(void **state)
{
	(void)state;
	prepare_stuck();
	assert_true(in_child(stop_with_a_stuck_command));
	conf_release(root_conf);
}

int
main(int argc, char **argv)
{
#define STUCK(name) cmocka_unit_test_setup_teardown(name, make_both, \
    remove_both)
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_all, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(an_event_is_run_and_done),
		TEST(a_failing_one_is_tried_again),
		TEST(after_the_last_pause_it_is_dead),
		TEST(a_bad_event_is_dead_at_once),
		TEST(until_empty_does_not_wait_for_retries),
		TEST(ends_of_other_kinds_are_told),
		TEST(what_cannot_be_started_is_tried_again),
		TEST(what_is_ignored_now_is_done),
		TEST(what_has_no_hook_stays_queued),
		TEST(each_delivery_has_its_line),
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
		TEST(order_holds_with_failures_and_two_processes),
		TEST(what_runs_is_ended_and_given_back_at_a_stop),
		TEST(what_ends_in_time_is_settled_at_a_stop),
		TEST(a_command_that_outlived_its_runner_is_ended_first),
		TEST(a_command_that_ended_meanwhile_is_run_again),
		TEST(a_command_that_left_its_group_is_ended_first),
		TEST(a_command_that_cannot_be_looked_at_counts_as_running),
		TEST(tries_that_were_lost_too_often_count),
		TEST(what_only_gets_lost_is_dead_at_last),
		TEST(a_result_that_cannot_be_written_is_kept),
		TEST(one_drain_at_a_time_looks_once_more),
		TEST(a_drain_does_not_spin_where_others_have_the_place),
		TEST(trouble_ends_a_drain_that_is_not_to_last),
		TEST(a_drain_purges_what_is_not_kept),
		TEST(a_result_outlasts_a_full_disk),
		STUCK(a_stuck_command_keeps_its_claim_until_it_is_gone),
		STUCK(a_stuck_command_is_not_run_beside_itself)
	};

	if (argc > 1 && strcmp(argv[1], "root") == 0)
		return be_root(argc, argv);
	if (!find_self())
		return 1;
	tester = getpid();
	return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
