/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_DESCRIPTORS_H
#define PELIHOOK_BASE_DESCRIPTORS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

enum {
	/* Of a command that runs: its input, two pipes with both ends until
	 * it has them, its process. */
	DESCRIPTORS_COMMAND = 6,
};

/* How many the process may have open (ulimit -n); a million at most. */
size_t descriptors_limit(void);
/* How many commands can run at once beside so many other descriptors. */
size_t descriptors_commands(size_t others);

/*
 * Raises the soft limit to the hard one, or to most where that is less.  Once,
 * and before there are other threads.  Where it cannot be raised nothing is
 * lost.  The children are not to notice: select(2) is undefined beyond 1023,
 * and some programs close all descriptors there could be.
 */
void descriptors_raise(size_t most);

/*
 * Around the start of a child (posix_spawn has no attribute for limits), so
 * that it gets the soft limit of before descriptors_raise; without that both
 * do nothing.  highest is the highest descriptor that is handed on to it.  Any
 * number of threads at once.
 *
 * Mostly the limit is lowered in between and the child is born with it.  As
 * that binds all threads, it is only done where the last 64 numbers below the
 * old limit are free: so many can be opened meanwhile.  A start that hangs (a
 * dead file server) leaves it low for so long.
 */
bool descriptors_lower(int highest);
/*
 * lowered is what descriptors_lower returned; child is -1 where none was
 * started.  One that has the raised limit all the same gets the old one now:
 * until then it runs with the other, and one that is set-user-ID or
 * set-group-ID keeps that.
 */
void descriptors_restore(bool lowered, pid_t child);

#endif
