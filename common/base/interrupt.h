/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_INTERRUPT_H
#define PELIHOOK_BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <time.h>

/*
 * Ends a system call that waits, with EINTR: the calling thread alone gets
 * SIGALRM, which has no other effect, and again every 50 ms, as it may come
 * just before the wait begins.
 */
struct interrupt {
	timer_t timer;
	sigset_t before;
};

/* Begins after so many milliseconds.  False: no timer can be had, and there
 * is nothing to end. */
bool interrupt_begin(struct interrupt *interrupt, int after);
/* Leaves errno alone. */
void interrupt_end(struct interrupt *interrupt);

#endif
