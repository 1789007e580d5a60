/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_CRYPTO_H
#define PELIHOOK_BASE_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* The only module that knows OpenSSL. */
enum {
	CRYPTO_DIGEST = 32,
	CRYPTO_MARK = 33, /* an unguessable text and its NUL */
};

/* RC_SYSTEM where the library refuses. */
enum rc crypto_sha256(struct bytes of, uint8_t into[CRYPTO_DIGEST]);
/*
 * HMAC-SHA256 (RFC 2104, FIPS 198-1) over n parts, one after the other.
 * RC_SYSTEM where the library refuses.
 */
enum rc crypto_hmac(struct bytes key, const struct bytes *parts, size_t n,
    uint8_t into[CRYPTO_DIGEST]);
/* Whole digests in a time that does not depend on what they hold. */
bool crypto_equal(const uint8_t a[CRYPTO_DIGEST],
    const uint8_t b[CRYPTO_DIGEST]) __attribute__((warn_unused_result));
void crypto_wipe(void *data, size_t len);
/* From the kernel; RC_SYSTEM. */
enum rc crypto_random(void *into, size_t len);
/* 128 random bits as lower-case hexadecimal.  RC_SYSTEM. */
enum rc crypto_mark(char mark[CRYPTO_MARK]);
/* The library's name and version, for -V. */
const char *crypto_version(void);

#endif
