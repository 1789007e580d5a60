/* SPDX-License-Identifier: ISC */
#include <json-c/json.h>

#include "event/subject.h"

#include "base/buf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/json.h"
#include "event/keys.h"

/* Where an identity may stand in an object: at a key, or at one of the object
 * at another. */
struct path {
	const char *outer; /* NULL: none */
	const char *key;
};

static const struct path run_paths[] = {
	{ NULL, "run_id" },
	{ NULL, "pipeline_run_id" },
	{ "run", "id" },
	{ "pipeline_run", "id" },
};

/* Where there is nothing that is made to tell pipelines apart, their names
 * do. */
static const struct path pipeline_paths[] = {
	{ NULL, "pipeline_id" },
	{ NULL, "connection_id" },
	{ "pipeline", "id" },
	{ "connection", "id" },
	{ NULL, "server_id" },
	{ "server", "id" },
	{ NULL, "pipeline_name" },
	{ NULL, "connection_name" },
	{ "pipeline", "name" },
	{ "connection", "name" },
};

enum {
	RUN_PATHS = sizeof(run_paths) / sizeof(run_paths[0]),
	PIPELINE_PATHS = sizeof(pipeline_paths) / sizeof(pipeline_paths[0]),
	NAME_PATHS = 4, /* the last ones of a pipeline */
};

/* Where an identity goes, and the place at which it was found. */
struct finding {
	char *text; /* IDENTITY_SIZE bytes */
	char *at;   /* SUBJECT_FOUND bytes, or as far as there is room */
};

/* Those of a search that is one level down, for what is left to be looked
 * for: a path counts more than those behind it, wherever it is found. */
struct descent {
	const struct path *paths;
	size_t n;
	const struct finding *finding;
	enum rc rc; /* RC_MISSING: none yet */
};

/* Takes a value's text where it is an identity; else there is no text. */
static enum rc
take(struct json_object *value, char *into)
{
	struct buf text = {
		.data = into,
		.capacity = IDENTITY_SIZE,
		.max = IDENTITY_SIZE - 1,
	};
	enum rc rc = event_json_text(value, &text);

	if (rc == RC_OK && event_is_identity(value, buf_view(&text)))
		return RC_OK;
	into[0] = '\0';
	return rc == RC_MEMORY ? rc : RC_MISSING;
}

static enum rc
take_at(struct json_object *object, const struct path *path, char *into)
{
	struct json_object *value = object;

	if (path->outer != NULL &&
	    !json_object_object_get_ex(object, path->outer, &value))
		return RC_MISSING;
	if (!json_object_is_type(value, json_type_object) ||
	    !json_object_object_get_ex(value, path->key, &value))
		return RC_MISSING;
	return take(value, into);
}

/* member: the one whose value holds the path, or NULL: that is the top. */
static void
note_place(const struct event_json_member *member, const struct path *path,
    char *at)
{
	const struct event_json_member outer = { .key = path->outer };
	const struct event_json_member last = { .key = path->key };
	struct buf pointer = {
		.data = at,
		.capacity = SUBJECT_FOUND,
		.max = SUBJECT_FOUND - 1,
	};

	at[0] = '\0';
	if (member != NULL)
		event_json_add_token(&pointer, member);
	if (path->outer != NULL)
		event_json_add_token(&pointer, &outer);
	event_json_add_token(&pointer, &last);
}

/* The first of so many paths. */
static void
search(const struct event_json_member *member, struct json_object *object,
    struct descent *descent)
{
	char text[IDENTITY_SIZE];

	for (size_t i = 0; i < descent->n; i++) {
		enum rc rc = take_at(object, &descent->paths[i], text);

		if (rc == RC_MISSING)
			continue;
		descent->rc = rc;
		descent->n = i;
		if (rc == RC_OK) {
			bytes_copy(bytes_of(text), descent->finding->text,
			    IDENTITY_SIZE);
			note_place(member, &descent->paths[i],
			    descent->finding->at);
		}
	}
}

static void
visit(const struct event_json_member *member, void *context)
{
	struct descent *descent = context;

	if (descent->n > 0 && descent->rc != RC_MEMORY &&
	    json_object_is_type(member->value, json_type_object))
		search(member, member->value, descent);
}

static enum rc
find(const struct event *event, const struct path *paths, size_t n,
    const struct finding *finding)
{
	struct descent descent = { paths, n, finding, RC_MISSING };

	if (json_object_is_type(event->root, json_type_object))
		search(NULL, event->root, &descent);
	if (descent.rc == RC_MISSING)
		event_json_each(event->root, visit, &descent);
	return descent.rc == RC_MISSING ? RC_OK : descent.rc;
}

static enum rc
find_at(const struct event *event, const char *pointer,
    const struct finding *finding)
{
	struct json_object *value;
	enum rc rc = event_json_find(event->root, pointer, &value);

	if (rc == RC_OK)
		rc = take(value, finding->text);
	if (rc == RC_OK)
		bytes_copy(bytes_of(pointer), finding->at, SUBJECT_FOUND);
	return rc == RC_MISSING ? RC_OK : rc;
}

/* As a directive says, or as it is found without one. */
static enum rc
find_by(const struct event *event, const struct event_source *source,
    const struct path *paths, size_t n, const struct finding *finding)
{
	return source->from == EVENT_FROM_POINTER ?
	    find_at(event, source->pointer, finding) :
	    find(event, paths, n, finding);
}

/* As watch/tell writes them, whatever the hook's directives say of others. */
static enum rc
find_own(const struct event *event, const struct finding *pipeline,
    const struct finding *name, const struct finding *run)
{
	enum rc rc = find_at(event, "/pipeline/id", pipeline);

	if (rc == RC_OK)
		rc = find_at(event, "/pipeline/name", name);
	return rc == RC_OK ? find_at(event, "/run", run) : rc;
}

static enum rc
find_all(const struct event *event, const struct finding *pipeline,
    const struct finding *name, const struct finding *run)
{
	const struct event_reading *reading = event->reading;
	enum rc rc;

	if (catalog_is_watch(event->row))
		return find_own(event, pipeline, name, run);
	rc = find_by(event, &reading->run_id, run_paths, RUN_PATHS, run);
	if (rc == RC_OK)
		rc = find_by(event, &reading->pipeline_id, pipeline_paths,
		    PIPELINE_PATHS, pipeline);
	if (rc == RC_OK)
		rc = find_by(event, &reading->pipeline_name,
		    &pipeline_paths[PIPELINE_PATHS - NAME_PATHS], NAME_PATHS,
		    name);
	return rc;
}

static void
copy(const struct finding *from, const struct finding *into)
{
	bytes_copy(bytes_of(from->text), into->text, IDENTITY_SIZE);
	bytes_copy(bytes_of(from->at), into->at, SUBJECT_FOUND);
}

enum rc
event_subject_find(const struct event *event, struct event_subject *subject)
{
	const struct finding pipeline = { subject->pipeline,
		subject->pipeline_at };
	const struct finding name = { subject->name, subject->name_at };
	const struct finding run = { subject->run, subject->run_at };
	enum rc rc;

	*subject = (struct event_subject){ 0 };
	rc = find_all(event, &pipeline, &name, &run);
	/* A name at another place serves as those that are found do. */
	if (pipeline.text[0] == '\0' &&
	    event->reading->pipeline_id.from == EVENT_FROM_NONE)
		copy(&name, &pipeline);
	if (pipeline.text[0] == '\0')
		copy(&pipeline, &name);
	else if (name.text[0] == '\0')
		bytes_copy(bytes_of(pipeline.text), name.text, IDENTITY_SIZE);
	return rc;
}
