/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_CHOOSE_H
#define PELIHOOK_RECEIVE_CHOOSE_H

#include "base/bytes.h"
#include "base/rc.h"

struct conf;
struct hook;
struct request;

/* What a request says of its hook, for the log. */
struct choice {
	struct bytes sought;
	const char *by; /* the variable that named it */
};

/*
 * Which hook a request is for: the one that PELIHOOK_HOOK names where that
 * is not empty, else the one that the path names, else the only one.  A hook
 * with `signature none` cannot be named by the path.  RC_NO_HOOK: *hook is
 * NULL; RC_CONFIG, logged, where the variable is there twice.
 */
enum rc choose_hook(const struct conf *conf, const struct request *request,
    struct choice *choice, const struct hook **hook);

#endif
