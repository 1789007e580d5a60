/* SPDX-License-Identifier: ISC */
#include "command/job.h"

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
