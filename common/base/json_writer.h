/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_JSON_WRITER_H
#define PELIHOOK_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Writes JSON into a buffer, whose error is sticky: it tells that something is
 * missing.  Of zeroes but for that, a json is at its beginning.
 * Each value has a key; NULL for those of an array.
 */
struct json {
	struct buf *into;
	bool more; /* a value of this object or array was written */
};

void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *key, const char *text);
/* The same; null for an empty one, which is not known. */
void json_known(struct json *json, const char *key, const char *text);
/* What is no UTF-8 of it becomes U+FFFD. */
void json_bytes(struct json *json, const char *key, struct bytes bytes);
void json_number(struct json *json, const char *key, int64_t number);
void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
/* A member as it is, with its key, as input_member makes it. */
void json_member(struct json *json, struct bytes member);
/* RFC 3339; null for 0, which is no time. */
void json_time(struct json *json, const char *key, int64_t wall);
/* Milliseconds, written as seconds. */
void json_seconds(struct json *json, const char *key, int64_t milliseconds);
/* How long something takes; null for less than no time, which is not known. */
void json_duration(struct json *json, const char *key, int64_t milliseconds);
/* A pipeline as an object, by its identity and how it is shown, without its
 * end: more may follow. */
void json_pipeline(struct json *json, const char *id, const char *name);

#endif
