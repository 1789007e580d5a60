/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_EVENT_H
#define PELIHOOK_EVENT_EVENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "http/header_name.h"

/* Where a text of the request is taken from. */
enum event_from {
	EVENT_FROM_NONE, /* event-name: find it; else: not at all */
	EVENT_FROM_BODY, /* dedupe body: its digest */
	EVENT_FROM_HOOK, /* order hook: one key for the hook */
	EVENT_FROM_POINTER,
	EVENT_FROM_HEADER,
};

/* What a directive names as that place. */
struct event_source {
	enum event_from from;
	const char *pointer; /* RFC 6901, for EVENT_FROM_POINTER */
	struct header_name header;
};

/* NAME VALUE of setenv, or NAME POINTER of env (without PELIHOOK_). */
struct event_pair {
	const char *name;
	const char *value;
	unsigned line;
};

/* How a hook reads events; a part of struct hook. */
struct event_reading {
	const char *hook; /* its name */
	struct event_source name;
	struct event_source order;
	struct event_source dedupe;
	struct event_source run_id; /* a pointer; none: found, as the next */
	struct event_source pipeline_id;
	struct event_source pipeline_name;
	const struct event_pair *env; /* what its commands see */
	size_t env_len;
};

struct request;
struct json_object;

struct event {
	const struct event_reading *reading; /* borrowed */
	char name[EVENT_NAME_SIZE];	     /* unknown where none was found */
	const struct catalog_row *row;	     /* never NULL */
	bool known;			     /* the name is in the table */
	char found[256];		     /* where: a pointer or a header */
	struct json_object *root;
};

/*
 * Parses an authentic body and finds the event's name, as the hook's
 * event-name says or as pelihook.conf(5) tells.  RC_JSON, RC_REPEATED,
 * RC_MEMORY.  The caller frees the event in the good case only.
 */
enum rc event_parse(const struct event_reading *reading,
    const struct request *request, struct event *event);
/* Under a name that is known already (out of the journal), for what asks for
 * no text of the payload: that is checked and not parsed.  RC_JSON. */
enum rc event_named(const struct event_reading *reading, struct bytes body,
    const char *name, struct event *event);
/* The same, and parses it for what does. */
enum rc event_reparse(const struct event_reading *reading, struct bytes body,
    const char *name, struct event *event);
void event_free(struct event *event);

/*
 * The text at a JSON pointer (RFC 6901): a string's bytes, a number as it is
 * written in the body, true, false, null.  RC_MISSING where there is none, as
 * in a string that holds a NUL or an unpaired surrogate.  Appends to text.
 */
enum rc event_text(const struct event *event, const char *pointer,
    struct buf *text);

/*
 * The payload's top-level keys, blank-separated, for a warning: those that a
 * pointer can hold.
 */
enum rc event_top_keys(const struct event *event, struct buf *into);

#endif
