/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "receive/exchange.h"

#include "base/clock.h"
#include "config/conf.h"
#include "http/reply.h"

struct exchange *
exchange_open(const struct gateway *gateway, struct conf *conf)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->gateway = *gateway;
	exchange->conf = conf == NULL ? NULL : conf_hold(conf);
	request_open(&exchange->request, gateway, clock_wall());
	return exchange;
}

int
exchange_status(const struct exchange *exchange, const struct exchange_end *end)
{
	return end->outcome == OUTCOME_QUEUED ?
	    (int)exchange->hook->queued_status :
	    reply_status(end->outcome, end->reason);
}

enum rc
exchange_read_body(struct exchange *exchange)
{
	enum rc rc = request_read(&exchange->request, &exchange->gateway,
	    exchange->max_body, clock_steady() + exchange->read_timeout);

	exchange->body_len = exchange->request.body.len;
	exchange->counted = true;
	return rc;
}

int64_t
exchange_unread(const struct exchange *exchange)
{
	int64_t length = exchange->request.length;

	return length < 0 ? -1 : length - (int64_t)exchange->body_len;
}

void
exchange_uncount_body(struct exchange *exchange)
{
	const struct gateway *gateway = &exchange->gateway;

	if (exchange->counted && gateway->body_released != NULL)
		gateway->body_released(gateway->context);
	exchange->counted = false;
}

void
exchange_free_body(struct exchange *exchange)
{
	request_close(&exchange->request);
	exchange->job.body = (struct bytes){ 0 };
	exchange_uncount_body(exchange);
}

void
exchange_close(struct exchange *exchange)
{
	exchange_free_body(exchange);
	event_free(&exchange->event);
	pool_free(&exchange->pool);
	conf_release(exchange->conf);
	free(exchange);
}
