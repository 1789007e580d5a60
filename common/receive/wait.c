/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "receive/wait.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"

enum {
	STUCK_SLOTS = 64, /* slots beyond the threads', for the stuck */
};

/*
 * A command's slot.  It carries the hook's name, not the hook: the count
 * goes on when the configuration is replaced.
 */
struct slot {
	char hook[HOOK_NAME_SIZE];
	struct run_result *result; /* NULL: free */
	bool stuck;
};

struct wait {
	int stop;
	int64_t stop_kill_after;
	struct host *host;
	unsigned threads;
	pthread_mutex_t lock; /* guards the slots */
	size_t slots_len;
	struct slot slots[];
};

static void
slot_free(struct slot *slot)
{
	free(slot->result);
	*slot = (struct slot){ 0 };
}

/* Gives back the slots of stuck commands that are gone by now. */
static void
reap_stuck(struct wait *wait)
{
	for (size_t i = 0; i < wait->slots_len; i++) {
		struct slot *slot = &wait->slots[i];

		if (slot->stuck && run_reap(slot->result) == RC_OK)
			slot_free(slot);
	}
}

static unsigned
max_running_of(const struct wait *wait, const struct hook *hook)
{
	if (hook->max_running > 0)
		return hook->max_running;
	return wait->threads < 2 ? 1 : wait->threads / 2;
}

/* A free slot, or NULL where there is none for this hook. */
static struct slot *
find_slot(struct wait *wait, const struct hook *hook)
{
	struct slot *found = NULL;
	unsigned running = 0;

	for (size_t i = 0; i < wait->slots_len; i++) {
		struct slot *slot = &wait->slots[i];

		if (slot->result == NULL)
			found = slot;
		else if (strcmp(slot->hook, hook->name) == 0)
			running++;
	}
	return running < max_running_of(wait, hook) ? found : NULL;
}

static enum rc
slot_acquire(struct wait *wait, const struct hook *hook, struct slot **out)
{
	struct run_result *result = malloc(sizeof(*result));
	struct slot *slot;

	if (result == NULL)
		return RC_MEMORY;
	pthread_mutex_lock(&wait->lock);
	reap_stuck(wait);
	slot = find_slot(wait, hook);
	if (slot != NULL) {
		strncpy(slot->hook, hook->name, HOOK_NAME_SIZE - 1);
		slot->result = result;
	}
	pthread_mutex_unlock(&wait->lock);
	if (slot == NULL) {
		free(result);
		return RC_CROWDED;
	}
	*out = slot;
	return RC_OK;
}

static void
slot_release(struct wait *wait, struct slot *slot)
{
	pthread_mutex_lock(&wait->lock);
	if (slot->result->end == RUN_STUCK)
		slot->stuck = true;
	else
		slot_free(slot);
	pthread_mutex_unlock(&wait->lock);
}

/* For the one line that the event gets in the log. */
static void
report_end(const struct job *job, const struct run_result *result)
{
	if (job->end == NULL)
		return;
	*job->end = (struct job_end){
		.how = run_end_name(result->end),
		.code = result->code,
		.elapsed = result->elapsed,
	};
}

static enum outcome
put(void *context, const struct job *job, enum rc *reason)
{
	struct wait *wait = context;
	enum outcome outcome;
	struct slot *slot;
	enum rc rc = slot_acquire(wait, job->hook, &slot);

	if (rc != RC_OK) {
		*reason = rc;
		return OUTCOME_REFUSED;
	}
	execute(job, 1,
	    &(struct command){ .stop = wait->stop,
		.stop_kill_after = wait->stop_kill_after,
		.host = wait->host },
	    slot->result);
	report_end(job, slot->result);
	outcome = run_outcome(slot->result);
	slot_release(wait, slot);
	return outcome;
}

enum rc
wait_open(unsigned threads, int stop, int64_t stop_kill_after,
    struct wait **out)
{
	size_t slots_len = (size_t)threads + STUCK_SLOTS;
	struct wait *wait = calloc(1,
	    sizeof(*wait) + slots_len * sizeof(struct slot));

	if (wait == NULL)
		return RC_MEMORY;
	wait->stop = stop;
	wait->stop_kill_after = stop_kill_after;
	wait->threads = threads;
	wait->slots_len = slots_len;
	pthread_mutex_init(&wait->lock, NULL);
	*out = wait;
	return RC_OK;
}

void
wait_set_host(struct wait *wait, struct host *host)
{
	wait->host = host;
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
	if (wait == NULL)
		return;
	reap_stuck(wait);
	for (size_t i = 0; i < wait->slots_len; i++) {
		if (!wait->slots[i].stuck)
			continue;
		log_left(wait->slots[i].result->pid);
		io_close(&wait->slots[i].result->pidfd);
		slot_free(&wait->slots[i]);
	}
	pthread_mutex_destroy(&wait->lock);
	free(wait);
}

struct sink
wait_sink(struct wait *wait)
{
	return (struct sink){ wait, put };
}
