/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_RC_H
#define PELIHOOK_BASE_RC_H

/*
 * What a function came to.  RC_OK means "go on".  What became of an event is
 * an enum outcome (base/outcome.h); where it was refused one of these tells
 * why, and each has a row in the table of http/reply.c.  Nothing else knows
 * what HTTP makes of it.
 */
enum rc {
	RC_OK,

	/* The request is refused before anything looked inside the body. */
	RC_METHOD,    /* not POST */
	RC_NO_HOOK,   /* no such hook */
	RC_LENGTH,    /* CONTENT_LENGTH is no number */
	RC_LARGE,     /* more than max-body */
	RC_ENCODED,   /* a Content-Encoding */
	RC_SHORT,     /* fewer bytes than CONTENT_LENGTH */
	RC_SLOW,      /* read-timeout is over */
	RC_REPEATED,  /* a header that counts arrived twice */
	RC_SIGNATURE, /* missing, wrong or stale signature */

	/* The page is refused by the variables alone. */
	RC_ACCESS, /* by who asks, or from where */

	/* Authentic, but. */
	RC_JSON, /* the body is not JSON */

	/* Our own trouble. */
	RC_CONFIG,     /* configuration, secret or command is bad */
	RC_BODIES,     /* bodies that arrive take too much memory together */
	RC_CROWDED,    /* no slot of max-running in time */
	RC_PENDING,    /* the same is being handled right now */
	RC_QUEUE_FULL, /* more events wait than may */
	RC_STORE,      /* the journal cannot be written: a full disk */
	RC_LOCKED,     /* the journal is locked for too long */
	RC_CORRUPT,    /* what the journal holds cannot be right */
	RC_STOPPING,   /* told to stop while it read or waited */
	RC_MEMORY,
	RC_SYSTEM, /* a system call failed; logged where it did */

	/* Between functions only; http/reply.c makes a 500 of them. */
	RC_DUPLICATE, /* the journal: that was handled before */
	RC_TIMEOUT,   /* what was waited for did not come in time */
	RC_SYNTAX,    /* text that does not fit its grammar */
	RC_MISSING,   /* not there */
	RC_RANGE,     /* out of range, or does not fit */
};

#endif
