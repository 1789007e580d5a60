/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_CANDIDATE_H
#define PELIHOOK_SIGNATURE_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "signature/recipe.h"

/* Most bytes of a header that are looked at. */
enum { CANDIDATE_HEADER = 8192 };

/* A part of a header's value that could be a MAC of 32 bytes. */
struct mac_candidate {
	struct bytes text;
	size_t prefix; /* bytes before what decodes */
	enum recipe_encoding encoding;
	uint8_t mac[CRYPTO_DIGEST];
};

/*
 * Decodes item->text behind its first item->prefix bytes as item->encoding
 * says: exactly 32 bytes, strictly.  False where it does not.
 */
bool candidate_decode(struct mac_candidate *item);
/*
 * The same for a text of which nothing is known: as 64 hexadecimal digits or
 * 44 characters of base64, whole or from behind its first = or : sign.
 */
bool candidate_recognise(struct mac_candidate *item);
/*
 * The next item of a header's value (cut at commas, semicolons and blanks)
 * that candidate_recognise knows.  False when none is left.
 */
bool candidate_next(struct bytes *rest, struct mac_candidate *item);
/* A header's value as far as it is looked at for items, blanks at its ends
 * taken off; request_header is what a value is read with that is used whole. */
struct bytes candidate_value(const char *value);

#endif
