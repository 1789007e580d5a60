/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_WAIT_H
#define PELIHOOK_RECEIVE_WAIT_H

#include <stdint.h>

#include "receive/sink.h"

/*
 * Hands events to commands.  One of these serves a process and all its
 * threads; it counts the commands that are waited for.
 */
struct wait;
struct host;

/*
 * threads: how many requests the process handles at once, for the default
 * of max-running.  stop: as in struct command.  RC_MEMORY.
 */
enum rc wait_open(unsigned threads, int stop, int64_t stop_kill_after,
    struct wait **out);
/* Whose commands they are: as in struct command. */
void wait_set_host(struct wait *wait, struct host *host);
/* Once no thread is in its sink any more.  NULL is fine. */
void wait_close(struct wait *wait);
/*
 * The sink of hooks that wait: runs the command and tells how it went.
 * RC_CROWDED where the hook's max-running is reached; a command that is
 * stuck keeps its slot until it is gone.  RC_MEMORY.
 */
struct sink wait_sink(struct wait *wait);

#endif
