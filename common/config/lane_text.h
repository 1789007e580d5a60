/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LANE_TEXT_H
#define PELIHOOK_CONFIG_LANE_TEXT_H

#include "base/buf.h"

struct conf;
struct json;
struct lane;

/* Lanes, as people read them. */

/* Appends a lane's name, or the command of which it is the lane.  RC_MEMORY. */
enum rc lane_print(const struct lane *lane, struct buf *into);
/*
 * The same of a key that the journal has of a hook, and short enough for a
 * table: of a command only the file's name, where that is enough.  What the
 * configuration does not have is the key, of a digest its beginning; nothing
 * for no lane.  RC_MEMORY.
 */
enum rc lane_print_key(const struct conf *conf, const char *hook,
    const char *key, struct buf *into);
/* Both as members of an object, lane and lane_name.  RC_MEMORY. */
enum rc lane_write(struct json *json, const struct conf *conf, const char *hook,
    const char *key);

#endif
