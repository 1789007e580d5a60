/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
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
#include "receive/handle.h"
#include "signature/recipe.h"

enum {
	SERVE_DRAIN = 5000,		/* milliseconds for unread input */
	SERVE_COMPLAINTS = 16 * 1024
};

/* Which hook a request asks for, and by what. */
struct sought {
	struct bytes name;		/* empty: the only one there is */
	const char *by;
};

/* The variable decides where it is not empty, else the path. */
static enum rc
seek(const struct request *request, struct sought *sought)
{
	unsigned count;
	const char *name = request_variable(request, "PELIHOOK_HOOK", &count);

	if (count > 1) {
		log_say(LOG_LEVEL_ERROR, "PELIHOOK_HOOK is there twice: "
		    "the web server has to set it once");
		return RC_CONFIG;
	}
	if (count == 1 && name[0] != '\0') {
		*sought = (struct sought){ bytes_of(name), "PELIHOOK_HOOK" };
		return RC_OK;
	}
	sought->name = bytes_of(request->path_info);
	sought->by = "PATH_INFO";
	if (sought->name.len > 0 && sought->name.data[0] != '/')
		return RC_NO_HOOK;
	if (sought->name.len > 0)
		sought->name = bytes_skip(sought->name, 1);
	if (sought->name.len > 0 &&
	    sought->name.data[sought->name.len - 1] == '/')
		sought->name.len--;
	return RC_OK;
}

static struct hook *
choose(struct conf *conf, const struct sought *sought,
    const struct request *request)
{
	bool by_path = strcmp(sought->by, "PATH_INFO") == 0;
	struct hook *hook = NULL;

	if (sought->name.len > 0)
		hook = conf_find(conf, sought->name);
	else if (strcmp(request->path_info, "//") != 0 &&
	    conf->hooks_len == 1)
		return &conf->hooks[0];
	if (hook != NULL && by_path && hook->signature.kind == RECIPE_NONE)
		return NULL;
	return hook;
}

static enum rc
find_hook(struct conf *conf, const struct request *request,
    struct hook **hook)
{
	struct sought sought = { { "", 0 }, "PATH_INFO" };
	struct log_line line;
	enum rc rc = seek(request, &sought);

	if (rc == RC_OK)
		*hook = choose(conf, &sought, request);
	if (rc == RC_OK && *hook == NULL)
		rc = RC_NO_HOOK;
	if (rc != RC_NO_HOOK)
		return rc;
	log_begin(&line, LOG_LEVEL_WARNING, reply_word(rc));
	log_number(&line, "status", reply_status(rc));
	log_bytes(&line, "sought", sought.name);
	log_text(&line, "by", sought.by);
	log_text(&line, "remote", request->remote_addr);
	log_end(&line);
	return rc;
}

static enum rc
make_ready(struct conf *conf, struct hook *hook)
{
	struct buf complaints = { .max = SERVE_COMPLAINTS };
	enum rc rc;

	if (hook->ready)
		return RC_OK;
	rc = conf_ready(conf, hook, &complaints);
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
	rc = find_hook(conf, request, hook);
	if (rc == RC_OK)
		rc = make_ready(conf, *hook);
	if (rc == RC_OK)
		rc = request_admit(request, (*hook)->max_body);
	return rc;
}

/* What handle() would have said, had it been reached. */
static void
log_refusal(const struct request *request, const struct hook *hook,
    enum rc rc)
{
	struct log_line line;

	if (rc == RC_NO_HOOK)
		return;
	log_begin(&line, reply_status(rc) >= 500 ?
	    LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, reply_word(rc));
	log_number(&line, "status", reply_status(rc));
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
		if (reply.rc == RC_SIGNATURE)
			capture(hook, request);
		return reply;
	}
	/* Refused before its turn: the drain has to know it all the same. */
	if (request->length < 0)
		request_admit(request, SIZE_MAX);
	log_refusal(request, hook, rc);
	reply = reply_for(rc);
	reply.head = strcmp(request->method, "HEAD") == 0;
	return reply;
}

static void
log_unsent(const struct reply *reply)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "the reply could not be written");
	log_number(&line, "status", reply_status(reply->rc));
	log_text(&line, "id", reply->id);
	log_end(&line);
}

static enum rc
send_reply(const struct gateway *gateway, const struct reply *reply)
{
	static const char last_resort[] =
	    "Status: 503 Service Unavailable\r\nRetry-After: 30\r\n\r\n";
	struct buf text = { 0 };
	enum rc rc = reply_print(reply, &text);

	if (rc == RC_OK)
		rc = gateway->write(gateway->context, buf_view(&text));
	else
		rc = gateway->write(gateway->context, bytes_of(last_resort));
	if (rc != RC_OK)
		log_unsent(reply);
	buf_free(&text);
	return rc;
}

enum rc
serve(const struct gateway *gateway, struct conf *conf,
    const struct sink *sink)
{
	struct request request;
	struct reply reply;
	int64_t left = -1;

	request_open(&request, gateway, clock_wall());
	reply = answer(gateway, conf, sink, &request);
	send_reply(gateway, &reply);
	if (request.length >= 0)
		left = request.length - (int64_t)request.body.len;
	gateway->discard_input(gateway->context, left, clock_steady() + SERVE_DRAIN);
	request_close(&request);
	return reply.rc;
}
