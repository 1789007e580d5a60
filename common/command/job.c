/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "command/job.h"

#include "config/conf.h"

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

void
job_route(struct job *job, const struct rule *rule)
{
	job->rule = rule;
	job->lane = rule == NULL || rule->command == NULL ?
	    NULL :
	    &job->hook->lanes[rule->lane];
}
