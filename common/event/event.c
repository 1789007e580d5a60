/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "event/event.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/utf8.h"
#include "event/catalog.h"
#include "event/json.h"
#include "http/request.h"

enum { EVENT_FIELD = 4096 };	/* most bytes of an `env` line's text */

/* Where senders write an event's name. */
static const char *const name_keys[] = {
	"event", "event_type", "type", "event_name"
};

/* Of those, where it is believed to be one that the table has not. */
static const char *const unknown_keys[] = {
	"event", "event_type", "event_name"
};

/* Where a text that looks like an event's name is a person's words. */
static const char *const human_keys[] = {
	"name", "title", "label", "description", "message"
};

/* A step of the search for the event's name. */
struct search {
	const struct catalog_row *row;
	bool clash;		/* two different names */
	char found[256];
};

/* A member of an object, or an element of an array (then index counts). */
struct member {
	const char *key;
	size_t index;
	struct json_object *value;
};

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
is_human(const struct member *member)
{
	return is_listed(member->key, human_keys,
	    sizeof(human_keys) / sizeof(human_keys[0]));
}

/* Calls visit for every member of an object or element of an array. */
static void
each_member(struct json_object *value,
    void (*visit)(const struct member *, void *), void *context)
{
	struct member member = { 0 };

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, child) {
			member.key = key;
			member.value = child;
			visit(&member, context);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (; member.index < json_object_array_length(value);
		    member.index++) {
			member.value = json_object_array_get_idx(value,
			    member.index);
			visit(&member, context);
		}
	}
}

/* Appends /token, escaped as RFC 6901 section 3 says. */
static void
add_token(struct buf *pointer, const struct member *member)
{
	enum rc rc = buf_char(pointer, '/');

	if (member->key == NULL) {
		buf_printf(pointer, "%zu", member->index);
		return;
	}
	for (const char *at = member->key; rc == RC_OK && *at != '\0'; at++)
		if (*at == '~')
			rc = buf_text(pointer, "~0");
		else if (*at == '/')
			rc = buf_text(pointer, "~1");
		else
			rc = buf_char(pointer, *at);
}

/* Takes a string for the event's name if the table has it. */
static bool
note_name(struct search *search, const struct member *parent,
    const struct member *member)
{
	struct buf pointer = { .max = sizeof(search->found) - 1 };
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
		add_token(&pointer, parent);
	add_token(&pointer, member);
	if (pointer.data != NULL)
		snprintf(search->found, sizeof(search->found), "%s",
		    pointer.data);
	buf_free(&pointer);
	return true;
}

/* The first of the four keys whose value the table has. */
static void
search_keys(struct search *search, const struct member *parent,
    struct json_object *object)
{
	struct member member = { 0 };

	if (!json_object_is_type(object, json_type_object))
		return;
	for (size_t i = 0; i < sizeof(name_keys) / sizeof(name_keys[0]); i++) {
		member.key = name_keys[i];
		if (json_object_object_get_ex(object, member.key,
		    &member.value) && note_name(search, parent, &member))
			return;
	}
}

static void
visit_keys(const struct member *member, void *context)
{
	search_keys(context, member, member->value);
}

/* A visit of one level down, for which the parent has to be known. */
struct descent {
	struct search *search;
	const struct member *parent;
};

static void
visit_string_below(const struct member *member, void *context)
{
	const struct descent *descent = context;

	if (!is_human(member))
		note_name(descent->search, descent->parent, member);
}

static void
visit_string(const struct member *member, void *context)
{
	struct descent descent = { context, member };

	if (is_human(member))
		return;
	note_name(context, NULL, member);
	each_member(member->value, visit_string_below, &descent);
}

static void
set_name(struct event *event, struct bytes name, const char *found)
{
	event->row = catalog_find(name);
	event->known = event->row != NULL;
	if (!event->known)
		event->row = catalog_unknown(name);
	snprintf(event->name, sizeof(event->name), "%.*s", (int)name.len,
	    name.data);
	snprintf(event->found, sizeof(event->found), "%s", found);
}

static void
set_unknown(struct event *event)
{
	set_name(event, bytes_of("unknown"), "");
}

