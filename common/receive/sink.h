/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SINK_H
#define PELIHOOK_RECEIVE_SINK_H

#include "base/rc.h"

struct job;
struct shared_journal;

/*
 * The one effect of handling a request.  put returns what became of the
 * job: RC_DELIVERED, RC_QUEUED, RC_DUPLICATE, or why it could not be.
 */
struct sink {
	void *context;
	enum rc (*put)(void *context, const struct job *job);
};

/*
 * The sink of a process and all its threads, which decides what becomes of a
 * job: what its hook waits for goes to the sink `wait', once for each key
 * where the hook deduplicates; what it queues goes to the journal.
 */
struct deciding_sink;

/* The journal is borrowed.  RC_MEMORY. */
enum rc sink_open(struct shared_journal *journal, struct sink wait,
    struct deciding_sink **out);
/* Nobody is in it any more.  NULL is fine. */
void sink_close(struct deciding_sink *deciding);
/* RC_QUEUED, RC_DUPLICATE, RC_PENDING, what shared_journal_get and
 * journal_append say, or what the sink `wait' says. */
struct sink sink_of(struct deciding_sink *deciding);

#endif
