/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_QUERY_H
#define PELIHOOK_PAGE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/rc.h"
#include "page/html.h"

enum query_view {
	QUERY_OVERVIEW,
	QUERY_EVENTS,
	QUERY_EVENT,
	QUERY_PIPELINES,
	QUERY_PIPELINE,
	QUERY_CONFIRM, /* asks before an action on all that a filter matches */
	QUERY_ACTIONS, /* what was done by hand */
};

/*
 * What is asked for: QUERY_STRING, or the body of a form, decoded.  Texts are
 * of the pool, never NULL, and empty where they are not given.  Everything that
 * a view depends on is in it, and so in its URL.
 */
struct query {
	enum query_view view;
	const char *hook;
	const char *event;
	const char *pipeline;
	const char *state; /* of journal_state_name, or empty */
	const char *since; /* as given; the next but one is what it means */
	const char *until;
	int64_t since_time; /* 0: none */
	int64_t until_time;
	const char *q; /* an ID's beginning or end */
	/* Where the list goes on: an ID, HOOK/ID of a pipeline, or a number. */
	const char *before;
	const char *id; /* of an event, or of a pipeline */
	bool json;
	int refresh;	    /* seconds; 0: none */
	const char *reload; /* the same, as given */
	const char *action; /* retry, drop, mute, unmute, or empty */
	int64_t done;	    /* the seq of the action that is told of; or 0 */
	/* Of a form: what was there when it was shown (journal_shown). */
	int64_t seen;
	int64_t shown;
	int64_t counted;
	int64_t matched;
	const char *last;   /* an ID */
	const char *length; /* of a mute, as 8h; the next is what it means */
	int64_t length_time;
};

enum {
	QUERY_REFRESH_LEAST = 5, /* seconds */
	QUERY_REFRESH_MOST = 24 * 60 * 60,
};

/*
 * now: what an age as since counts back from; times are as of moment_parse.  RC_SYNTAX, with a sentence for
 * people in *error, from the pool: something that no view knows, twice the same
 * name, a value that is none.  RC_MEMORY.
 */
enum rc query_parse(const char *text, int64_t now, struct pool *pool,
    struct query *query, const char **error);

/* Whether both show the same: however far down, as what, and how often anew. */
bool query_is_same(const struct query *a, const struct query *b);

const char *query_view_name(enum query_view view);
/* Whether a text asks for JSON, also where it is no query otherwise. */
bool query_asks_json(const char *text);

enum { QUERY_PAIRS = 13 };
/* The parameters that lead to it, for links, at most QUERY_PAIRS; what is not
 * given has no value, and done is never given.  Change the one of a name with
 * query_set. */
size_t query_pairs(const struct query *query,
    struct html_pair pairs[QUERY_PAIRS]);
void query_set(struct html_pair *pairs, size_t n, const char *name,
    const char *value);

#endif