/* A name where `event-name` says that names stand: nearly any text is one. */
static void
set_text(struct event *event, struct bytes name, const char *found)
{
	if (name.len > 0 && name.len < EVENT_NAME_SIZE && utf8_is_text(name))
		set_name(event, name, found);
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
		    &value) || !json_object_is_type(value, json_type_string) ||
		    !catalog_is_name(string_of(value)))
			continue;
		snprintf(found, sizeof(found), "/%s", unknown_keys[i]);
		set_name(event, string_of(value), found);
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
		each_member(event->root, visit_keys, &search);
	if (search.row == NULL)
		each_member(event->root, visit_string, &search);
	if (search.clash)
		set_unknown(event);
	else if (search.row != NULL)
		set_name(event, bytes_of(search.row->name), search.found);
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
	struct buf text = { 0 };
	enum rc rc = event_text(event, pointer, &text);

	if (rc == RC_OK || rc == RC_MISSING)
		set_text(event, buf_view(&text), pointer);
	buf_free(&text);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc
name_event(const struct request *request, struct event *event)
{
	if (event->reading->name.from == EVENT_FROM_HEADER)
		return name_from_header(request, event);
	if (event->reading->name.from == EVENT_FROM_POINTER)
		return name_from_pointer(event);
	find_name(event);
	return RC_OK;
}

enum rc
event_parse(const struct event_reading *reading,
    const struct request *request, struct event *event)
{
	enum rc rc;

	*event = (struct event){ .reading = reading };
	rc = event_json_parse(buf_view(&request->body), &event->root);
	if (rc == RC_OK)
		rc = name_event(request, event);
	if (rc != RC_OK)
		event_free(event);
	return rc;
}

enum rc
event_reparse(const struct event_reading *reading, struct bytes body,
    const char *name, struct event *event)
{
	*event = (struct event){ .reading = reading };
	set_name(event, bytes_of(name), "");
	return event_json_parse(body, &event->root);
}

void
event_free(struct event *event)
{
	json_object_put(event->root);
	event->root = NULL;
}

/* The key that a pointer's token stands for (RFC 6901 section 4). */
static enum rc
decode_token(struct bytes token, struct buf *key)
{
	enum rc rc = buf_text(key, "");

	for (size_t i = 0; rc == RC_OK && i < token.len; i++) {
		if (token.data[i] != '~' || i + 1 == token.len)
			rc = buf_char(key, token.data[i]);
		else
			rc = buf_char(key, token.data[++i] == '1' ? '/' : '~');
	}
	return rc;
}

/* The member of an object that a token stands for, or RC_MISSING. */
static enum rc
find_member(struct json_object *from, struct bytes token,
    struct json_object **value)
{
	struct buf key = { 0 };
	enum rc rc = decode_token(token, &key);

	if (rc == RC_OK && (!event_json_is_text(buf_view(&key)) ||
	    !json_object_object_get_ex(from, key.data, value)))
		rc = RC_MISSING;
	buf_free(&key);
	return rc;
}

/*
 * One step down, or RC_MISSING.  json-c's own pointers take an empty token
 * for the first element of an array and know no null at the top.
 */
static enum rc
descend(struct json_object *from, struct bytes token,
    struct json_object **value)
{
	unsigned long long index;

	if (json_object_is_type(from, json_type_object))
		return find_member(from, token, value);
	if (!json_object_is_type(from, json_type_array) ||
	    bytes_number(token, SIZE_MAX, &index) != RC_OK ||
	    (token.len > 1 && token.data[0] == '0') ||
	    index >= json_object_array_length(from))
		return RC_MISSING;
	*value = json_object_array_get_idx(from, (size_t)index);
	return RC_OK;
}

static enum rc
find_value(const struct event *event, const char *pointer,
    struct json_object **value)
{
	struct bytes rest = bytes_of(pointer);
	struct bytes token;
	enum rc rc = RC_OK;

	*value = event->root;
	if (rest.len == 0)
		return RC_OK;
	rest = bytes_skip(rest, 1);
	while (rc == RC_OK && bytes_split(&rest, "/", &token))
		rc = descend(*value, token, value);
	return rc;
}

enum rc
event_text(const struct event *event, const char *pointer, struct buf *text)
{
	struct json_object *value;
	enum rc rc = find_value(event, pointer, &value);

	return rc == RC_OK ? event_json_text(value, text) : rc;
}

static void
warn_field(const struct event *event, const struct event_pair *pair,
    const char *why)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "variable left out");
	log_text(&line, "hook", event->reading->hook);
	log_number(&line, "line", pair->line);
	log_text(&line, "variable", pair->name);
	log_text(&line, "why", why);
	log_end(&line);
}

/* NULL in *field where the variable stays away. */
static enum rc
make_field(const struct event *event, const struct event_pair *pair,
    struct pool *pool, const char **field)
{
	struct buf text = { .max = EVENT_FIELD };
	enum rc rc = event_text(event, pair->value, &text);

