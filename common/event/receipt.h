/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_RECEIPT_H
#define PELIHOOK_EVENT_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/rc.h"
#include "base/uuid.h"

/* What was noted when a request came in; kept with the event. */
struct receipt {
	char id[UUID_SIZE];
	int64_t received; /* clock_wall */
	char digest[2 * CRYPTO_DIGEST + 1];
	bool verified; /* false under `signature none` */
	char remote_addr[64];
};

struct request;

/*
 * Of a request whose body was read: a new ID, the body's digest, when and from
 * where it came.  RC_SYSTEM.
 */
enum rc receipt_make(const struct request *request, bool verified,
    struct receipt *receipt);

/* Of an event of pelihook's own, which nobody sent.  RC_SYSTEM. */
enum rc receipt_make_own(struct bytes body, int64_t now,
    struct receipt *receipt);

#endif
