/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "receive/dedupe.h"

#include "base/clock.h"
#include "base/log.h"

enum {
	UNSAVED_MAX = 1024,   /* most that are remembered */
	UNSAVED_AGAIN = 5000, /* milliseconds between tries */
};

struct unsaved_key {
	struct journal_waiter waiter; /* first: found by its address */
	struct dedupe *dedupe;
	struct unsaved_key *next;
	int64_t expires; /* 0: the key is free */
	struct journal_key key;
};

struct dedupe {
	pthread_mutex_t lock; /* guards what follows */
	struct unsaved_key *unsaved;
	size_t count;	   /* those being written, too */
	int64_t try_again; /* clock_steady */
};

static void
saved(struct journal_waiter *waiter, enum rc rc)
{
	struct unsaved_key *unsaved = (struct unsaved_key *)waiter;
	struct dedupe *dedupe = unsaved->dedupe;

	pthread_mutex_lock(&dedupe->lock);
	if (rc == RC_OK) {
		dedupe->count--;
	} else {
		unsaved->next = dedupe->unsaved;
		dedupe->unsaved = unsaved;
		unsaved = NULL;
	}
	pthread_mutex_unlock(&dedupe->lock);
	free(unsaved);
}

void
dedupe_keep(struct dedupe *dedupe, const struct journal_key *key,
    int64_t expires)
{
	struct unsaved_key *unsaved = malloc(sizeof(*unsaved));

	if (unsaved == NULL)
		return;
	*unsaved = (struct unsaved_key){
		.waiter = { .done = saved },
		.dedupe = dedupe,
		.expires = expires,
		.key = *key,
	};
	pthread_mutex_lock(&dedupe->lock);
	if (dedupe->count == 0)
		dedupe->try_again = clock_steady() + UNSAVED_AGAIN;
	if (dedupe->count < UNSAVED_MAX) {
		unsaved->next = dedupe->unsaved;
		dedupe->unsaved = unsaved;
		dedupe->count++;
		unsaved = NULL;
	}
	pthread_mutex_unlock(&dedupe->lock);
	free(unsaved);
}

int
dedupe_left(struct dedupe *dedupe)
{
	int left;

	pthread_mutex_lock(&dedupe->lock);
	left = dedupe->count == 0 ? -1 : clock_left(dedupe->try_again);
	pthread_mutex_unlock(&dedupe->lock);
	return left;
}

static struct unsaved_key *
take_all(struct dedupe *dedupe)
{
	struct unsaved_key *all;

	pthread_mutex_lock(&dedupe->lock);
	all = dedupe->unsaved;
	dedupe->unsaved = NULL;
	dedupe->try_again = clock_steady() + UNSAVED_AGAIN;
	pthread_mutex_unlock(&dedupe->lock);
	return all;
}

void
dedupe_save(struct dedupe *dedupe, struct journal *journal)
{
	struct unsaved_key *next;

	for (struct unsaved_key *at = take_all(dedupe); at != NULL; at = next) {
		next = at->next;
		if (at->expires == 0)
			journal_key_free(journal, &at->key, &at->waiter);
		else
			journal_key_done(journal, &at->key, at->expires,
			    &at->waiter);
	}
}

enum rc
dedupe_open(struct dedupe **out)
{
	struct dedupe *dedupe = calloc(1, sizeof(*dedupe));

	if (dedupe == NULL)
		return RC_MEMORY;
	pthread_mutex_init(&dedupe->lock, NULL);
	*out = dedupe;
	return RC_OK;
}

void
dedupe_close(struct dedupe *dedupe, struct journal *journal)
{
	struct unsaved_key *next;

	if (dedupe == NULL)
		return;
	/* Nobody else leads any more, whatever a helper says. */
	if (journal != NULL) {
		dedupe_save(dedupe, journal);
		journal_lead(journal);
	}
	if (dedupe->count > 0)
		log_say(LOG_LEVEL_ERROR,
		    "what became of %zu events cannot be saved: `dedupe' does "
		    "not know them",
		    dedupe->count);
	for (struct unsaved_key *at = take_all(dedupe); at != NULL; at = next) {
		next = at->next;
		free(at);
	}
	pthread_mutex_destroy(&dedupe->lock);
	free(dedupe);
}
