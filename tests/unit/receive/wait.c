/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <pthread.h>
#include <stdatomic.h>

#include "../jobs.h"

#include "base/buf.h"
#include "base/clock.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"
#include "receive/wait.h"

static enum rc
try_open(unsigned threads, int stop, struct wait **out)
{
	const struct wait_settings settings = {
		.threads = threads,
		.stop = stop,
		.stop_kill_after = 300,
	};

	return wait_open(&settings, out);
}

static struct wait *
open_wait(unsigned threads, int stop)
{
	struct wait *wait;

	need_pidfds();
	assert_int_equal(try_open(threads, stop, &wait), RC_OK);
	return wait;
}

/* A job that is put, and what is told of it. */
struct putting {
	struct waiting waiting; /* first: found by its address */
	struct job job;
	atomic_uint starts;
	unsigned ends;
	enum rc rc;
	enum outcome outcome; /* where rc is RC_OK */
	const char *how;
	int code;
	int64_t elapsed;
};

static void
putting_starts(struct waiting *waiting)
{
	((struct putting *)waiting)->starts++;
}

static void
putting_done(struct waiting *waiting, enum rc rc,
    const struct run_result *result)
{
	struct putting *putting = (struct putting *)waiting;

	putting->ends++;
	putting->rc = rc;
	if (rc != RC_OK)
		return;
	putting->outcome = run_outcome(result);
	putting->how = run_end_name(result->end);
	putting->code = result->code;
	putting->elapsed = result->elapsed;
}

/* Only puts it; wait_work runs it. */
static void
park(struct putting *putting, struct wait *wait, const struct hook *hook)
{
	*putting = (struct putting){
		.waiting = { .starts = putting_starts, .done = putting_done },
		.job = a_job(hook),
	};
	putting->waiting.job = &putting->job;
	wait_put(wait, &putting->waiting, true);
}

/* OUTCOME_REFUSED where it came to nothing, or is parked. */
static enum outcome
put(struct wait *wait, const struct hook *hook)
{
	struct putting putting;

	park(&putting, wait, hook);
	wait_work(wait);
	return putting.ends == 1 && putting.rc == RC_OK ? putting.outcome :
							  OUTCOME_REFUSED;
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

/* A thread that works. */
static void *
work(void *context)
{
	wait_work(context);
	return NULL;
}

static pthread_t
begin_work(struct wait *wait)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, wait), 0);
	return thread;
}

static void
end_work(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
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
		bool timeout = cases[i].outcome == OUTCOME_TIMEOUT;
		struct putting putting;

		command[0] = script("command", name);
		command[1] = NULL;
		lane.timeout = timeout ? 300 : LONG;
		park(&putting, wait, &hook);
		wrong += case_number(name, putting.ends, 0);
		wait_work(wait);
		wrong += case_number(name, putting.ends, 1);
		wrong += case_number(name, putting.starts, 1);
		wrong += case_rc(name, putting.rc, RC_OK);
		wrong += case_number(name, putting.outcome, cases[i].outcome);
		wrong += case_text(name, putting.how, cases[i].how);
		wrong += case_number(name, putting.code, cases[i].code);
		wrong += case_true(name, "time",
		    putting.elapsed >= 0 &&
			(!timeout || putting.elapsed >= 300));
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
	struct putting putting;

	(void)state;
	command[0] = scratch_path("missing");
	command[1] = NULL;
	park(&putting, wait, &hook);
	wait_work(wait);
	assert_int_equal(putting.outcome, OUTCOME_UNSTARTED);
	assert_string_equal(putting.how, "unstarted");
	assert_int_equal(putting.code, ENOENT);
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
	pthread_t thread;

	(void)state;
	use_gate();
	park(&putting, wait, &hook);
	thread = begin_work(wait);
	assert_true(wait_until_running(1));
	assert_int_equal(eventfd_write(stop, 1), 0);
	end_work(thread);
	assert_int_equal(putting.outcome, OUTCOME_STOPPED);
	assert_int_equal(put(wait, &hook), OUTCOME_STOPPED);
	assert_int_equal(count_running(), 1);
	wait_close(wait);
	close(stop);
}

/* How many run at once, and who waits. */

