/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "receive/decide.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "command/run.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "queue/source.h"
#include "receive/dedupe.h"
#include "receive/exchange.h"
#include "receive/record.h"
#include "receive/serve.h"
#include "receive/wait.h"

enum { DECIDE_TICK = 1000 }; /* milliseconds until who works has looked */

struct decider {
	struct decide_settings settings;
	struct dedupe *dedupe;
	struct recorder *recorder;
	pthread_mutex_t lock; /* guards the list */
	/* Of hooks that are noted as another file's: to be looked into by a
	 * thread that may read that file.  First in, first out. */
	struct exchange *foreign;
	struct exchange **foreign_end;
};

static struct exchange *
of_waiter(struct journal_waiter *waiter)
{
	return (struct exchange *)((char *)waiter -
	    offsetof(struct exchange, waiter));
}

static struct exchange *
of_waiting(struct waiting *waiting)
{
	return (struct exchange *)((char *)waiting -
	    offsetof(struct exchange, waiting));
}

static void
call(const struct decider *decider, void (*function)(void *context))
{
	if (function != NULL)
		function(decider->settings.context);
}

static void
finish(struct exchange *exchange, enum outcome outcome)
{
	exchange->done(exchange, &(struct exchange_end){ .outcome = outcome });
}

/* What the journal says where it did not do what was asked for. */
static void
finish_unstored(struct exchange *exchange, enum rc rc)
{
	if (rc == RC_DUPLICATE)
		finish(exchange, OUTCOME_DUPLICATE);
	else
		serve_refuse(exchange, rc);
}

/* ---- Queued ------------------------------------------------------------- */

static void
leave_to_work(struct exchange *exchange)
{
	struct decider *decider = exchange->decider;

	exchange->next = NULL;
	pthread_mutex_lock(&decider->lock);
	*decider->foreign_end = exchange;
	decider->foreign_end = &exchange->next;
	pthread_mutex_unlock(&decider->lock);
	call(decider, decider->settings.wakeup);
}

static void
entry_taken(struct journal_waiter *waiter)
{
	exchange_free_body(of_waiter(waiter));
}

static void
stored_at_last(struct journal_waiter *waiter, enum rc rc)
{
	if (rc == RC_OK)
		finish(of_waiter(waiter), OUTCOME_QUEUED);
	else
		finish_unstored(of_waiter(waiter), rc);
}

static void
stored(struct journal_waiter *waiter, enum rc rc)
{
	if (rc == RC_CONFIG)
		leave_to_work(of_waiter(waiter));
	else
		stored_at_last(waiter, rc);
}

static void
append(struct journal *journal, struct exchange *exchange,
    void (*done)(struct journal_waiter *waiter, enum rc rc))
{
	const struct hook *hook = exchange->hook;
	const struct journal_entry entry = {
		.receipt = &exchange->receipt,
		.hook = hook->name,
		.event = exchange->event.name,
		.subject = exchange->subject,
		.body = exchange->job.body,
		.dedupe = &exchange->dedupe,
		.dedupe_window = hook->dedupe_window,
		.max_queue = hook->max_queue,
		.routes = exchange->routes,
		.routes_len = exchange->deliveries,
		.routing = hook->routing,
		.file = exchange->file,
	};

	exchange->waiter = (struct journal_waiter){
		.taken = entry_taken,
		.done = done,
	};
	journal_append(journal, &entry, &exchange->waiter);
}

static enum rc
keep_file(struct exchange *exchange, const char *file)
{
	exchange->file = pool_text(&exchange->pool, file);
	return exchange->file == NULL ? RC_MEMORY : RC_OK;
}

static void
queue(struct journal *journal, struct exchange *exchange)
{
	char file[JOURNAL_FILE_SIZE];
	enum rc rc = queue_source_file(exchange->hook->file, file);

	if (rc == RC_OK)
		rc = keep_file(exchange, file);
	if (rc != RC_OK)
		serve_refuse(exchange, rc);
	else
		append(journal, exchange, stored);
}

/* The hook is noted as another file's: it may have been left to this one, or
 * both be one. */
static void
append_foreign(struct journal *journal, struct exchange *exchange)
{
	const struct hook *hook = exchange->hook;
	char file[JOURNAL_FILE_SIZE];
	struct buf why = { 0 };
	struct log_line line;
	enum rc rc;

	thread_pause();
	rc = queue_source_settle(journal, hook, file, &why);
	if (rc == RC_CONFIG) {
		log_begin(&line, LOG_LEVEL_ERROR,
		    "a hook is another configuration's: its event is not "
		    "stored");
		log_text(&line, "hook", hook->name);
		log_text(&line, "reason", why.data);
		log_end(&line);
	}
	buf_free(&why);
	if (rc == RC_OK)
		rc = keep_file(exchange, file);
	if (rc != RC_OK)
		serve_refuse(exchange, rc);
	else
		append(journal, exchange, stored_at_last);
}

/* ---- Waited for --------------------------------------------------------- */

static void
key_written(struct journal_waiter *waiter, enum rc rc)
{
	struct exchange *exchange = of_waiter(waiter);
	struct decider *decider = exchange->decider;

	if (rc != RC_OK) {
		dedupe_keep(decider->dedupe, &exchange->dedupe,
		    exchange->key_expires);
		call(decider, decider->settings.tick);
	}
	record_and_end(decider->recorder, exchange);
}

/* What was delivered is known from now on; anything else frees the key. */
static void
write_key(struct exchange *exchange)
{
	struct journal *journal = shared_journal_opened(
	    exchange->decider->settings.journal);
	bool delivered = exchange->end.outcome == OUTCOME_DELIVERED;

	exchange->waiter = (struct journal_waiter){ .done = key_written };
	exchange->key_expires = !delivered ?
	    0 :
	    exchange->receipt.received + exchange->hook->dedupe_window;
	if (delivered)
		journal_key_done(journal, &exchange->dedupe,
		    exchange->key_expires, &exchange->waiter);
	else
		journal_key_free(journal, &exchange->dedupe, &exchange->waiter);
}

