/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_NAME_H
#define PELIHOOK_EVENT_NAME_H

#include "base/bytes.h"
#include "base/rc.h"

struct event;
struct request;

/*
 * Finds the name of an event that is parsed, as its reading's event-name
 * says or as pelihook.conf(5) tells, and sets it; "unknown" where there is
 * none.  RC_REPEATED, RC_MEMORY.
 */
enum rc event_name_find(const struct request *request, struct event *event);
/*
 * Sets a name of less than EVENT_NAME_SIZE bytes, its row, and where it was
 * found: a pointer, a header or an empty text.
 */
void event_name_set(struct event *event, struct bytes name, const char *found);

#endif
