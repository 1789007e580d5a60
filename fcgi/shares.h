/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_SHARES_H
#define PELIHOOK_FCGI_SHARES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The descriptors that the process may have (ulimit -n) are shared out, so
 * that each of its threads can have a request whose command runs, whatever
 * the others do.  limit: descriptors_limit; queue: whether there is a journal.
 */
struct shares {
	size_t connections; /* open at once */
	size_t commands;    /* of the queue, running at once */
};

/*
 * So many workers there are: one more than commands may be waited for, that
 * one always takes what comes, though, where there is a journal, another may
 * wait for the disk.
 */
unsigned shares_workers(unsigned threads, bool queue);
/* With fewer descriptors it must not start. */
size_t shares_needed(unsigned threads, bool queue);
/* More than so many are of no use. */
size_t shares_most(unsigned threads);
struct shares shares_make(size_t limit, unsigned threads, bool queue);

#endif
