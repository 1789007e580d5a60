/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_HANDLE_H
#define PELIHOOK_RECEIVE_HANDLE_H

#include "http/reply.h"

struct hook;
struct request;
struct sink;

/*
 * The way of one webhook, from the bytes as read to the answer: verify,
 * parse, find the `on` lines, put into the sink.  Logs one line for the event.
 */
struct reply handle(const struct hook *hook, const struct request *request,
    const struct sink *sink);

#endif
