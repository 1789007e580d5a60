/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SINK_H
#define PELIHOOK_RECEIVE_SINK_H

#include "command/job.h"

struct journal;

/*
 * The sink of hooks that queue, and of hooks that wait and deduplicate: what
 * an event needs of the journal.  Everything else is handed to an inner
 * sink.  One of these serves a process and all its threads.
 */
struct enqueue;

/*
 * path: the journal, or NULL where none is configured.  It is opened when it
 * is first needed (created where there is none), with the flags of
 * journal_open, and again with the next event where that failed.  path has
 * to stay valid.  RC_MEMORY.
 */
enum rc enqueue_open(const char *path, unsigned flags, struct sink inner,
    struct enqueue **out);
/* Closes the journal too.  NULL is fine. */
void enqueue_close(struct enqueue *enqueue);
/* RC_QUEUED, RC_DUPLICATE, RC_PENDING, what journal_open and journal_append
 * say, or what the inner sink says. */
struct sink enqueue_sink(struct enqueue *enqueue);
/* The journal, opened if it was not yet; it stays the enqueue's.  RC_MISSING
 * where none is configured. */
enum rc enqueue_journal(struct enqueue *enqueue, struct journal **out);

#endif
