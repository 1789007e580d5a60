/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_DESCRIPTORS_H
#define PELIHOOK_BASE_DESCRIPTORS_H

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
 * For a child on its way to its program: from now on it has the soft limit of
 * before descriptors_raise.  Only a system call or two.
 */
void descriptors_restore(void);

#endif
