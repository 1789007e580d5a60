/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "json.h"

#include "encode.h"

static void
begin(struct json *json, const char *key)
{
	if (json->more)
		putchar(',');
	if (key != NULL)
		printf("\"%s\":", key);
	json->more = true;
}

void
json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	putchar(bracket);
	json->more = false;
}

void
json_close(struct json *json, char bracket)
{
	putchar(bracket);
	json->more = true;
}

void
json_text(struct json *json, const char *key, const char *text)
{
	json_bytes(json, key, bytes_of(text));
}

void
json_bytes(struct json *json, const char *key, struct bytes bytes)
{
	struct buf text = {0};
	enum rc rc = encode_json(bytes, &text);

	begin(json, key);
	putchar('"');
	if (rc == RC_OK && text.len > 0)
		fwrite(text.data, 1, text.len, stdout);
	else if (rc != RC_OK)
		json->rc = rc;
	putchar('"');
	buf_free(&text);
}

void
json_number(struct json *json, const char *key, int64_t number)
{
	begin(json, key);
	printf("%lld", (long long)number);
}

void
json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", stdout);
}

void
json_time(struct json *json, const char *key, int64_t wall)
{
	char time[ENCODE_TIME];

	begin(json, key);
	if (wall == 0) {
		fputs("null", stdout);
		return;
	}
	encode_time(wall, time);
	printf("\"%s\"", time);
}

void
json_seconds(struct json *json, const char *key, int64_t milliseconds)
{
	begin(json, key);
	printf("%lld.%03d", (long long)(milliseconds / 1000),
	    (int)(milliseconds % 1000));
}
