/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "receive/handle.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/fields.h"
#include "event/keys.h"
#include "event/payload.h"
#include "event/receipt.h"
#include "event/rule.h"
#include "http/request.h"
#include "receive/sink.h"
#include "signature/recipe.h"
#include "signature/verify.h"

/* What is gathered on the way, for the answer and the log. */
struct passage {
	const struct hook *hook;
	const struct request *request;
	struct verification verification;
	struct receipt receipt;
	struct event event;
	struct job job;
	struct job_end end;
	enum outcome outcome;
	enum rc reason; /* of OUTCOME_REFUSED */
	struct pool pool;
};

/* Before any line: what is ignored is refused too where it is in doubt. */
static enum rc
refuse_repeated(const struct passage *passage)
{
	const struct hook *hook = passage->hook;
	const char *value;

	if (hook->reading.dedupe.from != EVENT_FROM_HEADER)
		return RC_OK;
	return request_single(passage->request,
	    hook->reading.dedupe.header.variable, &value);
}

/* The first `on` line that takes the event, and how many run for it. */
static enum rc
begin_job(struct passage *passage)
{
	struct rule_walk walk = {
		.rules = passage->hook->rules,
		.n = passage->hook->rules_len,
		.event = &passage->event,
	};
	struct job *job = &passage->job;
	const struct rule *rule;
	enum rc rc;

	*job = job_make(passage->hook, passage->event.name, &passage->receipt,
	    buf_view(&passage->request->body));
	job->row = passage->event.row;
	job->end = &passage->end;
	while ((rc = rule_next(&walk, &rule)) == RC_OK) {
		if (job->rule == NULL)
			job->rule = rule;
		if (rule->command != NULL)
			job->deliveries++;
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc
fill_job(struct passage *passage)
{
	const struct hook *hook = passage->hook;
	struct event *event = &passage->event;
	struct job *job = &passage->job;
	enum rc rc;

	rc = event_order_key(event, &passage->pool, &job->order_key);
	if (rc == RC_OK)
		rc = event_dedupe_key(event, passage->request,
		    passage->receipt.digest, &passage->pool, &job->dedupe_key);
	if (rc == RC_OK && hook->delivery == CONF_WAIT)
		rc = event_fields(event, &passage->pool, &job->fields);
	return rc;
}

static void
log_verification(struct log_line *line, const struct passage *passage)
{
	const struct verification *verification = &passage->verification;

	log_text(line, "signed-by", verification->header);
	if (verification->secret != NULL)
		log_text(line, "secret", verification->secret->path);
	if (verification->skew != 0)
		log_number(line, "skew-ms", verification->skew);
	if (verification->suggested_line[0] != '\0' &&
	    log_once(LOG_ONCE_SIGNATURE))
		log_text(line, "signature", verification->suggested_line);
}

/* Where the body stops being JSON, and what it may be instead. */
static void
log_refused(struct log_line *line, struct bytes body)
{
	size_t at;

	if (payload_check(body, &at) != RC_OK)
		log_number(line, "at", (int64_t)at);
	log_text(line, "looks-like", payload_looks(body));
}

static void
log_unknown(struct log_line *line, const struct passage *passage)
{
	struct buf keys = { .max = 1024 };

	if (event_top_keys(&passage->event, &keys) == RC_OK && keys.len > 0)
		log_bytes(line, "keys", buf_view(&keys));
	log_text(line, "try", "event-name /KEY");
	buf_free(&keys);
}

static void
log_event(struct log_line *line, const struct passage *passage)
{
	const struct rule *rule = passage->job.rule;

	log_text(line, "event", passage->event.name);
	log_text(line, "found", passage->event.found);
	log_text(line, "id", passage->receipt.id);
	if (rule != NULL)
		log_number(line, "rule", rule->line);
	if (passage->end.how != NULL) {
		log_text(line, "end", passage->end.how);
		log_number(line, "code", passage->end.code);
		log_number(line, "ran-ms", passage->end.elapsed);
	}
	if (passage->outcome != OUTCOME_IGNORED)
		return;
	log_text(line, "reason", rule == NULL ? "no-rule" : "rule");
	if (rule == NULL && !passage->event.known)
		log_unknown(line, passage);
}

static enum log_level
level_of(const struct passage *passage)
{
	int status = reply_status(passage->outcome, passage->reason);

	if (status >= 500)
		return LOG_LEVEL_ERROR;
	if (status >= 400)
		return LOG_LEVEL_WARNING;
	if (passage->outcome == OUTCOME_IGNORED && passage->job.rule == NULL &&
	    !passage->event.known)
		return LOG_LEVEL_WARNING;
	return LOG_LEVEL_INFO;
}

/* Apart, so that no line is on the stack while a command runs. */
static __attribute__((noinline)) void
log_passage(const struct passage *passage)
{
	struct log_line line;

	log_begin(&line, level_of(passage),
	    reply_word(passage->outcome, passage->reason));
	log_number(&line, "status",
	    reply_status(passage->outcome, passage->reason));
	log_text(&line, "hook", passage->hook->name);
	if (passage->event.root != NULL || passage->event.name[0] != '\0')
		log_event(&line, passage);
	log_verification(&line, passage);
	if (passage->reason == RC_SIGNATURE)
		log_text(&line, "why", passage->verification.reason);
	if (passage->reason == RC_JSON)
		log_refused(&line, buf_view(&passage->request->body));
	log_text(&line, "remote", passage->request->remote_addr);
	log_number(&line, "bytes", (int64_t)passage->request->body.len);
	log_number(&line, "ms", clock_wall() - passage->request->received);
	log_end(&line);
}

static enum rc
read_event(struct passage *passage)
{
	const struct hook *hook = passage->hook;
	enum rc rc = verify(&hook->signature, hook->secrets, hook->secrets_len,
	    passage->request, &passage->verification);

	if (rc == RC_OK)
		rc = event_parse(&hook->reading, passage->request,
		    &passage->event);
	if (rc == RC_OK)
		rc = refuse_repeated(passage);
	if (rc == RC_OK)
		rc = receipt_make(passage->request,
		    hook->signature.kind != RECIPE_NONE, &passage->receipt);
	return rc;
}

static void
process_event(struct passage *passage, const struct sink *sink)
{
	enum rc rc = read_event(passage);

	if (rc == RC_OK)
		rc = begin_job(passage);
	if (rc == RC_OK && passage->job.deliveries == 0) {
		passage->outcome = OUTCOME_IGNORED;
		return;
	}
	if (rc == RC_OK)
		rc = fill_job(passage);
	if (rc == RC_OK)
		passage->outcome = sink->put(sink->context, &passage->job,
		    &passage->reason);
	else
		passage->reason = rc;
}

struct reply
handle(const struct hook *hook, const struct request *request,
    const struct sink *sink)
{
	struct passage passage = { .hook = hook, .request = request };
	struct reply reply;

	process_event(&passage, sink);
	reply = reply_refused(passage.reason);
	reply.outcome = passage.outcome;
	memcpy(reply.id, passage.receipt.id, sizeof(reply.id));
	memcpy(reply.event, passage.event.name, sizeof(reply.event));
	log_passage(&passage);
	event_free(&passage.event);
	pool_free(&passage.pool);
	return reply;
}
