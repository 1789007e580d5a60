/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_SECRET_H
#define PELIHOOK_SIGNATURE_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* How the key is written in its file. */
enum secret_coding {
	SECRET_RAW,
	SECRET_HEX,
	SECRET_BASE64,
	SECRET_WHSEC
};

/* A `secret-file` line, and the key that was in it. */
struct secret {
	const char *path;
	enum secret_coding coding;
	struct bytes key;	/* decoded; empty until it is loaded */
	bool blanks;		/* there are some round it: a warning */
	unsigned line;
};

/*
 * The key in a secret file's text under a coding, without one final LF or
 * CRLF; into has room for the whole text.  NULL, or what is wrong with it
 * and what to do.
 */
const char *secret_decode(struct bytes text, enum secret_coding coding,
    uint8_t *into, size_t *len);
/* Whether the text of a secret file, that was decoded, has blanks round it,
 * which count. */
bool secret_has_blanks(struct bytes text);
/* Wipes the key, whose memory stays the caller's. */
void secret_wipe(struct secret *secret);

#endif
