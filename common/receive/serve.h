/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SERVE_H
#define PELIHOOK_RECEIVE_SERVE_H

#include "base/rc.h"

struct exchange;
struct exchange_end;
struct sink;

/*
 * The way of one request, in three steps.  First, by its variables alone:
 * method, hook, length, encoding.  RC_OK: its body may be read, of
 * exchange->max_body bytes at most and within exchange->read_timeout.
 * Anything else is to be answered with serve_refuse.
 */
enum rc serve_admit(struct exchange *exchange);
/*
 * Second: reads the body through the gateway, verifies, parses, finds the
 * `on` lines and puts the exchange into the sink, unless there is nothing to be
 * done.  It is ended (exchange->done)
 * now or later, here or in another thread: it is not the caller's any more.
 */
void serve_begin(struct exchange *exchange, const struct sink *sink);
/*
 * Third: logs the one line, counts the request, sends the reply and closes
 * the exchange.
 */
void serve_end(struct exchange *exchange, const struct exchange_end *end);
/* Ends one that came to nothing for a reason: serve_end with that. */
void serve_refuse(struct exchange *exchange, enum rc reason);

#endif
