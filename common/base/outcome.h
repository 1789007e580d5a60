/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_OUTCOME_H
#define PELIHOOK_BASE_OUTCOME_H

#include "base/rc.h"

/*
 * What became of an event, with a command or without one.  What a function
 * came to is an enum rc; of an event that was refused it tells why.
 */
enum outcome {
	OUTCOME_REFUSED, /* nothing was done for it: an enum rc says why */

	OUTCOME_DELIVERED, /* the command ran and said 0 */
	OUTCOME_IGNORED,   /* no line, or an `ignore` line, took it */
	OUTCOME_DUPLICATE, /* handled before */
	OUTCOME_QUEUED,	   /* committed to the journal */

	OUTCOME_REJECTED,  /* exit 65: the event itself is bad */
	OUTCOME_TEMPORARY, /* exit 75: try again */
	OUTCOME_FAILED,	   /* any other exit, or a signal */
	OUTCOME_UNSTARTED, /* the command could not be started */
	OUTCOME_BUSY,	   /* could not be started just now: that passes */
	OUTCOME_TIMEOUT,   /* the command took longer than its timeout */
	OUTCOME_STOPPED,   /* the command was ended because we stop */
};

/* The word for it: delivered, try-again...; for the log, replies and ctl. */
const char *outcome_word(enum outcome outcome);

/* How one run of a command ended. */
enum run_end {
	RUN_EXIT,      /* code is its exit status */
	RUN_SIGNAL,    /* code is the signal */
	RUN_TIMEOUT,   /* ended by us after its timeout */
	RUN_STOPPED,   /* ended by us because of stop */
	RUN_UNSTARTED, /* code is the errno */
	/*
	 * The command, or something of its group, still runs one second
	 * after SIGKILL (it runs as another user): run_reap it until it is
	 * gone.
	 */
	RUN_STUCK,
};

/* exit, signal, timeout, stopped, unstarted, stuck: also what the journal
 * keeps of an attempt. */
const char *run_end_name(enum run_end end);
/* RC_MISSING: no such word. */
enum rc run_end_find(const char *name, enum run_end *end);

enum { OUTCOME_SIZE = 96 }; /* of an attempt, for people, and its NUL */

/* What the journal keeps of an attempt, for people: "exit 1", "signal 9
 * (Killed)", "lost (its runner is gone)". */
void outcome_print(const char *outcome, int code, char into[OUTCOME_SIZE]);
/* What that means, for people, where it is not said by that already: "try again
 * later" of exit 75; else "". */
const char *outcome_meaning(const char *outcome, int code);

#endif
