/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "receive/record.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/exchange.h"

enum {
	RECORD_MAX = 1024,   /* most that are on their way */
	RECORD_AGAIN = 5000, /* milliseconds between tries to open */
	RECORD_LOOK = 100,   /* and until who works has looked */
	RECORD_CLOSE = 1000, /* and that the end waits for others */
};

/* Its texts are its own: the exchange may be gone before it is written. */
struct record {
	struct journal_waiter waiter; /* first: found by its address */
	struct recorder *recorder;
	struct exchange *exchange; /* NULL: it was answered */
	int64_t deadline;	   /* of that; clock_steady */
	struct record *next;	   /* a ring of those that wait, by that */
	struct record *previous;
	struct record *unopened; /* the next that wants the journal opened */
	struct journal_record says;
	struct journal_subject subject;
	struct receipt receipt;
	struct pool pool; /* holds the texts */
};

struct recorder {
	struct record_settings settings;
	pthread_mutex_t lock;  /* guards what follows */
	struct record waiting; /* the ring's end */
	struct record *unopened;
	struct record **unopened_end;
	size_t count;	   /* on their way */
	int64_t try_again; /* to open; clock_steady */
	bool opening;	   /* some thread does */
	bool ticks;	   /* record_tick is going to be called */
	bool warned;	   /* since the last that was recorded */
};

static void
call(const struct recorder *recorder, void (*function)(void *context))
{
	if (function != NULL)
		function(recorder->settings.context);
}

static void
end(struct exchange *exchange)
{
	exchange->done(exchange, &exchange->end);
}

/* Under the lock. */
static void
link_last(struct recorder *recorder, struct record *record)
{
	record->previous = recorder->waiting.previous;
	record->next = &recorder->waiting;
	record->previous->next = record;
	record->next->previous = record;
}

/* Under the lock: takes the exchange, to be ended; NULL: that was done. */
static struct exchange *
take_exchange(struct record *record)
{
	struct exchange *exchange = record->exchange;

	record->exchange = NULL;
	if (record->next != NULL) {
		record->previous->next = record->next;
		record->next->previous = record->previous;
		record->next = NULL;
	}
	return exchange;
}

static void
record_free(struct record *record)
{
	pool_free(&record->pool);
	free(record);
}

/* Under the lock: whether it is to be told that one was lost. */
static bool
note_result(struct recorder *recorder, enum rc rc)
{
	bool tell = rc != RC_OK && !recorder->warned;

	recorder->warned = rc != RC_OK;
	return tell;
}

static void
warn(const char *hook, const char *id)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING,
	    "what an event says of a run is not recorded; this is said once "
	    "until one is");
	log_text(&line, "hook", hook);
	log_text(&line, "id", id);
	log_end(&line);
}

static void
recorded(struct journal_waiter *waiter, enum rc rc)
{
	struct record *record = (struct record *)waiter;
	struct recorder *recorder = record->recorder;
	struct exchange *exchange;
	bool tell;

	pthread_mutex_lock(&recorder->lock);
	exchange = take_exchange(record);
	recorder->count--;
	tell = note_result(recorder, rc);
	pthread_mutex_unlock(&recorder->lock);
	if (tell)
		warn(record->says.hook, record->receipt.id);
	record_free(record);
	if (exchange == NULL)
		return;
	exchange->recorded = rc == RC_OK;
	end(exchange);
}

static bool
copy_texts(struct record *record, const struct exchange *exchange)
{
	struct pool *pool = &record->pool;
	struct journal_subject *subject = &record->subject;

	*subject = *exchange->subject;
	record->says = (struct journal_record){
		.receipt = &record->receipt,
		.hook = pool_text(pool, exchange->hook->name),
		.event = pool_text(pool, exchange->event.name),
		.subject = subject,
		.watched = conf_watches(exchange->hook),
	};
	return journal_subject_keep(pool, subject) == RC_OK &&
	    record->says.hook != NULL && record->says.event != NULL;
}

/* NULL where memory is short. */
static struct record *
make(struct recorder *recorder, struct exchange *exchange)
{
	struct record *record = calloc(1, sizeof(*record));

	if (record == NULL)
		return NULL;
	record->waiter.done = recorded;
	record->recorder = recorder;
	record->exchange = exchange;
	record->deadline = clock_steady() + RECORD_TIME;
	record->receipt = exchange->receipt;
	if (copy_texts(record, exchange))
		return record;
	record_free(record);
	return NULL;
}

static void
write_record(struct journal *journal, struct record *record)
{
	journal_record(journal, &record->says, &record->waiter);
}

/* Under the lock: why it cannot be on its way, or RC_OK: it is. */
static enum rc
admit(struct recorder *recorder, struct record *record, bool opened)
{
	if (recorder->count >= RECORD_MAX)
		return RC_CROWDED;
	if (!opened && !recorder->opening &&
	    clock_left(recorder->try_again) > 0)
		return RC_STORE;
	recorder->count++;
	link_last(recorder, record);
	if (opened)
		return RC_OK;
	*recorder->unopened_end = record;
	recorder->unopened_end = &record->unopened;
	return RC_OK;
}

static void
give_up(struct recorder *recorder, struct exchange *exchange, enum rc rc)
{
	bool tell;

	pthread_mutex_lock(&recorder->lock);
	tell = note_result(recorder, rc);
	pthread_mutex_unlock(&recorder->lock);
	if (tell)
		warn(exchange->hook->name, exchange->receipt.id);
	end(exchange);
}

