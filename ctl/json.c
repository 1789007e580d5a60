/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "json.h"

#include "base/buf.h"
#include "base/json_string.h"
#include "base/timestamp.h"
#include "print.h"

static void
put(const char *text)
{
	print_exact(bytes_of(text));
}

static void
begin(struct json *json, const char *key)
{
	if (json->more)
		put(",");
	if (key != NULL) {
		put("\"");
		put(key);
		put("\":");
	}
	json->more = true;
}

void
json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	put((const char[]){ bracket, '\0' });
	json->more = false;
}

void
json_close(struct json *json, char bracket)
{
	put((const char[]){ bracket, '\0' });
	json->more = true;
}

void
json_text(struct json *json, const char *key, const char *text)
{
	json_bytes(json, key, bytes_of(text));
}

void
json_known(struct json *json, const char *key, const char *text)
{
	if (text[0] == '\0')
		json_null(json, key);
	else
		json_text(json, key, text);
}

void
json_bytes(struct json *json, const char *key, struct bytes bytes)
{
	struct buf text = { 0 };
	enum rc rc = json_string_add(bytes, &text);

	begin(json, key);
	put("\"");
	if (rc == RC_OK)
		print_exact(buf_view(&text));
	else
		json->rc = rc;
	put("\"");
	buf_free(&text);
}

void
json_member(struct json *json, struct bytes member)
{
	begin(json, NULL);
	print_exact(member);
}

void
json_number(struct json *json, const char *key, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	begin(json, key);
	put(text);
}

void
json_null(struct json *json, const char *key)
{
	begin(json, key);
	put("null");
}

void
json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	put(value ? "true" : "false");
}

void
json_time(struct json *json, const char *key, int64_t wall)
{
	char time[TIMESTAMP_SIZE];

	if (wall == 0) {
		json_null(json, key);
		return;
	}
	begin(json, key);
	timestamp_print(wall, time);
	put("\"");
	put(time);
	put("\"");
}

void
json_seconds(struct json *json, const char *key, int64_t milliseconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%03d",
	    (long long)(milliseconds / 1000), (int)(milliseconds % 1000));
	begin(json, key);
	put(text);
}

void
json_duration(struct json *json, const char *key, int64_t milliseconds)
{
	if (milliseconds < 0)
		json_null(json, key);
	else
		json_seconds(json, key, milliseconds);
}

void
json_pipeline(struct json *json, const char *id, const char *name)
{
	json_open(json, "pipeline", '{');
	json_text(json, "id", id);
	json_text(json, "name", name);
}
