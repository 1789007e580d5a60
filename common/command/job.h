/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_JOB_H
#define PELIHOOK_COMMAND_JOB_H

#include <stdint.h>

#include "base/bytes.h"

struct account;
struct catalog_row;
struct hook;
struct lane;
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
	const char *const *fields; /* PELIHOOK_NAME=text of `env` lines */
	unsigned attempt;	   /* 1, 2, ... */
	const char *mark;	   /* PELIHOOK_CLAIM; NULL: a new one */
	/* Whom the command runs as; filled in where it is run. */
	const struct account *user;
};

/* A first attempt, without a rule: that is for job_route. */
struct job job_make(const struct hook *hook, const char *event,
    const struct receipt *receipt, struct bytes body);
/* It goes to the command of this line of its hook; NULL: to none. */
void job_route(struct job *job, const struct rule *rule);

#endif
