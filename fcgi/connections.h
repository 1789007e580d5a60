/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CONNECTIONS_H
#define PELIHOOK_FCGI_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

struct listener;

/*
 * The connections of web servers.  An idle one holds a descriptor and not a
 * thread: all of them and the listening socket are in one epoll set, and a
 * worker takes what is ready.  Nobody waits for a peer without a limit: one
 * thread, main, calls connections_tick, which shuts down what took too long.
 * Safe for threads.
 */
struct connections;

/*
 * One connection; the worker's memory.  idle in the set, or busy with the one
 * worker that took it.
 */
struct connection {
	struct connection *next;
	struct connection *prev;
	int fd;		 /* closed by the worker, not here */
	int shutdown_fd; /* while busy: a duplicate for shutdown(2) */
	int how;	 /* while busy: SHUT_RD or SHUT_RDWR */
	bool idle;
	bool kept;	  /* has had an answer */
	bool closing;	  /* was idle and is about to be closed */
	int64_t since;	  /* idle since then; clock_steady */
	int64_t deadline; /* while busy; clock_steady */
};

/* What a worker has to look at next. */
enum ready {
	READY_CONNECTION,
	READY_LISTENER,
	READY_QUIT,
};

/*
 * The listener is borrowed and made non-blocking; max is how many
 * connections there may be.  RC_SYSTEM with errno set, RC_MEMORY.
 */
enum rc connections_open(const struct listener *listener, size_t max,
    struct connections **out);
/* Once there is no connection and no worker.  NULL is fine. */
void connections_close(struct connections *all);

/* For workers. */

/* Waits; *out is set for READY_CONNECTION, which is not taken yet. */
enum ready connections_wait(struct connections *all, struct connection **out);
/*
 * The descriptor of a new connection.  A worker that READY_LISTENER woke has
 * to ask until RC_MISSING: there is none for now, or descriptors are short.
 * RC_SYSTEM: one came to nothing.
 */
enum rc connections_accept(struct connections *all, int *fd);
/* Closes what was accepted. */
void connections_refuse(struct connections *all, int fd);
/*
 * Puts what was accepted into the set, idle.  RC_SYSTEM: it is not in, and
 * the caller closes it.
 */
enum rc connections_add(struct connections *all, struct connection *one,
    int fd);
/* It is idle again. */
enum rc connections_return(struct connections *all, struct connection *one);
/*
 * Busy from now on.  RC_SYSTEM where descriptors are short: the caller
 * closes it.
 */
enum rc connections_take(struct connections *all, struct connection *one);
/*
 * shutdown(2) with how ends it when the deadline is over; CLOCK_NEVER:
 * nothing does.
 */
void connections_limit(struct connections *all, struct connection *one,
    int64_t deadline, int how);
/* Its descriptor is closed; the memory is the caller's again. */
void connections_forget(struct connections *all, struct connection *one);
/* Whether to keep none open after an answer. */
bool connections_stopping(struct connections *all);
/* Whether connections_abort was called. */
bool connections_are_aborted(struct connections *all);

/* For main. */

/* A descriptor that becomes readable when connections_tick has work. */
int connections_wakeup(const struct connections *all);
/* Does what is due; returns how many milliseconds it may sleep, -1 for ever. */
int connections_tick(struct connections *all);
/* Accepts nothing more and closes what is idle. */
void connections_stop(struct connections *all);
/* Ends, from now on, every connection that has a limit (connections_limit). */
void connections_abort(struct connections *all);
bool connections_none(struct connections *all);
/* Every worker gets READY_QUIT. */
void connections_quit(struct connections *all);

#endif
