/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "receive/decide.h"

#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/dedupe.h"

struct decider {
	struct shared_journal *journal;
	struct sink wait;
	struct dedupe *dedupe;
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
		.deliveries = job->deliveries > 0 ? job->deliveries : 1,
	};
	enum rc rc = journal_append(journal, &entry);

	return rc == RC_OK ? RC_QUEUED : rc;
}

static enum rc
put(void *context, const struct job *job)
{
	struct decider *decider = context;
	bool queued = job->hook->delivery == CONF_QUEUE;
	struct journal *journal;
	enum rc rc;

	if (!queued && job->dedupe_key.len == 0)
		return decider->wait.put(decider->wait.context, job);
	rc = shared_journal_get(decider->journal, &journal);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_CONFIG : rc;
	return queued ?
	    append(journal, job) :
	    dedupe_put(decider->dedupe, journal, job, &decider->wait);
}

enum rc
decide_open(struct shared_journal *journal, struct sink wait,
    struct decider **out)
{
	struct decider *decider = calloc(1, sizeof(*decider));
	enum rc rc;

	if (decider == NULL)
		return RC_MEMORY;
	decider->journal = journal;
	decider->wait = wait;
	rc = dedupe_open(shared_journal_is_brief(journal), &decider->dedupe);
	if (rc != RC_OK) {
		free(decider);
		return rc;
	}
	*out = decider;
	return RC_OK;
}

void
decide_close(struct decider *decider)
{
	if (decider == NULL)
		return;
	dedupe_close(decider->dedupe, shared_journal_opened(decider->journal));
	free(decider);
}

struct sink
decide_sink(struct decider *decider)
{
	return (struct sink){ decider, put };
}
