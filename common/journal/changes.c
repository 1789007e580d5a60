/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "journal/changes.h"

#include "journal/internal.h"

bool
journal_changes_add(struct journal *journal, struct journal_change *change)
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

bool
journal_changes_lead(struct journal *journal)
{
	bool leads;

	pthread_mutex_lock(&journal->queueing);
	leads = !journal->leading && journal->first != NULL;
	journal->leading = journal->leading || leads;
	pthread_mutex_unlock(&journal->queueing);
	return leads;
}

static bool
are_relaxed(const struct journal_change *list)
{
	while (list != NULL && list->relaxed)
		list = list->next;
	return list == NULL;
}

struct journal_change *
journal_changes_take(struct journal *journal, bool relaxed)
{
	struct journal_change *list = NULL;

	pthread_mutex_lock(&journal->queueing);
	if (!relaxed || are_relaxed(journal->first)) {
		list = journal->first;
		journal->first = NULL;
		journal->last = &journal->first;
	}
	pthread_mutex_unlock(&journal->queueing);
	return list;
}

/* The change is its thread's own again once that is woken, or is gone. */
static void
end(struct journal_change *change)
{
	struct journal_waiter *waiter = change->waiter;
	enum rc rc = change->rc;

	if (waiter == NULL) {
		change->over = true;
		sem_post(&change->awake);
		return;
	}
	free(waiter->pending);
	waiter->pending = NULL;
	waiter->done(waiter, rc);
}

void
journal_changes_end(struct journal_change *list, enum rc rc)
{
	struct journal_change *next;

	for (; list != NULL; list = next) {
		next = list->next;
		if (rc != RC_OK)
			list->rc = rc;
		end(list);
	}
}

/* The first that a thread waits for. */
static struct journal_change *
awaited(struct journal_change *list)
{
	while (list != NULL && list->waiter != NULL)
		list = list->next;
	return list;
}

bool
journal_changes_hand_on(struct journal *journal, bool stays)
{
	struct journal_change *next;
	void (*call)(void *context) = NULL;
	void *context;

	pthread_mutex_lock(&journal->queueing);
	next = awaited(journal->first);
	if (next == NULL && journal->first != NULL && !stays)
		call = journal->call_helper;
	context = journal->helper;
	stays = next == NULL && journal->first != NULL && call == NULL;
	journal->leading = next != NULL || stays;
	if (next != NULL)
		sem_post(&next->awake);
	pthread_mutex_unlock(&journal->queueing);
	if (call != NULL)
		call(context);
	return stays;
}

void
journal_set_helper(struct journal *journal, void (*call)(void *context),
    void *context)
{
	pthread_mutex_lock(&journal->queueing);
	journal->call_helper = call;
	journal->helper = context;
	pthread_mutex_unlock(&journal->queueing);
}
