/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "receive/dedupe.h"

#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "receive/sink.h"

enum { DEBTS = 1024 };		/* most that are remembered */

/* What became of a key, where it could not be written down. */
struct debt {
	struct debt *next;
	int64_t expires;	/* 0: the key is free */
	size_t len;
	char key[];
};

struct dedupe {
	bool brief;
	pthread_mutex_t lock;	/* guards what follows */
	struct debt *debts;
	size_t debts_len;
};

static enum rc
write_key(struct journal *journal, struct bytes key, int64_t expires)
{
	if (expires == 0)
		return journal_key_free(journal, key);
	return journal_key_done(journal, key, expires);
}

static void
add_debt(struct dedupe *dedupe, struct debt *debt)
{
	pthread_mutex_lock(&dedupe->lock);
	if (debt != NULL && dedupe->debts_len < DEBTS) {
		debt->next = dedupe->debts;
		dedupe->debts = debt;
		dedupe->debts_len++;
		debt = NULL;
	}
	pthread_mutex_unlock(&dedupe->lock);
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
take_debt(struct dedupe *dedupe)
{
	struct debt *debt;

	pthread_mutex_lock(&dedupe->lock);
	debt = dedupe->debts;
	if (debt != NULL) {
		dedupe->debts = debt->next;
		dedupe->debts_len--;
	}
	pthread_mutex_unlock(&dedupe->lock);
	return debt;
}

/* A key must not stay taken because the disk was full when it was freed. */
static void
pay_debts(struct dedupe *dedupe, struct journal *journal)
{
	struct debt *debt;
	struct bytes key;

	while ((debt = take_debt(dedupe)) != NULL) {
		key = (struct bytes){debt->key, debt->len};
		if (write_key(journal, key, debt->expires) != RC_OK) {
			add_debt(dedupe, debt);
			return;
		}
		free(debt);
	}
}

enum rc
dedupe_put(struct dedupe *dedupe, struct journal *journal,
    const struct job *job, const struct sink *sink)
{
	int64_t received = job->receipt->received;
	int64_t expires = 0;
	enum rc rc;

	pay_debts(dedupe, journal);
	rc = journal_key_claim(journal, job->dedupe_key, received);
	if (rc != RC_OK)
		return rc;
	rc = sink->put(sink->context, job);
	if (rc == RC_DELIVERED)
		expires = received + job->hook->dedupe_window;
	if (write_key(journal, job->dedupe_key, expires) != RC_OK)
		add_debt(dedupe, new_debt(job->dedupe_key, expires));
	else if (dedupe->brief)
		journal_retire(journal);
	return rc;
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
	struct debt *debt;

	if (dedupe == NULL)
		return;
	if (journal != NULL)
		pay_debts(dedupe, journal);
	while ((debt = take_debt(dedupe)) != NULL)
		free(debt);
	pthread_mutex_destroy(&dedupe->lock);
	free(dedupe);
}
