/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <pthread.h>

#include "../jobs.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"
#include "receive/wait.h"

static struct wait *
open_wait(unsigned threads, int stop)
{
	struct wait *wait;

	need_pidfds();
	assert_int_equal(wait_open(threads, stop, 300, &wait), RC_OK);
	return wait;
}

static enum outcome
put_job(struct wait *wait, const struct job *job, enum rc *reason)
{
	struct sink sink = wait_sink(wait);

	*reason = RC_OK;
	return sink.put(sink.context, job, reason);
}

static enum outcome
put(struct wait *wait, const struct hook *hook)
{
	struct job job = a_job(hook, NULL);
	enum rc reason;

	return put_job(wait, &job, &reason);
}

/* Why it is refused; RC_OK where it is not. */
static enum rc
put_refused(struct wait *wait, const struct hook *hook)
{
	struct job job = a_job(hook, NULL);
	enum rc reason;
	enum outcome outcome = put_job(wait, &job, &reason);

	return outcome == OUTCOME_REFUSED ? reason : RC_OK;
}

/* A command that tells that it runs, and ends when it is let go. */
static void
use_gate(void)
{
	command[0] = script("gate",
	    ": >\"$1/runs.$$\"; read word <\"$1/door\"; exit 0");
	command[1] = scratch;
	command[2] = NULL;
	assert_int_equal(mkfifo(scratch_path("door"), 0600), 0);
}

static unsigned
count_running(void)
{
	DIR *entries = opendir(scratch);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		if (strncmp(entry->d_name, "runs.", 5) == 0)
			n++;
	closedir(entries);
	return n;
}

static bool
wait_until_running(unsigned n)
{
	int64_t deadline = clock_steady() + PATIENCE;

	while (count_running() < n && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
	return count_running() == n;
}

/* Lets all go that wait at the gate. */
static int
open_gate(void)
{
	int fd = open(scratch_path("door"), O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1\n2\n3\n4\n", 8), 8);
	return fd;
}

/* A put in a thread of its own. */
struct putting {
	pthread_t thread;
	struct wait *wait;
	const struct hook *hook;
	enum outcome outcome;
};

static void *
put_in_thread(void *context)
{
	struct putting *putting = context;

	putting->outcome = put(putting->wait, putting->hook);
	return NULL;
}

static void
begin_put(struct putting *putting, struct wait *wait, const struct hook *hook)
{
	putting->wait = wait;
	putting->hook = hook;
	assert_int_equal(pthread_create(&putting->thread, NULL, put_in_thread,
			     putting),
	    0);
}

/* What is told of an end. */

static void
each_end_has_its_outcome(void **state)
{
	static const struct {
		const char *body;
		enum outcome outcome;
		const char *how;
		int code;
	} cases[] = {
		{ "exit 0", OUTCOME_DELIVERED, "exit", 0 },
		{ "exit 75", OUTCOME_TEMPORARY, "exit", 75 },
		{ "exit 65", OUTCOME_REJECTED, "exit", 65 },
		{ "exit 3", OUTCOME_FAILED, "exit", 3 },
		{ "kill -KILL $$", OUTCOME_FAILED, "signal", 9 },
		{ "sleep 60", OUTCOME_TIMEOUT, "timeout", 0 },
	};
	struct wait *wait = open_wait(1, -1);
	struct hook hook = a_hook("peliqan");
	unsigned before = count_descriptors(), wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].body;
		struct job_end end = { 0 };
		struct job job = a_job(&hook, &end);
		enum rc reason;

		command[0] = script("command", name);
		command[1] = NULL;
		hook.timeout = cases[i].outcome == OUTCOME_TIMEOUT ? 300 : LONG;
		wrong += case_number(name, put_job(wait, &job, &reason),
		    cases[i].outcome);
		wrong += case_text(name, end.how, cases[i].how);
		wrong += case_number(name, end.code, cases[i].code);
		wrong += case_true(name, "time",
		    end.elapsed >= 0 &&
			(cases[i].outcome != OUTCOME_TIMEOUT ||
			    end.elapsed >= 300));
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(count_descriptors(), before);
	wait_close(wait);
}

static void
what_cannot_be_started_is_told(void **state)
{
	struct wait *wait = open_wait(1, -1);
	struct hook hook = a_hook("peliqan");
	struct job_end end = { 0 };
	struct job job = a_job(&hook, &end);
	enum rc reason;

	(void)state;
	command[0] = scratch_path("missing");
	command[1] = NULL;
	assert_int_equal(put_job(wait, &job, &reason), OUTCOME_UNSTARTED);
	assert_string_equal(end.how, "unstarted");
	assert_int_equal(end.code, ENOENT);
	assert_int_equal(log_holds("level=error"), 1);
	wait_close(wait);
}

static void
stop_ends_what_is_waited_for(void **state)
{
	int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct wait *wait = open_wait(1, stop);
	struct hook hook = a_hook("peliqan");
	struct putting putting;

	(void)state;
	use_gate();
	begin_put(&putting, wait, &hook);
	assert_true(wait_until_running(1));
	assert_int_equal(eventfd_write(stop, 1), 0);
	assert_int_equal(pthread_join(putting.thread, NULL), 0);
	assert_int_equal(putting.outcome, OUTCOME_STOPPED);
	assert_int_equal(put(wait, &hook), OUTCOME_STOPPED);
	assert_int_equal(count_running(), 1);
	wait_close(wait);
	close(stop);
}

/* How many run at once. */

static void
beyond_max_running_it_is_crowded(void **state)
{
	struct wait *wait = open_wait(8, -1);
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct hook reloaded = a_hook("peliqan");
	struct putting puttings[3];
	int gate;

	(void)state;
	use_gate();
	hook.max_running = reloaded.max_running = 2;
	begin_put(&puttings[0], wait, &hook);
	begin_put(&puttings[1], wait, &hook);
	assert_true(wait_until_running(2));
	assert_int_equal(put_refused(wait, &hook), RC_CROWDED);
	assert_int_equal(put_refused(wait, &reloaded), RC_CROWDED);
	begin_put(&puttings[2], wait, &other);
	assert_true(wait_until_running(3));
	gate = open_gate();
	for (size_t i = 0; i < COUNT(puttings); i++) {
		assert_int_equal(pthread_join(puttings[i].thread, NULL), 0);
		assert_int_equal(puttings[i].outcome, OUTCOME_DELIVERED);
	}
	assert_int_equal(put(wait, &reloaded), OUTCOME_DELIVERED);
	close(gate);
	wait_close(wait);
}

static void
half_the_threads_are_the_default(void **state)
{
	static const struct {
		unsigned threads;
		unsigned most;
	} cases[] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 5, 2 } };
	struct hook hook = a_hook("peliqan");

	(void)state;
	need_pidfds();
	use_gate();
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned before = count_running();
		struct wait *wait = open_wait(cases[i].threads, -1);
		struct putting puttings[2];
		int gate;

		for (unsigned j = 0; j < cases[i].most; j++)
			begin_put(&puttings[j], wait, &hook);
		assert_true(wait_until_running(before + cases[i].most));
		assert_int_equal(put_refused(wait, &hook), RC_CROWDED);
		gate = open_gate();
		for (unsigned j = 0; j < cases[i].most; j++)
			assert_int_equal(pthread_join(puttings[j].thread, NULL),
			    0);
		close(gate);
		wait_close(wait);
	}
}

