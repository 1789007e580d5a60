/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_WORKERS_H
#define PELIHOOK_FCGI_WORKERS_H

#include <stdint.h>

#include "base/rc.h"

struct connections;
struct current;
struct sink;

/*
 * The threads that answer requests: the only module that knows libfcgi, and
 * of that fcgiapp.h alone.
 */
struct workers;

/*
 * Once, before threads: starts libfcgi, and sets the signals back that it
 * changes.  RC_SYSTEM.
 */
enum rc workers_prepare(void);
/* All is borrowed until workers_join.  RC_SYSTEM, RC_MEMORY. */
enum rc workers_start(unsigned threads, struct connections *connections,
    struct current *current, const struct sink *sink, struct workers **out);
/* Waits for all of them, after connections_quit.  RC_TIMEOUT. */
enum rc workers_join(struct workers *workers, int64_t deadline);
/* How many requests were answered. */
uint64_t workers_served(struct workers *workers);
/* Once they are joined.  NULL is fine. */
void workers_close(struct workers *workers);

#endif
