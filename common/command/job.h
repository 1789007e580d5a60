/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_JOB_H
#define PELIHOOK_COMMAND_JOB_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

struct account;
struct catalog_row;
struct event;
struct hook;
struct lane;
struct pool;
struct receipt;
struct rule;

/*
 * One event on its way to one command: what a sink needs to know, all
 * of it borrowed from the request or the journal for the call.
 */
struct job {
	const struct hook *hook;
	const struct rule *rule; /* the `on` line that takes it */
	const struct lane *lane; /* of that line */
	const char *event;	 /* its name, or unknown */
	const struct catalog_row *row;
	const struct receipt *receipt;
	struct bytes body;
	/* As of event/subject.h and sentence.h; NULL or empty: not known. */
	const char *pipeline; /* how it is shown */
	const char *run;
	const char *text;
	const char *const *fields; /* PELIHOOK_NAME=text of `env` lines */
	unsigned attempt;	   /* 1, 2, ... */
	const char *mark;	   /* PELIHOOK_CLAIM; NULL: a new one */
	/* Whom the command runs as; filled in where it is run. */
	const struct account *user;
};

/* A first attempt, without a rule: that is for job_route. */
struct job job_make(const struct hook *hook, const char *event,
    const struct receipt *receipt, struct bytes body);
/*
 * What the command sees of its event: the row, a sentence on the pipeline and
 * the run that the job has by now, and the fields of `env` lines; from the
 * pool.  The event is parsed where that asks for a text of it.  RC_MEMORY.
 */
enum rc job_describe(struct job *job, const struct event *event,
    struct pool *pool);
/* The same but for the fields. */
enum rc job_say(struct job *job, const struct event *event, struct pool *pool);
/* It goes to the command of this line of its hook; NULL: to none. */
void job_route(struct job *job, const struct rule *rule);

#endif
