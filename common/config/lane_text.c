/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "config/lane_text.h"

#include "base/json_writer.h"
#include "base/tokens.h"
#include "config/conf.h"

enum { KEY_SHOWN = 15 }; /* sha256: and eight digits */

enum rc
lane_print(const struct lane *lane, struct buf *into)
{
	return lane->name != NULL ? buf_text(into, lane->name) :
				    tokens_print_list(lane->command, into);
}

/* NULL where there is no hook or it has no such lane. */
static const struct lane *
find(const struct hook *hook, const char *key)
{
	for (size_t i = 0; hook != NULL && i < hook->lanes_len; i++)
		if (strcmp(hook->lanes[i].key, key) == 0)
			return &hook->lanes[i];
	return NULL;
}

/* The last part of a path, which has a slash. */
static const char *
file_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Whether the file's name tells this command from the others. */
static bool
is_only_one(const struct hook *hook, const struct lane *lane)
{
	const char *file = file_of(lane->command[0]);

	for (size_t i = 0; i < hook->lanes_len; i++)
		if (&hook->lanes[i] != lane && hook->lanes[i].name == NULL &&
		    strcmp(file_of(hook->lanes[i].command[0]), file) == 0)
			return false;
	return true;
}

enum rc
lane_print_key(const struct conf *conf, const struct lane_told *told,
    struct buf *into)
{
	const struct hook *hook = conf_find(conf, bytes_of(told->hook));
	const char *key = told->key;
	const struct lane *lane = find(hook, key);

	if (lane == NULL && strchr(key, ':') != NULL)
		return buf_printf(into, "%.*s", KEY_SHOWN, key);
	if (lane == NULL)
		return buf_text(into, key);
	if (lane->name == NULL && is_only_one(hook, lane))
		return buf_text(into, file_of(lane->command[0]));
	if (lane->name == NULL && told->bare)
		return buf_printf(into, "%s %.*s", file_of(lane->command[0]),
		    KEY_SHOWN, key);
	return lane_print(lane, into);
}

enum rc
lane_write(struct json *json, const struct conf *conf,
    const struct lane_told *told)
{
	struct buf name = { 0 };
	enum rc rc = lane_print_key(conf, told, &name);

	json_text(json, "lane", told->key);
	if (rc == RC_OK)
		json_text(json, "lane_name", name.len == 0 ? "" : name.data);
	buf_free(&name);
	return rc;
}
