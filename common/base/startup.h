/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_STARTUP_H
#define PELIHOOK_BASE_STARTUP_H

#include "base/bytes.h"
#include "base/log.h"

/*
 * What every program does first, before threads: umask 077; descriptors 0
 * to 2 that are closed are opened on /dev/null, so that no file of ours
 * lands there; SIGCHLD as it is by default, so that children can be waited
 * for; SIGPIPE ignored.
 */
void process_start(void);
/* Logs each line of a text, as conf_load leaves its complaints. */
void process_log_lines(enum log_level level, struct bytes text);
/* All of it, to a descriptor that blocks.  RC_SYSTEM with errno set. */
enum rc process_write(int fd, struct bytes bytes);

#endif
