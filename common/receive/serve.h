/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SERVE_H
#define PELIHOOK_RECEIVE_SERVE_H

#include "http/gateway.h"
#include "http/reply.h"

struct conf;
struct sink;

/*
 * Answers one request: method, hook, length, size, read, handle, write, and
 * the input to its end.  conf is NULL where the configuration is broken:
 * then every POST is answered 500.  A hook that is not ready is made so
 * (conf_load_files), which is for processes of one thread.  Returns the
 * answer.
 */
struct reply serve(const struct gateway *gateway, struct conf *conf,
    const struct sink *sink);

#endif
