/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "receive/wait.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/thread.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"

enum {
	STUCK_RECHECK = 1000, /* milliseconds */
};

/* First in, first out. */
struct jobs {
	struct waiting *first;
	struct waiting **end;
};

/*
 * The slots of one hook, and who waits for one.  They carry the hook's name,
 * not the hook: the count goes on when the configuration is replaced.
 */
struct slots {
	struct slots *next;
	char hook[HOOK_NAME_SIZE];
	unsigned running; /* of max-running, stuck ones too */
	unsigned parked;
	struct jobs jobs;
};

/* A command that runs, or is stuck. */
struct running {
	struct running *next;
	struct slots *slots;
	struct run_result result;
};

struct wait {
	struct wait_settings settings;
	pthread_mutex_t lock; /* guards what follows */
	struct slots *slots;
	struct jobs ready; /* they have a slot, or get none */
	struct running *stuck;
	unsigned busy; /* threads: of those that run or are ready */
	uint64_t number;
	bool idle; /* wait_tick is not to be called */
	bool aborted;
};

static void
jobs_clear(struct jobs *jobs)
{
	jobs->first = NULL;
	jobs->end = &jobs->first;
}

static void
jobs_add(struct jobs *jobs, struct waiting *waiting)
{
	waiting->next = NULL;
	*jobs->end = waiting;
	jobs->end = &waiting->next;
}

static struct waiting *
jobs_take(struct jobs *jobs)
{
	struct waiting *waiting = jobs->first;

	if (waiting == NULL)
		return NULL;
	jobs->first = waiting->next;
	if (jobs->first == NULL)
		jobs->end = &jobs->first;
	return waiting;
}

/* Under the lock: the slots of a hook, which are made where there are none. */
static struct slots *
find_slots(struct wait *wait, const char *hook)
{
	struct slots *slots;

	for (slots = wait->slots; slots != NULL; slots = slots->next)
		if (strcmp(slots->hook, hook) == 0)
			return slots;
	slots = calloc(1, sizeof(*slots));
	if (slots == NULL)
		return NULL;
	strncpy(slots->hook, hook, HOOK_NAME_SIZE - 1);
	jobs_clear(&slots->jobs);
	slots->next = wait->slots;
	wait->slots = slots;
	return slots;
}

/* Under the lock: a hook that may be gone leaves nothing behind. */
static void
forget_idle(struct wait *wait, struct slots *idle)
{
	struct slots **at = &wait->slots;

	if (idle->running > 0 || idle->parked > 0)
		return;
	while (*at != idle)
		at = &(*at)->next;
	*at = idle->next;
	free(idle);
}

static unsigned
max_running(const struct wait *wait, const struct hook *hook)
{
	unsigned threads = wait->settings.threads;

	if (hook->max_running > 0)
		return hook->max_running;
	return threads < 2 ? 1 : threads / 2;
}

/* Under the lock. */
static bool
has_free_slot(const struct wait *wait, const struct slots *slots,
    const struct hook *hook)
{
	return slots->running < max_running(wait, hook);
}

/* Under the lock: what left it without a turn. */
static void
note_limit(const struct wait *wait, const struct slots *slots,
    struct waiting *waiting)
{
	waiting->limit = has_free_slot(wait, slots, waiting->job->hook) ?
	    "threads" :
	    "max-running";
}

/* Under the lock: of the hooks that have a free slot the one whose first has
 * waited longest. */
static struct slots *
next_slots(const struct wait *wait)
{
	struct slots *best = NULL;

	for (struct slots *slots = wait->slots; slots != NULL;
	     slots = slots->next) {
		const struct waiting *first = slots->jobs.first;

		if (first != NULL &&
		    has_free_slot(wait, slots, first->job->hook) &&
		    (best == NULL || first->number < best->jobs.first->number))
			best = slots;
	}
	return best;
}

/* Under the lock: the hook's first is parked no longer.  RC_OK: it may run. */
static void
take_first(struct wait *wait, struct slots *slots, enum rc rc)
{
	struct waiting *waiting = jobs_take(&slots->jobs);

	waiting->rc = rc;
	if (rc == RC_CROWDED)
		note_limit(wait, slots, waiting);
	jobs_add(&wait->ready, waiting);
	slots->parked--;
}

/* Under the lock: gives the free slots away; whether any was. */
static bool
give_slots(struct wait *wait)
{
	struct slots *slots;
	bool given = false;

	while (wait->busy < wait->settings.threads &&
	    (slots = next_slots(wait)) != NULL) {
		take_first(wait, slots, RC_OK);
		slots->running++;
		wait->busy++;
		given = true;
	}
	return given;
}

/* Under the lock: gives back the slots of stuck commands that are gone. */
static void
reap_stuck(struct wait *wait)
{
	struct running **at = &wait->stuck;
	struct running *running;

	while ((running = *at) != NULL) {
		if (run_reap(&running->result) != RC_OK) {
			at = &running->next;
			continue;
		}
		*at = running->next;
		running->slots->running--;
		forget_idle(wait, running->slots);
		free(running);
	}
}

/* Under the lock.  RC_CROWDED, RC_STOPPING, RC_MEMORY: it is not in. */
static enum rc
park(struct wait *wait, struct waiting *waiting)
{
	struct slots *slots;

	if (wait->aborted)
		return RC_STOPPING;
	slots = find_slots(wait, waiting->job->hook->name);
	if (slots == NULL)
		return RC_MEMORY;
	if (slots->parked >= WAIT_PARKED_MAX) {
		note_limit(wait, slots, waiting);
		return RC_CROWDED;
	}
	waiting->slots = slots;
	waiting->number = wait->number++;
	waiting->deadline = clock_steady() + WAIT_TURN;
	jobs_add(&slots->jobs, waiting);
	slots->parked++;
	return RC_OK;
}

