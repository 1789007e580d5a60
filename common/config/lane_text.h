/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LANE_TEXT_H
#define PELIHOOK_CONFIG_LANE_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

struct conf;
struct json;
struct lane;

/* Lanes, as people read them. */

/* Appends a lane's name, or the command of which it is the lane.  RC_MEMORY. */
enum rc lane_print(const struct lane *lane, struct buf *into);
/* One that the journal has of a hook, for somebody. */
struct lane_told {
	const char *hook;
	const char *key;
	/* Without a command's arguments, which may be secret. */
	bool bare;
};

/*
 * The same of such a one, and short enough for a table: of a command only the
 * file's name, where that is enough, and else all of it, or, of a bare one, the
 * beginning of the key after the file's name.  What the configuration does not
 * have is the key, of a digest its beginning; nothing for no lane.  RC_MEMORY.
 */
enum rc lane_print_key(const struct conf *conf, const struct lane_told *told,
    struct buf *into);
/* Both as members of an object, lane and lane_name.  RC_MEMORY. */
enum rc lane_write(struct json *json, const struct conf *conf,
    const struct lane_told *told);

#endif
