/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_DISPATCHER_H
#define PELIHOOK_FCGI_DISPATCHER_H

#include <stdint.h>

#include "receive/sink.h"

struct current;
struct host;

/*
 * The queue's two ends in this process: the sink that stores, and the thread
 * that runs what is stored, or has `pelihookctl drain` run it, as `dispatch`
 * says.
 */
struct dispatcher;

/*
 * inner: the sink of what needs no journal.  Opens the journal, where there
 * is one, and starts the thread.  Its commands are the host's.
 * RC_CONFIG where the journal cannot be trusted or understood; a journal
 * that is only out of reach for now is tried again.  RC_MEMORY, RC_SYSTEM.
 */
enum rc dispatcher_open(struct current *current, struct host *host,
    struct sink inner, struct dispatcher **out);
struct sink dispatcher_sink(struct dispatcher *dispatcher);
/* Nothing new is claimed; what runs gets stop-timeout. */
void dispatcher_stop(struct dispatcher *dispatcher);
/* Waits for the thread, after dispatcher_stop.  RC_TIMEOUT. */
enum rc dispatcher_join(struct dispatcher *dispatcher, int64_t deadline);
/* Once it is joined.  NULL is fine. */
void dispatcher_close(struct dispatcher *dispatcher);

#endif