static void
call(const struct wait *wait, void (*function)(void *context))
{
	if (function != NULL)
		function(wait->settings.context);
}

void
wait_put(struct wait *wait, struct waiting *waiting, bool here)
{
	bool given, ticks;
	enum rc rc;

	pthread_mutex_lock(&wait->lock);
	reap_stuck(wait);
	rc = park(wait, waiting);
	given = give_slots(wait);
	ticks = wait->idle && rc == RC_OK && waiting->slots->parked > 0;
	if (ticks)
		wait->idle = false;
	pthread_mutex_unlock(&wait->lock);
	if (rc != RC_OK)
		waiting->done(waiting, rc, NULL);
	if (given && !here)
		call(wait, wait->settings.wakeup);
	if (ticks)
		call(wait, wait->settings.tick);
}

/* The command has ended; a stuck one keeps its hook's slot. */
static void
release_slot(struct wait *wait, struct slots *slots, struct running *running)
{
	pthread_mutex_lock(&wait->lock);
	wait->busy--;
	if (running != NULL && running->result.end == RUN_STUCK) {
		running->next = wait->stuck;
		wait->stuck = running;
		running = NULL;
	} else {
		slots->running--;
		forget_idle(wait, slots);
	}
	(void)give_slots(wait);
	pthread_mutex_unlock(&wait->lock);
	free(running);
}

static void
run_waiting(struct wait *wait, struct waiting *waiting)
{
	const struct command how = {
		.stop = wait->settings.stop,
		.stop_kill_after = wait->settings.stop_kill_after,
		.host = wait->settings.host,
	};
	struct slots *slots = waiting->slots;
	struct running *running = malloc(sizeof(*running));

	thread_pause();
	if (running == NULL) {
		waiting->done(waiting, RC_MEMORY, NULL);
	} else {
		running->slots = slots;
		if (waiting->starts != NULL)
			waiting->starts(waiting);
		execute(waiting->job, 1, &how, &running->result);
		waiting->done(waiting, RC_OK, &running->result);
	}
	release_slot(wait, slots, running);
}

/* What is left must not wait for the command of what is taken. */
static struct waiting *
take_ready(struct wait *wait)
{
	struct waiting *waiting;
	bool left;

	pthread_mutex_lock(&wait->lock);
	waiting = jobs_take(&wait->ready);
	left = wait->ready.first != NULL;
	pthread_mutex_unlock(&wait->lock);
	if (left)
		call(wait, wait->settings.wakeup);
	return waiting;
}

void
wait_work(struct wait *wait)
{
	struct waiting *waiting;

	while ((waiting = take_ready(wait)) != NULL)
		if (waiting->rc == RC_OK)
			run_waiting(wait, waiting);
		else
			waiting->done(waiting, waiting->rc, NULL);
}

/* Under the lock: what was parked until then is parked no longer; whether
 * any was. */
static bool
unpark(struct wait *wait, int64_t until, enum rc rc)
{
	struct slots *next;
	bool any = false;

	for (struct slots *slots = wait->slots; slots != NULL; slots = next) {
		next = slots->next;
		while (slots->jobs.first != NULL &&
		    slots->jobs.first->deadline <= until) {
			take_first(wait, slots, rc);
			any = true;
		}
		forget_idle(wait, slots);
	}
	return any;
}

/* Under the lock: when there is something to be done again. */
static int64_t
next_tick(const struct wait *wait)
{
	int64_t next = CLOCK_NEVER;

	for (const struct slots *slots = wait->slots; slots != NULL;
	     slots = slots->next)
		if (slots->jobs.first != NULL &&
		    slots->jobs.first->deadline < next)
			next = slots->jobs.first->deadline;
	/* Only a command that waits cares whether they are gone. */
	if (next != CLOCK_NEVER && wait->stuck != NULL &&
	    next > clock_steady() + STUCK_RECHECK)
		next = clock_steady() + STUCK_RECHECK;
	return next;
}

int
wait_tick(struct wait *wait)
{
	bool any;
	int64_t next;

	pthread_mutex_lock(&wait->lock);
	reap_stuck(wait);
	any = give_slots(wait);
	any |= unpark(wait, clock_steady(), RC_CROWDED);
	next = next_tick(wait);
	wait->idle = next == CLOCK_NEVER;
	pthread_mutex_unlock(&wait->lock);
	if (any)
		call(wait, wait->settings.wakeup);
	return clock_left(next);
}

void
wait_abort(struct wait *wait)
{
	bool any;

	pthread_mutex_lock(&wait->lock);
	wait->aborted = true;
	any = unpark(wait, CLOCK_NEVER, RC_STOPPING);
	pthread_mutex_unlock(&wait->lock);
	if (any)
		call(wait, wait->settings.wakeup);
}

enum rc
wait_open(const struct wait_settings *settings, struct wait **out)
{
	struct wait *wait = calloc(1, sizeof(*wait));

	if (wait == NULL)
		return RC_MEMORY;
	wait->settings = *settings;
	wait->idle = true;
	jobs_clear(&wait->ready);
	pthread_mutex_init(&wait->lock, NULL);
	*out = wait;
	return RC_OK;
}

static void
log_left(pid_t pid)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "a command is left running");
	log_number(&line, "pid", pid);
	log_end(&line);
}

void
wait_close(struct wait *wait)
{
	struct running *running;

	if (wait == NULL)
		return;
	reap_stuck(wait);
	while ((running = wait->stuck) != NULL) {
		wait->stuck = running->next;
		log_left(running->result.pid);
		io_close(&running->result.pidfd);
		running->slots->running--;
		forget_idle(wait, running->slots);
		free(running);
	}
	pthread_mutex_destroy(&wait->lock);
	free(wait);
}
