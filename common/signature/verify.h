/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_VERIFY_H
#define PELIHOOK_SIGNATURE_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "http/header_name.h"

struct recipe;
struct request;
struct secret;

/* What vouches for a request; for the log. */
struct verification {
	char header[HEADER_VARIABLE_SIZE]; /* X-Signature; or empty */
	const struct secret *secret;	   /* NULL under none */
	const char *reason;		   /* for RC_SIGNATURE; never secret */
	int64_t skew;			   /* milliseconds; 0: no timestamp */
	char suggested_line[512];	   /* auto: the `signature` line */
};

/*
 * Whether one of n secrets signed the body as the recipe says, at the time
 * the request was received.  RC_OK, RC_SIGNATURE, RC_REPEATED, RC_SYSTEM;
 * *result is filled in every case.  Under `signature none` always RC_OK.
 */
enum rc verify(const struct recipe *recipe, const struct secret *secrets,
    size_t n, const struct request *request, struct verification *result);

#endif
