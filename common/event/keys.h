/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_KEYS_H
#define PELIHOOK_EVENT_KEYS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/rc.h"

struct event;
struct event_source;
struct json_object;
struct request;

/*
 * Whether a value, whose text this is (event_json_text), tells one event from
 * others: null, false or an empty string is what senders write where they have
 * none.  So is NaN, which is no number in RFC 8259.
 */
bool event_is_identity(struct json_object *value, struct bytes text);

/*
 * The text by which an event is ordered by a source, or known again by its
 * hook's `dedupe`: hook, event name (for dedupe only) and the type and text at
 * the source.  Nothing is added where the source is none, or has no identity:
 * a non-empty string, a number, or a header that is not blank.  The first
 * event of the process that has none is told in the log.  One of pelihook's own
 * events has no order.  RC_REPEATED, RC_MEMORY.
 */
enum rc event_order_key(const struct event *event,
    const struct event_source *order, struct buf *text);
enum rc event_dedupe_key(const struct event *event,
    const struct request *request, const char *digest, struct buf *text);
/*
 * Whether the event has an identity at a source that is a pointer; at any
 * other it has.  Nothing is logged.  RC_OK, RC_MISSING, RC_MEMORY.
 */
enum rc event_find_identity(const struct event *event,
    const struct event_source *source);

#endif
