/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "receive/serve.h"

#include "base/buf.h"
#include "base/log.h"
#include "config/conf.h"
#include "http/reply.h"
#include "receive/capture.h"
#include "receive/exchange.h"
#include "receive/exchange_count.h"
#include "receive/exchange_log.h"
#include "receive/handle.h"
#include "receive/sink.h"

static enum rc
prepare(const struct exchange *exchange)
{
	const struct gateway *gateway = &exchange->gateway;

	if (gateway->prepare == NULL)
		return RC_OK;
	return gateway->prepare(gateway->context, exchange->hook);
}

enum rc
serve_admit(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	enum rc rc = request_check(request);

	exchange->done = serve_end;
	if (rc != RC_OK)
		return rc;
	if (strcmp(request->method, "POST") != 0)
		return RC_METHOD;
	if (exchange->conf == NULL)
		return RC_CONFIG;
	rc = choose_hook(exchange->conf, request, &exchange->choice,
	    &exchange->hook);
	if (rc == RC_OK)
		rc = prepare(exchange);
	if (rc != RC_OK)
		return rc;
	exchange->max_body = exchange->hook->max_body;
	exchange->read_timeout = exchange->hook->read_timeout;
	return request_admit(request, exchange->max_body);
}

void
serve_begin(struct exchange *exchange, const struct sink *sink)
{
	static const struct exchange_end ignored = {
		.outcome = OUTCOME_IGNORED,
	};
	enum rc rc = exchange_read_body(exchange);

	if (rc == RC_OK)
		rc = handle(exchange);
	if (rc != RC_OK)
		serve_refuse(exchange, rc);
	else if (exchange->deliveries == 0 && exchange->subject == NULL)
		exchange->done(exchange, &ignored);
	else
		sink->put(sink->context, exchange);
}

void
serve_refuse(struct exchange *exchange, enum rc reason)
{
	const struct exchange_end end = {
		.outcome = OUTCOME_REFUSED,
		.reason = reason,
	};

	exchange->done(exchange, &end);
}

static struct reply
make_reply(const struct exchange *exchange, const struct exchange_end *end)
{
	struct reply reply = {
		.outcome = end->outcome,
		.reason = end->reason,
		.status = exchange_status(exchange, end),
		.head = strcmp(exchange->request.method, "HEAD") == 0,
	};

	memcpy(reply.id, exchange->receipt.id, sizeof(reply.id));
	memcpy(reply.event, exchange->event.name, sizeof(reply.event));
	return reply;
}

static void
log_unsent(const struct reply *reply)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "the reply could not be written");
	log_number(&line, "status", reply->status);
	log_text(&line, "id", reply->id);
	log_end(&line);
}

static void
send_reply(const struct gateway *gateway, const struct reply *reply,
    int64_t left)
{
	struct buf text = { 0 };
	struct bytes bytes = reply_print(reply, &text) == RC_OK ?
	    buf_view(&text) :
	    reply_last_resort();

	if (gateway->reply(gateway->context, bytes, left) != RC_OK)
		log_unsent(reply);
	buf_free(&text);
}

void
serve_end(struct exchange *exchange, const struct exchange_end *end)
{
	/* The reply may free the request's variables, and let the next one
	 * begin: nothing of this one is left by then. */
	struct gateway gateway = exchange->gateway;
	struct reply reply = make_reply(exchange, end);
	int64_t left = exchange_unread(exchange);

	exchange_log(exchange, end);
	exchange_count(exchange, end);
	if (end->outcome == OUTCOME_REFUSED && end->reason == RC_SIGNATURE)
		capture(exchange->hook, &exchange->request);
	exchange_close(exchange);
	send_reply(&gateway, &reply, left);
}
