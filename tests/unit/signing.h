/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNING_H
#define PELIHOOK_SIGNING_H

#include "front.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/pool.h"
#include "base/tokens.h"
#include "config/conf.h"
#include "http/request.h"
#include "signature/recipe.h"
#include "signature/secret.h"
#include "signature/verify.h"

/* What the tests of signing and verifying share. */

#define SECRET "0123456789abcdef0123456789abcdef"

#define BODY "{\"event\":\"connection_added\"}"

/* 2023-11-14T22:13:20Z, in milliseconds. */
#define NOW INT64_C(1700000000000)

/* A hook of one `signature` line and its secrets. */
struct trial {
	struct pool pool;
	struct hook hook;
	struct secret secrets[4];
	struct front front;
	struct request request;
	struct verification verification;
};

static inline void
trial_line(struct trial *trial, const char *line)
{
	const char *const *list = NULL;
	const char *why = NULL;
	struct tokens words;
	size_t n = 0;

	tokens_start(&words, bytes_of(line));
	assert_int_equal(tokens_next(&words, &trial->pool, &list, &n, &why),
	    RC_OK);
	if (recipe_parse(list, n, &trial->pool, &trial->hook.signature, &why) !=
	    RC_OK) {
		print_error("%s: %s\n", line, why);
		fail();
	}
}

static inline void
trial_start(struct trial *trial, const char *line)
{
	memset(trial, 0, sizeof(*trial));
	trial_line(trial, line);
	trial->hook.name = "unit";
	trial->hook.secrets = trial->secrets;
	trial->request.variables = trial->front.variables;
	trial->request.received = NOW;
}

static inline void
trial_secret(struct trial *trial, const char *path, struct bytes key)
{
	struct secret *secret = &trial->secrets[trial->hook.secrets_len];

	assert_in_range(trial->hook.secrets_len, 0, 3);
	trial->hook.secrets_len++;
	secret->path = path;
	secret->key = key;
}

static inline enum rc
trial_verify(struct trial *trial, struct bytes body)
{
	trial->request.body.len = 0;
	assert_int_equal(buf_add(&trial->request.body, body), RC_OK);
	memset(&trial->verification, 0xaa, sizeof(trial->verification));
	return verify(&trial->hook.signature, trial->hook.secrets,
	    trial->hook.secrets_len, &trial->request, &trial->verification);
}

static inline void
trial_end(struct trial *trial)
{
	buf_free(&trial->request.body);
	pool_free(&trial->pool);
}

/* The MAC of a text and the ways to write it. */
struct mac {
	uint8_t raw[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	char upper[2 * CRYPTO_DIGEST + 1];
	char base64[45];
};

static inline struct mac
make_mac(const char *key, struct bytes content)
{
	struct buf text = { 0 };
	struct mac mac = { { 0 }, "", "", "" };

	assert_int_equal(crypto_hmac(bytes_of(key), &content, 1, mac.raw),
	    RC_OK);
	encode_hex(mac.raw, CRYPTO_DIGEST, mac.hex);
	for (size_t i = 0; mac.hex[i] != '\0'; i++)
		mac.upper[i] = mac.hex[i] >= 'a' ?
		    (char)(mac.hex[i] - 'a' + 'A') :
		    mac.hex[i];
	assert_int_equal(encode_base64((struct bytes){ (const char *)mac.raw,
					   CRYPTO_DIGEST },
			     &text),
	    RC_OK);
	memcpy(mac.base64, text.data, 45);
	buf_free(&text);
	return mac;
}

/*
 * A text with $H, $U, $B for the MAC, $W and $V for a wrong one (hex, base64)
 * and {body} for the body.
 */
static inline char *
expand(struct pool *pool, const char *text, const struct mac *mac)
{
	static const char wrong[] = "00112233445566778899aabbccddeeff"
				    "00112233445566778899aabbccddeeff";
	static const char other[] =
	    "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=";
	struct buf out = { 0 };
	char *copy;

	for (; *text != '\0'; text++) {
		const char *what = NULL;

		if (strncmp(text, "{body}", 6) == 0) {
			what = BODY;
			text += 5;
		} else if (*text == '$') {
			text++;
			what = *text == 'H' ? mac->hex :
			    *text == 'U'    ? mac->upper :
			    *text == 'B'    ? mac->base64 :
			    *text == 'W'    ? wrong :
					      other;
		}
		assert_int_equal(what != NULL ? buf_text(&out, what) :
						buf_char(&out, *text),
		    RC_OK);
	}
	copy = pool_copy(pool, buf_view(&out));
	buf_free(&out);
	return copy;
}

#endif
