/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_HANDLE_H
#define PELIHOOK_RECEIVE_HANDLE_H

#include "base/rc.h"

struct exchange;

/*
 * From the bytes as read to what is to be done: verifies, parses, finds the
 * `on` lines and fills in the job.  RC_OK, also where nobody wants the event
 * (deliveries is 0).  RC_SIGNATURE, RC_REPEATED, RC_JSON, RC_SYSTEM,
 * RC_MEMORY.
 */
enum rc handle(struct exchange *exchange);

#endif
