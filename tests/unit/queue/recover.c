/* SPDX-License-Identifier: ISC */
#include "../machine.h"

#include "base/clock.h"
#include "base/procfs.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/dispatch.h"

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
	write_command("cmd",
	    "if test $PELIHOOK_ATTEMPT = 1; then trap '' "
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
	struct conf *conf = load_hook("");
	struct journal_claim claim;

	/* What waits for a retry is due by then, too. */
	claim_as_others_do(journal, conf, clock_wall() + 7200000, &claim);
	conf_release(conf);
	assert_int_equal(journal_note_run(&claim, note), RC_OK);
	journal_claim_free(&claim);
	journal_close(journal);
}

static void
leave_event(void)
{
	struct journal *journal = open_journal();

	/* For the configuration that it is claimed by. */
	write_command("cmd", "");
	append_sample(journal, "h", 1, "");
	journal_close(journal);
}

/* A process that is in no group of its own, deaf to what can be ignored. */
static pid_t
start_strayed(struct journal_note *note)
{
	/* The child is deaf from its beginning on. */
	void (*was)(int) = signal(SIGTERM, SIG_IGN);
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	signal(SIGTERM, was);
	*note = (struct journal_note){ "0123456789abcdef0123456789abcdef", pid,
		0, getsid(0), clock_boot() - 60000, clock_boot() + 3600000 };
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
	assert_int_equal(count_of(scratch_path("log"), "cannot be looked at"),
	    1);
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
		build(&machine,
		    load("hook g\nsignature none\n"
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
	assert_true(
	    file_holds(scratch_path("log"), "attempt=5 end=lost retry-ms="));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_that_outlived_its_runner_is_ended_first),
		TEST(a_command_that_ended_meanwhile_is_run_again),
		TEST(a_command_that_left_its_group_is_ended_first),
		TEST(a_command_that_cannot_be_looked_at_counts_as_running),
		TEST(tries_that_were_lost_too_often_count),
		TEST(what_only_gets_lost_is_dead_at_last),
	};

	tester = getpid();
	return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