enum { THREADS = 8, PUTS = 25 };

struct crowd {
	struct wait *wait;
	const struct hook *hook;
	unsigned delivered;
	unsigned other;
};

static void *
put_many(void *context)
{
	struct crowd *crowd = context;

	for (int i = 0; i < PUTS; i++) {
		struct job job = a_job(crowd->hook, NULL);
		enum rc reason;
		enum outcome outcome = put_job(crowd->wait, &job, &reason);

		if (outcome == OUTCOME_DELIVERED)
			crowd->delivered++;
		else if (reason != RC_CROWDED)
			crowd->other++;
	}
	return NULL;
}

/* The command fails where more than three of it are at work. */
static void
threads_keep_the_limit_together(void **state)
{
	struct wait *wait = open_wait(THREADS, -1);
	struct hook hook = a_hook("peliqan");
	pthread_t threads[THREADS];
	struct crowd crowds[THREADS];
	unsigned delivered = 0;

	(void)state;
	command[0] = script("command",
	    "mkdir \"$1/a\" 2>/dev/null || "
	    "mkdir \"$1/b\" 2>/dev/null || mkdir \"$1/c\" 2>/dev/null || "
	    "exit 1; sleep 0.02; rmdir \"$1/a\" 2>/dev/null || "
	    "rmdir \"$1/b\" 2>/dev/null || rmdir \"$1/c\"");
	command[1] = scratch;
	command[2] = NULL;
	hook.max_running = 3;
	for (size_t i = 0; i < THREADS; i++) {
		crowds[i] = (struct crowd){ .wait = wait, .hook = &hook };
		assert_int_equal(pthread_create(&threads[i], NULL, put_many,
				     &crowds[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(crowds[i].other, 0);
		delivered += crowds[i].delivered;
	}
	assert_true(delivered > 0);
	wait_close(wait);
}

/* Commands that cannot be ended. */

static bool
with_a_stuck_command(void)
{
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct job_end end = { 0 };
	struct job job = a_job(&hook, &end);
	unsigned before = count_descriptors();
	struct wait *wait;
	enum rc reason;
	int fifo, gone;

	NEED(become_nobody());
	NEED(wait_open(2, -1, 300, &wait) == RC_OK);
	hook.timeout = 1500;
	hook.kill_after = 100;
	NEED(put_job(wait, &job, &reason) == OUTCOME_TIMEOUT);
	NEED(strcmp(end.how, "stuck") == 0);
	NEED(put_refused(wait, &hook) == RC_CROWDED);
	command[0] = "/bin/true";
	NEED(put(wait, &other) == OUTCOME_DELIVERED);
	NEED(put_refused(wait, &hook) == RC_CROWDED);
	fifo = open(command[2], O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	/* The child that is gone is still there to be waited for. */
	gone = waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	NEED(gone == 0);
	close(fifo);
	NEED(put(wait, &hook) == OUTCOME_DELIVERED);
	NEED(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	wait_close(wait);
	NEED(count_descriptors() == before);
	return true;
}

static bool
close_with_a_stuck_command(void)
{
	struct hook hook = a_hook("peliqan");
	unsigned before = count_descriptors();
	struct wait *wait;
	int fifo;

	NEED(become_nobody());
	NEED(wait_open(2, -1, 300, &wait) == RC_OK);
	hook.timeout = 1500;
	hook.kill_after = 100;
	NEED(put(wait, &hook) == OUTCOME_TIMEOUT);
	wait_close(wait);
	NEED(count_descriptors() == before);
	fifo = open(command[2], O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	NEED(waitpid(-1, NULL, 0) > 0);
	return true;
}

static void
use_root(void)
{
	prepare_root_command();
	command[0] = scratch_path("root");
	command[1] = "root";
	command[2] = scratch_path("fifo");
	command[3] = NULL;
	assert_int_equal(mkfifo(command[2], 0600), 0);
	assert_int_equal(chmod(command[2], 0666), 0);
}

static void
a_stuck_command_keeps_its_slot_until_it_is_gone(void **state)
{
	(void)state;
	use_root();
	assert_true(in_child(with_a_stuck_command));
	assert_int_equal(log_holds("left running"), 0);
}

static void
closing_tells_of_commands_that_stay(void **state)
{
	(void)state;
	use_root();
	assert_true(in_child(close_with_a_stuck_command));
	assert_int_equal(log_holds("left running"), 1);
}

/* Several jobs, and what keeps them from being run. */

enum { LARGE = 3 << 20, MANY = 1 << 20 };

static bool
without_memory(void)
{
	struct rlimit none = { 0, 0 };
	struct hook hook = a_hook("peliqan");
	struct job job = a_job(&hook, NULL);
	const struct command how = { .stop = -1 };
	struct run_result result;
	struct wait *wait = NULL, *more = NULL;
	char *large = calloc(1, LARGE);
	/* Else the compiler takes it that memory is always there. */
	void *volatile piece;

	NEED(large != NULL);
	hook.input = CONF_LINE;
	job.body = (struct bytes){ large, LARGE };
	memset(large, '1', LARGE);
	NEED(wait_open(1, -1, 300, &wait) == RC_OK);
	NEED(setrlimit(RLIMIT_DATA, &none) == 0);
	execute(&job, 1, &how, &result);
	NEED(result.end == RUN_UNSTARTED);
	NEED(result.code == ENOMEM);
	NEED(wait_open(MANY, -1, 300, &more) == RC_MEMORY);
	NEED(more == NULL);
	do {
		piece = malloc(sizeof(result));
	} while (piece != NULL);
	NEED(put_refused(wait, &hook) == RC_MEMORY);
	return true;
}

static void
short_memory_is_told(void **state)
{
	(void)state;
	if (!memory_can_be_limited())
		skip();
	assert_true(in_child(without_memory));
}

static void
closing_nothing_is_fine(void **state)
{
	(void)state;
	wait_close(NULL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(each_end_has_its_outcome),
		TEST(what_cannot_be_started_is_told),
		TEST(stop_ends_what_is_waited_for),
		TEST(beyond_max_running_it_is_crowded),
		TEST(half_the_threads_are_the_default),
		TEST(threads_keep_the_limit_together),
		TEST(a_stuck_command_keeps_its_slot_until_it_is_gone),
		TEST(closing_tells_of_commands_that_stay),
		TEST(short_memory_is_told),
		TEST(closing_nothing_is_fine),
	};

	if (argc > 1)
		return be_root(argc, argv);
	if (!find_self())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
