/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_DISPATCHER_H
#define PELIHOOK_FCGI_DISPATCHER_H

#include <stdint.h>

#include "receive/sink.h"

struct current;
struct host;
struct options;

/*
 * The queue's two ends in this process: the sink that stores, and two
 * threads, of which the one that `dispatch` names at the time is at work: one
 * runs what is stored, the other has `pelihookctl drain` run it.
 */
struct dispatcher;

struct dispatcher_settings {
	struct current *current;
	const struct options *options; /* borrowed */
	struct host *host;	       /* of its commands */
	struct sink inner;	       /* of what needs no journal */
};

/*
 * Opens the journal, where there is one, and starts the threads.  RC_CONFIG
 * where the journal cannot be trusted or understood; a journal that is only
 * out of reach for now is tried again.  RC_MEMORY, RC_SYSTEM.
 */
enum rc dispatcher_open(const struct dispatcher_settings *settings,
    struct dispatcher **out);
struct sink dispatcher_sink(struct dispatcher *dispatcher);
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
/* Once they are joined.  NULL is fine. */
void dispatcher_close(struct dispatcher *dispatcher);

#endif
