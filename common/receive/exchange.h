/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_EXCHANGE_H
#define PELIHOOK_RECEIVE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/pool.h"
#include "command/job.h"
#include "event/event.h"
#include "event/receipt.h"
#include "http/gateway.h"
#include "http/request.h"
#include "journal/journal.h"
#include "receive/choose.h"
#include "receive/wait.h"
#include "signature/verify.h"

struct conf;
struct decider;
struct hook;
struct journal_stats;

/* What an exchange came to. */
struct exchange_end {
	enum outcome outcome;
	enum rc reason;	 /* of OUTCOME_REFUSED */
	const char *how; /* how its command ended, run_end_name; or NULL */
	int code;	 /* the exit status or the signal */
	int64_t elapsed; /* milliseconds that the command took */
};

/*
 * One request and all that is known of it, from its variables to the reply.
 * Each fact is established once; the log's one line and the reply are made of
 * them.  An exchange belongs to one thread at a time, and whoever finishes
 * its work ends it, in whichever thread.
 */
struct exchange {
	struct gateway gateway;
	/* Where it is counted, the front end's, who sets it; NULL: nowhere. */
	struct journal_stats *stats;
	struct conf *conf; /* held; NULL: the configuration is broken */
	struct choice choice;
	const struct hook *hook; /* NULL until one is chosen */
	struct request request;
	size_t max_body;      /* bytes that may be read, once it is admitted */
	int64_t read_timeout; /* and how long that may take, milliseconds */
	const char *error; /* of a page that is refused, for people; or NULL */
	size_t body_len;   /* bytes that were read, also once they are freed */
	bool counted;	   /* the gateway counts the body's bytes */
	struct verification verification;
	struct event event;
	bool parsed; /* there is an event */
	struct receipt receipt;
	struct job job;	     /* of the first line that takes it */
	unsigned deliveries; /* how many `on` lines run for it */
	/* What the journal is told of a run; NULL: nothing is known.  Of the
	 * pool. */
	const struct journal_subject *subject;
	bool recorded; /* that is in the journal, though the event is not */
	struct journal_route *routes; /* of each, where it is queued */
	struct journal_key dedupe;
	struct pool pool;
	/* Is told the end, once, in whichever thread: the exchange is its own
	 * then, and end may be a part of it.  serve_admit sets it to
	 * serve_end. */
	void (*done)(struct exchange *exchange, const struct exchange_end *end);

	/* The sink's, while it has the exchange; next is whoever's has it. */
	struct decider *decider;
	struct journal_waiter waiter;
	struct waiting waiting;
	/* Of its command, until its key and what it says of a run are
	 * written; of what is ignored, until that is. */
	struct exchange_end end;
	int64_t key_expires; /* 0: the key is free */
	const char *file;    /* the one that its hook is noted as of */
	struct exchange *next;
};

/*
 * Copies the gateway and holds the configuration, which may be NULL.  NULL
 * where there is no memory.
 */
struct exchange *exchange_open(const struct gateway *gateway,
    struct conf *conf);
/* Frees it, without a reply. */
void exchange_close(struct exchange *exchange);
/* The status code of its reply. */
int exchange_status(const struct exchange *exchange,
    const struct exchange_end *end);
/*
 * Reads the body, of max_body bytes at most and within read_timeout.  As
 * request_read.
 */
enum rc exchange_read_body(struct exchange *exchange);
/* How much of the input was not read; -1: not known. */
int64_t exchange_unread(const struct exchange *exchange);
/* From now on the body is only its command's. */
void exchange_uncount_body(struct exchange *exchange);
/* Nobody needs the body any more. */
void exchange_free_body(struct exchange *exchange);

#endif