/* Another thread writes it, and may have ended the exchange by now. */
static void
leave_to_others(struct recorder *recorder, struct record *record)
{
	struct exchange *exchange = record->exchange;
	struct journal *journal = shared_journal_opened(
	    recorder->settings.journal);
	bool ticks = false;
	enum rc rc;

	pthread_mutex_lock(&recorder->lock);
	rc = admit(recorder, record, journal != NULL);
	if (rc == RC_OK) {
		ticks = !recorder->ticks;
		recorder->ticks = true;
	}
	pthread_mutex_unlock(&recorder->lock);
	if (rc != RC_OK) {
		record_free(record);
		give_up(recorder, exchange, rc);
		return;
	}
	if (ticks)
		call(recorder, recorder->settings.tick);
	if (journal != NULL)
		write_record(journal, record);
	else
		call(recorder, recorder->settings.wakeup);
}

/* In a process of one request: its turn, and then a lock, are waited for. */
static void
write_here(struct recorder *recorder, struct record *record)
{
	struct journal *journal;
	enum rc rc = shared_journal_get_hasty(recorder->settings.journal,
	    &journal);
	int left = clock_left(record->deadline);

	pthread_mutex_lock(&recorder->lock);
	recorder->count++;
	pthread_mutex_unlock(&recorder->lock);
	if (rc != RC_OK) {
		recorded(&record->waiter, rc);
		return;
	}
	journal_set_busy_timeout(journal, left / 2);
	write_record(journal, record);
}

void
record_and_end(struct recorder *recorder, struct exchange *exchange)
{
	struct record *record;

	if (exchange->subject == NULL ||
	    catalog_step(exchange->event.row) == CATALOG_NO_STEP ||
	    exchange->end.outcome == OUTCOME_REFUSED) {
		end(exchange);
		return;
	}
	exchange_free_body(exchange);
	/* The log's line wants the keys of an event that nobody knows. */
	if (exchange->event.known)
		event_free(&exchange->event);
	record = make(recorder, exchange);
	if (record == NULL)
		give_up(recorder, exchange, RC_MEMORY);
	else if (shared_journal_is_brief(recorder->settings.journal))
		write_here(recorder, record);
	else
		leave_to_others(recorder, record);
}

/* Of those that had to wait for too long the first; NULL: there is none. */
static struct exchange *
take_overdue(struct recorder *recorder)
{
	struct exchange *exchange = NULL;
	struct record *first;

	pthread_mutex_lock(&recorder->lock);
	first = recorder->waiting.next;
	if (first != &recorder->waiting && clock_left(first->deadline) == 0)
		exchange = take_exchange(first);
	pthread_mutex_unlock(&recorder->lock);
	return exchange;
}

/* Whether this thread is to open the journal. */
static bool
begin_opening(struct recorder *recorder)
{
	bool opens;

	pthread_mutex_lock(&recorder->lock);
	opens = recorder->unopened != NULL && !recorder->opening;
	recorder->opening |= opens;
	pthread_mutex_unlock(&recorder->lock);
	return opens;
}

/* All that have come until now. */
static struct record *
end_opening(struct recorder *recorder, enum rc rc)
{
	struct record *list;

	pthread_mutex_lock(&recorder->lock);
	list = recorder->unopened;
	recorder->unopened = NULL;
	recorder->unopened_end = &recorder->unopened;
	recorder->opening = false;
	if (rc != RC_OK)
		recorder->try_again = clock_steady() + RECORD_AGAIN;
	pthread_mutex_unlock(&recorder->lock);
	return list;
}

static void
open_journal(struct recorder *recorder)
{
	struct journal *journal;
	struct record *next;
	enum rc rc;

	if (!begin_opening(recorder))
		return;
	rc = shared_journal_get(recorder->settings.journal, &journal);
	for (struct record *at = end_opening(recorder, rc); at != NULL;
	     at = next) {
		next = at->unopened;
		if (rc == RC_OK)
			write_record(journal, at);
		else
			recorded(&at->waiter, rc);
	}
}

void
record_work(struct recorder *recorder)
{
	struct exchange *exchange;

	while ((exchange = take_overdue(recorder)) != NULL)
		end(exchange);
	open_journal(recorder);
}

int
record_tick(struct recorder *recorder)
{
	const struct record *first;
	int left = -1;

	pthread_mutex_lock(&recorder->lock);
	first = recorder->waiting.next;
	if (first != &recorder->waiting)
		left = clock_left(first->deadline);
	recorder->ticks = left >= 0;
	pthread_mutex_unlock(&recorder->lock);
	if (left != 0)
		return left;
	call(recorder, recorder->settings.wakeup);
	return RECORD_LOOK;
}

enum rc
record_open(const struct record_settings *settings, struct recorder **out)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (recorder == NULL)
		return RC_MEMORY;
	recorder->settings = *settings;
	recorder->waiting.next = &recorder->waiting;
	recorder->waiting.previous = &recorder->waiting;
	recorder->unopened_end = &recorder->unopened;
	pthread_mutex_init(&recorder->lock, NULL);
	*out = recorder;
	return RC_OK;
}

void
record_close(struct recorder *recorder)
{
	struct journal *journal;

	if (recorder == NULL)
		return;
	journal = shared_journal_opened(recorder->settings.journal);
	if (journal != NULL && recorder->count > 0) {
		journal_set_busy_timeout(journal, RECORD_CLOSE);
		open_journal(recorder);
		journal_lead(journal);
	}
	while (recorder->unopened != NULL) {
		struct record *record = recorder->unopened;

		recorder->unopened = record->unopened;
		record_free(record);
	}
	pthread_mutex_destroy(&recorder->lock);
	free(recorder);
}
