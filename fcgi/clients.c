/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "client.h"

#include "base/thread.h"
#include "config/conf.h"
#include "current.h"

size_t
client_size(void)
{
	return sizeof(struct client);
}

enum rc
desk_open(struct desk *desk)
{
	char *buffer = malloc(CLIENT_READ);

	if (buffer == NULL)
		return RC_MEMORY;
	if (memory_file_open(&desk->file) != RC_OK) {
		free(buffer);
		return RC_SYSTEM;
	}
	desk->buffer = buffer;
	return RC_OK;
}

void
desk_close(struct desk *desk)
{
	memory_file_close(&desk->file);
	free(desk->buffer);
}

static void
attend(struct client *client, struct desk *desk)
{
	if (client->answered)
		client_finish(client, desk);
	else
		client_read_request(client, desk);
}

/* Under the lock of the bodies: left to whoever needs the room. */
static void
evict(void *context, struct body_share *share)
{
	struct clients *clients = context;
	char *at = (char *)share - offsetof(struct client, share);
	struct client *client = (struct client *)(void *)at;
	bool noted;

	pthread_mutex_lock(&clients->lock);
	noted = clients->evicted_len < CLIENT_EVICTED;
	if (noted)
		clients->evicted[clients->evicted_len++] = client;
	pthread_mutex_unlock(&clients->lock);
	if (!noted)
		connections_nudge(clients->connections, &client->connection);
}

static struct client *
take_evicted(struct clients *clients)
{
	struct client *client = NULL;

	pthread_mutex_lock(&clients->lock);
	if (clients->evicted_len > 0)
		client = clients->evicted[--clients->evicted_len];
	pthread_mutex_unlock(&clients->lock);
	return client;
}

/*
 * Whoever read too much frees it, before it reads on: others, of whom each
 * may read more, come later.
 */
static void
end_evicted(struct clients *clients, struct desk *desk)
{
	struct client *client;

	while ((client = take_evicted(clients)) != NULL)
		if (connections_seize(clients->connections,
			&client->connection))
			attend(client, desk);
		else
			connections_nudge(clients->connections,
			    &client->connection);
}

/* Half of the processors, and not all of the workers. */
static unsigned
large_threads(unsigned workers)
{
	unsigned half = (thread_processors() + 1) / 2;

	if (half < workers)
		return half;
	return workers < 2 ? 1 : workers - 1;
}

enum rc
clients_open(const struct clients_settings *settings, struct clients **out)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	enum rc rc;

	if (clients == NULL)
		return RC_MEMORY;
	clients->connections = settings->connections;
	clients->current = settings->current;
	clients->sink = settings->sink;
	clients->pages = settings->pages;
	clients->stats = settings->stats;
	pthread_mutex_init(&clients->lock, NULL);
	rc = bodies_open(evict, clients, &clients->bodies);
	if (rc == RC_OK)
		rc = large_open(large_threads(settings->threads),
		    &clients->large);
	if (rc == RC_OK)
		rc = responder_open(settings->threads, &clients->responder);
	if (rc != RC_OK) {
		clients_close(clients);
		return rc;
	}
	clients_reload(clients);
	*out = clients;
	return RC_OK;
}

void
clients_close(struct clients *clients)
{
	if (clients == NULL)
		return;
	responder_close(clients->responder);
	large_close(clients->large);
	bodies_close(clients->bodies);
	pthread_mutex_destroy(&clients->lock);
	free(clients);
}

void
clients_reload(struct clients *clients)
{
	struct conf *conf = current_hold(clients->current);

	bodies_set_limit(clients->bodies, bodies_limit(conf));
	conf_release(conf);
}

void
clients_welcome(struct clients *clients)
{
	struct connections *all = clients->connections;
	struct connection *one;
	enum rc rc;

	do {
		rc = connections_accept(all, &one);
		if (rc != RC_OK)
			continue;
		((struct client *)one)->clients = clients;
		if (connections_idle(all, one, false) != RC_OK)
			client_drop((struct client *)one);
	} while (rc != RC_MISSING);
}

void
clients_attend(struct connection *connection, struct desk *desk)
{
	struct client *client = (struct client *)connection;
	struct clients *clients = client->clients;

	attend(client, desk);
	end_evicted(clients, desk);
}

uint64_t
clients_served(struct clients *clients)
{
	return atomic_load(&clients->served);
}
