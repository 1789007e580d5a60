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
#include <unistd.h>

#include "dispatcher.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/io.h"
#include "base/log.h"
#include "base/thread.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "queue/dispatch.h"
#include "queue/hooks.h"
#include "queue/source.h"
#include "current.h"
#include "options.h"
#include "shares.h"

enum {
	DISPATCHER_PAUSE = 1000,       /* milliseconds between tries */
	DISPATCHER_AGAIN = 10 * 1000,  /* where a drain came to nothing */
	DISPATCHER_TELL = 60 * 1000,   /* which hooks are served, anew */
	DISPATCHER_ERRORS = 16 * 1024, /* bytes */
};

/* One way to run the queue, with a thread that waits until it is wanted. */
struct way {
	struct dispatcher *dispatcher;
	enum conf_dispatch dispatch; /* what names it */
	/* False where it was told to stop. */
	bool (*run)(struct way *way);
	int look; /* an eventfd: something may be different */
	bool running;
	pthread_t thread;
};

enum { WAYS = 2 };

struct dispatcher {
	struct current *current;
	struct host *host;
	struct shared_journal *shared;
	const struct options *options;
	size_t most; /* commands at once */
	int stop;    /* an eventfd */
	struct way ways[WAYS];
};

static bool
is_wanted(void *context)
{
	const struct way *way = context;
	struct conf *conf = current_hold(way->dispatcher->current);
	enum conf_dispatch dispatch = conf->dispatch;

	conf_release(conf);
	if (dispatch == CONF_DISPATCH_DEFAULT)
		dispatch = CONF_DISPATCH_THREAD;
	return dispatch == way->dispatch;
}

static struct conf *
hold_conf(void *context)
{
	const struct way *way = context;

	return current_hold(way->dispatcher->current);
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

/* Until it is wanted no longer. */
static bool
run_queue(struct way *way)
{
	struct dispatcher *dispatcher = way->dispatcher;
	struct dispatch settings = {
		.conf = hold_conf,
		.context = way,
		.wanted = is_wanted,
		.stop = dispatcher->stop,
		.most = dispatcher->most,
		.host = dispatcher->host,
	};
	/* Why it is out of reach has been logged. */
	enum rc rc = shared_journal_get(dispatcher->shared, &settings.journal);

	if (rc == RC_OK)
		rc = dispatch_queue(&settings);
	if (rc == RC_OK)
		return false;
	return await(dispatcher, -1, is_wanted(way) ? DISPATCHER_PAUSE : 0);
}

/*
 * A drain outlives this process where that is told to stop.  *well is left
 * alone where it could not be started or did not get through.
 */
static bool
run_drain(const struct dispatcher *dispatcher, bool *well)
{
	/* Links of its path may lead elsewhere by now. */
	const char *named = dispatcher->options->file;
	char *file = realpath(named, NULL);
	const char *const command[] = { PELIHOOK_CTL, "-c",
		file != NULL ? file : named, "drain", NULL };
	enum rc rc;
	bool going_on;
	pid_t pid;
	int status = 0;
	int gone;

	rc = spawn_detached(command, &pid);
	free(file);
	if (rc != RC_OK)
		return true;
	gone = pidfd_open(pid, 0);
	/* Where descriptors are short it is asked for from time to time. */
	do
		going_on = await(dispatcher, gone,
		    gone < 0 ? DISPATCHER_PAUSE : -1);
	while (waitpid(pid, &status, WNOHANG) == 0 && going_on);
	io_close(&gone);
	*well = status == 0;
	return going_on;
}

/*
 * One, first for what was stored before; then until what is stored meanwhile
 * is worth another one.  What came to nothing is tried again though nothing
 * comes.
 */
static bool
run_drains(struct way *way)
{
	struct dispatcher *dispatcher = way->dispatcher;
	struct journal *journal;
	bool going_on;
	bool well = false;

	if (shared_journal_get(dispatcher->shared, &journal) != RC_OK)
		return await(dispatcher, -1, DISPATCHER_PAUSE);
	journal_add_wakeup_fd(journal, way->look);
	going_on = run_drain(dispatcher, &well) &&
	    await(dispatcher, way->look, well ? -1 : DISPATCHER_AGAIN);
	journal_remove_wakeup_fd(journal, way->look);
	return going_on;
}

/* What is stored here may be what others are not to settle as ignored. */
static int
tell_hooks(const struct way *way)
{
	struct dispatcher *dispatcher = way->dispatcher;
	struct conf *conf = current_hold(dispatcher->current);
	struct journal *journal;
	int pause = -1;

	if (way->dispatch == CONF_DISPATCH_THREAD &&
	    conf_journal_is_shared(conf)) {
		pause = DISPATCHER_AGAIN;
		if (shared_journal_get(dispatcher->shared, &journal) == RC_OK &&
		    queue_hooks_tell(conf, journal) == RC_OK)
			pause = DISPATCHER_TELL;
	}
	conf_release(conf);
	return pause;
}

static void *
run_thread(void *context)
{
	struct way *way = context;
	bool going_on = await(way->dispatcher, way->look, -1);
	uint64_t count;

	while (going_on) {
		(void)!read(way->look, &count, sizeof(count));
		going_on = is_wanted(way) ?
		    way->run(way) :
		    await(way->dispatcher, way->look, tell_hooks(way));
	}
	return NULL;
}

static enum rc
check_sources(struct dispatcher *dispatcher, struct journal *journal)
{
	struct conf *conf = current_hold(dispatcher->current);
	struct buf errors = { .max = DISPATCHER_ERRORS };
	enum rc rc = queue_source_check(journal, conf, &errors);

	log_lines(LOG_LEVEL_ERROR, buf_view(&errors));
	buf_free(&errors);
	conf_release(conf);
	return rc;
}

/* Nobody is answered meanwhile, neither who wants the page nor a hook that does
 * without the journal: who keeps that locked is left to be waited for later. */
static enum rc
try_journal(struct dispatcher *dispatcher)
{
	struct journal *journal;
	enum rc rc = shared_journal_try(dispatcher->shared, &journal);

	if (rc == RC_OK)
		rc = check_sources(dispatcher, journal);
	/* Out of reach is no reason to refuse hooks that only wait. */
	return rc == RC_STORE || rc == RC_LOCKED || rc == RC_CORRUPT ? RC_OK :
								       rc;
}

static enum rc
start_thread(struct way *way)
{
	int error = thread_start(&way->thread, run_thread, way);

	if (error != 0) {
		errno = error;
		return RC_SYSTEM;
	}
	way->running = true;
	return RC_OK;
}

static enum rc
wake_threads(struct dispatcher *dispatcher)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < WAYS && rc == RC_OK; i++)
		rc = io_signal(dispatcher->ways[i].look);
	return rc;
}

