/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_DISCARD_H
#define PELIHOOK_COMMAND_DISCARD_H

#include <stddef.h>

#include "base/rc.h"

/*
 * The outputs of commands that have ended while something they started still
 * has them open: what is written there is read and thrown away, so that
 * nothing waits, or dies of SIGPIPE, for having been started with `&`.  One
 * of these serves a process and all its threads.  NULL is one that closes
 * what it takes.
 */
struct discard;

/* RC_MEMORY, RC_SYSTEM. */
enum rc discard_open(struct discard **out);
/*
 * Takes the reading ends of a command's pipes, which do not block; -1 for one
 * that is at its end.  Both are -1 afterwards.  Beyond 256 commands, or an
 * eighth of the descriptors that the process may have, the oldest's are
 * closed, with a warning.
 */
void discard_take(struct discard *discard, int fds[2], const char *hook,
    const char *id);
/* Readable when discard_read has something to do; -1 of NULL. */
int discard_fd(const struct discard *discard);
/* Reads what is there, and closes what has come to its end; never waits. */
void discard_read(struct discard *discard);
/* How many descriptors it may have open at once, of so many in all.  What a
 * higher limit leaves to others is never less. */
size_t discard_descriptors(size_t limit);
/*
 * What is left passes to a detached process, which ends with the last writer.
 * It is a copy of this one: secrets are to be wiped before.  No other thread
 * uses it any more.  NULL is fine.
 */
void discard_close(struct discard *discard);

#endif
