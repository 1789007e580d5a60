/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENTS_H
#define PELIHOOK_EVENTS_H

#include "front.h"
#include "told.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/event.h"
#include "http/request.h"

/* A hook and a request, as much of them as an event is made of. */
struct trial {
	struct pool pool;
	struct hook hook;
	struct front front;
	struct request request;
	struct event event;
};

static inline void
trial_start(struct trial *trial, struct bytes body)
{
	memset(trial, 0, sizeof(*trial));
	trial->hook.reading.hook = "unit";
	trial->request.variables = trial->front.variables;
	assert_int_equal(buf_add(&trial->request.body, body), RC_OK);
}

static inline enum rc
trial_parse(struct trial *trial)
{
	return event_parse(&trial->hook.reading, &trial->request,
	    &trial->event);
}

static inline void
trial_end(struct trial *trial)
{
	event_free(&trial->event);
	buf_free(&trial->request.body);
	pool_free(&trial->pool);
}

/* For pointers into one document and the text at them. */
static const char document[] =
    "{"
    "\"string\":\"text\",\"empty\":\"\",\"quoted\":\"a\\\"b\\\\c\\n\\u00e9\","
    "\"nul\":\"a\\u0000b\",\"true\":true,\"false\":false,\"null\":null,"
    "\"zero\":0,\"minus\":-7,\"int\":1234567890123456789,"
    "\"max\":9223372036854775807,\"min\":-9223372036854775808,"
    "\"unsigned\":9223372036854775808,\"last\":18446744073709551615,"
    "\"float\":1.50,\"exp\":1E5,\"small\":1e-7,\"long\":"
    "0.1234567890123456789012345678901234567890,"
    "\"object\":{\"\":\"key of nothing\",\"a/b\":\"slash\",\"m~n\":\"tilde\","
    "\"~1\":\"tilde one\",\" \":\"blank\",\"deep\":{\"er\":\"down\"},"
    "\"0\":\"zero\"},"
    "\"list\":[\"first\",[\"inner\"],{\"k\":\"v\"},4],"
    "\"twice\":1,\"twice\":2,\"\":\"top\"}";

#endif
