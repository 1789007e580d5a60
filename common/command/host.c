/* SPDX-License-Identifier: ISC */
#include <pthread.h>
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
	const char *home = pool_printf(&host->pool, "%s", account->home);

	if (home == NULL)
		return;
	host->user.home = home;
	host->user.name = pool_printf(&host->pool, "%s", account->name);
}

/* A service that cannot be asked just now may answer the next command. */
static enum rc
find_user(struct host *host, struct pool *pool, struct account *account)
{
	enum rc rc;

	if (host->user.name != NULL) {
		*account = host->user;
		return RC_OK;
	}
	rc = account_find(geteuid(), pool, account);
	if (rc == RC_OK || rc == RC_MISSING)
		remember(host, account);
	return rc;
}

enum rc
host_user(struct host *host, struct pool *pool, struct account *account)
{
	enum rc rc;

	if (host == NULL) {
		rc = account_find(geteuid(), pool, account);
	} else {
		pthread_mutex_lock(&host->lock);
		rc = find_user(host, pool, account);
		pthread_mutex_unlock(&host->lock);
	}
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
