/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_CODEC_H
#define PELIHOOK_BASE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	ENCODE_UUID = 37,	/* a UUID's text and its NUL */
	ENCODE_TIME = 25,	/* 2026-01-02T03:04:05.678Z and its NUL */
	ENCODE_VARIABLE = 260	/* the longest HTTP_ variable and its NUL */
};

/* Lower-case hexadecimal of n bytes into 2n+1 chars. */
void encode_hex(const uint8_t *from, size_t n, char *into);
/*
 * Hexadecimal digits of either case, two a byte.  Writes at most room bytes.
 * RC_SYNTAX for anything else, RC_RANGE where it does not fit.
 */
enum rc decode_hex(struct bytes text, uint8_t *into, size_t room,
    size_t *len);
/* Padded base64 (RFC 4648 section 4) appended to into. */
enum rc encode_base64(struct bytes from, struct buf *into);
/*
 * Strict base64 of RFC 4648 section 4: padding as it must be, no blanks, no
 * other alphabet, unused bits zero.  Errors as decode_hex.
 */
enum rc decode_base64(struct bytes text, uint8_t *into, size_t room,
    size_t *len);

/*
 * The length of the UTF-8 sequence (RFC 3629) at the start of a text, which
 * is not empty; 0 where there is none.
 */
size_t utf8_length(struct bytes text);
/*
 * The inside of a JSON string (RFC 8259 section 7), without the quotes.
 * Bytes that are not UTF-8 become U+FFFD, so the result is always JSON.
 */
enum rc encode_json(struct bytes from, struct buf *into);
/* The bytes of the character of UTF-8 at the start of a text that is not
 * empty; 0: there is none, or a control character (C0, DEL, C1). */
size_t encode_character(struct bytes text);
/* Whether it is UTF-8 (RFC 3629) without any control character. */
bool encode_is_text(struct bytes text);

/* RFC 9562 section 5.7 from milliseconds since 1970 and ten random bytes. */
void encode_uuid7(int64_t wall, const uint8_t random[10],
    char into[ENCODE_UUID]);

/* RFC 3339 in UTC with milliseconds.  Years 0 to 9999. */
void encode_time(int64_t wall, char into[ENCODE_TIME]);
/*
 * Strict RFC 3339 date-time, fraction and offset included, to milliseconds
 * since 1970 (digits beyond are cut off).  RC_SYNTAX.
 */
enum rc decode_time(struct bytes text, int64_t *wall);

/*
 * The CGI variable a header arrives in (RFC 3875 section 4.1.18):
 * `X-Signature` gives HTTP_X_SIGNATURE.  The name is an RFC 9110 token of
 * at most 250 bytes.  RC_SYNTAX otherwise.
 */
enum rc encode_variable(struct bytes header, char into[ENCODE_VARIABLE]);
/* The other way, as headers are usually written: X-Signature. */
void decode_variable(const char *variable, char into[ENCODE_VARIABLE]);

#endif
