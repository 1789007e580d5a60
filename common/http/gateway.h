/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_GATEWAY_H
#define PELIHOOK_HTTP_GATEWAY_H

#include <stdint.h>

#include "base/bytes.h"

/*
 * Where a request comes from and where its reply goes: all that tells CGI
 * (RFC 3875) from FastCGI.  A front end fills it and calls serve().
 */
struct gateway {
	void *context; /* the front end's own */
	/* NAME=value, NULL-terminated: the meta-variables, as received. */
	const char *const *variables;
	/*
	 * Reads up to size bytes of the body before the deadline (of
	 * clock_steady).  RC_OK with *got 0 is the end of the input.
	 * RC_SHORT: cut off; RC_SLOW: the deadline; RC_STOPPING: told to
	 * stop while reading.
	 */
	enum rc (*read)(void *context, char *into, size_t size,
	    int64_t deadline, size_t *got);
	/*
	 * Writes all of it and sends it on its way, at the latest when
	 * discard_input would have to wait.  RC_SYSTEM.
	 */
	enum rc (*write)(void *context, struct bytes bytes);
	/*
	 * Takes what is left of the input before the deadline, so that the
	 * server never finds unread bytes.  left is how many bytes of a known
	 * CONTENT_LENGTH were not read yet, or -1 where it is not known.
	 */
	void (*discard_input)(void *context, int64_t left, int64_t deadline);
};

#endif
