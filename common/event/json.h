/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_JSON_H
#define PELIHOOK_EVENT_JSON_H

#include <stdbool.h>

#include "base/buf.h"

struct json_object;

/*
 * Values as json-c makes them, with all that RFC 8259 can say: by itself it
 * cuts a key at a NUL, makes U+FFFD of an unpaired surrogate and keeps
 * integers in 64 bits.
 */

/*
 * Parses what payload_check() takes: RC_JSON where it does not.  RC_MEMORY.
 * json_object_put() frees the value.
 *
 * In strings and keys alike an escaped NUL becomes C0 80, and an unpaired
 * surrogate what would be its three bytes, ED A0 80 to ED BF BF: no UTF-8
 * has these, so that nothing else is equal to them.
 */
enum rc event_json_parse(struct bytes body, struct json_object **root);
/* Whether a string, or a key, holds neither of them. */
bool event_json_is_text(struct bytes string);
/*
 * Appends the text of a value: a string's bytes, a number as the body has
 * it, true, false, null.  RC_MISSING where it has none, RC_RANGE, RC_MEMORY.
 */
enum rc event_json_text(struct json_object *value, struct buf *text);
/*
 * The value at a JSON pointer (RFC 6901), which lives as long as root.
 * RC_MISSING, RC_MEMORY.
 */
enum rc event_json_find(struct json_object *root, const char *pointer,
    struct json_object **value);
/* Whether it is a JSON pointer of RFC 6901: empty, or /token/... */
bool event_json_is_pointer(const char *word);

/* A member of an object, or an element of an array (then index counts). */
struct event_json_member {
	const char *key; /* NULL: an element */
	size_t index;
	struct json_object *value;
};

/* Calls visit for each of a value's members or elements, in order. */
void event_json_each(struct json_object *value,
    void (*visit)(const struct event_json_member *, void *), void *context);
/* Appends /token, escaped as RFC 6901 section 3 says. */
void event_json_add_token(struct buf *pointer,
    const struct event_json_member *member);

#endif
