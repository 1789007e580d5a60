/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_GATEWAY_H
#define PELIHOOK_HTTP_GATEWAY_H

#include <stdint.h>

#include "base/bytes.h"

struct hook;

/*
 * Where a request comes from and where its reply goes: all that tells CGI
 * (RFC 3875) from FastCGI.  A front end fills it and opens an exchange.
 */
struct gateway {
	void *context; /* the front end's own */
	/* NAME=value, NULL-terminated: the meta-variables, as received; they
	 * stay until reply. */
	const char *const *variables;
	/*
	 * Makes a hook ready where the front end did not load the files of
	 * all of them at its start; NULL: it did.  RC_OK or why not, logged.
	 */
	enum rc (*prepare)(void *context, const struct hook *hook);
	/*
	 * Reads up to size bytes of the body before the deadline (of
	 * clock_steady).  RC_OK with *got 0 is the end of the input.
	 * RC_SHORT: cut off; RC_SLOW: the deadline; RC_STOPPING: told to
	 * stop while reading.
	 */
	enum rc (*read)(void *context, char *into, size_t size,
	    int64_t deadline, size_t *got);
	/*
	 * The body's bytes are not held any more, or only by a command that
	 * runs; called once where a body was read, before reply at the
	 * latest.  NULL is fine.
	 */
	void (*body_released)(void *context);
	/*
	 * Sends all of it and takes what is left of the input, which ends the
	 * request: nothing of the gateway is called after it.  Whichever
	 * thread ends the exchange calls it.  unread: how many bytes of a
	 * known CONTENT_LENGTH were not read, or -1 where it is not known.
	 * RC_SYSTEM: it could not be sent.
	 */
	enum rc (*reply)(void *context, struct bytes bytes, int64_t unread);
};

/* How long the rest of the input is taken after a reply, milliseconds. */
enum { GATEWAY_DISCARD = 5000 };

#endif
