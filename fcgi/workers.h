/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_WORKERS_H
#define PELIHOOK_FCGI_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

struct clients;
struct connections;

/* The threads that read requests, answer them and run their commands. */
struct workers;

/* All is borrowed until workers_join. */
struct workers_settings {
	unsigned threads;
	struct connections *connections;
	struct clients *clients;
	/*
	 * What else there may be to do: after each connection, and when
	 * connections_call was; then called is set.
	 */
	void (*work)(void *context, bool called);
	void *context;
};

/* RC_SYSTEM, RC_MEMORY; nothing runs then. */
enum rc workers_start(const struct workers_settings *settings,
    struct workers **out);
/* Waits for all of them, after connections_quit.  RC_TIMEOUT. */
enum rc workers_join(struct workers *workers, int64_t deadline);
/* Once they are joined.  NULL is fine. */
void workers_close(struct workers *workers);

#endif
