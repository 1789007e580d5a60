/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dispatcher.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "queue/dispatch.h"
#include "receive/decide.h"
#include "receive/sink.h"
#include "current.h"

enum { DISPATCHER_PAUSE = 1000 }; /* milliseconds between tries */

struct dispatcher {
	struct current *current;
	struct host *host;
	struct shared_journal *shared;
	struct decider *decider;
	char *journal; /* its path, or NULL */
	char *file;    /* the configuration, absolute */
	enum conf_dispatch dispatch;
	int stop;     /* an eventfd */
	int wake;     /* an eventfd: an event was stored */
	bool running; /* there is a thread */
	pthread_t thread;
};

static struct conf *
hold_conf(void *context)
{
	struct dispatcher *dispatcher = context;

	return current_hold(dispatcher->current);
}

/* Until fd is readable or the pause is over; false: it is time to stop. */
static bool
await(const struct dispatcher *dispatcher, int fd, int pause)
{
	struct pollfd fds[] = {
		{ .fd = dispatcher->stop, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	while (poll(fds, 2, pause) < 0 && errno == EINTR)
		;
	return fds[0].revents == 0;
}

/* False where it was told to stop before the journal could be opened. */
static bool
reach_journal(const struct dispatcher *dispatcher, struct journal **journal)
{
	/* Why it is out of reach has been logged. */
	while (shared_journal_get(dispatcher->shared, journal) != RC_OK)
		if (!await(dispatcher, -1, DISPATCHER_PAUSE))
			return false;
	return true;
}

static void
run_queue(struct dispatcher *dispatcher)
{
	struct dispatch settings = {
		.conf = hold_conf,
		.context = dispatcher,
		.stop = dispatcher->stop,
		.host = dispatcher->host,
	};

	if (!reach_journal(dispatcher, &settings.journal))
		return;
	while (dispatch_queue(&settings) != RC_OK)
		if (!await(dispatcher, -1, DISPATCHER_PAUSE))
			return;
}

/* A drain outlives this process where that is told to stop. */
static bool
run_drain(const struct dispatcher *dispatcher)
{
	const char *const command[] = { PELIHOOK_CTL, "-c", dispatcher->file,
		"drain", NULL };
	bool going_on;
	pid_t pid;
	int gone;

	if (spawn_detached(command, &pid) != RC_OK)
		return await(dispatcher, -1, DISPATCHER_PAUSE);
	gone = pidfd_open(pid, 0);
	/* Where descriptors are short it is asked for from time to time. */
	do
		going_on = await(dispatcher, gone,
		    gone < 0 ? DISPATCHER_PAUSE : -1);
	while (waitpid(pid, NULL, WNOHANG) == 0 && going_on);
	io_close(&gone);
	return going_on;
}

/* One at a time: what is stored meanwhile is worth another one. */
static void
run_drains(struct dispatcher *dispatcher)
{
	struct journal *journal;
	uint64_t stored;
	ssize_t n;

	if (!reach_journal(dispatcher, &journal))
		return;
	journal_set_wakeup_fd(journal, dispatcher->wake);
	/* First for what an earlier process left. */
	while (
	    run_drain(dispatcher) && await(dispatcher, dispatcher->wake, -1)) {
		n = read(dispatcher->wake, &stored, sizeof(stored));
		if (n < 0 && errno != EAGAIN)
			return;
	}
}

static void *
run_thread(void *context)
{
	struct dispatcher *dispatcher = context;

	if (dispatcher->dispatch == CONF_DISPATCH_DRAIN)
		run_drains(dispatcher);
	else
		run_queue(dispatcher);
	return NULL;
}

static enum rc
copy_names(struct dispatcher *dispatcher)
{
	struct conf *conf = current_hold(dispatcher->current);
	enum rc rc = RC_OK;

	dispatcher->dispatch = conf->dispatch;
	if (conf->journal != NULL) {
		dispatcher->journal = strdup(conf->journal);
		dispatcher->file = realpath(conf->file, NULL);
		if (dispatcher->journal == NULL || dispatcher->file == NULL)
			rc = RC_SYSTEM;
	}
	conf_release(conf);
	return rc;
}

static enum rc
open_journal(struct dispatcher *dispatcher, struct sink inner)
{
	struct journal *journal;
	enum rc rc = shared_journal_open(dispatcher->journal, JOURNAL_CREATE,
	    &dispatcher->shared);

	if (rc == RC_OK)
		rc = decide_open(dispatcher->shared, inner,
		    &dispatcher->decider);
	if (rc != RC_OK || dispatcher->journal == NULL)
		return rc;
	rc = shared_journal_get(dispatcher->shared, &journal);
	/* Out of reach is no reason to refuse hooks that only wait. */
	return rc == RC_STORE || rc == RC_LOCKED || rc == RC_CORRUPT ? RC_OK :
								       rc;
}

static enum rc
start_thread(struct dispatcher *dispatcher)
{
	int error;

	if (dispatcher->journal == NULL ||
	    dispatcher->dispatch == CONF_DISPATCH_NONE)
		return RC_OK;
	error = pthread_create(&dispatcher->thread, NULL, run_thread,
	    dispatcher);
	if (error != 0) {
		errno = error;
		return RC_SYSTEM;
	}
	dispatcher->running = true;
	return RC_OK;
}

enum rc
dispatcher_open(struct current *current, struct host *host, struct sink inner,
    struct dispatcher **out)
{
	struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));
	enum rc rc;

	if (dispatcher == NULL)
		return RC_MEMORY;
	dispatcher->current = current;
	dispatcher->host = host;
	dispatcher->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dispatcher->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = dispatcher->stop < 0 || dispatcher->wake < 0 ?
	    RC_SYSTEM :
	    copy_names(dispatcher);
	if (rc == RC_OK)
		rc = open_journal(dispatcher, inner);
	if (rc == RC_OK)
		rc = start_thread(dispatcher);
	if (rc != RC_OK)
		dispatcher_close(dispatcher);
	else
		*out = dispatcher;
	return rc;
}

struct sink
dispatcher_sink(struct dispatcher *dispatcher)
{
	return decide_sink(dispatcher->decider);
}

void
dispatcher_stop(struct dispatcher *dispatcher)
{
	if (io_signal(dispatcher->stop) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "cannot stop the queue: %s",
		    strerrordesc_np(errno));
}

enum rc
dispatcher_join(struct dispatcher *dispatcher, int64_t deadline)
{
	int64_t left = clock_left(deadline);
	struct timespec end;

	if (!dispatcher->running)
		return RC_OK;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += left / 1000 + 1;
	if (pthread_clockjoin_np(dispatcher->thread, NULL, CLOCK_MONOTONIC,
		&end) != 0)
		return RC_TIMEOUT;
	dispatcher->running = false;
	return RC_OK;
}

void
dispatcher_close(struct dispatcher *dispatcher)
{
	if (dispatcher == NULL)
		return;
	decide_close(dispatcher->decider);
	shared_journal_close(dispatcher->shared);
	io_close(&dispatcher->stop);
	io_close(&dispatcher->wake);
	free(dispatcher->journal);
	free(dispatcher->file);
	free(dispatcher);
}
