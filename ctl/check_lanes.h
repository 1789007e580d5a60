/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_CHECK_LANES_H
#define PELIHOOK_CTL_CHECK_LANES_H

struct buf;
struct conf;
struct hook;

/*
 * What check says of lanes.  text is for the text of a field; it is empty
 * before and afterwards, and nothing is shown after its first error.
 */

/* The lanes of a hook that queues, and which of them start one program. */
void check_lanes_show(const struct hook *hook, struct buf *text);
/* What holds within a lane by now and held over a whole hook in 0.1.0, where a
 * hook is not as it was for that. */
void check_lanes_show_changes(const struct conf *conf, struct buf *text);

#endif