	*field = NULL;
	if (rc == RC_OK) {
		*field = pool_printf(pool, "PELIHOOK_%s=%s", pair->name,
		    text.data);
		rc = *field == NULL ? RC_MEMORY : RC_OK;
	}
	buf_free(&text);
	return rc;
}

enum rc
event_fields(const struct event *event, struct pool *pool,
    const char *const **out)
{
	const struct event_reading *reading = event->reading;
	const char **list = pool_alloc(pool, reading->env_len + 1,
	    sizeof(*list));
	size_t n = 0;
	enum rc rc;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < reading->env_len; i++) {
		rc = make_field(event, &reading->env[i], pool, &list[n]);
		if (rc == RC_MEMORY)
			return rc;
		if (rc == RC_OK)
			n++;
		else
			warn_field(event, &reading->env[i], rc == RC_RANGE ?
			    "over 4 KiB" : "no text at the pointer");
	}
	*out = list;
	return RC_OK;
}

static enum rc
hash_key(struct bytes text, struct pool *pool, struct bytes *key)
{
	uint8_t digest[CRYPTO_DIGEST];
	char *hex = pool_alloc(pool, 1, 2 * CRYPTO_DIGEST + 1);
	enum rc rc = crypto_sha256(text, digest);

	if (hex == NULL)
		return RC_MEMORY;
	if (rc != RC_OK)
		return rc;
	encode_hex(digest, sizeof(digest), hex);
	*key = bytes_of(hex);
	return RC_OK;
}

/*
 * Whether a value tells one event from others: null, false or an empty
 * string is what senders write where they have none.  So is NaN, which is no
 * number in RFC 8259.
 */
static bool
is_identity(struct json_object *value, struct bytes text)
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
	enum rc rc = find_value(event, pointer, &value);

	if (rc == RC_OK) {
		rc = buf_printf(text, "%s:",
		    json_type_to_name(json_object_get_type(value)));
		from = text->len;
	}
	if (rc == RC_OK)
		rc = event_json_text(value, text);
	if (rc == RC_OK &&
	    !is_identity(value, bytes_skip(buf_view(text), from)))
		rc = RC_MISSING;
	return rc;
}

/* A sender may have renamed a field, and only an event can show that. */
static void
warn_missing(const struct event *event, enum log_once kind)
{
	bool order = kind == LOG_ONCE_ORDER;
	const struct event_source *source = order ?
	    &event->reading->order : &event->reading->dedupe;
	struct log_line line;

	if (source->from == EVENT_FROM_NONE || !log_once(kind))
		return;
	log_begin(&line, LOG_LEVEL_WARNING, order ?
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

enum rc
event_order_key(const struct event *event, struct pool *pool,
    struct bytes *key)
{
	const struct event_source *order = &event->reading->order;
	struct buf text = { 0 };
	enum rc rc = buf_printf(&text, "%s\n", event->reading->hook);

	*key = (struct bytes){ NULL, 0 };
	if (rc == RC_OK && order->from == EVENT_FROM_POINTER)
		rc = add_typed(event, order->pointer, &text);
	else if (rc == RC_OK && order->from != EVENT_FROM_HOOK)
		rc = RC_MISSING;
	if (rc == RC_OK)
		rc = hash_key(buf_view(&text), pool, key);
	buf_free(&text);
	if (rc != RC_MISSING)
		return rc;
	warn_missing(event, LOG_ONCE_ORDER);
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
		rc = request_header(request, dedupe->header.variable,
		    &header);
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
    const char *digest, struct pool *pool, struct bytes *key)
{
	struct buf text = { 0 };
	enum rc rc = buf_printf(&text, "%s\n%s\n", event->reading->hook,
	    event->name);

	*key = (struct bytes){ NULL, 0 };
	if (rc == RC_OK)
		rc = add_identity(event, request, digest, &text);
	if (rc == RC_OK)
		rc = hash_key(buf_view(&text), pool, key);
	buf_free(&text);
	if (rc != RC_MISSING)
		return rc;
	warn_missing(event, LOG_ONCE_DEDUPE);
	return RC_OK;
}

enum rc
event_top_keys(const struct event *event, struct buf *into)
{
	enum rc rc = RC_OK;

	if (!json_object_is_type(event->root, json_type_object))
		return RC_OK;
	json_object_object_foreach(event->root, key, value) {
		(void)value;
		if (rc == RC_OK && event_json_is_text(bytes_of(key)))
			rc = buf_printf(into, into->len == 0 ? "%s" : " %s",
			    key);
	}
	return rc == RC_RANGE ? RC_OK : rc;
}
