/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_SERVER_H
#define PELIHOOK_FCGI_SERVER_H

#include "base/rc.h"

struct listener;
struct options;
struct current;
struct host;

/*
 * From here on the signals that stop it and reload it wait for server_run:
 * so this comes before the socket, which tells others that they may send one,
 * before libfcgi, which would take it, and before threads, which inherit the
 * mask.
 */
void server_hold_signals(void);
/*
 * Answers requests from the listener until it is told to stop; its commands
 * are the host's.  RC_OK: it
 * was, and what was accepted is answered.  RC_TIMEOUT: something would not
 * end, and its threads still run.  RC_SYSTEM, RC_MEMORY: it could not begin.
 * All of them are logged.
 */
enum rc server_run(const struct options *options,
    const struct listener *listener, struct current *current,
    struct host *host);

#endif
