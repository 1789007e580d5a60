/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>

#include "bodies.h"

#include "config/conf.h"

struct bodies {
	void (*evict)(void *context, struct body_share *share);
	void *context;
	pthread_mutex_t lock;	/* of what follows, and of all shares */
	struct body_share head; /* a ring, the oldest is first */
	size_t limit;
	size_t held;
};

size_t
bodies_limit(const struct conf *conf)
{
	size_t limit = BODIES_LEAST;

	for (size_t i = 0; i < conf->hooks_len; i++) {
		size_t max = conf->hooks[i].max_body;

		max = max > SIZE_MAX / 4 ? SIZE_MAX : max * 4;
		if (limit < max)
			limit = max;
	}
	return limit;
}

enum rc
bodies_open(void (*evict)(void *context, struct body_share *share),
    void *context, struct bodies **out)
{
	struct bodies *bodies = calloc(1, sizeof(*bodies));

	if (bodies == NULL)
		return RC_MEMORY;
	bodies->evict = evict;
	bodies->context = context;
	bodies->limit = BODIES_LEAST;
	bodies->head.next = bodies->head.prev = &bodies->head;
	pthread_mutex_init(&bodies->lock, NULL);
	*out = bodies;
	return RC_OK;
}

void
bodies_close(struct bodies *bodies)
{
	if (bodies == NULL)
		return;
	pthread_mutex_destroy(&bodies->lock);
	free(bodies);
}

void
bodies_set_limit(struct bodies *bodies, size_t limit)
{
	pthread_mutex_lock(&bodies->lock);
	bodies->limit = limit;
	pthread_mutex_unlock(&bodies->lock);
}

/* Under the lock. */
static void
unlink_share(struct body_share *share)
{
	if (share->next == NULL)
		return;
	share->prev->next = share->next;
	share->next->prev = share->prev;
	share->next = share->prev = NULL;
}

/* Under the lock: one that holds nothing cannot make room. */
static void
link_last(struct bodies *bodies, struct body_share *share)
{
	if (share->next != NULL || share->bytes == 0)
		return;
	share->prev = bodies->head.prev;
	share->next = &bodies->head;
	share->prev->next = share;
	bodies->head.prev = share;
}

/* Under the lock.  Its memory is not free yet, but will be. */
static void
mark(struct bodies *bodies, struct body_share *share)
{
	unlink_share(share);
	bodies->held -= share->bytes;
	share->bytes = 0;
	share->evicted = true;
}

/* Under the lock: until there is room; where nobody else can go, by share. */
static void
make_room(struct bodies *bodies, struct body_share *share)
{
	struct body_share *oldest;

	while (bodies->held > bodies->limit && !share->evicted) {
		oldest = bodies->head.next;
		if (oldest == &bodies->head)
			oldest = share;
		mark(bodies, oldest);
		if (oldest != share)
			bodies->evict(bodies->context, oldest);
	}
}

enum rc
bodies_take(struct bodies *bodies, struct body_share *share, size_t n,
    bool whole)
{
	enum rc rc;

	pthread_mutex_lock(&bodies->lock);
	if (!share->evicted) {
		share->bytes += n;
		bodies->held += n;
		if (whole)
			unlink_share(share);
		else
			link_last(bodies, share);
		make_room(bodies, share);
	}
	rc = share->evicted ? RC_BODIES : RC_OK;
	pthread_mutex_unlock(&bodies->lock);
	return rc;
}

/* Under the lock; an evicted one has nothing to give. */
static void
give(struct bodies *bodies, struct body_share *share, size_t n)
{
	if (n > share->bytes)
		n = share->bytes;
	share->bytes -= n;
	bodies->held -= n;
}

void
bodies_give(struct bodies *bodies, struct body_share *share, size_t n)
{
	pthread_mutex_lock(&bodies->lock);
	give(bodies, share, n);
	pthread_mutex_unlock(&bodies->lock);
}

void
bodies_end(struct bodies *bodies, struct body_share *share)
{
	pthread_mutex_lock(&bodies->lock);
	give(bodies, share, share->bytes);
	unlink_share(share);
	share->evicted = false;
	pthread_mutex_unlock(&bodies->lock);
}

bool
bodies_is_evicted(struct bodies *bodies, const struct body_share *share)
{
	bool evicted;

	pthread_mutex_lock(&bodies->lock);
	evicted = share->evicted;
	pthread_mutex_unlock(&bodies->lock);
	return evicted;
}
