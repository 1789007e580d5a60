/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_JOB_H
#define PELIHOOK_COMMAND_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/codec.h"

struct hook;
struct conf_rule;
struct catalog_row;

enum { JOB_NAME = 256 };	/* an event's name and its NUL */

/* What was noted when a request came in; kept with the event. */
struct receipt {
	char id[ENCODE_UUID];
	int64_t received;		/* clock_wall */
	char digest[2 * CRYPTO_DIGEST + 1];
	bool verified;			/* false under `signature none` */
	char remote_addr[64];
};

/* How a command that was waited for ended; for the log's line. */
struct job_end {
	const char *how;		/* exit, signal, timeout...; or NULL */
	int code;			/* the exit status or the signal */
	int64_t elapsed;		/* milliseconds */
};

/*
 * One event on its way to one command: what an effect needs to know, all
 * of it borrowed from the request or the journal for the call.
 */
struct job {
	const struct hook *hook;
	const struct conf_rule *rule;	/* the `on` line that takes it */
	const char *event;		/* its name, or unknown */
	const struct catalog_row *row;
	const struct receipt *receipt;
	struct bytes body;
	const char *const *fields;	/* PELIHOOK_NAME=text of `env` lines */
	struct bytes order_key;		/* empty: no order */
	struct bytes dedupe_key;	/* empty: not deduplicated */
	unsigned attempt;		/* 1, 2, ... */
	const char *mark;		/* PELIHOOK_CLAIM; NULL: a new one */
	unsigned deliveries;		/* how many `on` lines run for it */
	struct job_end *end;		/* filled by a sink that waits */
};

/*
 * The one effect of handling a request.  put returns what became of the
 * job: RC_DELIVERED, RC_QUEUED, RC_DUPLICATE, or why it could not be.
 */
struct sink {
	void *context;
	enum rc (*put)(void *context, const struct job *job);
};

#endif
