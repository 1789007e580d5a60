/* SPDX-License-Identifier: ISC */
#include "receive/handle.h"

#include "base/buf.h"
#include "config/conf.h"
#include "event/fields.h"
#include "event/keys.h"
#include "event/rule.h"
#include "queue/route.h"
#include "receive/exchange.h"
#include "signature/recipe.h"

static enum rc
parse(struct exchange *exchange)
{
	enum rc rc = event_parse(&exchange->hook->reading, &exchange->request,
	    &exchange->event);

	exchange->parsed = rc == RC_OK;
	return rc;
}

/* Before any line: what is ignored is refused too where it is in doubt. */
static enum rc
refuse_repeated(const struct exchange *exchange)
{
	const struct event_source *dedupe = &exchange->hook->reading.dedupe;
	const char *value;

	if (dedupe->from != EVENT_FROM_HEADER)
		return RC_OK;
	return request_single(&exchange->request, dedupe->header.variable,
	    &value);
}

/* One more that is queued. */
static enum rc
add_route(struct exchange *exchange, const struct rule *rule)
{
	struct journal_route *routes = pool_grow(&exchange->pool,
	    exchange->routes, exchange->deliveries, sizeof(*routes));

	if (routes == NULL)
		return RC_MEMORY;
	exchange->routes = routes;
	return route_to(exchange->hook, rule, &exchange->event,
	    &routes[exchange->deliveries++]);
}

static enum rc
add_delivery(struct exchange *exchange, const struct rule *rule)
{
	if (rule->command == NULL)
		return RC_OK;
	if (exchange->hook->delivery == CONF_QUEUE)
		return add_route(exchange, rule);
	exchange->deliveries++;
	return RC_OK;
}

/* The first `on` line that takes the event, and all that run for it. */
static enum rc
find_deliveries(struct exchange *exchange)
{
	const struct hook *hook = exchange->hook;
	struct rule_walk walk = { hook->rules, hook->rules_len,
		&exchange->event, 0 };
	const struct rule *rule;
	enum rc rc = RC_OK;

	while (rc == RC_OK && (rc = rule_next(&walk, &rule)) == RC_OK) {
		if (exchange->job.rule == NULL)
			exchange->job.rule = rule;
		rc = add_delivery(exchange, rule);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc
make_key(struct exchange *exchange)
{
	struct buf text = { 0 };
	enum rc rc = event_dedupe_key(&exchange->event, &exchange->request,
	    exchange->receipt.digest, &text);

	if (rc == RC_OK)
		rc = journal_dedupe_key(buf_view(&text), &exchange->dedupe);
	buf_free(&text);
	return rc;
}

/* What the sink needs to know; the parsed payload, many times as large as the
 * body, is not among it. */
static enum rc
fill_job(struct exchange *exchange)
{
	const struct rule *rule = exchange->job.rule;
	struct event *event = &exchange->event;
	struct job *job = &exchange->job;
	enum rc rc = make_key(exchange);

	*job = job_make(exchange->hook, event->name, &exchange->receipt,
	    buf_view(&exchange->request.body));
	job_route(job, rule);
	job->row = event->row;
	if (rc == RC_OK && exchange->hook->delivery == CONF_WAIT)
		rc = event_fields(event, &exchange->pool, &job->fields);
	event_free(event);
	return rc;
}

enum rc
handle(struct exchange *exchange)
{
	const struct hook *hook = exchange->hook;
	enum rc rc = verify(&hook->signature, hook->secrets, hook->secrets_len,
	    &exchange->request, &exchange->verification);

	if (rc == RC_OK)
		rc = parse(exchange);
	if (rc == RC_OK)
		rc = refuse_repeated(exchange);
	if (rc == RC_OK)
		rc = receipt_make(&exchange->request,
		    hook->signature.kind != RECIPE_NONE, &exchange->receipt);
	if (rc == RC_OK)
		rc = find_deliveries(exchange);
	if (rc == RC_OK && exchange->deliveries > 0)
		rc = fill_job(exchange);
	return rc;
}
