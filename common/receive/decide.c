/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "receive/decide.h"

#include "base/buf.h"
#include "base/log.h"
#include "command/job.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "queue/source.h"
#include "receive/dedupe.h"

struct decider {
	struct shared_journal *journal;
	struct sink wait;
	struct dedupe *dedupe;
};

/* The hook is noted as another file's: it may have been left to this one, or
 * both be one. */
static enum rc
append_anyway(struct journal *journal, const struct hook *hook,
    struct journal_entry *entry, char file[JOURNAL_FILE_SIZE])
{
	struct buf why = { 0 };
	struct log_line line;
	enum rc rc = queue_source_settle(journal, hook, file, &why);

	if (rc == RC_CONFIG) {
		log_begin(&line, LOG_LEVEL_ERROR,
		    "a hook is another configuration's: its event is not "
		    "stored");
		log_text(&line, "hook", hook->name);
		log_text(&line, "reason", why.data);
		log_end(&line);
	}
	buf_free(&why);
	return rc == RC_OK ? journal_append(journal, entry) : rc;
}

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
	char file[JOURNAL_FILE_SIZE];
	enum rc rc = queue_source_file(hook->file, file);

	if (rc != RC_OK)
		return rc;
	entry.file = file;
	rc = journal_append(journal, &entry);
	if (rc == RC_CONFIG)
		rc = append_anyway(journal, hook, &entry, file);
	return rc;
}

static enum outcome
put(void *context, const struct job *job, enum rc *reason)
{
	struct decider *decider = context;
	struct dedupe_job what = { job, &decider->wait };
	bool queued = job->hook->delivery == CONF_QUEUE;
	struct journal *journal;
	enum rc rc;

	if (!queued && job->dedupe_key.len == 0)
		return what.sink->put(what.sink->context, job, reason);
	rc = shared_journal_get(decider->journal, &journal);
	if (rc == RC_OK && !queued)
		return dedupe_put(decider->dedupe, journal, &what, reason);
	if (rc == RC_OK)
		rc = append(journal, job);
	if (rc == RC_OK)
		return OUTCOME_QUEUED;
	if (rc == RC_DUPLICATE)
		return OUTCOME_DUPLICATE;
	*reason = rc == RC_MISSING ? RC_CONFIG : rc;
	return OUTCOME_REFUSED;
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
