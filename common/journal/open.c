/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "journal/changes.h"
#include "journal/engine.h"
#include "journal/internal.h"
#include "journal/postgresql_schema.h"
#include "journal/runner.h"
#include "journal/statement.h"
#include "journal/transaction.h"
#include "journal/turn.h"

enum {
	BUSY_TIMEOUT = 5000, /* milliseconds */
	HASTY_TIMEOUT = 300, /* opening may wait three times */
};

/* Whether it is a libpq URI and no path, which begins with a slash. */
static const struct journal_engine *
engine_of(const char *name)
{
#if HAVE_POSTGRESQL
	if (bytes_begin(bytes_of(name), "postgresql:"))
		return &journal_postgresql;
#else
	(void)name;
#endif
	return &journal_sqlite;
}

static struct journal *
new_journal(const struct journal_engine *engine, unsigned flags)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	journal->flags = flags;
	journal->engine = engine;
	journal->turn_timeout = flags & JOURNAL_HASTY ? HASTY_TIMEOUT :
							JOURNAL_TURN_TIMEOUT;
	journal->busy_timeout = flags & JOURNAL_HASTY ? HASTY_TIMEOUT :
							BUSY_TIMEOUT;
	memset(journal->wakeup_fds, -1, sizeof(journal->wakeup_fds));
	journal->locks = -1;
	journal->until = journal->deadline = CLOCK_NEVER;
	journal_changes_init(journal);
	pthread_mutex_init(&journal->holding, NULL);
	pthread_mutex_init(&journal->queueing, NULL);
	return journal;
}

enum rc
journal_open(const char *name, unsigned flags, struct journal **out)
{
	struct journal *journal = new_journal(engine_of(name), flags);
	enum rc rc;

	if (journal == NULL)
		return RC_MEMORY;
	rc = journal->engine->open(journal, name);
	if (rc != RC_OK) {
		journal_close(journal);
		return rc;
	}
	*out = journal;
	return RC_OK;
}

enum rc
journal_try(const char *name, struct buf *warnings, struct journal **out)
{
	const struct journal_engine *engine = engine_of(name);
	struct journal *journal = new_journal(engine, JOURNAL_BRIEF);
	bool found;
	enum rc rc;

	if (journal == NULL)
		return RC_MEMORY;
	rc = engine->open(journal, name);
	found = rc == RC_OK;
	if (found)
		rc = engine->inspect(journal);
	else if (rc == RC_MISSING)
		rc = engine->can_make == NULL ? RC_OK :
						engine->can_make(journal);
	if (rc == RC_OK && engine->warn != NULL && warnings != NULL)
		rc = engine->warn(journal, warnings);
	if (rc == RC_OK && found) {
		*out = journal;
		return RC_OK;
	}
	journal_close(journal);
	if (rc == RC_OK || rc == RC_LOCKED)
		return RC_OK;
	return rc == RC_MEMORY ? rc : RC_CONFIG;
}

static enum rc
delete_runner(struct journal *journal, void *arguments)
{
	journal_runner_delete(journal, *(const int64_t *)arguments);
	return RC_OK;
}

void
journal_retire(struct journal *journal)
{
	enum rc rc;

	if (journal->runner == 0)
		return;
	rc = journal_write_relaxed(journal, delete_runner, &journal->runner);
	/* Every later runner has to look at a row that stays. */
	if (rc == RC_MEMORY)
		(void)journal_write_relaxed(journal, delete_runner,
		    &journal->runner);
	journal_runner_end(journal);
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal_retire(journal);
	journal_statements_free(journal);
	journal->engine->close(journal);
	pthread_mutex_destroy(&journal->holding);
	pthread_mutex_destroy(&journal->queueing);
	free(journal);
}

bool
journal_is_gone(const struct journal *journal)
{
	return journal->gone;
}

bool
journal_is_shared(const struct journal *journal)
{
	return journal->engine->shared;
}

bool
journal_is_same(const struct journal *journal, const struct journal *other)
{
	return journal->engine == other->engine &&
	    journal->engine->is_same(journal, other);
}

bool
journal_is_named(const struct journal *journal, const char *name)
{
	return journal->engine->is_named(journal, name);
}

int64_t
journal_now(const struct journal *journal)
{
	return clock_wall() + journal_ahead(journal);
}

int64_t
journal_ahead(const struct journal *journal)
{
	if (journal == NULL || journal->engine->ahead == NULL)
		return 0;
	return journal->engine->ahead(journal);
}

static void
set_timeouts(struct journal *journal, int64_t turn_timeout,
    int64_t busy_timeout)
{
	pthread_mutex_lock(&journal->holding);
	journal->turn_timeout = turn_timeout;
	journal->busy_timeout = busy_timeout;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_set_busy_timeout(struct journal *journal, int64_t busy_timeout)
{
	set_timeouts(journal, busy_timeout, busy_timeout);
}

void
journal_reset_busy_timeout(struct journal *journal)
{
	set_timeouts(journal, JOURNAL_TURN_TIMEOUT, BUSY_TIMEOUT);
}

void
journal_set_deadline(struct journal *journal, int64_t deadline)
{
	pthread_mutex_lock(&journal->holding);
	journal->deadline = deadline;
	if (journal->engine->heed_deadline != NULL)
		journal->engine->heed_deadline(journal);
	pthread_mutex_unlock(&journal->holding);
}

static void
replace_wakeup_fd(struct journal *journal, int old, int new)
{
	int i = 0;

	pthread_mutex_lock(&journal->holding);
	while (i < JOURNAL_WAKEUPS && journal->wakeup_fds[i] != old)
		i++;
	if (i < JOURNAL_WAKEUPS)
		journal->wakeup_fds[i] = new;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_add_wakeup_fd(struct journal *journal, int eventfd)
{
	replace_wakeup_fd(journal, -1, eventfd);
}

void
journal_remove_wakeup_fd(struct journal *journal, int eventfd)
{
	replace_wakeup_fd(journal, eventfd, -1);
}

enum rc
journal_changed(struct journal *journal, bool *changed)
{
	enum rc rc;

	pthread_mutex_lock(&journal->holding);
	journal->failure = JOURNAL_FINE;
	*changed = true;
	journal->engine->look(journal, changed);
	*changed = *changed || journal->missed;
	journal->missed = false;
	rc = journal_failed(journal) ? RC_STORE : RC_OK;
	pthread_mutex_unlock(&journal->holding);
	return rc;
}

void
journal_set_lease(struct journal *journal, const struct journal_lease *lease)
{
	if (journal->engine->set_lease != NULL)
		journal->engine->set_lease(journal, lease);
}

const char *
journal_schema_text(void)
{
	return journal_postgresql_tables;
}

enum rc
journal_trim(struct journal *journal, int64_t size)
{
	return journal->engine->trim == NULL ?
	    RC_OK :
	    journal->engine->trim(journal, size);
}

enum rc
journal_shrink(struct journal *journal, bool whole, bool *more)
{
	if (journal->engine->shrink != NULL)
		return journal->engine->shrink(journal, whole, more);
	*more = false;
	return RC_OK;
}

enum rc
journal_rebuild(struct journal *journal)
{
	return journal->engine->rebuild == NULL ?
	    RC_OK :
	    journal->engine->rebuild(journal);
}

enum rc
journal_size(struct journal *journal, int64_t *size)
{
	return journal->engine->size(journal, size);
}

int64_t
journal_log_size(const struct journal *journal)
{
	return journal->engine->log_size == NULL ?
	    0 :
	    journal->engine->log_size(journal);
}
