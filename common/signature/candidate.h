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
 * Decodes the text after its first prefix bytes into mac, as encoding says:
 * exactly 32 bytes, strictly.  False where it is no such text.
 */
bool candidate_decode(struct mac_candidate *candidate);
/*
 * The same for a text of which nothing is known: as 64 hexadecimal digits or
 * 44 characters of base64, whole or after its first = or : sign.
 */
bool candidate_recognise(struct mac_candidate *candidate);
/*
 * The next item of a header's value (cut at commas, semicolons and blanks)
 * that candidate_recognise knows.  False when none is left.
 */
bool candidate_next(struct bytes *rest, struct mac_candidate *candidate);
/* The size of MACs that others make, in bytes: they are told apart by that. */
enum { CANDIDATE_SHA1 = 20, CANDIDATE_SHA512 = 64 };

/* Whether an item of a header's value is as candidate_recognise says, but of
 * that many bytes, 64 at most. */
bool candidate_of_size(struct bytes value, size_t size);
/*
 * The next item of a value that is cut at the whole of split, without the
 * blanks at its ends; an empty split leaves it in one.  False when none is
 * left.
 */
bool candidate_split(struct bytes *rest, const char *split, struct bytes *item);
/*
 * The part of a header's value in which items are looked for, without the
 * blanks at its ends.  A value that is used whole is read by request_header.
 */
struct bytes candidate_value(const char *value);

#endif
