/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "command/host.h"

#include "base/account.h"
#include "base/pool.h"
#include "command/discard.h"

struct host {
	struct discard *discard;
	pthread_mutex_t lock; /* guards what follows */
	struct pool pool;
	struct account user; /* no name: not known yet */
};

enum rc
host_open(struct host **out)
{
	struct host *host = calloc(1, sizeof(*host));
	enum rc rc;

	if (host == NULL)
		return RC_MEMORY;
	rc = discard_open(&host->discard);
	if (rc != RC_OK) {
		free(host);
		return rc;
	}
	pthread_mutex_init(&host->lock, NULL);
	*out = host;
	return RC_OK;
}

static void
remember(struct host *host, const struct account *account)
{
	const char *home;

	pthread_mutex_lock(&host->lock);
	if (host->user.name == NULL) {
		home = pool_text(&host->pool, account->home);
		host->user.home = home;
		if (home != NULL)
			host->user.name = pool_text(&host->pool, account->name);
	}
	pthread_mutex_unlock(&host->lock);
}

static bool
recall(struct host *host, struct account *account)
{
	bool known;

	pthread_mutex_lock(&host->lock);
	known = host->user.name != NULL;
	if (known)
		*account = host->user;
	pthread_mutex_unlock(&host->lock);
	return known;
}

/*
 * Commands do not wait for each other where a service takes long; one that
 * cannot be asked just now may answer the next command.
 */
enum rc
host_user(struct host *host, struct pool *pool, struct account *account)
{
	enum rc rc;

	if (host != NULL && recall(host, account))
		return RC_OK;
	rc = account_find(geteuid(), pool, account);
	if (host != NULL && (rc == RC_OK || rc == RC_MISSING))
		remember(host, account);
	return rc == RC_MEMORY ? rc : RC_OK;
}

struct discard *
host_discard(struct host *host)
{
	return host == NULL ? NULL : host->discard;
}

void
host_close(struct host *host)
{
	if (host == NULL)
		return;
	discard_close(host->discard);
	pthread_mutex_destroy(&host->lock);
	pool_free(&host->pool);
	free(host);
}
