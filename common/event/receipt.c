/* SPDX-License-Identifier: ISC */
#include "event/receipt.h"

#include "base/buf.h"
#include "base/codec.h"
#include "http/request.h"

/* Its ID and its digest. */
static enum rc
name_event(struct bytes body, struct receipt *receipt)
{
	uint8_t digest[CRYPTO_DIGEST];
	enum rc rc = crypto_sha256(body, digest);

	if (rc == RC_OK)
		rc = uuid_make(receipt->received, receipt->id);
	if (rc == RC_OK)
		encode_hex(digest, sizeof(digest), receipt->digest);
	return rc;
}

enum rc
receipt_make(const struct request *request, bool verified,
    struct receipt *receipt)
{
	struct receipt made = {
		.received = request->received,
		.verified = verified,
	};
	enum rc rc = name_event(buf_view(&request->body), &made);

	if (rc != RC_OK)
		return rc;
	bytes_copy(bytes_of(request->remote_addr), made.remote_addr,
	    sizeof(made.remote_addr));
	*receipt = made;
	return RC_OK;
}

enum rc
receipt_make_own(struct bytes body, int64_t now, struct receipt *receipt)
{
	struct receipt made = { .received = now, .verified = true };
	enum rc rc = name_event(body, &made);

	if (rc == RC_OK)
		*receipt = made;
	return rc;
}
