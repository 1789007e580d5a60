/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_RECORDER_H
#define PELIHOOK_UNIT_RECORDER_H

#include "front.h"
#include "told.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "config/conf.h"
#include "receive/exchange.h"
#include "receive/sink.h"

/* What the tests of handle and serve share: a sink that records. */

#define SECRET "0123456789abcdef0123456789abcdef"
#define BODY "{\"event\":\"connection_added\",\"id\":7,\"key\":\"value\"}"

/* A sink that notes what it was given and says what it is told to say. */
struct record {
	struct exchange_end says; /* refused, without a reason: delivered */
	bool later;		  /* says nothing: the exchange is kept */
	struct exchange *kept;
	unsigned puts;
	const struct hook *hook;
	char id[UUID_SIZE];
	char body[256];
};

static inline void
record_put(void *context, struct exchange *exchange)
{
	struct record *record = context;
	struct exchange_end says = record->says;
	struct bytes body = exchange->job.body;

	record->puts++;
	record->hook = exchange->job.hook;
	memcpy(record->id, exchange->receipt.id, sizeof(record->id));
	snprintf(record->body, sizeof(record->body), "%.*s", (int)body.len,
	    body.data);
	if (record->later) {
		record->kept = exchange;
		return;
	}
	if (says.outcome == OUTCOME_REFUSED && says.reason == RC_OK)
		says.outcome = OUTCOME_DELIVERED;
	exchange->done(exchange, &says);
}

static inline struct sink
record_sink(struct record *record)
{
	return (struct sink){ record, record_put };
}

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
