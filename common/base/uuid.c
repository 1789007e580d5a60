/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/uuid.h"

#include "base/codec.h"
#include "base/crypto.h"

void
uuid7(int64_t wall, const uint8_t random[10], char into[UUID_SIZE])
{
	uint8_t raw[16];

	for (size_t i = 0; i < 6; i++)
		raw[i] = (uint8_t)((uint64_t)wall >> (40 - 8 * i));
	memcpy(raw + 6, random, 10);
	raw[6] = (uint8_t)(0x70 | (raw[6] & 0x0f));
	raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f));
	encode_hex(raw, 4, into);
	encode_hex(raw + 4, 2, into + 9);
	encode_hex(raw + 6, 2, into + 14);
	encode_hex(raw + 8, 2, into + 19);
	encode_hex(raw + 10, 6, into + 24);
	into[8] = into[13] = into[18] = into[23] = '-';
}

bool
uuid_is(struct bytes text)
{
	if (text.len != UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((i == 8 || i == 13 || i == 18 || i == 23) ?
			text.data[i] != '-' :
			!hex_is_digit(text.data[i]))
			return false;
	return true;
}

enum rc
uuid_make(int64_t wall, char into[UUID_SIZE])
{
	uint8_t random[10];
	enum rc rc = crypto_random(random, sizeof(random));

	if (rc == RC_OK)
		uuid7(wall, random, into);
	return rc;
}
