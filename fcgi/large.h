/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_LARGE_H
#define PELIHOOK_FCGI_LARGE_H

#include <stdbool.h>

#include "base/rc.h"

struct client;

/*
 * Requests with large bodies, which take long to be verified and parsed.  So
 * many threads do that at once and no more, so that those of others are read
 * meanwhile; first come, first served.  Safe for threads.
 */
struct large;

/* RC_MEMORY. */
enum rc large_open(unsigned threads, struct large **out);
/* Once none waits.  NULL is fine. */
void large_close(struct large *large);
/* Whether the caller is to begin its request; else it waits for large_next,
 * and is the caller's no more. */
bool large_enter(struct large *large, struct client *client);
/* For who has begun one: the next to be begun by the caller, or NULL. */
struct client *large_next(struct large *large);

#endif
