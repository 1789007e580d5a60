/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "journal/shared.h"

#include "base/thread.h"
#include "journal/journal.h"

struct shared_journal {
	const char *path;
	unsigned flags;
	bool (*call)(void *context);
	void *context;
	pthread_mutex_t lock; /* of who opens it, which may take long */
	_Atomic(struct journal *) journal;
};

enum rc
shared_journal_open(const char *path, unsigned flags,
    struct shared_journal **out)
{
	struct shared_journal *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return RC_MEMORY;
	shared->path = path;
	shared->flags = flags | JOURNAL_CREATE;
	pthread_mutex_init(&shared->lock, NULL);
	*out = shared;
	return RC_OK;
}

void
shared_journal_set_helper(struct shared_journal *shared,
    bool (*call)(void *context), void *context)
{
	shared->call = call;
	shared->context = context;
}

void
shared_journal_close(struct shared_journal *shared)
{
	if (shared == NULL)
		return;
	journal_close(shared_journal_opened(shared));
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

struct journal *
shared_journal_opened(struct shared_journal *shared)
{
	return atomic_load(&shared->journal);
}

/* Under the lock. */
static enum rc
open_it(struct shared_journal *shared, unsigned flags)
{
	struct journal *journal = NULL;
	enum rc rc = journal_open(shared->path, shared->flags | flags,
	    &journal);

	if (rc != RC_OK)
		return rc;
	journal_set_helper(journal, shared->call, shared->context);
	atomic_store(&shared->journal, journal);
	return RC_OK;
}

static enum rc
get(struct shared_journal *shared, unsigned flags, struct journal **out)
{
	enum rc rc = RC_OK;

	if (shared->path == NULL)
		return RC_MISSING;
	*out = shared_journal_opened(shared);
	if (*out != NULL)
		return RC_OK;
	thread_pause();
	pthread_mutex_lock(&shared->lock);
	if (shared_journal_opened(shared) == NULL)
		rc = open_it(shared, flags);
	pthread_mutex_unlock(&shared->lock);
	if (rc == RC_OK)
		*out = shared_journal_opened(shared);
	return rc;
}

enum rc
shared_journal_get(struct shared_journal *shared, struct journal **out)
{
	return get(shared, 0, out);
}

enum rc
shared_journal_get_hasty(struct shared_journal *shared, struct journal **out)
{
	return get(shared, JOURNAL_HASTY, out);
}

enum rc
shared_journal_try(struct shared_journal *shared, struct journal **out)
{
	enum rc rc = get(shared, JOURNAL_HASTY, out);

	if (rc == RC_OK)
		journal_reset_busy_timeout(*out);
	return rc;
}

bool
shared_journal_is_brief(const struct shared_journal *shared)
{
	return (shared->flags & JOURNAL_BRIEF) != 0;
}