static void
beyond_max_running_it_is_parked_for_its_turn(void **state)
{
	struct wait *wait = open_wait(8, -1);
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct hook reloaded = a_hook("peliqan");
	struct putting puttings[5];
	pthread_t threads[3];
	int gate;

	(void)state;
	use_gate();
	hook.max_running = reloaded.max_running = 2;
	park(&puttings[0], wait, &hook);
	park(&puttings[1], wait, &hook);
	park(&puttings[2], wait, &hook);
	park(&puttings[3], wait, &reloaded);
	park(&puttings[4], wait, &other);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = begin_work(wait);
	assert_true(wait_until_running(3));
	/* No thread is held by those that are parked. */
	wait_work(wait);
	assert_int_equal(puttings[2].starts, 0);
	assert_int_equal(puttings[3].starts, 0);
	assert_int_equal(puttings[4].starts, 1);
	gate = open_gate();
	assert_int_equal(write(gate, "5\n", 2), 2);
	for (size_t i = 0; i < COUNT(threads); i++)
		end_work(threads[i]);
	for (size_t i = 0; i < COUNT(puttings); i++) {
		assert_int_equal(puttings[i].ends, 1);
		assert_int_equal(puttings[i].outcome, OUTCOME_DELIVERED);
	}
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
	unsigned wrong = 0;

	(void)state;
	command[0] = "/bin/true";
	command[1] = NULL;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wait *wait = open_wait(cases[i].threads, -1);
		struct putting puttings[4];
		unsigned parked = 0;

		for (size_t j = 0; j < COUNT(puttings); j++)
			park(&puttings[j], wait, &hook);
		wait_abort(wait);
		wait_work(wait);
		for (size_t j = 0; j < COUNT(puttings); j++)
			parked += puttings[j].rc == RC_STOPPING;
		wrong += case_number("parked", parked, 4 - cases[i].most);
		wait_close(wait);
	}
	assert_int_equal(wrong, 0);
}

static void
all_hooks_together_take_no_more_than_the_threads(void **state)
{
	struct wait *wait = open_wait(2, -1);
	struct hook hooks[] = { a_hook("a"), a_hook("b"), a_hook("c") };
	struct putting puttings[COUNT(hooks)];

	(void)state;
	for (size_t i = 0; i < COUNT(hooks); i++)
		park(&puttings[i], wait, &hooks[i]);
	wait_abort(wait);
	command[0] = "/bin/true";
	command[1] = NULL;
	wait_work(wait);
	assert_int_equal(puttings[0].outcome, OUTCOME_DELIVERED);
	assert_int_equal(puttings[1].outcome, OUTCOME_DELIVERED);
	assert_int_equal(puttings[2].ends, 1);
	assert_int_equal(puttings[2].rc, RC_STOPPING);
	park(&puttings[2], wait, &hooks[2]);
	assert_int_equal(puttings[2].rc, RC_STOPPING);
	wait_close(wait);
}

static void
first_come_is_first_served(void **state)
{
	static const char *const ids[] = { "0", "1", "2", "3", "4", "5" };
	struct receipt receipts[COUNT(ids)];
	struct wait *wait = open_wait(1, -1);
	struct hook hooks[] = { a_hook("a"), a_hook("b") };
	struct putting puttings[COUNT(ids)];
	struct buf order;

	(void)state;
	command[0] = script("note", "echo $PELIHOOK_ID >>\"$1/order\"");
	command[1] = scratch;
	command[2] = NULL;
	for (size_t i = 0; i < COUNT(ids); i++) {
		park(&puttings[i], wait, &hooks[i % 3 == 2]);
		receipts[i] = receipt;
		snprintf(receipts[i].id, sizeof(receipts[i].id), "%s", ids[i]);
		puttings[i].job.receipt = &receipts[i];
	}
	wait_work(wait);
	order = read_file(scratch_path("order"));
	assert_string_equal(order.data, "0\n1\n2\n3\n4\n5\n");
	buf_free(&order);
	wait_close(wait);
}

