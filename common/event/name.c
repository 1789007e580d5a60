/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "event/name.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/json.h"
#include "http/request.h"

/* A step of the search for the event's name. */
struct search {
	const struct catalog_row *row;
	bool clash; /* two different names */
	char found[256];
};

/* A visit of one level down, for which the parent has to be known. */
struct descent {
	struct search *search;
	const struct event_json_member *parent;
};

/* Where senders write an event's name. */
static const char *const name_keys[] = { "event", "event_type", "type",
	"event_name" };

/* Of those, where it is believed to be one that the table has not. */
static const char *const unknown_keys[] = { "event", "event_type",
	"event_name" };

/* Where a text that looks like an event's name is a person's words. */
static const char *const human_keys[] = { "name", "title", "label",
	"description", "message" };

static struct bytes
string_of(struct json_object *value)
{
	return (struct bytes){ json_object_get_string(value),
		(size_t)json_object_get_string_len(value) };
}

static bool
is_listed(const char *key, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key != NULL && strcmp(key, list[i]) == 0)
			return true;
	return false;
}

static bool
is_human(const struct event_json_member *member)
{
	return is_listed(member->key, human_keys,
	    sizeof(human_keys) / sizeof(human_keys[0]));
}

/* Takes a string for the event's name if the table has it. */
static bool
note_name(struct search *search, const struct event_json_member *parent,
    const struct event_json_member *member)
{
	struct buf pointer = {
		.data = search->found,
		.capacity = sizeof(search->found),
		.max = sizeof(search->found) - 1,
	};
	const struct catalog_row *row;

	if (!json_object_is_type(member->value, json_type_string))
		return false;
	row = catalog_find(string_of(member->value));
	if (row == NULL)
		return false;
	if (search->row != NULL) {
		search->clash = search->clash || search->row != row;
		return true;
	}
	search->row = row;
	if (parent != NULL)
		event_json_add_token(&pointer, parent);
	event_json_add_token(&pointer, member);
	return true;
}

/* The first of the four keys whose value the table has. */
static void
search_keys(struct search *search, const struct event_json_member *parent,
    struct json_object *object)
{
	struct event_json_member member = { 0 };

	if (!json_object_is_type(object, json_type_object))
		return;
	for (size_t i = 0; i < sizeof(name_keys) / sizeof(name_keys[0]); i++) {
		member.key = name_keys[i];
		if (json_object_object_get_ex(object, member.key,
			&member.value) &&
		    note_name(search, parent, &member))
			return;
	}
}

static void
visit_keys(const struct event_json_member *member, void *context)
{
	search_keys(context, member, member->value);
}

static void
visit_string_below(const struct event_json_member *member, void *context)
{
	const struct descent *descent = context;

	if (!is_human(member))
		note_name(descent->search, descent->parent, member);
}

static void
visit_string(const struct event_json_member *member, void *context)
{
	struct descent descent = { context, member };

	if (is_human(member))
		return;
	note_name(context, NULL, member);
	event_json_each(member->value, visit_string_below, &descent);
}

void
event_name_set(struct event *event, struct bytes name, const char *found)
{
	event->row = catalog_find(name);
	if (event->row == NULL)
		event->row = catalog_find_watch(name);
	event->known = event->row != NULL;
	if (!event->known)
		event->row = catalog_unknown(name);
	bytes_copy(name, event->name, sizeof(event->name));
	bytes_copy(bytes_of(found), event->found, sizeof(event->found));
}

static void
set_unknown(struct event *event)
{
	event_name_set(event, bytes_of("unknown"), "");
}

/* A name that came with a request: nobody sends pelihook's own events. */
static void
set_received(struct event *event, struct bytes name, const char *found)
{
	if (catalog_is_own(name))
		set_unknown(event);
	else
		event_name_set(event, name, found);
}

/* A name where `event-name` says that names are: nearly any text is one. */
static void
set_text(struct event *event, struct bytes name, const char *found)
{
	if (name.len > 0 && name.len < EVENT_NAME_SIZE && utf8_is_text(name))
		set_received(event, name, found);
	else
		set_unknown(event);
}

static void
name_unknown(struct event *event)
{
	size_t n = sizeof(unknown_keys) / sizeof(unknown_keys[0]);
	struct json_object *value;
	char found[32];

	set_unknown(event);
	if (!json_object_is_type(event->root, json_type_object))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!json_object_object_get_ex(event->root, unknown_keys[i],
			&value) ||
		    !json_object_is_type(value, json_type_string) ||
		    !catalog_is_name(string_of(value)))
			continue;
		snprintf(found, sizeof(found), "/%s", unknown_keys[i]);
		set_received(event, string_of(value), found);
		return;
	}
}

/* The steps of pelihook.conf(5), the first that finds something. */
static void
find_name(struct event *event)
{
	struct search search = { 0 };

	search_keys(&search, NULL, event->root);
	if (search.row == NULL)
		event_json_each(event->root, visit_keys, &search);
	if (search.row == NULL)
		event_json_each(event->root, visit_string, &search);
	if (search.clash)
		set_unknown(event);
	else if (search.row != NULL)
		event_name_set(event, bytes_of(search.row->name), search.found);
	else
		name_unknown(event);
}

static enum rc
name_from_header(const struct request *request, struct event *event)
{
	const struct header_name *header = &event->reading->name.header;
	struct bytes value;
	enum rc rc = request_header(request, header->variable, &value);

	if (rc == RC_OK)
		set_text(event, value, header->name);
	return rc;
}

static enum rc
name_from_pointer(struct event *event)
{
	const char *pointer = event->reading->name.pointer;
	struct json_object *value;
	struct buf text = { 0 };
	enum rc rc = event_json_find(event->root, pointer, &value);

	if (rc == RC_OK)
		rc = event_json_text(value, &text);
	if (rc == RC_OK || rc == RC_MISSING)
		set_text(event, buf_view(&text), pointer);
	buf_free(&text);
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc
event_name_find(const struct request *request, struct event *event)
{
	if (event->reading->name.from == EVENT_FROM_HEADER)
		return name_from_header(request, event);
	if (event->reading->name.from == EVENT_FROM_POINTER)
		return name_from_pointer(event);
	find_name(event);
	return RC_OK;
}
