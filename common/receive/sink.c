/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "receive/sink.h"

#include "config/conf.h"
#include "journal/journal.h"
#include "base/log.h"

enum { DEBTS = 1024 };		/* most that are remembered */

/* What became of a key, where it could not be written down. */
struct debt {
	struct debt *next;
	int64_t expires;	/* 0: the key is free */
	size_t len;
	char key[];
};

struct enqueue {
	const char *path;
	unsigned flags;
	struct sink inner;
	pthread_mutex_t lock;	/* guards what follows */
	struct journal *journal;
	struct debt *debts;
	size_t debts_len;
};

static enum rc
append(struct journal *journal, const struct job *job)
{
	const struct hook *hook = job->hook;
	struct journal_entry entry = {
		.receipt = job->receipt,
		.hook = hook->name,
		.event = job->event,
		.body = job->body,
		.order_key = job->order_key,
		.dedupe_key = job->dedupe_key,
		.dedupe_window = hook->dedupe_window,
		.max_queue = hook->max_queue,
		.deliveries = job->deliveries > 0 ? job->deliveries : 1
	};
	enum rc rc = journal_append(journal, &entry);

	return rc == RC_OK ? RC_QUEUED : rc;
}

static enum rc
write_key(struct journal *journal, struct bytes key, int64_t expires)
{
	if (expires == 0)
		return journal_key_free(journal, key);
	return journal_key_done(journal, key, expires);
}

static void
add_debt(struct enqueue *enqueue, struct debt *debt)
{
	pthread_mutex_lock(&enqueue->lock);
	if (debt != NULL && enqueue->debts_len < DEBTS) {
		debt->next = enqueue->debts;
		enqueue->debts = debt;
		enqueue->debts_len++;
		debt = NULL;
	}
	pthread_mutex_unlock(&enqueue->lock);
	free(debt);
}

static struct debt *
new_debt(struct bytes key, int64_t expires)
{
	struct debt *debt = malloc(sizeof(*debt) + key.len);

	if (debt == NULL)
		return NULL;
	debt->expires = expires;
	debt->len = key.len;
	memcpy(debt->key, key.data, key.len);
	return debt;
}

static struct debt *
take_debt(struct enqueue *enqueue)
{
	struct debt *debt;

	pthread_mutex_lock(&enqueue->lock);
	debt = enqueue->debts;
	if (debt != NULL) {
		enqueue->debts = debt->next;
		enqueue->debts_len--;
	}
	pthread_mutex_unlock(&enqueue->lock);
	return debt;
}

/* A key must not stay taken because the disk was full when it was freed. */
static void
pay_debts(struct enqueue *enqueue, struct journal *journal)
{
	struct debt *debt;
	struct bytes key;

	while ((debt = take_debt(enqueue)) != NULL) {
		key = (struct bytes){debt->key, debt->len};
		if (write_key(journal, key, debt->expires) != RC_OK) {
			add_debt(enqueue, debt);
			return;
		}
		free(debt);
	}
}

static enum rc
put_once(struct enqueue *enqueue, struct journal *journal,
    const struct job *job)
{
	int64_t received = job->receipt->received;
	int64_t expires = 0;
	enum rc rc;

	pay_debts(enqueue, journal);
	rc = journal_key_claim(journal, job->dedupe_key, received);
	if (rc != RC_OK)
		return rc;
	rc = enqueue->inner.put(enqueue->inner.context, job);
	if (rc == RC_DELIVERED)
		expires = received + job->hook->dedupe_window;
	if (write_key(journal, job->dedupe_key, expires) != RC_OK)
		add_debt(enqueue, new_debt(job->dedupe_key, expires));
	else if (enqueue->flags & JOURNAL_BRIEF)
		journal_retire(journal);
	return rc;
}

static enum rc
put(void *context, const struct job *job)
{
	struct enqueue *enqueue = context;
	bool queued = job->hook->delivery == CONF_QUEUE;
	struct journal *journal;
	enum rc rc;

	if (!queued && job->dedupe_key.len == 0)
		return enqueue->inner.put(enqueue->inner.context, job);
	rc = enqueue_journal(enqueue, &journal);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_CONFIG : rc;
	return queued ? append(journal, job) :
	    put_once(enqueue, journal, job);
}

enum rc
enqueue_open(const char *path, unsigned flags, struct sink inner,
    struct enqueue **out)
{
	struct enqueue *enqueue = calloc(1, sizeof(*enqueue));

	if (enqueue == NULL)
		return RC_MEMORY;
	enqueue->path = path;
	enqueue->flags = flags | JOURNAL_CREATE;
	enqueue->inner = inner;
	pthread_mutex_init(&enqueue->lock, NULL);
	*out = enqueue;
	return RC_OK;
}

void
enqueue_close(struct enqueue *enqueue)
{
	struct debt *debt;

	if (enqueue == NULL)
		return;
	if (enqueue->journal != NULL)
		pay_debts(enqueue, enqueue->journal);
	while ((debt = take_debt(enqueue)) != NULL)
		free(debt);
	journal_close(enqueue->journal);
	pthread_mutex_destroy(&enqueue->lock);
	free(enqueue);
}

struct sink
enqueue_sink(struct enqueue *enqueue)
{
	return (struct sink){enqueue, put};
}

enum rc
enqueue_journal(struct enqueue *enqueue, struct journal **out)
{
	enum rc rc = RC_OK;

	if (enqueue->path == NULL)
		return RC_MISSING;
	pthread_mutex_lock(&enqueue->lock);
	if (enqueue->journal == NULL)
		rc = journal_open(enqueue->path, enqueue->flags,
		    &enqueue->journal);
	if (rc == RC_OK)
		*out = enqueue->journal;
	pthread_mutex_unlock(&enqueue->lock);
	return rc;
}
