/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_CHOOSE_H
#define PELIHOOK_RECEIVE_CHOOSE_H

#include "base/rc.h"

struct conf;
struct hook;
struct request;

/*
 * Which hook a request is for: the one that PELIHOOK_HOOK names where that
 * is not empty, else the one that the path names, else the only one.  A hook
 * with `signature none` cannot be named by the path.  RC_NO_HOOK, and
 * RC_CONFIG where the variable is there twice; both logged.
 */
enum rc choose_hook(struct conf *conf, const struct request *request,
    struct hook **hook);

#endif
