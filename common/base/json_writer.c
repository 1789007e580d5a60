/* SPDX-License-Identifier: ISC */
#include "base/json_writer.h"

#include "base/json_string.h"
#include "base/timestamp.h"

static void
begin(struct json *json, const char *key)
{
	if (json->more)
		buf_char(json->into, ',');
	if (key != NULL)
		buf_printf(json->into, "\"%s\":", key);
	json->more = true;
}

void
json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	buf_char(json->into, bracket);
	json->more = false;
}

void
json_close(struct json *json, char bracket)
{
	buf_char(json->into, bracket);
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
	begin(json, key);
	buf_char(json->into, '"');
	json_string_add(bytes, json->into);
	buf_char(json->into, '"');
}

void
json_member(struct json *json, struct bytes member)
{
	begin(json, NULL);
	buf_add(json->into, member);
}

void
json_number(struct json *json, const char *key, int64_t number)
{
	begin(json, key);
	buf_printf(json->into, "%lld", (long long)number);
}

void
json_null(struct json *json, const char *key)
{
	begin(json, key);
	buf_text(json->into, "null");
}

void
json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	buf_text(json->into, value ? "true" : "false");
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
	buf_printf(json->into, "\"%s\"", time);
}

void
json_seconds(struct json *json, const char *key, int64_t milliseconds)
{
	begin(json, key);
	buf_printf(json->into, "%lld.%03d", (long long)(milliseconds / 1000),
	    (int)(milliseconds % 1000));
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
