/* SPDX-License-Identifier: ISC */
#include "journal/key.h"

#include "base/crypto.h"

struct bytes
journal_key_bytes(const uint8_t key[JOURNAL_KEY])
{
	return (struct bytes){ (const char *)key, JOURNAL_KEY };
}

enum rc
journal_key_digest(struct bytes key, uint8_t into[JOURNAL_KEY],
    struct bytes *digest)
{
	*digest = (struct bytes){ 0 };
	if (key.len == 0)
		return RC_OK;
	*digest = journal_key_bytes(into);
	return crypto_sha256(key, into);
}
