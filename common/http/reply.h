/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_REPLY_H
#define PELIHOOK_HTTP_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/uuid.h"

/* The answer to a request: the one place where an outcome becomes HTTP. */
struct reply {
	enum rc rc;
	bool head;		     /* a HEAD request: no body */
	char id[UUID_SIZE];	     /* for 2xx */
	char event[EVENT_NAME_SIZE]; /* for 2xx */
};

/* An answer without an event: a refusal. */
struct reply reply_for(enum rc rc);
/* The status code, for the log and for tests. */
int reply_status(enum rc rc);
/* A short word for the outcome, for the log: delivered, bad-signature. */
const char *reply_word(enum rc rc);
/*
 * Appends the whole CGI response (RFC 3875 section 6): header with Status,
 * exact Content-Length, and the JSON object; problem+json of RFC 9457 for
 * refusals.  RC_MEMORY.
 */
enum rc reply_print(const struct reply *reply, struct buf *into);
/* The whole CGI response where there is no memory to print one: a 503. */
struct bytes reply_last_resort(void);

#endif
