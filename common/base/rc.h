/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_RC_H
#define PELIHOOK_BASE_RC_H

/*
 * What a step came to.  RC_OK means "go on"; every other value is final for
 * the request and has exactly one row in the table of http/reply.c.  Nothing
 * else knows what HTTP makes of it.
 */
enum rc {
	RC_OK,

	/* The event is handled, unwanted or safe. */
	RC_DELIVERED, /* the command ran and said 0 */
	RC_IGNORED,   /* no line, or an `ignore` line, took it */
	RC_DUPLICATE, /* handled before */
	RC_QUEUED,    /* committed to the journal */

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

	/* Authentic, but. */
	RC_JSON, /* the body is not JSON */

	/* What the command came to. */
	RC_REJECTED,  /* exit 65: the event itself is bad */
	RC_TEMPORARY, /* exit 75: try again */
	RC_FAILED,    /* any other exit, or a signal */
	RC_UNSTARTED, /* could not be started */
	RC_BUSY,      /* could not be started just now: that passes */
	RC_TIMEOUT,   /* took longer than its timeout */

	/* Our own trouble. */
	RC_CONFIG,     /* configuration, secret or command is bad */
	RC_CROWDED,    /* max-running commands are running */
	RC_PENDING,    /* the same event is being handled right now */
	RC_QUEUE_FULL, /* max-queue events wait */
	RC_STORE,      /* the journal cannot be written: a full disk */
	RC_LOCKED,     /* the journal is locked for too long */
	RC_CORRUPT,    /* what the journal holds cannot be right */
	RC_STOPPING,   /* told to stop */
	RC_MEMORY,
	RC_SYSTEM, /* a system call failed; logged where it did */

	/* Between functions only; http/reply.c makes a 500 of them. */
	RC_SYNTAX,  /* text that does not fit its grammar */
	RC_MISSING, /* not there */
	RC_RANGE,   /* out of range, or does not fit */
};

#endif
