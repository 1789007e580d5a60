/* SPDX-License-Identifier: ISC */
/*
 * What is looked for in a payload: the event's name, pointers, keys.  The
 * first line of an input is a pointer, the rest is the body.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/utf8.h"
#include "command/input.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/fields.h"
#include "event/json.h"
#include "event/keys.h"
#include "event/payload.h"
#include "event/sentence.h"
#include "event/subject.h"
#include "http/request.h"

enum { FIELD = 4096, KEYS = 1024 };

static const char *const no_variables[] = { "HTTP_X_EVENT=push", NULL };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	return 0;
}

static void
check_utf8(struct bytes text)
{
	for (size_t n; text.len > 0; text = bytes_skip(text, n)) {
		n = utf8_length(text);
		holds(n > 0 && text.data[0] != '\0');
	}
}

/* What is taken is one line that is taken as well. */
static void
check_line(struct bytes body)
{
	struct buf line = { 0 };
	size_t at;

	holds(input_line(body, &line) == RC_OK);
	for (size_t i = 0; i < line.len; i++)
		holds((unsigned char)line.data[i] >= 0x20);
	holds(payload_check(buf_view(&line), &at) == RC_OK);
	buf_free(&line);
}

/* Where a name was found, it can be found again, if a pointer can hold it. */
static void
check_name(const struct event *event)
{
	struct buf text = { 0 };

	holds(strlen(event->name) > 0 && strlen(event->name) < EVENT_NAME_SIZE);
	holds(event->row != NULL);
	holds(event->known ==
	    (catalog_find(bytes_of(event->name)) == event->row));
	if (event->found[0] != '/' || strlen(event->found) > 250 ||
	    !event_json_is_text(bytes_of(event->found)))
		return;
	holds(event_json_is_pointer(event->found));
	holds(event_text(event, event->found, &text) == RC_OK);
	holds(bytes_is(buf_view(&text), event->name));
	buf_free(&text);
}

static void
check_fields(const struct event *event, const struct request *request)
{
	const char *const *fields;
	struct pool pool = { 0 };
	struct buf order = { 0 }, dedupe = { 0 };

	holds(event_fields(event, &pool, &fields) == RC_OK);
	for (; *fields != NULL; fields++) {
		holds(strncmp(*fields, "PELIHOOK_FIELD=", 15) == 0);
		holds(strlen(*fields) <= 15 + FIELD);
	}
	holds(event_order_key(event, &event->reading->order, &order) == RC_OK);
	holds(event_dedupe_key(event, request, "digest", &dedupe) == RC_OK);
	buf_free(&order);
	buf_free(&dedupe);
	pool_free(&pool);
}

/* What was found stands where it says. */
static void
check_found(const struct event *event, const char *text, const char *at)
{
	struct buf again = { 0 };

	holds((text[0] == '\0') <= (at[0] == '\0'));
	check_utf8(bytes_of(text));
	if (at[0] == '\0' || strlen(at) > SUBJECT_FOUND - 16 ||
	    !event_json_is_text(bytes_of(at)))
		return;
	holds(event_json_is_pointer(at));
	holds(event_text(event, at, &again) == RC_OK);
	holds(bytes_is(buf_view(&again), text));
	buf_free(&again);
}

/* A sentence is one line of text, whatever is in it. */
static void
check_subject(const struct event *event)
{
	struct event_subject subject;
	struct buf sentence = { 0 };
	struct bytes rest;

	holds(event_subject_find(event, &subject) == RC_OK);
	check_found(event, subject.pipeline, subject.pipeline_at);
	check_found(event, subject.run, subject.run_at);
	if (subject.name_at[0] != '\0')
		check_found(event, subject.name, subject.name_at);
	holds((subject.name[0] == '\0') == (subject.pipeline[0] == '\0'));
	holds(event_sentence(event, subject.name, subject.run, &sentence) ==
	    RC_OK);
	holds(sentence.len > 0 && sentence.data[sentence.len - 1] == '.');
	for (rest = buf_view(&sentence); rest.len > 0;
	     rest = bytes_skip(rest, utf8_length(rest)))
		holds(utf8_printable(rest) > 0);
	holds(!catalog_is_own(bytes_of(event->name)));
	buf_free(&sentence);
}

static void
check_text(const struct event *event, const char *pointer)
{
	struct buf text = { 0 }, keys = { .max = KEYS };
	enum rc rc = event_text(event, pointer, &text);

	holds(rc == RC_OK || rc == RC_MISSING);
	holds(rc == RC_OK || text.len == 0);
	check_utf8(buf_view(&text));
	holds(event_top_keys(event, &keys) == RC_OK);
	buf_free(&text);
	buf_free(&keys);
}

static void
try_hook(struct hook *hook, const struct request *request, const char *pointer)
{
	struct bytes body = buf_view(&request->body);
	struct event event;
	size_t at;
	enum rc rc = payload_check(body, &at);

	/* json-c makes values of all that is JSON, and of nothing else. */
	holds(event_parse(&hook->reading, request, &event) == rc);
	if (rc != RC_OK) {
		holds(at <= body.len);
		(void)payload_looks(body);
		return;
	}
	check_line(body);
	check_name(&event);
	check_text(&event, pointer);
	check_fields(&event, request);
	check_subject(&event);
	event_free(&event);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_pair field = { .name = "FIELD" };
	struct hook hook = {
		.name = "h",
		.reading = { .hook = "h", .env = &field, .env_len = 1 },
	};
	struct request request = { .variables = no_variables, .length = -1 };
	struct bytes rest = { (const char *)data, size };
	struct pool pool = { 0 };
	struct bytes line;
	const char *pointer;

	fuzz_line(&rest, &line);
	pointer = pool_copy(&pool, line);
	if (rest.data == NULL || !event_json_is_pointer(pointer)) {
		pool_free(&pool);
		return 0;
	}
	field.value = pointer;
	request.body = (struct buf){
		.data = pool_copy(&pool, rest),
		.len = rest.len,
	};
	try_hook(&hook, &request, pointer);
	hook.reading.name = hook.reading.order = hook.reading.dedupe =
	    (struct event_source){ EVENT_FROM_POINTER, pointer,
		    { NULL, NULL } };
	hook.reading.run_id = hook.reading.pipeline_id = hook.reading.name;
	try_hook(&hook, &request, pointer);
	fuzz_read_log();
	pool_free(&pool);
	return 0;
}
