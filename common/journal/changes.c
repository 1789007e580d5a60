/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "journal/changes.h"

#include "journal/internal.h"

static void
clear(struct journal_line *line)
{
	line->first = NULL;
	line->last = &line->first;
}

void
journal_changes_init(struct journal *journal)
{
	clear(&journal->changes);
	clear(&journal->chores);
}

/* Under the lock: whom to call for changes that no thread waits for, once it
 * is over; nobody where that was done and he has not come yet. */
static struct journal_helper
take_helper(struct journal *journal)
{
	struct journal_helper nobody = { NULL, NULL };

	if (journal->called)
		return nobody;
	journal->called = journal->helper.call != NULL;
	return journal->helper;
}

/* True: the caller has to lead, as nobody comes. */
static bool
call_in_vain(struct journal *journal, struct journal_helper helper)
{
	return helper.call != NULL && !helper.call(helper.context) &&
	    journal_changes_lead(journal);
}

bool
journal_changes_add(struct journal *journal, struct journal_change *change)
{
	struct journal_helper helper = { NULL, NULL };
	struct journal_line *line = change->chore ? &journal->chores :
						    &journal->changes;
	bool leads;

	pthread_mutex_lock(&journal->queueing);
	*line->last = change;
	line->last = &change->next;
	leads = !journal->leading &&
	    (change->waiter == NULL || journal->helper.call == NULL);
	if (leads)
		journal->leading = true;
	else if (!journal->leading)
		helper = take_helper(journal);
	pthread_mutex_unlock(&journal->queueing);
	return leads || call_in_vain(journal, helper);
}

/* Under the lock. */
static bool
some_wait(const struct journal *journal)
{
	return journal->changes.first != NULL || journal->chores.first != NULL;
}

bool
journal_changes_lead(struct journal *journal)
{
	bool leads;

	pthread_mutex_lock(&journal->queueing);
	leads = !journal->leading && some_wait(journal);
	journal->leading = journal->leading || leads;
	journal->called = false;
	pthread_mutex_unlock(&journal->queueing);
	return leads;
}

bool
journal_changes_choose(struct journal *journal)
{
	bool chores;

	pthread_mutex_lock(&journal->queueing);
	chores = journal->chores.first != NULL &&
	    (journal->chores_next || journal->changes.first == NULL);
	journal->chores_next = !chores;
	pthread_mutex_unlock(&journal->queueing);
	return chores;
}

bool
journal_changes_are_relaxed(const struct journal_change *list)
{
	while (list != NULL && list->relaxed)
		list = list->next;
	return list == NULL;
}

struct journal_change *
journal_changes_take(struct journal *journal, bool chores)
{
	struct journal_line *line = chores ? &journal->chores :
					     &journal->changes;
	struct journal_change *list;

	pthread_mutex_lock(&journal->queueing);
	list = line->first;
	clear(line);
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
	struct journal_helper helper = { NULL, NULL };
	struct journal_change *next;
	bool left;

	pthread_mutex_lock(&journal->queueing);
	next = awaited(journal->changes.first);
	if (next == NULL)
		next = awaited(journal->chores.first);
	left = next == NULL && some_wait(journal);
	stays = left && (stays || journal->helper.call == NULL);
	journal->leading = next != NULL || stays;
	if (next != NULL)
		sem_post(&next->awake);
	else if (left && !stays)
		helper = take_helper(journal);
	pthread_mutex_unlock(&journal->queueing);
	return stays || call_in_vain(journal, helper);
}

void
journal_set_helper(struct journal *journal, bool (*call)(void *context),
    void *context)
{
	pthread_mutex_lock(&journal->queueing);
	journal->helper = (struct journal_helper){ call, context };
	pthread_mutex_unlock(&journal->queueing);
}
