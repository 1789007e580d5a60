/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

#include "base/codec.h"
#include "base/crypto.h"

void
uuid7(int64_t wall, const uint8_t random[10], char into[UUID_SIZE])
{
	uint8_t raw[16];
	char hex[33];

	for (size_t i = 0; i < 6; i++)
		raw[i] = (uint8_t)((uint64_t)wall >> (40 - 8 * i));
	memcpy(raw + 6, random, 10);
	raw[6] = (uint8_t)(0x70 | (raw[6] & 0x0f));
	raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f));
	encode_hex(raw, sizeof(raw), hex);
	snprintf(into, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
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
