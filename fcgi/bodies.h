/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_BODIES_H
#define PELIHOOK_FCGI_BODIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct conf;

/*
 * How many bytes of requests the process holds, arriving or waiting to be
 * answered: together they are bounded, so that slow senders cannot take all
 * memory.  At the limit the request that began first, of those that are not
 * whole yet, has to go.  Safe for threads.
 */
struct bodies;

/* What one request holds; its connection's memory, of zeroes at first. */
struct body_share {
	struct body_share *next; /* in the ring of those not whole */
	struct body_share *prev;
	size_t bytes;
	bool evicted; /* has to go: its bytes do not count any more */
};

enum { BODIES_LEAST = 64 * 1024 * 1024 };

/* 64 MiB, or four times the largest max-body, whichever is more. */
size_t bodies_limit(const struct conf *conf);

/*
 * evict is called, under a lock of its own, for a share that has to go and
 * that is not the caller's: whoever has its request is to look at it soon
 * (bodies_is_evicted).  RC_MEMORY.
 */
enum rc bodies_open(void (*evict)(void *context, struct body_share *share),
    void *context, struct bodies **out);
/* Once no share holds anything.  NULL is fine. */
void bodies_close(struct bodies *bodies);
/* The limit is BODIES_LEAST until then. */
void bodies_set_limit(struct bodies *bodies, size_t limit);

/*
 * n bytes more of a request; not whole: it may have to go for others from now
 * on.  RC_BODIES: it has to go itself, and holds nothing any more.
 */
enum rc bodies_take(struct bodies *bodies, struct body_share *share, size_t n,
    bool whole);
/* n of its bytes are freed. */
void bodies_give(struct bodies *bodies, struct body_share *share, size_t n);
/* All of them are; the share is as new. */
void bodies_end(struct bodies *bodies, struct body_share *share);
bool bodies_is_evicted(struct bodies *bodies, const struct body_share *share);

#endif
