/* SPDX-License-Identifier: ISC */
#include "receive/exchange_log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "event/payload.h"
#include "event/rule.h"
#include "http/reply.h"
#include "receive/exchange.h"
#include "signature/secret.h"

enum {
	LOG_KEYS = 1024,       /* bytes of a payload's keys */
	LOG_SUGGESTION = 2048, /* more than any `signature` line */
};

static enum log_level
level_of(const struct exchange *exchange, const struct exchange_end *end)
{
	int status = reply_status(end->outcome, end->reason);

	if (status >= 500)
		return LOG_LEVEL_ERROR;
	if (status >= 400)
		return LOG_LEVEL_WARNING;
	if (end->outcome == OUTCOME_IGNORED && exchange->job.rule == NULL &&
	    !exchange->event.known)
		return LOG_LEVEL_WARNING;
	return LOG_LEVEL_INFO;
}

/* What it asked for, where that came to nothing. */
static void
add_asked(struct log_line *line, const struct exchange *exchange,
    enum rc reason)
{
	if (reason == RC_NO_HOOK) {
		log_bytes(line, "sought", exchange->choice.sought);
		log_text(line, "by", exchange->choice.by);
	}
	if (reason == RC_METHOD)
		log_text(line, "method", exchange->request.method);
}

static void
add_unknown(struct log_line *line, const struct event *event)
{
	struct buf keys = { .max = LOG_KEYS };

	if (event_top_keys(event, &keys) == RC_OK && keys.len > 0)
		log_bytes(line, "keys", buf_view(&keys));
	log_text(line, "try", "event-name /KEY");
	buf_free(&keys);
}

static void
add_event(struct log_line *line, const struct exchange *exchange,
    const struct exchange_end *end)
{
	const struct rule *rule = exchange->job.rule;

	log_text(line, "event", exchange->event.name);
	log_text(line, "found", exchange->event.found);
	log_text(line, "id", exchange->receipt.id);
	if (rule != NULL)
		log_number(line, "rule", rule->line);
	if (end->how != NULL) {
		log_text(line, "end", end->how);
		log_number(line, "code", end->code);
		log_number(line, "ran-ms", end->elapsed);
	}
	if (end->outcome != OUTCOME_IGNORED)
		return;
	log_text(line, "reason", rule == NULL ? "no-rule" : "rule");
	if (rule == NULL && !exchange->event.known)
		add_unknown(line, &exchange->event);
}

static void
add_suggestion(struct log_line *line, const struct verification *verification)
{
	/* It is said once, and so not to be lost for a lack of memory. */
	char text[LOG_SUGGESTION];
	struct buf suggestion = {
		.data = text,
		.capacity = sizeof(text),
		.max = sizeof(text) - 1,
	};

	if (verify_suggest(verification, &suggestion) == RC_OK)
		log_bytes(line, "signature", buf_view(&suggestion));
}

static void
add_verification(struct log_line *line, const struct exchange *exchange)
{
	const struct verification *verification = &exchange->verification;

	log_text(line, "signed-by", verification->header);
	if (verification->secret != NULL)
		log_text(line, "secret", verification->secret->path);
	if (verification->skew != 0)
		log_number(line, "skew-ms", verification->skew);
	if (verification->found.variable != NULL &&
	    log_once(LOG_ONCE_SIGNATURE))
		add_suggestion(line, verification);
}

/* Where the body stops being JSON, and what it may be instead. */
static void
add_not_json(struct log_line *line, struct bytes body)
{
	size_t at;

	if (payload_check(body, &at) != RC_OK)
		log_number(line, "at", (int64_t)at);
	log_text(line, "looks-like", payload_looks(body));
}

/* How much of a body there was, and of how much. */
static void
add_size(struct log_line *line, const struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	if (request->length >= 0 &&
	    (uint64_t)request->length != exchange->body_len)
		log_number(line, "length", request->length);
	log_number(line, "bytes", (int64_t)exchange->body_len);
	log_number(line, "ms", clock_wall() - request->received);
}

void
exchange_log(const struct exchange *exchange, const struct exchange_end *end)
{
	enum rc reason = end->outcome == OUTCOME_REFUSED ? end->reason : RC_OK;
	struct log_line line;

	log_begin(&line, level_of(exchange, end),
	    reply_word(end->outcome, end->reason));
	log_number(&line, "status", exchange_status(exchange, end));
	if (exchange->hook != NULL)
		log_text(&line, "hook", exchange->hook->name);
	add_asked(&line, exchange, reason);
	if (exchange->parsed)
		add_event(&line, exchange, end);
	add_verification(&line, exchange);
	if (reason == RC_SIGNATURE)
		log_text(&line, "why", exchange->verification.reason);
	if (reason == RC_CROWDED)
		log_text(&line, "limit", exchange->waiting.limit);
	if (reason == RC_JSON)
		add_not_json(&line, buf_view(&exchange->request.body));
	log_text(&line, "remote", exchange->request.remote_addr);
	add_size(&line, exchange);
	log_end(&line);
}
