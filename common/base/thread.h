/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_THREAD_H
#define PELIHOOK_BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>

#include "base/rc.h"

/*
 * As pthread_create, with a stack that is enough for all that pelihook does
 * on one, whatever the limit of the process (ulimit -s), and no larger: under
 * ulimit -v each thread's would be taken from the others.
 */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context);
/* Waits for its end, until a deadline of clock_steady.  RC_TIMEOUT. */
enum rc thread_join(pthread_t thread, int64_t deadline);
/*
 * Whether so many could run at once now: 0, or the error of thread_start that
 * says why not.  None of them is left.
 */
int thread_rehearse(unsigned n);
/* How many processors there are for them. */
unsigned thread_processors(void);
/*
 * Runs a program on the stack it was started with or, where that may not grow
 * as far, in a thread; what it returned.
 */
int thread_main(int (*program)(int argc, char **argv), int argc, char **argv);
/*
 * What is called when the calling thread is going to wait for something other
 * than its next work, or to be long.
 */
void thread_set_pause(void (*pause)(void *context), void *context);
/* For whoever is going to: others may do the thread's work meanwhile. */
void thread_pause(void);

#endif
