/* SPDX-License-Identifier: ISC */
#include <sys/random.h>

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto.h"

void
crypto_start(void)
{
	/*
	 * Only the first call into the library can choose this, and it holds
	 * for the process.
	 */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
	    OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
	    OPENSSL_INIT_NO_ATEXIT, NULL);
}

/*
 * OpenSSL 3.0 goes on where there was no memory for its context, and falls
 * over it.
 */
static bool
is_ready(void)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL;
}

enum rc
crypto_sha256(struct bytes of, uint8_t into[CRYPTO_DIGEST])
{
	if (!is_ready() || EVP_Digest(of.data != NULL ? of.data : "", of.len,
	    into, NULL, EVP_sha256(), NULL) != 1)
		return RC_SYSTEM;
	return RC_OK;
}

static bool
hmac_parts(EVP_MAC_CTX *context, struct bytes key, const struct bytes *parts,
    size_t n)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string("digest", digest, 6),
		OSSL_PARAM_END
	};

	if (EVP_MAC_init(context, (const uint8_t *)key.data, key.len,
	    params) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (parts[i].len > 0 && EVP_MAC_update(context,
		    (const uint8_t *)parts[i].data, parts[i].len) != 1)
			return false;
	return true;
}

enum rc
crypto_hmac(struct bytes key, const struct bytes *parts, size_t n,
    uint8_t into[CRYPTO_DIGEST])
{
	EVP_MAC *mac = is_ready() ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL;
	EVP_MAC_CTX *context = NULL;
	enum rc rc = RC_SYSTEM;
	size_t len = 0;

	if (mac != NULL)
		context = EVP_MAC_CTX_new(mac);
	if (context != NULL && hmac_parts(context, key, parts, n) &&
	    EVP_MAC_final(context, into, &len, CRYPTO_DIGEST) == 1 &&
	    len == CRYPTO_DIGEST)
		rc = RC_OK;
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
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

const char *
crypto_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