/*
 * Both, whatever is wanted: a thread may not be had any more when it is.
 * Neither does anything before both are there.
 */
static enum rc
start_threads(struct dispatcher *dispatcher)
{
	enum rc rc = RC_OK;
	int error;

	for (int i = 0; rc == RC_OK && i < WAYS; i++)
		rc = start_thread(&dispatcher->ways[i]);
	if (rc == RC_OK)
		rc = wake_threads(dispatcher);
	if (rc == RC_OK)
		return RC_OK;
	error = errno;
	dispatcher_stop(dispatcher);
	(void)dispatcher_join(dispatcher, CLOCK_NEVER);
	errno = error;
	return rc;
}

static enum rc
open_ways(struct dispatcher *dispatcher)
{
	static const struct way ways[WAYS] = {
		{ .dispatch = CONF_DISPATCH_THREAD, .run = run_queue },
		{ .dispatch = CONF_DISPATCH_DRAIN, .run = run_drains },
	};
	enum rc rc = RC_OK;

	for (int i = 0; i < WAYS; i++) {
		struct way *way = &dispatcher->ways[i];

		*way = ways[i];
		way->dispatcher = dispatcher;
		way->look = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (way->look < 0)
			rc = RC_SYSTEM;
	}
	dispatcher->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return dispatcher->stop < 0 ? RC_SYSTEM : rc;
}

static size_t
max_commands(const struct options *options)
{
	return shares_make(descriptors_limit(), options->threads, true)
	    .commands;
}

enum rc
dispatcher_open(const struct dispatcher_settings *settings,
    struct dispatcher **out)
{
	struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));
	enum rc rc;

	if (dispatcher == NULL)
		return RC_MEMORY;
	dispatcher->current = settings->current;
	dispatcher->options = settings->options;
	dispatcher->host = settings->host;
	dispatcher->shared = settings->shared;
	dispatcher->most = max_commands(settings->options);
	rc = open_ways(dispatcher);
	if (rc == RC_OK)
		rc = try_journal(dispatcher);
	if (rc == RC_OK)
		rc = start_threads(dispatcher);
	if (rc != RC_OK)
		dispatcher_close(dispatcher);
	else
		*out = dispatcher;
	return rc;
}

void
dispatcher_reload(struct dispatcher *dispatcher)
{
	if (dispatcher != NULL && wake_threads(dispatcher) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "cannot tell the queue: %s",
		    strerrordesc_np(errno));
}

void
dispatcher_stop(struct dispatcher *dispatcher)
{
	if (dispatcher != NULL && io_signal(dispatcher->stop) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "cannot stop the queue: %s",
		    strerrordesc_np(errno));
}

static enum rc
join(struct way *way, int64_t deadline)
{
	enum rc rc = RC_OK;

	if (way->running)
		rc = thread_join(way->thread, deadline);
	way->running = way->running && rc != RC_OK;
	return rc;
}

enum rc
dispatcher_join(struct dispatcher *dispatcher, int64_t deadline)
{
	enum rc rc = RC_OK;

	for (int i = 0; dispatcher != NULL && i < WAYS && rc == RC_OK; i++)
		rc = join(&dispatcher->ways[i], deadline);
	return rc;
}

void
dispatcher_close(struct dispatcher *dispatcher)
{
	if (dispatcher == NULL)
		return;
	for (int i = 0; i < WAYS; i++)
		io_close(&dispatcher->ways[i].look);
	io_close(&dispatcher->stop);
	free(dispatcher);
}
