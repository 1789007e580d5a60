/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_DISPATCHER_H
#define PELIHOOK_FCGI_DISPATCHER_H

#include <stdint.h>

#include "base/rc.h"

struct current;
struct host;
struct options;
struct shared_journal;

/*
 * The queue's end in this process: two threads, of which the one that
 * `dispatch` names at the time is at work: one runs what is stored, the other
 * has `pelihookctl drain` run it.
 */
struct dispatcher;

struct dispatcher_settings {
	struct current *current;
	const struct options *options; /* borrowed */
	struct host *host;	       /* of its commands */
	struct shared_journal *shared; /* borrowed, and configured */
};

/*
 * Tries the journal and starts the threads.  RC_CONFIG where the journal
 * cannot be trusted or understood; one that is only out of reach for now, or
 * locked for a second, is tried again.  RC_MEMORY, RC_SYSTEM.
 */
enum rc dispatcher_open(const struct dispatcher_settings *settings,
    struct dispatcher **out);

/* NULL is fine for all that follow. */

/*
 * Another configuration is in force.  Where it names another way to run the
 * queue, the old one claims nothing more and what it runs goes on to its
 * end.
 */
void dispatcher_reload(struct dispatcher *dispatcher);
/* Nothing new is claimed; what runs gets stop-timeout. */
void dispatcher_stop(struct dispatcher *dispatcher);
/* Waits for the threads, after dispatcher_stop.  RC_TIMEOUT. */
enum rc dispatcher_join(struct dispatcher *dispatcher, int64_t deadline);
/* Once they are joined. */
void dispatcher_close(struct dispatcher *dispatcher);

#endif
