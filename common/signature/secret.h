/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_SECRET_H
#define PELIHOOK_SIGNATURE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/pool.h"
#include "base/rc.h"
#include "base/trust.h"

/* How the key is written in its file. */
enum secret_coding {
	SECRET_RAW,
	SECRET_HEX,
	SECRET_BASE64,
	SECRET_WHSEC,
};

/* A `secret-file` line, and the key that was in it. */
struct secret {
	const char *path;
	enum secret_coding coding;
	bool world_readable; /* others may read its file */
	struct bytes key;    /* decoded; empty until it is loaded */
	/* What is odd about its text ("has quotes round it: ..."), without
	 * any of it; NULL: nothing. */
	const char *odd;
	unsigned line;
};

/* What its file has to be for trust_read. */
enum trust_kind secret_trust(const struct secret *secret);
/*
 * The key in a secret file's text under a coding, without one final LF or
 * CRLF; into has room for the whole text.  NULL, or what is wrong with it
 * and what to do.
 */
const char *secret_decode(struct bytes text, enum secret_coding coding,
    uint8_t *into, size_t *len);
/*
 * Reads the file, which has to be as secret_trust says, and decodes
 * it: into key and odd.  The key's memory is the pool's and has
 * to be wiped before that is freed.  RC_CONFIG with a sentence without the
 * file's name appended to error, where there is memory for it; RC_MEMORY.
 */
enum rc secret_load(struct secret *secret, struct pool *pool,
    struct buf *error);
/*
 * Reads a file that is kept like a secret and is used as it is: into key, at
 * most max bytes without NUL and with one behind them.  The rest as with
 * secret_load.
 */
enum rc secret_load_text(struct secret *secret, size_t max, struct pool *pool,
    struct buf *error);
/* Wipes the keys, whose memory stays the pool's. */
void secret_wipe(struct secret *secrets, size_t n);

#endif