static void
starts(struct waiting *waiting)
{
	exchange_uncount_body(of_waiting(waiting));
}

static void
ran(struct waiting *waiting, enum rc rc, const struct run_result *result)
{
	struct exchange *exchange = of_waiting(waiting);

	if (rc != RC_OK)
		exchange->end = (struct exchange_end){
			.outcome = OUTCOME_REFUSED,
			.reason = rc,
		};
	else
		exchange->end = (struct exchange_end){
			.outcome = run_outcome(result),
			.how = run_end_name(result->end),
			.code = result->code,
			.elapsed = result->elapsed,
		};
	if (exchange->dedupe.is)
		write_key(exchange);
	else
		record_and_end(exchange->decider->recorder, exchange);
}

static void
run_job(struct exchange *exchange, bool here)
{
	exchange->waiting = (struct waiting){
		.job = &exchange->job,
		.starts = starts,
		.done = ran,
	};
	wait_put(exchange->decider->settings.wait, &exchange->waiting, here);
}

static void
key_claimed(struct journal_waiter *waiter, enum rc rc)
{
	if (rc == RC_OK)
		run_job(of_waiter(waiter), false);
	else
		finish_unstored(of_waiter(waiter), rc);
}

/* Its key is claimed before the command, and known or free after it. */
static void
run_once(struct journal *journal, struct exchange *exchange)
{
	dedupe_save(exchange->decider->dedupe, journal);
	exchange->waiter = (struct journal_waiter){ .done = key_claimed };
	journal_key_claim(journal, &exchange->dedupe,
	    exchange->receipt.received, &exchange->waiter);
}

/* ---- The sink ----------------------------------------------------------- */

static void
put(void *context, struct exchange *exchange)
{
	struct decider *decider = context;
	bool queued = exchange->hook->delivery == CONF_QUEUE;
	struct journal *journal;
	enum rc rc;

	exchange->decider = decider;
	if (exchange->deliveries == 0) {
		exchange->end.outcome = OUTCOME_IGNORED;
		record_and_end(decider->recorder, exchange);
		return;
	}
	if (!queued && !exchange->dedupe.is) {
		run_job(exchange, true);
		return;
	}
	rc = shared_journal_get(decider->settings.journal, &journal);
	if (rc != RC_OK)
		serve_refuse(exchange, rc == RC_MISSING ? RC_CONFIG : rc);
	else if (queued)
		queue(journal, exchange);
	else
		run_once(journal, exchange);
}

static struct exchange *
take_foreign(struct decider *decider)
{
	struct exchange *exchange;

	pthread_mutex_lock(&decider->lock);
	exchange = decider->foreign;
	if (exchange != NULL)
		decider->foreign = exchange->next;
	if (decider->foreign == NULL)
		decider->foreign_end = &decider->foreign;
	pthread_mutex_unlock(&decider->lock);
	return exchange;
}

void
decide_work(struct decider *decider)
{
	struct exchange *exchange;

	while ((exchange = take_foreign(decider)) != NULL)
		append_foreign(shared_journal_opened(decider->settings.journal),
		    exchange);
	if (dedupe_left(decider->dedupe) == 0)
		dedupe_save(decider->dedupe,
		    shared_journal_opened(decider->settings.journal));
	record_work(decider->recorder);
	wait_work(decider->settings.wait);
}

static int
tick_dedupe(struct decider *decider)
{
	int left = dedupe_left(decider->dedupe);

	if (left != 0)
		return left;
	call(decider, decider->settings.wakeup);
	return DECIDE_TICK;
}

int
decide_tick(struct decider *decider)
{
	return clock_shorter(tick_dedupe(decider),
	    record_tick(decider->recorder));
}

static enum rc
open_parts(struct decider *decider)
{
	const struct record_settings recording = {
		.journal = decider->settings.journal,
		.wakeup = decider->settings.wakeup,
		.tick = decider->settings.tick,
		.context = decider->settings.context,
	};
	enum rc rc = dedupe_open(&decider->dedupe);

	return rc == RC_OK ? record_open(&recording, &decider->recorder) : rc;
}

enum rc
decide_open(const struct decide_settings *settings, struct decider **out)
{
	struct decider *decider = calloc(1, sizeof(*decider));
	enum rc rc;

	if (decider == NULL)
		return RC_MEMORY;
	decider->settings = *settings;
	decider->foreign_end = &decider->foreign;
	rc = open_parts(decider);
	if (rc != RC_OK) {
		dedupe_close(decider->dedupe, NULL);
		free(decider);
		return rc;
	}
	pthread_mutex_init(&decider->lock, NULL);
	*out = decider;
	return RC_OK;
}

void
decide_close(struct decider *decider)
{
	struct journal *journal;
	bool brief;

	if (decider == NULL)
		return;
	record_close(decider->recorder);
	journal = shared_journal_opened(decider->settings.journal);
	/* Whoever is brief has answered, and must not wait for a lock: then
	 * the key is free when the process is gone. */
	brief = shared_journal_is_brief(decider->settings.journal);
	if (brief && journal != NULL && dedupe_left(decider->dedupe) < 0)
		journal_retire(journal);
	dedupe_close(decider->dedupe, brief ? NULL : journal);
	pthread_mutex_destroy(&decider->lock);
	free(decider);
}

struct sink
decide_sink(struct decider *decider)
{
	return (struct sink){ decider, put };
}
