/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_VERIFY_H
#define PELIHOOK_SIGNATURE_VERIFY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/codec.h"

struct hook;
struct request;
struct conf_secret;
struct scheme;

/* What vouches for a request; for the log. */
struct proof {
	char header[ENCODE_VARIABLE];	/* X-Signature; or empty */
	const struct conf_secret *secret;	/* NULL under none */
	const char *why;		/* for RC_SIGNATURE; never secret */
	int64_t skew;			/* milliseconds; 0: no timestamp */
	char pin[512];			/* auto: the `signature` line */
};

/*
 * Whether one of the hook's secrets signed the body as its `signature` line
 * says, at the time the request was received.  RC_OK, RC_SIGNATURE,
 * RC_REPEATED, RC_SYSTEM; *proof is filled in every case.  Under
 * `signature none` always RC_OK.
 */
enum rc verify(const struct hook *hook, const struct request *request,
    struct proof *proof);

/*
 * Appends the header lines (LF) that sign a body under a scheme; auto signs
 * as `X-Signature: sha256=`.  id is used where the scheme signs one.
 */
enum rc verify_sign(const struct scheme *scheme, struct bytes key,
    struct bytes body, int64_t now, const char *id, struct buf *into);

#endif
