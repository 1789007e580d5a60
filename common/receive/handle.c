/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "receive/handle.h"

#include "base/buf.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/keys.h"
#include "event/subject.h"
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

/* The first `on` line that takes the event, and all that run for it. */
static enum rc
find_deliveries(struct exchange *exchange)
{
	const struct hook *hook = exchange->hook;
	struct route_lines lines;
	enum rc rc = route_find(hook, &exchange->event,
	    hook->delivery == CONF_QUEUE ? &exchange->pool : NULL, &lines);

	if (rc != RC_OK)
		return rc;
	exchange->job.rule = lines.first;
	exchange->deliveries = lines.deliveries;
	exchange->routes = lines.routes;
	return RC_OK;
}

/* Whether the command that is waited for sees it, or the journal keeps it. */
static bool
needs_subject(const struct exchange *exchange)
{
	return (exchange->deliveries > 0 &&
		   exchange->hook->delivery == CONF_WAIT) ||
	    (exchange->conf != NULL && exchange->conf->journal != NULL);
}

/* As little as there is, in the exchange's pool. */
static enum rc
keep_subject(struct exchange *exchange, const struct journal_subject *says)
{
	struct pool *pool = &exchange->pool;
	struct journal_subject *kept = pool_alloc(pool, 1, sizeof(*kept));

	if (kept == NULL)
		return RC_MEMORY;
	*kept = *says;
	exchange->subject = kept;
	return journal_subject_keep(pool, kept);
}

static enum rc
find_subject(struct exchange *exchange)
{
	struct event_subject found;
	struct journal_subject says;
	enum rc rc;

	if (!needs_subject(exchange))
		return RC_OK;
	rc = event_subject_find(&exchange->event, &found);
	if (rc != RC_OK)
		return rc;
	says = (struct journal_subject){ found.pipeline, found.name,
		found.run };
	/* Of what is not stored only what it does to a run is of interest. */
	if (catalog_step(exchange->event.row) == CATALOG_NO_STEP &&
	    (exchange->deliveries == 0 ||
		(says.pipeline[0] == '\0' && says.run[0] == '\0')))
		return RC_OK;
	return keep_subject(exchange, &says);
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
	if (exchange->subject != NULL) {
		job->pipeline = exchange->subject->name;
		job->run = exchange->subject->run;
	}
	if (rc == RC_OK && exchange->hook->delivery == CONF_WAIT)
		rc = job_describe(job, event, &exchange->pool);
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
	if (rc == RC_OK)
		rc = find_subject(exchange);
	if (rc == RC_OK && exchange->deliveries > 0)
		rc = fill_job(exchange);
	return rc;
}
