/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_CARRIED_H
#define PELIHOOK_CTL_CARRIED_H

#include <stddef.h>

#include "base/bytes.h"

/* What a header carries that says, or could say, who sends. */
enum carried {
	CARRIED_NOTHING,
	CARRIED_MAC, /* 32 bytes, as those of HMAC-SHA256 */
	CARRIED_SHA1,
	CARRIED_SHA512,
	CARRIED_SECRET, /* itself, in place of a signature */
	CARRIED_TOKEN,	/* by the header's name */
	CARRIED_ODD,	/* called a signature, and none that is known */
};

enum { CARRIED_KINDS = CARRIED_ODD + 1 };

/* By a header, NAME=value, where these are the texts of the secrets. */
enum carried carried_by(const char *variable, const struct bytes *secrets,
    size_t n);

#endif
