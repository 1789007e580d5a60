/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>

#include "large.h"

#include "client.h"

struct large {
	pthread_mutex_t lock; /* guards what follows */
	unsigned threads;     /* that may begin another */
	struct client *first;
	struct client **end;
};

enum rc
large_open(unsigned threads, struct large **out)
{
	struct large *large = calloc(1, sizeof(*large));

	if (large == NULL)
		return RC_MEMORY;
	large->threads = threads;
	large->end = &large->first;
	pthread_mutex_init(&large->lock, NULL);
	*out = large;
	return RC_OK;
}

void
large_close(struct large *large)
{
	if (large == NULL)
		return;
	pthread_mutex_destroy(&large->lock);
	free(large);
}

bool
large_enter(struct large *large, struct client *client)
{
	bool enters;

	pthread_mutex_lock(&large->lock);
	enters = large->threads > 0;
	if (enters) {
		large->threads--;
	} else {
		client->next = NULL;
		*large->end = client;
		large->end = &client->next;
	}
	pthread_mutex_unlock(&large->lock);
	return enters;
}

struct client *
large_next(struct large *large)
{
	struct client *client;

	pthread_mutex_lock(&large->lock);
	client = large->first;
	if (client == NULL)
		large->threads++;
	else
		large->first = client->next;
	if (large->first == NULL)
		large->end = &large->first;
	pthread_mutex_unlock(&large->lock);
	return client;
}
