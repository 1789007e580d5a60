/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ANSWER_H
#define PELIHOOK_ANSWER_H

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "journal/journal.h"

/* For what asks a journal for a change and waits until it is told: the unit
 * tests, a fuzz target and a benchmark. */

/* Somebody who is told what became of a change. */
struct answer {
	struct journal_waiter waiter; /* first */
	sem_t told;
	pthread_t by;
	enum rc rc;
	atomic_uint taken;
	atomic_uint done;
};

static inline void
note_taken(struct journal_waiter *waiter)
{
	struct answer *answer = (struct answer *)waiter;

	assert(answer->done == 0);
	answer->taken++;
}

static inline void
note_done(struct journal_waiter *waiter, enum rc rc)
{
	struct answer *answer = (struct answer *)waiter;

	answer->by = pthread_self();
	answer->rc = rc;
	answer->done++;
	sem_post(&answer->told);
}

static inline struct journal_waiter *
ask(struct answer *answer)
{
	*answer = (struct answer){ .waiter = { note_taken, note_done, NULL } };
	sem_init(&answer->told, 0, 0);
	return &answer->waiter;
}

/* What it came to; that has to be told within a minute. */
static inline enum rc
get(struct answer *answer)
{
	struct timespec until;
	int result;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	do
		result = sem_timedwait(&answer->told, &until);
	while (result == -1 && errno == EINTR);
	assert(result == 0);
	sem_destroy(&answer->told);
	return answer->rc;
}

static inline enum rc
append_and_wait(struct journal *journal, const struct journal_entry *entry)
{
	struct answer answer;

	journal_append(journal, entry, ask(&answer));
	return get(&answer);
}

#endif
