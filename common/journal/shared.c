/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>

#include "journal/shared.h"

#include "base/thread.h"
#include "journal/journal.h"

struct shared_journal {
	const char *path;
	unsigned flags;
	void (*call)(void *context);
	void *context;
	pthread_mutex_t lock; /* guards the journal's opening */
	struct journal *journal;
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
    void (*call)(void *context), void *context)
{
	shared->call = call;
	shared->context = context;
}

void
shared_journal_close(struct shared_journal *shared)
{
	if (shared == NULL)
		return;
	journal_close(shared->journal);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

struct journal *
shared_journal_opened(struct shared_journal *shared)
{
	struct journal *journal;

	pthread_mutex_lock(&shared->lock);
	journal = shared->journal;
	pthread_mutex_unlock(&shared->lock);
	return journal;
}

enum rc
shared_journal_get(struct shared_journal *shared, struct journal **out)
{
	enum rc rc = RC_OK;

	if (shared->path == NULL)
		return RC_MISSING;
	*out = shared_journal_opened(shared);
	if (*out != NULL)
		return RC_OK;
	thread_pause();
	pthread_mutex_lock(&shared->lock);
	if (shared->journal == NULL) {
		rc = journal_open(shared->path, shared->flags,
		    &shared->journal);
		if (rc == RC_OK)
			journal_set_helper(shared->journal, shared->call,
			    shared->context);
	}
	if (rc == RC_OK)
		*out = shared->journal;
	pthread_mutex_unlock(&shared->lock);
	return rc;
}

bool
shared_journal_is_brief(const struct shared_journal *shared)
{
	return (shared->flags & JOURNAL_BRIEF) != 0;
}
