/* SPDX-License-Identifier: ISC */
#include "shares.h"

#include "base/descriptors.h"
#include "command/discard.h"
#include "queue/dispatch.h"
#include "pages.h"

enum {
	/* Files, sockets and events of the process itself, and those that
	 * are opened for a moment. */
	SHARES_OWN = 32,
	SHARES_WORKER = 2, /* its files */
	/* What each thread that makes pages has open of the journal. */
	SHARES_PAGES = 8 * PAGES_THREADS,
	/* A connection and a command. */
	SHARES_THREAD = 1 + DESCRIPTORS_COMMAND,
	SHARES_IDLE = 8, /* connections at least that no thread works on */
	SHARES_CONNECTIONS = 65536,
};

/* How many of the limit are for all but what commands leave running. */
static size_t
without_left(size_t limit)
{
	size_t left = discard_descriptors(limit);

	return limit <= left ? 0 : limit - left;
}

unsigned
shares_workers(unsigned threads, bool queue)
{
	return threads + 1 + (queue ? 1 : 0);
}

static size_t
least(unsigned threads, bool queue)
{
	return SHARES_OWN +
	    (size_t)shares_workers(threads, queue) * SHARES_WORKER +
	    (size_t)threads * SHARES_THREAD + SHARES_IDLE +
	    (queue ? SHARES_PAGES + DESCRIPTORS_COMMAND : 0);
}

size_t
shares_needed(unsigned threads, bool queue)
{
	size_t needed = least(threads, queue);

	while (without_left(needed) < least(threads, queue))
		needed++;
	return needed;
}

size_t
shares_most(unsigned threads)
{
	return least(threads, true) + (DISPATCH_MAX - 1) * DESCRIPTORS_COMMAND +
	    SHARES_CONNECTIONS + discard_descriptors(SHARES_CONNECTIONS);
}

struct shares
shares_make(size_t limit, unsigned threads, bool queue)
{
	size_t there = without_left(limit);
	size_t needed = least(threads, queue);
	size_t spare = there < needed ? 0 : there - needed;
	size_t more = queue ? spare / 2 / DESCRIPTORS_COMMAND : 0;
	struct shares shares;

	if (more > DISPATCH_MAX - 1)
		more = DISPATCH_MAX - 1;
	shares.connections = threads + SHARES_IDLE + spare -
	    more * DESCRIPTORS_COMMAND;
	shares.commands = more + (queue ? 1 : 0);
	if (shares.connections > SHARES_CONNECTIONS)
		shares.connections = SHARES_CONNECTIONS;
	return shares;
}
