/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_FILES_H
#define PELIHOOK_CONFIG_FILES_H

#include "base/buf.h"
#include "base/rc.h"

struct conf;
struct hook;

/*
 * The files that a configuration names are looked at, and secrets loaded.
 * RC_CONFIG with errors as conf_load has them; RC_MEMORY.
 */

/*
 * Checks the commands of one hook and loads its secrets, once.  It writes
 * to the hook, so it is called before the configuration is shared between
 * threads.
 */
enum rc conf_ready(struct conf *conf, struct hook *hook, struct buf *errors);
/* conf_ready for all hooks; has the errors of all before it gives up. */
enum rc conf_ready_all(struct conf *conf, struct buf *errors);
/*
 * The same before a start, when an administrator can correct it: a log that
 * cannot be opened is an error as well.  Later nothing is refused for that.
 */
enum rc conf_ready_start(struct conf *conf, struct buf *errors);

#endif
