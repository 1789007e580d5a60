/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_STARTUP_H
#define PELIHOOK_BASE_STARTUP_H

#include <signal.h>
#include <stdbool.h>

/*
 * What every program that serves does first, before threads: umask 077;
 * descriptors 0 to 2 that are closed are opened on /dev/null, so that no file
 * of ours lands there; no signal is blocked; SIGCHLD as it is by default, so
 * that children can be waited for; signals of limits and descriptors ignored,
 * but for SIGXCPU, which comes shortly before the limit of processor time.
 */
void startup(void);
/* Its part that a process forked since does not have: SIGXCPU comes. */
void startup_warn_of_cpu_limit(void);
/* What a signal does from now on: a handler, SIG_DFL or SIG_IGN. */
void startup_signal(int number, void (*handler)(int));
/* Whoever started this may have had a signal ignored, and meant it. */
bool startup_is_ignored(int number);
/*
 * How many heaps the C library has for threads at most.  Each takes 64 MiB of
 * addresses: it is one where those are limited, which startup sees to as well.
 */
void startup_heaps(unsigned most);
/* The signals that tell every program that serves to stop, and no others. */
void startup_stop_signals(sigset_t *set);

#endif
