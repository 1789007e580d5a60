/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "workers.h"

#include "base/clock.h"
#include "base/thread.h"
#include "clients.h"
#include "connections.h"
#include "places.h"

struct worker {
	struct workers *workers;
	struct desk desk;
	pthread_t thread;
	bool placed; /* it has a place at the connections */
};

struct workers {
	struct workers_settings settings;
	struct places *places;
	unsigned desks;	  /* the first so many are open */
	unsigned running; /* the first so many have a thread */
	struct worker each[];
};

/* It may be away for long. */
static void
leave_place(void *context)
{
	struct worker *worker = context;

	if (worker->placed)
		places_leave(worker->workers->places);
	worker->placed = false;
}

static enum ready
next_ready(struct worker *worker, struct connection **connection)
{
	struct places *places = worker->workers->places;
	enum ready ready;

	if (!worker->placed)
		places_take(places);
	worker->placed = true;
	places_look(places);
	ready = connections_wait(worker->workers->settings.connections,
	    connection);
	places_found(places);
	return ready;
}

static void *
run(void *context)
{
	struct worker *worker = context;
	const struct workers_settings *settings = &worker->workers->settings;
	struct connection *connection = NULL;

	thread_set_pause(leave_place, worker);
	for (;;) {
		switch (next_ready(worker, &connection)) {
		case READY_QUIT:
			places_end(worker->workers->places);
			return NULL;
		case READY_LISTENER:
			clients_welcome(settings->clients);
			break;
		case READY_WORK:
			settings->work(settings->context, true);
			break;
		case READY_CONNECTION:
			clients_attend(connection, &worker->desk);
			settings->work(settings->context, false);
			break;
		}
	}
}

static enum rc
start_all(struct workers *workers)
{
	struct worker *worker;
	int error = 0;
	enum rc rc = places_open(thread_processors(), &workers->places);

	for (; workers->desks < workers->settings.threads && rc == RC_OK;
	     workers->desks += rc == RC_OK) {
		worker = &workers->each[workers->desks];
		worker->workers = workers;
		rc = desk_open(&worker->desk);
	}
	if (rc != RC_OK)
		return rc;
	for (; workers->running < workers->desks && error == 0;
	     workers->running += error == 0) {
		worker = &workers->each[workers->running];
		error = thread_start(&worker->thread, run, worker);
	}
	errno = error;
	return error == 0 ? RC_OK : RC_SYSTEM;
}

enum rc
workers_start(const struct workers_settings *settings, struct workers **out)
{
	struct workers *workers = calloc(1,
	    sizeof(*workers) + settings->threads * sizeof(workers->each[0]));
	int error;
	enum rc rc;

	if (workers == NULL)
		return RC_MEMORY;
	workers->settings = *settings;
	rc = start_all(workers);
	if (rc == RC_OK) {
		*out = workers;
		return RC_OK;
	}
	error = errno;
	connections_quit(settings->connections);
	(void)workers_join(workers, CLOCK_NEVER);
	workers_close(workers);
	errno = error;
	return rc;
}

enum rc
workers_join(struct workers *workers, int64_t deadline)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && workers->running > 0) {
		rc = thread_join(workers->each[workers->running - 1].thread,
		    deadline);
		workers->running -= rc == RC_OK;
	}
	return rc;
}

void
workers_close(struct workers *workers)
{
	if (workers == NULL)
		return;
	for (unsigned i = 0; i < workers->desks; i++)
		desk_close(&workers->each[i].desk);
	places_close(workers->places);
	free(workers);
}
