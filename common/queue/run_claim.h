/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_RUN_CLAIM_H
#define PELIHOOK_QUEUE_RUN_CLAIM_H

#include <stdatomic.h>

#include "base/rc.h"

struct conf;
struct hook;
struct host;
struct lane;
struct journal;
struct journal_claim;

enum run_claim_trouble {
	RUN_CLAIM_UNWRITTEN, /* a result that cannot be written down */
	RUN_CLAIM_STUCK,     /* a command that SIGKILL did not end */
};

/* One claim that is to be run, and its result recorded; all of it borrowed. */
struct claim_run {
	struct journal *journal;
	const struct hook *hook;
	const struct lane *lane; /* the claim's; NULL: no line takes it */
	const struct journal_claim *claim;
	struct host *host; /* as in struct command */
	/* Readable once nothing may be waited for any longer: the command
	 * gets SIGTERM, and kill-after later SIGKILL. */
	int kill_now;
	const atomic_llong *kill_within; /* as stop_kill_within of a command */
	/* kill_now is for commands only: a result is kept until it is written
	 * all the same.  NULL: it is for both. */
	const atomic_bool *lapsing;
	/* Told of trouble that begins (1) and is over (-1). */
	void (*trouble)(void *context, enum run_claim_trouble trouble, int by);
	void *context;
};

/*
 * Runs the deliveries of a claim with the commands of their lines, and records
 * what became of them; what no line takes any more is done.  Several that one
 * line takes are one run; where that fails, each is tried alone.  A result
 * that cannot be written is kept and tried again with growing pauses, until
 * kill_now.
 */
void run_claim(const struct claim_run *what);

#endif
