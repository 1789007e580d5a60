/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_STARTUP_H
#define PELIHOOK_BASE_STARTUP_H

/*
 * What every program does first, before threads: umask 077; descriptors 0
 * to 2 that are closed are opened on /dev/null, so that no file of ours
 * lands there; SIGCHLD as it is by default, so that children can be waited
 * for; SIGPIPE ignored.
 */
void startup(void);
/* What a signal does from now on: a handler, SIG_DFL or SIG_IGN. */
void startup_signal(int number, void (*handler)(int));

#endif
