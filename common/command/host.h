/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_HOST_H
#define PELIHOOK_COMMAND_HOST_H

#include "base/rc.h"

struct account;
struct discard;
struct pool;

/*
 * What all commands of a process have in common: the user they run as, and
 * what reads the outputs they leave behind.  One of these serves a process
 * and all its threads.  NULL is one that asks anew for each command and
 * closes its outputs at its end.
 */
struct host;

/* RC_MEMORY, RC_SYSTEM. */
enum rc host_open(struct host **out);
/*
 * The account of the process's effective user, as account_find says.  It is
 * looked for with the first command and kept, unless it cannot be read; it
 * lives as long as the pool and the host.  RC_MEMORY.
 */
enum rc host_user(struct host *host, struct pool *pool,
    struct account *account);
struct discard *host_discard(struct host *host);
/* As discard_close says. */
void host_close(struct host *host);

#endif
