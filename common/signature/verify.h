/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_VERIFY_H
#define PELIHOOK_SIGNATURE_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "http/header_name.h"
#include "signature/recipe.h"

struct buf;
struct request;
struct secret;

/*
 * How a signature that auto has found is written, for the line that accepts
 * only that: views of the request's variables.
 */
struct verify_found {
	const char *variable; /* NAME=value; NULL: there is no such line */
	struct bytes prefix;
	const char *split; /* what is next to it in the header, or "" */
	enum recipe_encoding encoding;
};

/* What vouches for a request; for the log. */
struct verification {
	char header[HEADER_VARIABLE_SIZE]; /* X-Signature; or empty */
	const struct secret *secret;	   /* NULL under none */
	const char *reason;		   /* for RC_SIGNATURE; never secret */
	int64_t skew;			   /* milliseconds; 0: no timestamp */
	struct verify_found found;	   /* auto */
};

/*
 * Whether one of n secrets signed the body as the recipe says, at the time
 * the request was received.  RC_OK, RC_SIGNATURE, RC_REPEATED, RC_SYSTEM;
 * *result is filled in every case.  Under `signature none` always RC_OK.
 */
enum rc verify(const struct recipe *recipe, const struct secret *secrets,
    size_t n, const struct request *request, struct verification *result);
/* Appends the `signature` line for what auto has found, which there is. */
enum rc verify_suggest(const struct verification *result, struct buf *into);

#endif
