/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "receive/sink.h"

#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/dedupe.h"

struct deciding_sink {
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
		.deliveries = job->deliveries > 0 ? job->deliveries : 1
	};
	enum rc rc = journal_append(journal, &entry);

	return rc == RC_OK ? RC_QUEUED : rc;
}

static enum rc
put(void *context, const struct job *job)
{
	struct deciding_sink *deciding = context;
	bool queued = job->hook->delivery == CONF_QUEUE;
	struct journal *journal;
	enum rc rc;

	if (!queued && job->dedupe_key.len == 0)
		return deciding->wait.put(deciding->wait.context, job);
	rc = shared_journal_get(deciding->journal, &journal);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_CONFIG : rc;
	return queued ? append(journal, job) :
	    dedupe_put(deciding->dedupe, journal, job, &deciding->wait);
}

enum rc
sink_open(struct shared_journal *journal, struct sink wait,
    struct deciding_sink **out)
{
	struct deciding_sink *deciding = calloc(1, sizeof(*deciding));
	enum rc rc;

	if (deciding == NULL)
		return RC_MEMORY;
	deciding->journal = journal;
	deciding->wait = wait;
	rc = dedupe_open(shared_journal_is_brief(journal), &deciding->dedupe);
	if (rc != RC_OK) {
		free(deciding);
		return rc;
	}
	*out = deciding;
	return RC_OK;
}

void
sink_close(struct deciding_sink *deciding)
{
	if (deciding == NULL)
		return;
	dedupe_close(deciding->dedupe,
	    shared_journal_opened(deciding->journal));
	free(deciding);
}

struct sink
sink_of(struct deciding_sink *deciding)
{
	return (struct sink){deciding, put};
}
