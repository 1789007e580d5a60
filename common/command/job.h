/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_JOB_H
#define PELIHOOK_COMMAND_JOB_H

#include <stdint.h>

#include "base/bytes.h"

struct account;
struct catalog_row;
struct hook;
struct receipt;
struct rule;

/* How a command that was waited for ended; for the log's line. */
struct job_end {
	const char *how; /* exit, signal, timeout...; or NULL */
	int code;	 /* the exit status or the signal */
	int64_t elapsed; /* milliseconds */
};

/*
 * One event on its way to one command: what a sink needs to know, all
 * of it borrowed from the request or the journal for the call.
 */
struct job {
	const struct hook *hook;
	const struct rule *rule; /* the `on` line that takes it */
	const char *event;	 /* its name, or unknown */
	const struct catalog_row *row;
	const struct receipt *receipt;
	struct bytes body;
	const char *const *fields; /* PELIHOOK_NAME=text of `env` lines */
	struct bytes order_key;	   /* empty: no order */
	struct bytes dedupe_key;   /* empty: not deduplicated */
	unsigned attempt;	   /* 1, 2, ... */
	const char *mark;	   /* PELIHOOK_CLAIM; NULL: a new one */
	/* Whom the command runs as; filled in where it is run. */
	const struct account *user;
	unsigned deliveries; /* how many `on` lines run for it */
	struct job_end *end; /* filled by a sink that waits */
};

/* A first attempt, without a rule: those are the caller's to set. */
struct job job_make(const struct hook *hook, const char *event,
    const struct receipt *receipt, struct bytes body);

#endif
