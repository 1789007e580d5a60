/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_PARSER_H
#define PELIHOOK_CONFIG_PARSER_H

#include <stdbool.h>

#include "config/conf.h"
#include "config/errors.h"
#include "config/internal.h"

/* A configuration while its file is read: private to the config room. */

/* A `lane` line: what it sets, of all that a lane has. */
struct lane_line {
	struct lane lane;
	bool given[KEYWORDS];
	bool named; /* by an `on` line */
};

enum { WATCH_WORDS = 5 };

/* A `watch` or `watch for` line: what it sets, of all that a watch has. */
struct watch_line {
	struct watch_for limits;
	bool given[WATCH_WORDS];
};

/* The defaults, or a hook; the arrays are what hook is going to point to. */
struct scope {
	struct hook hook;
	struct secret *secrets;
	struct rule *rules;
	struct event_pair *env;
	struct event_pair *setenv;
	struct secret *setenv_files;
	struct event_pair *setenv_file_pairs; /* of the same lines */
	struct lane_line *lanes;	      /* only its own */
	size_t lanes_len;
	struct watch_line *watch_for; /* those in force */
	size_t watch_for_len;
	bool own_watch_for;	 /* they are its own */
	unsigned own_watch;	 /* the line of its own `watch`, or 0 */
	struct conf_lines own;	 /* of this scope */
	struct conf_lines lines; /* in force */
};

struct parser {
	struct conf *conf;
	struct pool *pool; /* the configuration's */
	struct conf_errors errors;
	struct scope defaults;
	struct scope hook;   /* the one that is open */
	struct scope *scope; /* where lines go: one of the two */
	unsigned line;	     /* the one that is read */
	bool has_journal;    /* a line was given, right or wrong */
	/* What seems to be missing may be in a line that is not understood. */
	bool had_syntax_error;
	bool
	    had_lane_error; /* the same of lanes and the lines that name them */
	bool had_lease_error;
};

/*
 * What reads arguments returns RC_OK, RC_MEMORY, or RC_CONFIG where it has
 * added an error and the reading may go on.
 */

#endif
