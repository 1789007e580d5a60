/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "journal/transaction.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/thread.h"
#include "journal/changes.h"
#include "journal/counts.h"
#include "journal/engine.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/statement.h"

/* A change that no thread waits for. */
struct journal_pending {
	struct journal_change change;
	max_align_t arguments[]; /* a copy */
};

static void
transaction_starts(struct journal *journal)
{
	journal->failure = JOURNAL_FINE;
	journal->damaged = 0;
	journal->stored = false;
	journal->event[0] = '\0';
	journal_counts_begin(journal);
	journal->source = (struct journal_source){ 0 };
	journal->routing = (struct journal_routing){ 0 };
	journal->hold = (struct journal_hold){ 0 };
	journal->lane_made = false;
	journal->until = CLOCK_NEVER;
}

/* Whatever went wrong, the connection is fit for the next transaction. */
static enum rc
undo(struct journal *journal)
{
	enum rc rc = journal_meaning(journal->failure);

	journal->engine->roll_back(journal);
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
	journal->missed = true;
}

static void
finish_transaction(struct journal *journal)
{
	journal->runner_new = false;
	for (int i = 0; journal->stored && i < JOURNAL_WAKEUPS; i++)
		wake(journal, journal->wakeup_fds[i]);
}

static enum rc
commit(struct journal *journal)
{
	journal->engine->commit(journal);
	if (journal_failed(journal))
		return undo(journal);
	finish_transaction(journal);
	return RC_OK;
}

/*
 * One transaction for all that waits, chores or the others.  Changes that
 * arrive while it waits for its turn join it.  On failure everything is rolled
 * back, and the error is reported even to changes that were refused: the
 * refusal may rest on a change that was just undone.
 */
static void
write_all(struct journal *journal)
{
	bool chores = journal_changes_choose(journal);
	enum journal_access access = JOURNAL_ACCESS_WRITE;
	struct journal_change *list = NULL;
	struct journal_change *at;
	enum rc rc;

	pthread_mutex_lock(&journal->holding);
	if (chores)
		list = journal_changes_take(journal, true);
	if (chores && journal_changes_are_relaxed(list))
		access = JOURNAL_ACCESS_RELAXED;
	transaction_starts(journal);
	journal->engine->begin(journal, access);
	if (!chores)
		list = journal_changes_take(journal, false);
	for (at = list; at != NULL && !journal_failed(journal); at = at->next)
		at->rc = at->apply(journal, at->arguments);
	journal_counts_flush(journal);
	rc = commit(journal);
	if (journal->engine->leave != NULL)
		journal->engine->leave(journal, access);
	pthread_mutex_unlock(&journal->holding);
	journal_changes_end(list, rc);
}

/*
 * Writes until somebody else leads, or nothing is left.  Changes that a done
 * asks for are found in the next round.
 */
static void
lead(struct journal *journal, bool stays)
{
	do
		write_all(journal);
	while (journal_changes_hand_on(journal, stays));
}

static void
await(struct journal_change *change)
{
	while (sem_wait(&change->awake) == -1 && errno == EINTR)
		continue;
}

/*
 * The first thread that finds nobody leading commits for all that wait.  A
 * thread that is woken before its change is over becomes the next leader, the
 * one that led before, too.
 */
static enum rc
submit(struct journal *journal, struct journal_change change)
{
	thread_pause();
	sem_init(&change.awake, 0, 0);
	if (!journal_changes_add(journal, &change))
		await(&change);
	while (!change.over) {
		lead(journal, false);
		await(&change);
	}
	sem_destroy(&change.awake);
	return change.rc;
}

enum rc
journal_write(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	return submit(journal,
	    (struct journal_change){ .apply = apply, .arguments = arguments });
}

enum rc
journal_write_chore(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	return submit(journal,
	    (struct journal_change){ .apply = apply,
		.arguments = arguments,
		.chore = true });
}

enum rc
journal_write_relaxed(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	return submit(journal,
	    (struct journal_change){ .apply = apply,
		.arguments = arguments,
		.chore = true,
		.relaxed = true });
}

/* NULL: there is no memory, which the waiter was told. */
static struct journal_pending *
make_pending(enum rc (*apply)(struct journal *journal, void *arguments),
    struct bytes arguments, struct journal_waiter *waiter)
{
	struct journal_pending *pending = malloc(
	    sizeof(*pending) + arguments.len);

	waiter->pending = pending;
	if (pending == NULL) {
		waiter->done(waiter, RC_MEMORY);
		return NULL;
	}
	memcpy(pending->arguments, arguments.data, arguments.len);
	pending->change = (struct journal_change){
		.apply = apply,
		.arguments = pending->arguments,
		.waiter = waiter,
	};
	return pending;
}

static void
add_pending(struct journal *journal, struct journal_pending *pending)
{
	if (!journal_changes_add(journal, &pending->change))
		return;
	thread_pause();
	lead(journal, false);
}

void
journal_write_later(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    struct bytes arguments, struct journal_waiter *waiter)
{
	struct journal_pending *pending = make_pending(apply, arguments,
	    waiter);

	if (pending != NULL)
		add_pending(journal, pending);
}

void
journal_write_later_relaxed(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    struct bytes arguments, struct journal_waiter *waiter)
{
	struct journal_pending *pending = make_pending(apply, arguments,
	    waiter);

	if (pending == NULL)
		return;
	pending->change.chore = pending->change.relaxed = true;
	add_pending(journal, pending);
}

void
journal_lead(struct journal *journal)
{
	if (!journal_changes_lead(journal))
		return;
	thread_pause();
	lead(journal, true);
}

enum rc
journal_read(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments), void *arguments)
{
	enum rc rc = RC_OK;
	enum rc end;

	pthread_mutex_lock(&journal->holding);
	transaction_starts(journal);
	journal->until = journal->deadline;
	journal->engine->begin(journal, JOURNAL_ACCESS_READ);
	if (!journal_failed(journal))
		rc = apply(journal, arguments);
	if (rc == RC_OK && journal->damaged > 0)
		rc = RC_CORRUPT;
	journal->until = CLOCK_NEVER;
	end = commit(journal);
	pthread_mutex_unlock(&journal->holding);
	return end != RC_OK ? end : rc;
}
