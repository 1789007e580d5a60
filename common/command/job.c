/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "command/job.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/fields.h"
#include "event/sentence.h"

struct job
job_make(const struct hook *hook, const char *event,
    const struct receipt *receipt, struct bytes body)
{
	return (struct job){
		.hook = hook,
		.event = event,
		.receipt = receipt,
		.body = body,
		.attempt = 1,
	};
}

static const char *
or_nothing(const char *text)
{
	return text == NULL ? "" : text;
}

enum rc
job_say(struct job *job, const struct event *event, struct pool *pool)
{
	struct buf text = { 0 };
	enum rc rc = event_sentence(event, or_nothing(job->pipeline),
	    or_nothing(job->run), &text);

	job->row = event->row;
	if (rc == RC_OK) {
		job->text = pool_copy(pool, buf_view(&text));
		rc = job->text == NULL ? RC_MEMORY : RC_OK;
	}
	buf_free(&text);
	return rc;
}

enum rc
job_describe(struct job *job, const struct event *event, struct pool *pool)
{
	enum rc rc = job_say(job, event, pool);

	return rc == RC_OK ? event_fields(event, pool, &job->fields) : rc;
}

void
job_route(struct job *job, const struct rule *rule)
{
	job->rule = rule;
	job->lane = rule == NULL || rule->command == NULL ?
	    NULL :
	    &job->hook->lanes[rule->lane];
}
