/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_PARSER_H
#define PELIHOOK_CONFIG_PARSER_H

#include <stdbool.h>

#include "config/errors.h"
#include "config/conf.h"

/* A configuration while its file is read: private to the conf modules. */

enum draft_word {
	DRAFT_HOOK,
	DRAFT_SECRET_FILE,
	DRAFT_SIGNATURE,
	DRAFT_EVENT_NAME,
	DRAFT_ON,
	DRAFT_DELIVERY,
	DRAFT_JOURNAL,
	DRAFT_DISPATCH,
	DRAFT_TIMEOUT,
	DRAFT_KILL_AFTER,
	DRAFT_RETRY,
	DRAFT_CONCURRENCY,
	DRAFT_MAX_RUNNING,
	DRAFT_ORDER,
	DRAFT_DEDUPE,
	DRAFT_DEDUPE_WINDOW,
	DRAFT_BATCH,
	DRAFT_INPUT,
	DRAFT_ENV,
	DRAFT_SETENV,
	DRAFT_ON_DEAD,
	DRAFT_MAX_BODY,
	DRAFT_READ_TIMEOUT,
	DRAFT_MAX_QUEUE,
	DRAFT_KEEP,
	DRAFT_STOP_TIMEOUT,
	DRAFT_CAPTURE,
	DRAFT_LOG,
	DRAFT_LOG_FORMAT,
	DRAFT_LOG_LEVEL,
	DRAFT_WORDS		/* how many there are */
};

/* The defaults or a hook.  The arrays are those of the hook to come. */
struct draft_scope {
	struct hook hook;
	struct secret *secrets;
	struct rule *rules;
	struct event_pair *env;
	struct event_pair *setenv;
	unsigned own[DRAFT_WORDS];	/* lines of this scope, or 0 */
	unsigned lines[DRAFT_WORDS];	/* lines in force, or 0 */
};

struct draft {
	struct conf *conf;
	struct pool *pool;		/* the configuration's */
	struct conf_errors complaints;
	struct draft_scope defaults;
	struct draft_scope hook;	/* the one that is open */
	struct draft_scope *scope;	/* where lines go: one of the two */
	unsigned line;			/* the one that is read */
	/* What seems to be missing may be in a line that is not understood. */
	bool garbled;
};

/*
 * What reads arguments returns RC_OK, RC_MEMORY, or RC_CONFIG where it has
 * complained and the reading may go on.
 */

#endif
