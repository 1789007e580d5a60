/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CONNECTIONS_H
#define PELIHOOK_FCGI_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

struct listener;

/*
 * The connections of web servers.  One that waits for its peer holds a
 * descriptor and not a thread: all of them and the listening socket are in one
 * epoll set, and a worker takes what is ready.  Nobody waits for a peer without
 * a limit: one thread, main, calls connections_tick, which has a worker look
 * at what took too long.  Safe for threads.
 */
struct connections;

/*
 * One connection: armed in the set, and nobody's, or owned by exactly one
 * thread.  What follows it is its owner's.
 */
struct connection {
	struct connection *next; /* in one of two rings, or NULL */
	struct connection *prev;
	struct connection *queued; /* the next that was nudged */
	int fd;			   /* never blocks with MSG_DONTWAIT */
	bool late;		   /* for its owner: its deadline is over */
	/* The registry's own. */
	bool added; /* to the set */
	bool armed;
	bool idle;
	bool overdue;  /* a worker was told that its deadline is over */
	bool kept;     /* was idle before */
	bool closing;  /* was idle and is about to be closed */
	bool nudged;   /* a worker is to look at it, whatever its peer does */
	int64_t since; /* idle since then; clock_steady */
	int64_t deadline; /* while it is watched; clock_steady */
};

/* What a worker has to look at next. */
enum ready {
	READY_CONNECTION, /* it is the worker's now */
	READY_LISTENER,
	READY_WORK, /* connections_call */
	READY_QUIT,
};

/* What is waited for. */
enum {
	WATCH_INPUT = 1,
	WATCH_OUTPUT = 2,
};

/*
 * The listener is borrowed and made non-blocking; max is how many connections
 * there may be, size how many bytes each has, of which struct connection is
 * the first part.  RC_SYSTEM with errno set, RC_MEMORY.
 */
enum rc connections_open(const struct listener *listener, size_t max,
    size_t size, struct connections **out);
/* Once there is no connection and no worker.  NULL is fine. */
void connections_close(struct connections *all);

/* For workers, and for whoever owns a connection. */

/* Waits; *out is set for READY_CONNECTION. */
enum ready connections_wait(struct connections *all, struct connection **out);
/*
 * Takes one that is armed without its having anything to say: the caller owns
 * it then.  False: somebody else does, or it is closed.  It may be another by
 * now than the one that was meant.
 */
bool connections_seize(struct connections *all, struct connection *one);
/*
 * A new connection; all that follows struct connection is zero.  A worker that
 * READY_LISTENER woke has to ask until RC_MISSING: there is none for now, or
 * descriptors are short.  RC_SYSTEM: one came to nothing.
 */
enum rc connections_accept(struct connections *all, struct connection **out);
/*
 * Nothing of a request has come; look: a worker looks at it at once, for what
 * has been read already.  RC_SYSTEM: it is still the caller's, who drops it.
 */
enum rc connections_idle(struct connections *all, struct connection *one,
    bool look);
/*
 * In the middle of something, for which the peer has until deadline.
 * RC_SYSTEM: as above.
 */
enum rc connections_watch(struct connections *all, struct connection *one,
    unsigned what, int64_t deadline);
/* Owned for as long as it takes: without a deadline. */
void connections_park(struct connections *all, struct connection *one);
/* Closes it; its memory is another's from now on. */
void connections_drop(struct connections *all, struct connection *one);
/*
 * A worker is to look at it soon.  For whoever does not own it: it may be
 * closed by now, or another.
 */
void connections_nudge(struct connections *all, struct connection *one);
/* One worker gets READY_WORK; for each call one does.  False: none does. */
bool connections_call(struct connections *all);
/* Main does not sleep any longer (connections_wakeup). */
void connections_call_main(struct connections *all);
/* Whether to keep none open after an answer. */
bool connections_stopping(struct connections *all);
/* Whether what has a deadline is to be ended. */
bool connections_are_aborted(struct connections *all);

/* For main. */

/* A descriptor that becomes readable when connections_tick has work. */
int connections_wakeup(const struct connections *all);
/* Does what is due; returns how many milliseconds it may sleep, -1 for ever. */
int connections_tick(struct connections *all);
/* Accepts nothing more and closes what is idle. */
void connections_stop(struct connections *all);
/* From now on every deadline is over. */
void connections_abort(struct connections *all);
bool connections_none(struct connections *all);
/* Every worker gets READY_QUIT. */
void connections_quit(struct connections *all);

#endif
