/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_DECIDE_H
#define PELIHOOK_RECEIVE_DECIDE_H

#include "receive/sink.h"

struct shared_journal;

/*
 * The sink of a process and all its threads, which decides what becomes of a
 * job: what its hook waits for goes to the sink `wait', once for each key
 * where the hook deduplicates; what it queues goes to the journal.
 */
struct decider;

/* The journal is borrowed.  RC_MEMORY. */
enum rc decide_open(struct shared_journal *journal, struct sink wait,
    struct decider **out);
/* Once no thread is in its sink any more.  NULL is fine. */
void decide_close(struct decider *decider);
/* Of what it queues OUTCOME_QUEUED, OUTCOME_DUPLICATE or what
 * shared_journal_get and journal_append refuse it for. */
struct sink decide_sink(struct decider *decider);

#endif
