/* SPDX-License-Identifier: ISC */
#include <sys/random.h>

#include <errno.h>
#include <string.h>

/*
 * SHA-256 is asked for itself and not through EVP: a CGI process would spend
 * more on OpenSSL's tables of providers than on all the rest, and this part
 * needs no memory, so that no signature is refused for a lack of it.
 */
#define OPENSSL_API_COMPAT 10100
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/crypto.h"

#include "base/codec.h"

enum {
	INNER = 0x36, /* RFC 2104 */
	OUTER = 0x5c,
};

static bool
add(SHA256_CTX *context, struct bytes bytes)
{
	return bytes.len == 0 ||
	    SHA256_Update(context, bytes.data, bytes.len) == 1;
}

static enum rc
digest(struct bytes first, const struct bytes *parts, size_t n,
    uint8_t into[CRYPTO_DIGEST])
{
	SHA256_CTX context;
	bool good = SHA256_Init(&context) == 1 && add(&context, first);

	for (size_t i = 0; good && i < n; i++)
		good = add(&context, parts[i]);
	good = good && SHA256_Final(into, &context) == 1;
	OPENSSL_cleanse(&context, sizeof(context));
	return good ? RC_OK : RC_SYSTEM;
}

enum rc
crypto_sha256(struct bytes of, uint8_t into[CRYPTO_DIGEST])
{
	return digest(of, NULL, 0, into);
}

/* A key as the block that HMAC wants. */
static enum rc
fill_block(struct bytes key, uint8_t block[SHA256_CBLOCK])
{
	memset(block, 0, SHA256_CBLOCK);
	if (key.len > SHA256_CBLOCK)
		return crypto_sha256(key, block);
	if (key.len > 0)
		memcpy(block, key.data, key.len);
	return RC_OK;
}

static struct bytes
mask(uint8_t block[SHA256_CBLOCK], int with)
{
	for (size_t i = 0; i < SHA256_CBLOCK; i++)
		block[i] = (uint8_t)(block[i] ^ with);
	return (struct bytes){ (const char *)block, SHA256_CBLOCK };
}

enum rc
crypto_hmac(struct bytes key, const struct bytes *parts, size_t n,
    uint8_t into[CRYPTO_DIGEST])
{
	uint8_t block[SHA256_CBLOCK];
	uint8_t inner[CRYPTO_DIGEST];
	struct bytes second = { (const char *)inner, sizeof(inner) };
	enum rc rc = fill_block(key, block);

	if (rc == RC_OK)
		rc = digest(mask(block, INNER), parts, n, inner);
	if (rc == RC_OK)
		rc = digest(mask(block, INNER ^ OUTER), &second, 1, into);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(inner, sizeof(inner));
	return rc;
}

bool
crypto_equal(const uint8_t a[CRYPTO_DIGEST], const uint8_t b[CRYPTO_DIGEST])
{
	return CRYPTO_memcmp(a, b, CRYPTO_DIGEST) == 0;
}

void
crypto_wipe(void *data, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(data, len);
}

enum rc
crypto_random(void *into, size_t len)
{
	char *at = into;
	ssize_t n;

	while (len > 0) {
		n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RC_SYSTEM;
		at += n;
		len -= (size_t)n;
	}
	return RC_OK;
}

enum rc
crypto_mark(char mark[CRYPTO_MARK])
{
	uint8_t random[(CRYPTO_MARK - 1) / 2];
	enum rc rc = crypto_random(random, sizeof(random));

	if (rc == RC_OK)
		encode_hex(random, sizeof(random), mark);
	return rc;
}

const char *
crypto_version(void)
{
#ifdef PELIHOOK_STATIC_SHA256
	/* To ask for it would bring in most of the library. */
	return OPENSSL_VERSION_TEXT;
#else
	return OpenSSL_version(OPENSSL_VERSION);
#endif
}
