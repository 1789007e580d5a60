/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "receive/serve.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "config/files.h"
#include "http/reply.h"
#include "http/request.h"
#include "receive/capture.h"
#include "receive/choose.h"
#include "receive/handle.h"

enum {
	SERVE_DISCARD = 5000, /* milliseconds for unread input */
	SERVE_COMPLAINTS = 16 * 1024,
};

static enum rc
make_ready(struct conf *conf, struct hook *hook)
{
	struct buf complaints = { .max = SERVE_COMPLAINTS };
	enum rc rc;

	if (hook->ready)
		return RC_OK;
	rc = conf_load_files(conf, hook, &complaints);
	log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
	buf_free(&complaints);
	return rc;
}

/* Everything before the first byte of the body is read. */
static enum rc
admit(struct conf *conf, struct request *request, struct hook **hook)
{
	enum rc rc = request_check(request);

	if (rc != RC_OK)
		return rc;
	if (strcmp(request->method, "POST") != 0)
		return RC_METHOD;
	if (conf == NULL)
		return RC_CONFIG;
	rc = choose_hook(conf, request, hook);
	if (rc == RC_OK)
		rc = make_ready(conf, *hook);
	if (rc == RC_OK)
		rc = request_admit(request, (*hook)->max_body);
	return rc;
}

/* What handle() would have said, had it been reached. */
static void
log_refusal(const struct request *request, const struct hook *hook, enum rc rc)
{
	int status = reply_status(OUTCOME_REFUSED, rc);
	struct log_line line;

	if (rc == RC_NO_HOOK)
		return;
	log_begin(&line, status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
	    reply_word(OUTCOME_REFUSED, rc));
	log_number(&line, "status", status);
	if (hook != NULL)
		log_text(&line, "hook", hook->name);
	if (rc == RC_METHOD)
		log_text(&line, "method", request->method);
	log_text(&line, "remote", request->remote_addr);
	if (request->length >= 0)
		log_number(&line, "length", request->length);
	log_number(&line, "bytes", (int64_t)request->body.len);
	log_end(&line);
}

static struct reply
answer(const struct gateway *gateway, struct conf *conf,
    const struct sink *sink, struct request *request)
{
	struct hook *hook = NULL;
	struct reply reply;
	enum rc rc = admit(conf, request, &hook);

	if (rc == RC_OK)
		rc = request_read(request, gateway, hook->max_body,
		    clock_steady() + hook->read_timeout);
	if (rc == RC_OK) {
		reply = handle(hook, request, sink);
		if (reply.reason == RC_SIGNATURE)
			capture(hook, request);
		return reply;
	}
	/* Not parsed yet, but the input must still be taken by length. */
	if (request->length < 0)
		request_admit(request, SIZE_MAX);
	log_refusal(request, hook, rc);
	reply = reply_refused(rc);
	reply.head = strcmp(request->method, "HEAD") == 0;
	return reply;
}

static void
log_unsent(const struct reply *reply)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "the reply could not be written");
	log_number(&line, "status",
	    reply_status(reply->outcome, reply->reason));
	log_text(&line, "id", reply->id);
	log_end(&line);
}

static enum rc
send_reply(const struct gateway *gateway, const struct reply *reply)
{
	struct buf text = { 0 };
	enum rc rc = reply_print(reply, &text);

	if (rc == RC_OK)
		rc = gateway->write(gateway->context, buf_view(&text));
	else
		rc = gateway->write(gateway->context, reply_last_resort());
	if (rc != RC_OK)
		log_unsent(reply);
	buf_free(&text);
	return rc;
}

struct reply
serve(const struct gateway *gateway, struct conf *conf, const struct sink *sink)
{
	struct request request;
	struct reply reply;
	int64_t left = -1;

	request_open(&request, gateway, clock_wall());
	reply = answer(gateway, conf, sink, &request);
	send_reply(gateway, &reply);
	if (request.length >= 0)
		left = request.length - (int64_t)request.body.len;
	gateway->discard_input(gateway->context, left,
	    clock_steady() + SERVE_DISCARD);
	request_close(&request);
	return reply;
}
