/* SPDX-License-Identifier: ISC */
#include <json-c/json.h>

#include "event/event.h"

#include "event/json.h"
#include "event/name.h"
#include "event/payload.h"
#include "http/request.h"

enum rc
event_parse(const struct event_reading *reading, const struct request *request,
    struct event *event)
{
	enum rc rc;

	*event = (struct event){ .reading = reading };
	rc = event_json_parse(buf_view(&request->body), &event->root);
	if (rc == RC_OK)
		rc = event_name_find(request, event);
	if (rc != RC_OK)
		event_free(event);
	return rc;
}

static void
set_name(const struct event_reading *reading, const char *name,
    struct event *event)
{
	*event = (struct event){ .reading = reading };
	event_name_set(event, bytes_of(name), "");
}

enum rc
event_named(const struct event_reading *reading, struct bytes body,
    const char *name, struct event *event)
{
	size_t at;

	set_name(reading, name, event);
	return payload_check(body, &at);
}

enum rc
event_reparse(const struct event_reading *reading, struct bytes body,
    const char *name, struct event *event)
{
	set_name(reading, name, event);
	return event_json_parse(body, &event->root);
}

void
event_free(struct event *event)
{
	json_object_put(event->root);
	event->root = NULL;
}

enum rc
event_text(const struct event *event, const char *pointer, struct buf *text)
{
	struct json_object *value;
	enum rc rc = event_json_find(event->root, pointer, &value);

	return rc == RC_OK ? event_json_text(value, text) : rc;
}

enum rc
event_top_keys(const struct event *event, struct buf *into)
{
	enum rc rc = RC_OK;

	if (!json_object_is_type(event->root, json_type_object))
		return RC_OK;
	json_object_object_foreach(event->root, key, value)
	{
		(void)value;
		if (rc == RC_OK && event_json_is_text(bytes_of(key)))
			rc = buf_printf(into, into->len == 0 ? "%s" : " %s",
			    key);
	}
	return rc == RC_RANGE ? RC_OK : rc;
}
