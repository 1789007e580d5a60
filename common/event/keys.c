/* SPDX-License-Identifier: ISC */
#include <json-c/json.h>

#include "event/keys.h"

#include "base/log.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/json.h"
#include "http/request.h"

bool
event_is_identity(struct json_object *value, struct bytes text)
{
	if (json_object_is_type(value, json_type_string))
		return text.len > 0;
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return false;
	if (bytes_begin(text, "-"))
		text = bytes_skip(text, 1);
	return text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9';
}

/*
 * The type and the text of an identity: 1 and "1" are not the same.
 * RC_MISSING where there is none.
 */
static enum rc
add_typed(const struct event *event, const char *pointer, struct buf *text)
{
	struct json_object *value;
	size_t from = 0;
	enum rc rc = event_json_find(event->root, pointer, &value);

	if (rc == RC_OK) {
		rc = buf_printf(text,
		    "%s:", json_type_to_name(json_object_get_type(value)));
		from = text->len;
	}
	if (rc == RC_OK)
		rc = event_json_text(value, text);
	if (rc == RC_OK &&
	    !event_is_identity(value, bytes_skip(buf_view(text), from)))
		rc = RC_MISSING;
	return rc;
}

enum rc
event_find_identity(const struct event *event,
    const struct event_source *source)
{
	struct buf text = { 0 };
	enum rc rc = RC_OK;

	if (source->from == EVENT_FROM_POINTER)
		rc = add_typed(event, source->pointer, &text);
	buf_free(&text);
	return rc;
}

/* A sender may have renamed a field, and only an event can show that. */
static void
warn_missing(const struct event *event, const struct event_source *source,
    enum log_once kind)
{
	bool order = kind == LOG_ONCE_ORDER;
	struct log_line line;

	if (!log_once(kind))
		return;
	log_begin(&line, LOG_LEVEL_WARNING,
	    order ?
		"an event without an identity is not ordered; this is said once" :
		"an event without an identity is not deduplicated; this is said "
		"once");
	log_text(&line, "hook", event->reading->hook);
	log_text(&line, "event", event->name);
	log_text(&line, order ? "order" : "dedupe",
	    source->from == EVENT_FROM_HEADER ? source->header.name :
						source->pointer);
	log_end(&line);
}

/* What the text of a key came to: all of it, or what was there before. */
static enum rc
end_key(struct buf *text, size_t before, enum rc rc)
{
	if (rc != RC_OK && text->data != NULL) {
		text->len = before;
		text->data[before] = '\0';
	}
	return rc;
}

enum rc
event_order_key(const struct event *event, const struct event_source *order,
    struct buf *text)
{
	size_t before = text->len;
	enum rc rc;

	if (order->from == EVENT_FROM_NONE || catalog_is_watch(event->row))
		return RC_OK;
	rc = buf_printf(text, "%s\n", event->reading->hook);
	if (rc == RC_OK && order->from == EVENT_FROM_POINTER)
		rc = add_typed(event, order->pointer, text);
	else if (rc == RC_OK && order->from != EVENT_FROM_HOOK)
		rc = RC_MISSING;
	if (end_key(text, before, rc) != RC_MISSING)
		return rc;
	warn_missing(event, order, LOG_ONCE_ORDER);
	return RC_OK;
}

/* The type and the text at what the hook's `dedupe` names. */
static enum rc
add_identity(const struct event *event, const struct request *request,
    const char *digest, struct buf *text)
{
	const struct event_source *dedupe = &event->reading->dedupe;
	struct bytes header;
	enum rc rc;

	if (dedupe->from == EVENT_FROM_BODY)
		return buf_printf(text, "digest:%s", digest);
	if (dedupe->from == EVENT_FROM_HEADER) {
		rc = request_header(request, dedupe->header.variable, &header);
		if (rc != RC_OK || header.len == 0)
			return rc != RC_OK ? rc : RC_MISSING;
		rc = buf_text(text, "header:");
		return rc != RC_OK ? rc : buf_add(text, header);
	}
	if (dedupe->from != EVENT_FROM_POINTER)
		return RC_MISSING;
	return add_typed(event, dedupe->pointer, text);
}

enum rc
event_dedupe_key(const struct event *event, const struct request *request,
    const char *digest, struct buf *text)
{
	size_t before = text->len;
	enum rc rc;

	if (event->reading->dedupe.from == EVENT_FROM_NONE)
		return RC_OK;
	rc = buf_printf(text, "%s\n%s\n", event->reading->hook, event->name);
	if (rc == RC_OK)
		rc = add_identity(event, request, digest, text);
	if (end_key(text, before, rc) != RC_MISSING)
		return rc;
	warn_missing(event, &event->reading->dedupe, LOG_ONCE_DEDUPE);
	return RC_OK;
}
