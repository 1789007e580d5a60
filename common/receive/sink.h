/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_SINK_H
#define PELIHOOK_RECEIVE_SINK_H

struct exchange;

/*
 * The one effect of a request whose event somebody wants, or that says something
 * of a run.  put takes the exchange over and tells exchange->done what became of it: at once, or later
 * and in another thread.
 */
struct sink {
	void *context;
	void (*put)(void *context, struct exchange *exchange);
};

#endif
