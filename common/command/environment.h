/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_ENVIRONMENT_H
#define PELIHOOK_COMMAND_ENVIRONMENT_H

#include <stddef.h>

#include "base/pool.h"
#include "base/rc.h"

struct job;

/*
 * What a command sees: the environment of n jobs' command, NULL-terminated,
 * from the pool: PATH, HOME, USER, LOGNAME, LANG, setenv, env and the PELIHOOK_
 * variables (of several jobs only HOOK, COUNT and CLAIM).  Of several jobs only
 * the first is looked at; it has a mark and a user.  RC_MEMORY.
 */
enum rc environment_make(const struct job *first, size_t n, struct pool *pool,
    const char *const **out);

#endif
