/* SPDX-License-Identifier: ISC */
#include "event/receipt.h"

#include "base/buf.h"
#include "base/codec.h"
#include "http/request.h"

enum rc
receipt_make(const struct request *request, bool verified,
    struct receipt *receipt)
{
	struct receipt made = {
		.received = request->received,
		.verified = verified,
	};
	uint8_t digest[CRYPTO_DIGEST];
	enum rc rc = crypto_sha256(buf_view(&request->body), digest);

	if (rc == RC_OK)
		rc = uuid_make(made.received, made.id);
	if (rc != RC_OK)
		return rc;
	encode_hex(digest, sizeof(digest), made.digest);
	bytes_copy(bytes_of(request->remote_addr), made.remote_addr,
	    sizeof(made.remote_addr));
	*receipt = made;
	return RC_OK;
}
