/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "receive/dedupe.h"

#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "receive/sink.h"

enum { UNSAVED_MAX = 1024 }; /* most that are remembered */

/* What became of a key, where it could not be written down. */
struct unsaved_key {
	struct unsaved_key *next;
	int64_t expires; /* 0: the key is free */
	size_t len;
	char key[];
};

struct dedupe {
	bool brief;
	pthread_mutex_t lock; /* guards what follows */
	struct unsaved_key *unsaved;
	size_t unsaved_len;
};

static enum rc
write_key(struct journal *journal, struct bytes key, int64_t expires)
{
	if (expires == 0)
		return journal_key_free(journal, key);
	return journal_key_done(journal, key, expires);
}

static void
keep_unsaved(struct dedupe *dedupe, struct unsaved_key *unsaved)
{
	pthread_mutex_lock(&dedupe->lock);
	if (unsaved != NULL && dedupe->unsaved_len < UNSAVED_MAX) {
		unsaved->next = dedupe->unsaved;
		dedupe->unsaved = unsaved;
		dedupe->unsaved_len++;
		unsaved = NULL;
	}
	pthread_mutex_unlock(&dedupe->lock);
	free(unsaved);
}

static struct unsaved_key *
new_unsaved(struct bytes key, int64_t expires)
{
	struct unsaved_key *unsaved = malloc(sizeof(*unsaved) + key.len);

	if (unsaved == NULL)
		return NULL;
	unsaved->expires = expires;
	unsaved->len = key.len;
	memcpy(unsaved->key, key.data, key.len);
	return unsaved;
}

static struct unsaved_key *
take_unsaved(struct dedupe *dedupe)
{
	struct unsaved_key *unsaved;

	pthread_mutex_lock(&dedupe->lock);
	unsaved = dedupe->unsaved;
	if (unsaved != NULL) {
		dedupe->unsaved = unsaved->next;
		dedupe->unsaved_len--;
	}
	pthread_mutex_unlock(&dedupe->lock);
	return unsaved;
}

/* A key must not stay taken because the disk was full when it was freed. */
static void
save_pending_keys(struct dedupe *dedupe, struct journal *journal)
{
	struct unsaved_key *unsaved;
	struct bytes key;

	while ((unsaved = take_unsaved(dedupe)) != NULL) {
		key = (struct bytes){ unsaved->key, unsaved->len };
		if (write_key(journal, key, unsaved->expires) != RC_OK) {
			keep_unsaved(dedupe, unsaved);
			return;
		}
		free(unsaved);
	}
}

/* The claim of its key comes before. */
static enum outcome
put_claimed(struct dedupe *dedupe, struct journal *journal,
    const struct dedupe_job *what, enum rc *reason)
{
	const struct job *job = what->job;
	int64_t received = job->receipt->received;
	int64_t expires = 0;
	enum outcome outcome = what->sink->put(what->sink->context, job,
	    reason);

	if (outcome == OUTCOME_DELIVERED)
		expires = received + job->hook->dedupe_window;
	if (write_key(journal, job->dedupe_key, expires) != RC_OK)
		keep_unsaved(dedupe, new_unsaved(job->dedupe_key, expires));
	else if (dedupe->brief)
		journal_retire(journal);
	return outcome;
}

enum outcome
dedupe_put(struct dedupe *dedupe, struct journal *journal,
    const struct dedupe_job *what, enum rc *reason)
{
	enum rc rc;

	save_pending_keys(dedupe, journal);
	rc = journal_key_claim(journal, what->job->dedupe_key,
	    what->job->receipt->received);
	if (rc == RC_OK)
		return put_claimed(dedupe, journal, what, reason);
	if (rc == RC_DUPLICATE)
		return OUTCOME_DUPLICATE;
	*reason = rc;
	return OUTCOME_REFUSED;
}

enum rc
dedupe_open(bool brief, struct dedupe **out)
{
	struct dedupe *dedupe = calloc(1, sizeof(*dedupe));

	if (dedupe == NULL)
		return RC_MEMORY;
	dedupe->brief = brief;
	pthread_mutex_init(&dedupe->lock, NULL);
	*out = dedupe;
	return RC_OK;
}

void
dedupe_close(struct dedupe *dedupe, struct journal *journal)
{
	struct unsaved_key *unsaved;

	if (dedupe == NULL)
		return;
	if (journal != NULL)
		save_pending_keys(dedupe, journal);
	while ((unsaved = take_unsaved(dedupe)) != NULL)
		free(unsaved);
	pthread_mutex_destroy(&dedupe->lock);
	free(dedupe);
}
