/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_CODEC_H
#define PELIHOOK_BASE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Whether it is a hexadecimal digit, of either case. */
bool hex_is_digit(char c);
/* What it is worth; -1: it is none. */
int hex_value(char c);
/* Lower-case hexadecimal of n bytes into 2n+1 chars. */
void encode_hex(const uint8_t *from, size_t n, char *into);
/*
 * Hexadecimal digits of either case, two a byte.  Writes at most size bytes.
 * RC_SYNTAX for anything else, RC_RANGE where it does not fit.
 */
enum rc decode_hex(struct bytes text, uint8_t *into, size_t size, size_t *len);
/* Padded base64 (RFC 4648 section 4) appended to into. */
enum rc encode_base64(struct bytes from, struct buf *into);
/*
 * Strict base64 of RFC 4648 section 4: padding as it must be, no blanks, no
 * other alphabet, unused bits zero.  Errors as decode_hex.
 */
enum rc decode_base64(struct bytes text, uint8_t *into, size_t size,
    size_t *len);
/* The same where all of the padding may have been left out. */
enum rc decode_base64_bare(struct bytes text, uint8_t *into, size_t size,
    size_t *len);

#endif
