/* SPDX-License-Identifier: ISC */
#include "journal/key.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"

/*
 * What is digested is the text's own digest in hex, and for an order the hook
 * and the lane before it.  Dedupe keys are compared with those that were stored
 * by earlier releases; order keys are not, as a move makes them anew.
 */
enum { HEX_SIZE = 2 * CRYPTO_DIGEST + 1 };

struct bytes
journal_key_bytes(const uint8_t digest[JOURNAL_KEY])
{
	return (struct bytes){ (const char *)digest, JOURNAL_KEY };
}

struct bytes
journal_key_view(const struct journal_key *key)
{
	if (key == NULL || !key->is)
		return (struct bytes){ 0 };
	return journal_key_bytes(key->digest);
}

static enum rc
hex_digest(struct bytes text, char hex[HEX_SIZE])
{
	uint8_t digest[CRYPTO_DIGEST];
	enum rc rc = crypto_sha256(text, digest);

	if (rc == RC_OK)
		encode_hex(digest, sizeof(digest), hex);
	return rc;
}

static enum rc
make_key(struct bytes of, struct journal_key *key)
{
	struct journal_key made = { .is = true };
	enum rc rc = crypto_sha256(of, made.digest);

	if (rc == RC_OK)
		*key = made;
	return rc;
}

enum rc
journal_order_key(const char *hook, const char *lane, struct bytes text,
    struct journal_key *key)
{
	struct buf named = { 0 };
	char hex[HEX_SIZE];
	enum rc rc;

	if (text.len == 0) {
		*key = (struct journal_key){ 0 };
		return RC_OK;
	}
	rc = hex_digest(text, hex);
	if (rc != RC_OK)
		return rc;
	buf_text(&named, hook);
	buf_char(&named, '\0');
	buf_text(&named, lane);
	buf_char(&named, '\0');
	buf_text(&named, hex);
	rc = named.rc;
	if (rc == RC_OK)
		rc = make_key(buf_view(&named), key);
	buf_free(&named);
	return rc;
}

enum rc
journal_dedupe_key(struct bytes text, struct journal_key *key)
{
	char hex[HEX_SIZE];
	enum rc rc;

	if (text.len == 0) {
		*key = (struct journal_key){ 0 };
		return RC_OK;
	}
	rc = hex_digest(text, hex);
	return rc == RC_OK ? make_key(bytes_of(hex), key) : rc;
}
