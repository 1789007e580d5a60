/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <string.h>

#include "journal/transaction.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "journal/counts.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/room.h"
#include "journal/runner.h"
#include "journal/statement.h"
#include "journal/turn.h"

/* A change of the journal, on the stack of the thread that waits for it. */
struct journal_change {
	enum rc (*apply)(struct journal *journal, void *arguments);
	void *arguments;
	bool relaxed; /* need not survive the machine */
	enum rc rc;   /* what apply returned, or why nothing was changed */
	bool over;    /* it has its rc */
	sem_t awake;  /* over, or it has to lead */
	struct journal_change *next;
};

static void
transaction_starts(struct journal *journal)
{
	journal->error = SQLITE_OK;
	journal->damaged = 0;
	journal->stored = false;
	journal_counts_begin(journal);
	journal->busy_until = clock_steady() + journal->busy_timeout;
	journal_fail(journal, journal_files_look(journal));
}

/* Whatever went wrong, the connection is fit for the next transaction. */
static enum rc
undo(struct journal *journal)
{
	enum rc rc = journal_meaning(journal->error);

	journal_log_error(journal);
	journal_statements_reset(journal);
	if (!sqlite3_get_autocommit(journal->db))
		journal_run(journal, "ROLLBACK");
	journal_runner_forget(journal);
	return rc;
}

static void
wake(struct journal *journal, int fd)
{
	if (fd == -1 || io_signal(fd) == RC_OK)
		return;
	log_say(LOG_LEVEL_WARNING, "journal: waking: %s", strerror(errno));
	/* Found where others' changes are looked for, within a second. */
	journal->version = -1;
}

static void
finish_transaction(struct journal *journal)
{
	journal->runner_new = false;
	for (int i = 0; journal->stored && i < JOURNAL_WAKEUPS; i++)
		wake(journal, journal->wakeup_fds[i]);
}

static struct journal_change *
take_changes(struct journal *journal)
{
	struct journal_change *list = journal->first;

	journal->first = NULL;
	journal->last = &journal->first;
	return list;
}

/* The changes that wait, if none of them has to survive the machine. */
static struct journal_change *
take_relaxed(struct journal *journal)
{
	struct journal_change *list = NULL;
	bool relaxed = true;

	pthread_mutex_lock(&journal->queueing);
	for (struct journal_change *at = journal->first; at != NULL;
	     at = at->next)
		relaxed = relaxed && at->relaxed;
	if (relaxed)
		list = take_changes(journal);
	pthread_mutex_unlock(&journal->queueing);
	return list;
}

/* The pragma can fail without memory: synchronous=FULL is then restored
 * before the next durable commit. */
static void
set_durability(struct journal *journal, bool relaxed)
{
	if (relaxed == journal->relaxed)
		return;
	journal->relaxed = true;
	if (!journal_failed(journal))
		journal_keep_error(journal,
		    journal_run(journal,
			relaxed ? "PRAGMA synchronous=NORMAL" :
				  "PRAGMA synchronous=FULL"));
	journal->relaxed = relaxed || journal_failed(journal);
}

/* The change is its thread's own again once that is woken. */
static void
end_changes(struct journal_change *list, enum rc rc)
{
	struct journal_change *next;

	for (; list != NULL; list = next) {
		next = list->next;
		if (rc != RC_OK)
			list->rc = rc;
		list->over = true;
		sem_post(&list->awake);
	}
}

static enum rc
commit(struct journal *journal)
{
	journal_do(journal, "COMMIT", NO_VALUES);
	/* What went into a file that nobody will read is not stored. */
	if (!journal_failed(journal))
		journal_fail(journal, journal_files_look(journal));
	if (journal_failed(journal))
		return undo(journal);
	finish_transaction(journal);
	return RC_OK;
}

/*
 * One transaction for all that waits.  Changes that arrive while it waits
 * for its turn join it.  On failure everything is rolled back, and the error
 * is reported even to changes that were refused: the refusal may rest on a
 * change that was just undone.
 */
static void
lead(struct journal *journal)
{
	struct journal_change *list;
	struct journal_change *at;
	bool relaxed;
	enum rc rc;

	pthread_mutex_lock(&journal->holding);
	list = take_relaxed(journal);
	relaxed = list != NULL;
	transaction_starts(journal);
	set_durability(journal, relaxed);
	journal_turn_take(journal);
	journal_room_begin(journal);
	journal->busy_until = clock_steady() + journal->busy_timeout;
	journal_do(journal, "BEGIN IMMEDIATE", NO_VALUES);
	if (!relaxed) {
		pthread_mutex_lock(&journal->queueing);
		list = take_changes(journal);
		pthread_mutex_unlock(&journal->queueing);
	}
	for (at = list; at != NULL && !journal_failed(journal); at = at->next)
		at->rc = at->apply(journal, at->arguments);
	journal_counts_flush(journal);
	rc = commit(journal);
	journal_turn_leave(journal);
	if (relaxed) {
		journal->error = SQLITE_OK;
		set_durability(journal, false);
	}
	pthread_mutex_unlock(&journal->holding);
	end_changes(list, rc);
}

/* Whether this thread has to lead: nobody does. */
static bool
join_queue(struct journal *journal, struct journal_change *change)
{
	bool leads;

	pthread_mutex_lock(&journal->queueing);
	*journal->last = change;
	journal->last = &change->next;
	leads = !journal->leading;
	journal->leading = true;
	pthread_mutex_unlock(&journal->queueing);
	return leads;
}

/* The first of those that came meanwhile leads next. */
static void
hand_on(struct journal *journal)
{
	pthread_mutex_lock(&journal->queueing);
	if (journal->first != NULL)
		sem_post(&journal->first->awake);
	else
		journal->leading = false;
	pthread_mutex_unlock(&journal->queueing);
}

static void
await(struct journal_change *change)
{
	while (sem_wait(&change->awake) == -1 && errno == EINTR)
		continue;
}

/*
 * The first thread that finds nobody leading commits for all that wait.  A
 * thread that is woken before its change is over becomes the next leader.
 */
static enum rc
submit(struct journal *journal, struct journal_change *change)
{
	sem_init(&change->awake, 0, 0);
	if (!join_queue(journal, change))
		await(change);
	if (!change->over) {
		lead(journal);
		hand_on(journal);
		await(change);
	}
	sem_destroy(&change->awake);
	return change->rc;
}

enum rc
journal_write(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	struct journal_change change = {
		.apply = apply,
		.arguments = arguments,
	};

	return submit(journal, &change);
}

enum rc
journal_write_relaxed(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	struct journal_change change = {
		.apply = apply,
		.arguments = arguments,
		.relaxed = true,
	};

	return submit(journal, &change);
}

enum rc
journal_read(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	enum rc rc = RC_OK;
	enum rc end;

	pthread_mutex_lock(&journal->holding);
	transaction_starts(journal);
	journal_do(journal, "BEGIN", NO_VALUES);
	if (!journal_failed(journal))
		rc = apply(journal, arguments);
	if (rc == RC_OK && journal->damaged > 0)
		rc = RC_CORRUPT;
	end = commit(journal);
	pthread_mutex_unlock(&journal->holding);
	return end != RC_OK ? end : rc;
}
