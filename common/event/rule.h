/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_RULE_H
#define PELIHOOK_EVENT_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct event;

struct rule_where {
	const char *pointer;
	const char *glob;
};

/* An `on` line. */
struct rule {
	const char *const *events; /* names, globs, @groups */
	size_t events_len;
	const struct rule_where *where;
	size_t where_len;
	bool also;
	const char *const *command; /* NULL-terminated; NULL: ignore */
	const char *lane_name;	    /* as it is written, or NULL */
	unsigned lane;		    /* of its hook's, where it has a command */
	unsigned line;
};

/* The lines that take an event, in order, as far as they count. */
struct rule_walk {
	const struct rule *rules;
	size_t n;
	const struct event *event;
	size_t at; /* the next to be looked at; n: it is over */
};

/*
 * The next `on` line that takes the event: after one without `also`, or one
 * that ignores it, there is none.  RC_MISSING at the end; RC_MEMORY.
 */
enum rc rule_next(struct rule_walk *walk, const struct rule **rule);

/* Whether a word as in such a line, which is a name, a glob or a @group, finds
 * the events of a name: also those that are named by the word itself, whatever
 * else it is. */
bool rule_finds(const char *word, const char *name);
/* Whether such a word is more than a name. */
bool rule_is_pattern(const char *word);
/* Whether a line names any of pelihook's own events. */
bool rule_names_watch(const struct rule *rule);
/* Whether a glob matches a text: whole, case-sensitive and byte-wise. */
bool rule_glob(const char *pattern, const char *text);

#endif
