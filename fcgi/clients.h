/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CLIENTS_H
#define PELIHOOK_FCGI_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "memory_file.h"

struct connection;
struct connections;
struct current;
struct journal_stats;
struct pages;
struct sink;

/*
 * What web servers ask for on their connections: a request is collected until
 * it is whole, begun, and answered by whichever thread ends its exchange.
 * Nothing here waits for a peer.  Safe for threads.
 */
struct clients;

/* All of it is borrowed. */
struct clients_settings {
	struct connections *connections; /* of client_size() bytes each */
	struct current *current;
	const struct sink *sink;
	struct pages *pages;
	struct journal_stats *stats; /* of exchanges; may be NULL */
	unsigned threads;	     /* that may answer at once */
};

/* Where a worker reads to; its own. */
struct desk {
	char *buffer;
	struct memory_file file;
};

/* RC_SYSTEM with errno set, RC_MEMORY; nothing is to be closed then. */
enum rc desk_open(struct desk *desk);
void desk_close(struct desk *desk);

size_t client_size(void);

/* RC_SYSTEM with errno set, RC_MEMORY. */
enum rc clients_open(const struct clients_settings *settings,
    struct clients **out);
/* Once there is no connection.  NULL is fine. */
void clients_close(struct clients *clients);
/* Another configuration is in force. */
void clients_reload(struct clients *clients);

/* For a worker: accepts all there are (READY_LISTENER). */
void clients_welcome(struct clients *clients);
/* A connection that is the worker's (READY_CONNECTION), and not any more. */
void clients_attend(struct connection *connection, struct desk *desk);

/* How many requests were answered. */
uint64_t clients_served(struct clients *clients);

#endif
