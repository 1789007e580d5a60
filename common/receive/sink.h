/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SINK_H
#define PELIHOOK_RECEIVE_SINK_H

#include "base/outcome.h"

struct job;

/*
 * The one effect of handling a request.  put returns what became of the
 * job; *reason is set where it was refused.
 */
struct sink {
	void *context;
	enum outcome (
	    *put)(void *context, const struct job *job, enum rc *reason);
};

#endif
