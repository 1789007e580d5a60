/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "receive/wait.h"

#include "config/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/pool.h"
#include "command/input.h"

enum {
	STUCK_ROOM = 64,	/* places beyond the threads', for the stuck */
	HOOK_NAME = 65		/* a hook's name and its NUL */
};

/*
 * A command's place.  It carries the hook's name, not the hook: the count
 * goes on when the configuration is replaced.
 */
struct place {
	char hook[HOOK_NAME];
	struct run_result *result;	/* NULL: free */
	bool stuck;
};

struct deliver {
	struct deliver_how how;
	unsigned threads;
	pthread_mutex_t lock;		/* guards the places */
	size_t places_len;
	struct place places[];
};

static void
place_free(struct place *place)
{
	free(place->result);
	*place = (struct place){0};
}

/* Gives back the places of stuck commands that are gone by now. */
static void
reap_stuck(struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->places_len; i++) {
		struct place *place = &deliver->places[i];

		if (place->stuck && run_reap(place->result) == RC_OK)
			place_free(place);
	}
}

static unsigned
most_running(const struct deliver *deliver, const struct hook *hook)
{
	if (hook->max_running > 0)
		return hook->max_running;
	return deliver->threads < 2 ? 1 : deliver->threads / 2;
}

/* A free place, or NULL where there is none for this hook. */
static struct place *
find_place(struct deliver *deliver, const struct hook *hook)
{
	struct place *found = NULL;
	unsigned running = 0;

	for (size_t i = 0; i < deliver->places_len; i++) {
		struct place *place = &deliver->places[i];

		if (place->result == NULL)
			found = place;
		else if (strcmp(place->hook, hook->name) == 0)
			running++;
	}
	return running < most_running(deliver, hook) ? found : NULL;
}

static enum rc
take_place(struct deliver *deliver, const struct hook *hook,
    struct place **out)
{
	struct run_result *result = malloc(sizeof(*result));
	struct place *place;

	if (result == NULL)
		return RC_MEMORY;
	pthread_mutex_lock(&deliver->lock);
	reap_stuck(deliver);
	place = find_place(deliver, hook);
	if (place != NULL) {
		strncpy(place->hook, hook->name, HOOK_NAME - 1);
		place->result = result;
	}
	pthread_mutex_unlock(&deliver->lock);
	if (place == NULL) {
		free(result);
		return RC_CROWDED;
	}
	*out = place;
	return RC_OK;
}

static void
give_place_back(struct deliver *deliver, struct place *place)
{
	pthread_mutex_lock(&deliver->lock);
	if (place->result->end == RUN_STUCK)
		place->stuck = true;
	else
		place_free(place);
	pthread_mutex_unlock(&deliver->lock);
}

/* For the one line that the event gets in the log. */
static void
tell_end(const struct job *job, const struct run_result *result)
{
	static const char *const words[] = {
	    [RUN_EXIT] = "exit",
	    [RUN_SIGNAL] = "signal",
	    [RUN_TIMEOUT] = "timeout",
	    [RUN_STOPPED] = "stopped",
	    [RUN_UNSTARTED] = "unstarted",
	    [RUN_STUCK] = "stuck",
	};

	if (job->end == NULL)
		return;
	*job->end = (struct job_end){.how = words[result->end],
	    .code = result->code, .elapsed = result->elapsed};
}

static enum rc
put(void *context, const struct job *job)
{
	struct deliver *deliver = context;
	struct place *place;
	enum rc rc = take_place(deliver, job->hook, &place);

	if (rc != RC_OK)
		return rc;
	deliver_run(job, 1, &deliver->how, place->result);
	tell_end(job, place->result);
	rc = run_outcome(place->result);
	give_place_back(deliver, place);
	return rc;
}

enum rc
deliver_open(unsigned threads, int stop, int64_t stop_kill_after,
    struct deliver **out)
{
	size_t places_len = (size_t)threads + STUCK_ROOM;
	struct deliver *deliver = calloc(1,
	    sizeof(*deliver) + places_len * sizeof(struct place));

	if (deliver == NULL)
		return RC_MEMORY;
	deliver->how.stop = stop;
	deliver->how.stop_kill_after = stop_kill_after;
	deliver->threads = threads;
	deliver->places_len = places_len;
	pthread_mutex_init(&deliver->lock, NULL);
	*out = deliver;
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
deliver_close(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	reap_stuck(deliver);
	for (size_t i = 0; i < deliver->places_len; i++) {
		if (!deliver->places[i].stuck)
			continue;
		log_left(deliver->places[i].result->pid);
		if (deliver->places[i].result->pidfd >= 0)
			close(deliver->places[i].result->pidfd);
		place_free(&deliver->places[i]);
	}
	pthread_mutex_destroy(&deliver->lock);
	free(deliver);
}

struct sink
deliver_sink(struct deliver *deliver)
{
	return (struct sink){deliver, put};
}

static enum rc
run_jobs(const struct job *jobs, size_t n, const struct deliver_how *how,
    struct run_result *result)
{
	const struct hook *hook = jobs->hook;
	struct job first = *jobs;
	char mark[CRYPTO_MARK];
	struct run what = {.command = jobs->rule->command, .input = -1,
	    .timeout = hook->timeout, .kill_after = hook->kill_after,
	    .stop = how->stop, .stop_kill_after = how->stop_kill_after,
	    .hook = hook->name, .id = jobs->receipt->id};
	struct pool pool = {0};
	enum rc rc = RC_OK;

	if (first.mark == NULL) {
		rc = crypto_mark(mark);
		first.mark = mark;
	}
	if (rc == RC_OK)
		rc = render_environment(&first, n, &pool, &what.environment);
	if (rc == RC_OK)
		rc = render_input(jobs, n, &what.input);
	if (rc == RC_OK)
		run(&what, result, how->started, how->context);
	if (what.input >= 0)
		close(what.input);
	pool_free(&pool);
	return rc;
}

void
deliver_run(const struct job *jobs, size_t n, const struct deliver_how *how,
    struct run_result *result)
{
	enum rc rc = run_jobs(jobs, n, how, result);

	if (rc == RC_OK)
		return;
	*result = (struct run_result){.end = RUN_UNSTARTED, .pid = -1,
	    .pidfd = -1, .code = rc == RC_MEMORY ? ENOMEM : EIO};
}
