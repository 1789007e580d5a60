/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_SUBJECT_H
#define PELIHOOK_EVENT_SUBJECT_H

#include "base/limits.h"
#include "base/rc.h"

struct event;

enum { SUBJECT_FOUND = 96 }; /* bytes of a place in the payload, for people */

/*
 * Which pipeline and which run an event speaks of, as far as its payload tells.
 * What is not known is empty.  An identity is as long as there is room for it:
 * a longer one counts as missing.
 */
struct event_subject {
	char pipeline[IDENTITY_SIZE]; /* what tells it from others */
	char name[IDENTITY_SIZE];     /* how it is shown: that, unless it has a
				       * name */
	char run[IDENTITY_SIZE];
	/* The pointers at which they stand; empty where they are not known,
	 * and name_at also where there is no name. */
	char pipeline_at[SUBJECT_FOUND];
	char name_at[SUBJECT_FOUND];
	char run_at[SUBJECT_FOUND];
};

/*
 * Of an event that was parsed: where the hook's run-id, pipeline-id and
 * pipeline-name say, and otherwise where pelihook.conf(5) says that they are
 * found.  RC_MEMORY.
 */
enum rc event_subject_find(const struct event *event,
    struct event_subject *subject);

#endif
