/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_REPLY_H
#define PELIHOOK_HTTP_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/outcome.h"
#include "base/uuid.h"

/* The answer to a request: the one place where an outcome becomes HTTP. */
struct reply {
	enum outcome outcome;
	enum rc reason;		     /* of OUTCOME_REFUSED */
	int status;		     /* 0: reply_status's; another 2xx */
	bool head;		     /* a HEAD request: no body */
	char id[UUID_SIZE];	     /* for 2xx */
	char event[EVENT_NAME_SIZE]; /* for 2xx */
};

/* An answer without an event: a refusal. */
struct reply reply_refused(enum rc reason);
/* The status code that an outcome has unless another one is wanted. */
int reply_status(enum outcome outcome, enum rc reason);
/* A short word, for the log: outcome_word's, or bad-signature and the like
 * where the event was refused. */
const char *reply_word(enum outcome outcome, enum rc reason);
/*
 * Appends the whole CGI response (RFC 3875 section 6): header with Status,
 * exact Content-Length, and the JSON object; problem+json of RFC 9457 for
 * refusals.  RC_MEMORY.
 */
enum rc reply_print(const struct reply *reply, struct buf *into);
/* A status code's three digits, a blank and its phrase. */
const char *reply_status_line(int status);
/* A problem as an object of problem+json (RFC 9457) and a line feed. */
void reply_print_problem(int status, const char *detail, struct buf *into);
/* The whole CGI response where there is no memory to print one: a 503. */
struct bytes reply_last_resort(void);

#endif
