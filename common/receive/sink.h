/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SINK_H
#define PELIHOOK_RECEIVE_SINK_H

#include "base/rc.h"

struct job;

/*
 * The one effect of handling a request.  put returns what became of the
 * job: RC_DELIVERED, RC_QUEUED, RC_DUPLICATE, or why it could not be.
 */
struct sink {
	void *context;
	enum rc (*put)(void *context, const struct job *job);
};

#endif
