/* SPDX-License-Identifier: ISC */
#include "shares.h"

#include "base/descriptors.h"

enum {
	/* Files, sockets and events of the process itself, and those that
	 * are opened for a moment. */
	SHARES_OWN = 32,
	/* A connection, the same once more to end it by, a command. */
	SHARES_THREAD = 2 + DESCRIPTORS_COMMAND,
	SHARES_IDLE = 8, /* connections at least that no thread works on */
	SHARES_CONNECTIONS = 65536,
};

size_t
shares_needed(unsigned threads, bool queue)
{
	return SHARES_OWN + (size_t)threads * SHARES_THREAD + SHARES_IDLE +
	    (queue ? DESCRIPTORS_COMMAND : 0);
}

struct shares
shares_make(unsigned threads, bool queue)
{
	size_t limit = descriptors_limit();
	size_t needed = shares_needed(threads, queue);
	size_t spare = limit < needed ? 0 : limit - needed;
	size_t more = queue ? spare / 2 / DESCRIPTORS_COMMAND : 0;
	struct shares shares = {
		.connections = threads + SHARES_IDLE + spare -
		    more * DESCRIPTORS_COMMAND,
		.commands = more + (queue ? 1 : 0),
	};

	if (shares.connections > SHARES_CONNECTIONS)
		shares.connections = SHARES_CONNECTIONS;
	return shares;
}