static void
a_turn_that_does_not_come_is_crowded(void **state)
{
	struct wait *wait = open_wait(1, -1);
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct putting first, second, third;
	int64_t deadline = clock_steady() + PATIENCE;
	int left;

	(void)state;
	assert_int_equal(wait_tick(wait), -1);
	park(&first, wait, &hook);
	assert_int_equal(wait_tick(wait), -1);
	park(&second, wait, &hook);
	park(&third, wait, &other);
	left = wait_tick(wait);
	assert_in_range(left, 1, WAIT_TURN);
	while (left >= 0 && clock_left(deadline) > 0) {
		poll(NULL, 0, left);
		left = wait_tick(wait);
	}
	assert_int_equal(left, -1);
	command[0] = "/bin/true";
	command[1] = NULL;
	wait_work(wait);
	assert_int_equal(first.outcome, OUTCOME_DELIVERED);
	assert_int_equal(second.ends, 1);
	assert_int_equal(second.rc, RC_CROWDED);
	assert_int_equal(second.starts, 0);
	assert_string_equal(second.waiting.limit, "max-running");
	assert_int_equal(third.rc, RC_CROWDED);
	assert_string_equal(third.waiting.limit, "threads");
	wait_close(wait);
}

static void
a_thousand_are_parked_and_no_more(void **state)
{
	struct wait *wait = open_wait(2, -1);
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct putting *puttings = calloc(WAIT_PARKED_MAX + 3,
	    sizeof(*puttings));
	unsigned ends = 0;

	(void)state;
	assert_non_null(puttings);
	for (int i = 0; i < WAIT_PARKED_MAX + 2; i++)
		park(&puttings[i], wait, &hook);
	for (int i = 0; i < WAIT_PARKED_MAX + 1; i++)
		ends += puttings[i].ends;
	assert_int_equal(ends, 0);
	assert_int_equal(puttings[WAIT_PARKED_MAX + 1].rc, RC_CROWDED);
	assert_string_equal(puttings[WAIT_PARKED_MAX + 1].waiting.limit,
	    "max-running");
	park(&puttings[WAIT_PARKED_MAX + 2], wait, &other);
	assert_int_equal(puttings[WAIT_PARKED_MAX + 2].ends, 0);
	wait_abort(wait);
	command[0] = "/bin/true";
	command[1] = NULL;
	wait_work(wait);
	wait_close(wait);
	free(puttings);
}

/* Who is told that there is something to do. */
struct calls {
	unsigned wakeups;
	unsigned ticks;
};

static void
count_wakeup(void *context)
{
	((struct calls *)context)->wakeups++;
}

static void
count_tick(void *context)
{
	((struct calls *)context)->ticks++;
}

static struct wait *
open_calling(unsigned threads, struct calls *calls)
{
	const struct wait_settings settings = {
		.threads = threads,
		.stop = -1,
		.wakeup = count_wakeup,
		.tick = count_tick,
		.context = calls,
	};
	struct wait *wait;

	need_pidfds();
	assert_int_equal(wait_open(&settings, &wait), RC_OK);
	command[0] = "/bin/true";
	command[1] = NULL;
	return wait;
}

static void
threads_are_called_where_nobody_looks(void **state)
{
	struct calls calls = { 0 };
	struct wait *wait = open_calling(1, &calls);
	struct hook hook = a_hook("peliqan");
	struct putting puttings[4];

	(void)state;
	park(&puttings[0], wait, &hook);
	assert_int_equal(calls.wakeups, 0);
	assert_int_equal(calls.ticks, 0);
	park(&puttings[1], wait, &hook);
	park(&puttings[2], wait, &hook);
	assert_int_equal(calls.ticks, 1);
	wait_work(wait);
	puttings[3].waiting.done = putting_done;
	puttings[3].waiting.job = &puttings[2].job;
	puttings[3].waiting.starts = NULL;
	wait_put(wait, &puttings[3].waiting, false);
	assert_int_equal(calls.wakeups, 1);
	wait_work(wait);
	wait_close(wait);
}

