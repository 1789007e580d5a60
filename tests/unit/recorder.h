/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_RECORDER_H
#define PELIHOOK_UNIT_RECORDER_H

#include "front.h"
#include "told.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "config/conf.h"
#include "command/job.h"
#include "event/receipt.h"
#include "receive/sink.h"

/* What the tests of handle and serve share: a sink that records. */

#define SECRET "0123456789abcdef0123456789abcdef"
#define BODY "{\"event\":\"connection_added\",\"id\":7,\"key\":\"value\"}"

/* A sink that notes what it was given and says what it is told to say. */
struct record {
	enum outcome outcome;
	enum rc reason; /* of OUTCOME_REFUSED */
	unsigned puts;
	struct job job; /* its pointers hold during put only */
	struct receipt receipt;
	char event[EVENT_NAME_SIZE];
	char body[256];
	char order_key[100];
	char dedupe_key[100];
	char field[100]; /* the first of them */
};

static inline void
record_text(char *into, size_t room, struct bytes text)
{
	snprintf(into, room, "%.*s", (int)text.len,
	    text.len > 0 ? text.data : "");
}

static inline enum outcome
record_put(void *context, const struct job *job, enum rc *reason)
{
	struct record *record = context;

	record->puts++;
	record->job = *job;
	record->receipt = *job->receipt;
	snprintf(record->event, sizeof(record->event), "%s", job->event);
	record_text(record->body, sizeof(record->body), job->body);
	record_text(record->order_key, sizeof(record->order_key),
	    job->order_key);
	record_text(record->dedupe_key, sizeof(record->dedupe_key),
	    job->dedupe_key);
	if (job->fields != NULL && job->fields[0] != NULL)
		snprintf(record->field, sizeof(record->field), "%s",
		    job->fields[0]);
	*reason = record->reason;
	return record->outcome;
}

static inline struct sink
record_sink(struct record *record)
{
	return (struct sink){ record, record_put };
}

/* All that a sink may come to. */
static const struct {
	enum outcome outcome;
	enum rc reason;
} sink_ends[] = {
	{ OUTCOME_DELIVERED, RC_OK },
	{ OUTCOME_DUPLICATE, RC_OK },
	{ OUTCOME_QUEUED, RC_OK },
	{ OUTCOME_REJECTED, RC_OK },
	{ OUTCOME_TEMPORARY, RC_OK },
	{ OUTCOME_FAILED, RC_OK },
	{ OUTCOME_UNSTARTED, RC_OK },
	{ OUTCOME_BUSY, RC_OK },
	{ OUTCOME_TIMEOUT, RC_OK },
	{ OUTCOME_STOPPED, RC_OK },
	{ OUTCOME_REFUSED, RC_CROWDED },
	{ OUTCOME_REFUSED, RC_PENDING },
	{ OUTCOME_REFUSED, RC_QUEUE_FULL },
	{ OUTCOME_REFUSED, RC_STORE },
	{ OUTCOME_REFUSED, RC_LOCKED },
	{ OUTCOME_REFUSED, RC_CORRUPT },
	{ OUTCOME_REFUSED, RC_STOPPING },
	{ OUTCOME_REFUSED, RC_MEMORY },
	{ OUTCOME_REFUSED, RC_SYSTEM },
};

/* HTTP_X_SIGNATURE=sha256=... for a body, into a static array. */
static inline const char *
signed_by(const char *key, struct bytes body)
{
	static char variable[120];
	uint8_t mac[CRYPTO_DIGEST];
	size_t n;

	assert_int_equal(crypto_hmac(bytes_of(key), &body, 1, mac), RC_OK);
	n = (size_t)snprintf(variable, sizeof(variable),
	    "HTTP_X_SIGNATURE=sha256=");
	encode_hex(mac, CRYPTO_DIGEST, variable + n);
	return variable;
}

#endif
