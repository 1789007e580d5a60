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

#endif