/* Of several calls one thread may come. */
static void
who_runs_one_calls_another_for_the_next(void **state)
{
	struct calls calls = { 0 };
	struct wait *wait = open_calling(3, &calls);
	struct hook hook = a_hook("peliqan");
	struct putting puttings[3];

	(void)state;
	hook.max_running = 3;
	for (size_t i = 0; i < COUNT(puttings); i++)
		park(&puttings[i], wait, &hook);
	assert_int_equal(calls.wakeups, 0);
	wait_work(wait);
	assert_int_equal(calls.wakeups, 2);
	wait_close(wait);
}

enum { THREADS = 8, PUTS = 25 };

struct crowd {
	struct wait *wait;
	const struct hook *hook;
	struct putting puttings[PUTS];
};

static void *
put_many(void *context)
{
	struct crowd *crowd = context;

	for (int i = 0; i < PUTS; i++) {
		struct putting *putting = &crowd->puttings[i];

		park(putting, crowd->wait, crowd->hook);
		wait_work(crowd->wait);
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
	static struct crowd crowds[THREADS];
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
	for (size_t i = 0; i < THREADS; i++)
		end_work(threads[i]);
	for (size_t i = 0; i < THREADS * PUTS; i++) {
		const struct putting *putting = &crowds[i / PUTS]
						     .puttings[i % PUTS];

		delivered += putting->ends == 1 &&
		    putting->outcome == OUTCOME_DELIVERED;
	}
	assert_int_equal(delivered, THREADS * PUTS);
	wait_close(wait);
}

/* Commands that cannot be ended. */

static bool
with_a_stuck_command(void)
{
	struct hook hook = a_hook("peliqan"), other = a_hook("other");
	struct putting putting;
	unsigned before = count_descriptors();
	struct wait *wait;
	int fifo, gone;

	NEED(become_nobody());
	NEED(try_open(2, -1, &wait) == RC_OK);
	lane.timeout = 1500;
	lane.kill_after = 100;
	park(&putting, wait, &hook);
	wait_work(wait);
	NEED(putting.outcome == OUTCOME_TIMEOUT);
	NEED(strcmp(putting.how, "stuck") == 0);
	command[0] = "/bin/true";
	park(&putting, wait, &hook);
	wait_work(wait);
	NEED(putting.ends == 0);
	NEED(put(wait, &other) == OUTCOME_DELIVERED);
	NEED(putting.ends == 0);
	fifo = open(command[2], O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	/* The child that is gone is still there to be waited for. */
	gone = waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	NEED(gone == 0);
	close(fifo);
	wait_tick(wait);
	wait_work(wait);
	NEED(putting.ends == 1);
	NEED(putting.outcome == OUTCOME_DELIVERED);
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
	NEED(try_open(2, -1, &wait) == RC_OK);
	lane.timeout = 1500;
	lane.kill_after = 100;
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

enum { LARGE = 3 << 20 };

static bool
without_memory(void)
{
	struct rlimit none = { 0, 0 };
	struct hook hook = a_hook("peliqan");
	struct job job = a_job(&hook);
	struct putting putting;
	const struct command how = { .stop = -1 };
	struct run_result result;
	struct wait *wait = NULL;
	char *large = calloc(1, LARGE);
	/* Else the compiler takes it that memory is always there. */
	void *volatile piece;

	NEED(large != NULL);
	lane.input = CONF_LINE;
	job.body = (struct bytes){ large, LARGE };
	memset(large, '1', LARGE);
	NEED(try_open(1, -1, &wait) == RC_OK);
	NEED(setrlimit(RLIMIT_DATA, &none) == 0);
	execute(&job, 1, &how, &result);
	NEED(result.end == RUN_UNSTARTED);
	NEED(result.code == ENOMEM);
	do {
		piece = malloc(sizeof(result));
	} while (piece != NULL);
	park(&putting, wait, &hook);
	wait_work(wait);
	NEED(putting.ends == 1 && putting.rc == RC_MEMORY);
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
		TEST(beyond_max_running_it_is_parked_for_its_turn),
		TEST(half_the_threads_are_the_default),
		TEST(all_hooks_together_take_no_more_than_the_threads),
		TEST(first_come_is_first_served),
		TEST(a_turn_that_does_not_come_is_crowded),
		TEST(a_thousand_are_parked_and_no_more),
		TEST(threads_are_called_where_nobody_looks),
		TEST(who_runs_one_calls_another_for_the_next),
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
