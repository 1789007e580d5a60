/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_CAPTURE_H
#define PELIHOOK_RECEIVE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define CAPTURE_BLANKED "(blanked)"

struct hook;
struct pool;
struct request;

enum {
	CAPTURE_BODY = 64 * 1024,  /* most bytes of a body that are kept */
	CAPTURE_FILE = 512 * 1024, /* no capture is larger */
};

/*
 * Keeps a request that was refused with 401 in the hook's `capture`
 * directory, for pelihookctl probe: one a second, the first ten and the last
 * ten.  The file, HOOK.TIME.capture, mode 0600, is
 *
 *	Pelihook-Capture: 1
 *	Pelihook-Hook: HOOK
 *	Pelihook-Received: milliseconds since 1970
 *	Pelihook-Length: bytes of the whole body
 *	X-Signature: ...		every header, as names are written
 *
 * then an empty line (LF) and the body, cut after 64 KiB.  The values of
 * Cookie and Authorization are blanked (CAPTURE_BLANKED) unless something in
 * them could be a signature, one of SHA-1 or SHA-512 too.  What goes wrong is logged.
 */
void capture(const struct hook *hook, const struct request *request);

/* A capture, read back; views of the file's bytes. */
struct captured {
	const char **variables; /* HTTP_NAME=value, NULL-terminated */
	struct bytes body;
	int64_t received;
	unsigned long long length; /* of the body as it was sent */
	bool complete;		   /* the body was not cut */
};

/* RC_SYNTAX where the text is no capture, RC_MEMORY. */
enum rc capture_parse(struct bytes text, struct pool *pool,
    struct captured *out);

#endif
