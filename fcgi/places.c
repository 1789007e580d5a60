/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "places.h"

struct places {
	atomic_uint looking;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t left;
	unsigned count;
	unsigned taken;
	unsigned asleep;
	bool ended;
};

enum rc
places_open(unsigned count, struct places **out)
{
	struct places *places = calloc(1, sizeof(*places));

	if (places == NULL)
		return RC_MEMORY;
	places->count = count;
	pthread_mutex_init(&places->lock, NULL);
	pthread_cond_init(&places->left, NULL);
	*out = places;
	return RC_OK;
}

void
places_close(struct places *places)
{
	if (places == NULL)
		return;
	pthread_cond_destroy(&places->left);
	pthread_mutex_destroy(&places->lock);
	free(places);
}

void
places_take(struct places *places)
{
	pthread_mutex_lock(&places->lock);
	places->asleep++;
	while (places->taken >= places->count && !places->ended)
		pthread_cond_wait(&places->left, &places->lock);
	places->asleep--;
	places->taken++;
	pthread_mutex_unlock(&places->lock);
}

/* Whoever looks now does the same before it waits. */
void
places_leave(struct places *places)
{
	pthread_mutex_lock(&places->lock);
	places->taken--;
	if (places->asleep > 0 && atomic_load(&places->looking) == 0)
		pthread_cond_signal(&places->left);
	pthread_mutex_unlock(&places->lock);
}

void
places_look(struct places *places)
{
	atomic_fetch_add(&places->looking, 1);
}

void
places_found(struct places *places)
{
	atomic_fetch_sub(&places->looking, 1);
}

void
places_end(struct places *places)
{
	pthread_mutex_lock(&places->lock);
	places->ended = true;
	pthread_cond_broadcast(&places->left);
	pthread_mutex_unlock(&places->lock);
}
