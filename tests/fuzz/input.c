/* SPDX-License-Identifier: ISC */
/*
 * JSON on one line and in an envelope: what is accepted as JSON comes out
 * as one line that is parsed to the same.
 */
#include "fuzz.h"

#include <json-c/json.h>

#include "base/buf.h"
#include "command/input.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/payload.h"
#include "event/receipt.h"

enum { DEEPER = 70 }; /* than what is accepted: the envelope */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	return 0;
}

static void
check_line(const struct buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		holds((unsigned char)line->data[i] >= 0x20);
}

/* By json-c alone, which takes more: what is deeper, for one. */
static struct json_object *
parse(const struct buf *text)
{
	struct json_tokener *parser = json_tokener_new_ex(DEEPER);
	struct json_object *root;

	holds(parser != NULL);
	root = json_tokener_parse_ex(parser, text->data, (int)text->len);
	holds(json_tokener_get_error(parser) == json_tokener_success);
	holds(json_tokener_get_parse_end(parser) == text->len);
	json_tokener_free(parser);
	return root;
}

/* By their texts: numbers keep theirs, and NaN is not equal to itself. */
static void
check_same(struct json_object *a, struct json_object *b)
{
	const char *one = json_object_to_json_string_ext(a,
	    JSON_C_TO_STRING_PLAIN);
	const char *other = json_object_to_json_string_ext(b,
	    JSON_C_TO_STRING_PLAIN);

	holds(one != NULL && other != NULL && strcmp(one, other) == 0);
}

/* The line is taken again, and is the same. */
static void
check_again(const struct buf *line, const struct event *event)
{
	struct event again;

	holds(
	    event_reparse(NULL, buf_view(line), event->name, &again) == RC_OK);
	check_same(again.root, event->root);
	event_free(&again);
}

/*
 * An object of eight members, the last of which is the line, or the body in
 * base64 where that is no JSON to the letter.
 */
static void
check_envelope(const struct buf *text, const struct buf *line,
    const struct event *event)
{
	struct json_object *root = parse(text);
	struct json_object *member;
	bool strict = payload_is_strict(buf_view(line));

	holds(json_object_is_type(root, json_type_object));
	holds(json_object_object_length(root) == 8);
	holds(json_object_object_get_ex(root, "type", &member));
	holds(strcmp(json_object_get_string(member), event->name) == 0);
	holds(json_object_object_get_ex(root, strict ? "data" : "data_base64",
	    &member));
	json_object_put(root);
	holds(!strict ||
	    (text->len > line->len &&
		memcmp(text->data + text->len - line->len - 1, line->data,
		    line->len) == 0));
}

static void
try_event(const struct event *event, struct bytes body)
{
	struct receipt receipt = {
		.id = "0190e0c4-0000-7000-8000-000000000000",
		.received = INT64_C(1700000000000),
	};
	struct hook hook = { .name = "hook" };
	struct job job = {
		.hook = &hook,
		.event = event->name,
		.row = event->row,
		.receipt = &receipt,
		.body = body,
		.attempt = 1,
	};
	struct buf line = { 0 }, envelope = { 0 };

	holds(input_line(body, &line) == RC_OK);
	check_line(&line);
	check_again(&line, event);
	holds(input_cloudevent(&job, &envelope) == RC_OK);
	check_line(&envelope);
	check_envelope(&envelope, &line, event);
	buf_free(&line);
	buf_free(&envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes body = { (const char *)data, size };
	struct event event;
	enum rc rc = event_reparse(NULL, body, "an_event", &event);

	holds(rc == RC_OK || rc == RC_JSON);
	if (rc != RC_OK)
		return 0;
	try_event(&event, body);
	event_free(&event);
	return 0;
}
