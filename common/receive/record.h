/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_RECORD_H
#define PELIHOOK_RECEIVE_RECORD_H

#include "base/rc.h"

struct exchange;
struct shared_journal;

/*
 * What an event that is not stored says of a run, on its way into the journal.
 * The reply waits for that, but for a second at most, and is the same whatever
 * comes of it.  Where the journal belongs to a process of one request
 * (JOURNAL_BRIEF) all is done by who asks; elsewhere nobody waits: who works
 * opens the journal and ends what had to wait for too long, and what is on its
 * way then is recorded later.  Safe for threads.
 */
struct recorder;

enum { RECORD_TIME = 1000 }; /* most milliseconds that a reply waits */

/* As of struct decide_settings. */
struct record_settings {
	struct shared_journal *journal;
	void (*wakeup)(void *context);
	void (*tick)(void *context);
	void *context;
};

/* RC_MEMORY. */
enum rc record_open(const struct record_settings *settings,
    struct recorder **out);
/* Once no exchange is in it any more, and no other thread in the journal:
 * writes what is on its way.  NULL is fine. */
void record_close(struct recorder *recorder);
/*
 * Records what the exchange's event says, where it says something and was not
 * refused, and then ends the exchange with exchange->end.  Nobody needs its
 * body any more, and it is not the caller's any more.  Waits for nothing but
 * in a process of one request.
 */
void record_and_end(struct recorder *recorder, struct exchange *exchange);
/* What takes a thread.  Returns when there is nothing more. */
void record_work(struct recorder *recorder);
/* As decide_tick. */
int record_tick(struct recorder *recorder);

#endif
