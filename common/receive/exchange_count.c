/* SPDX-License-Identifier: ISC */
#include "receive/exchange_count.h"

#include "base/buf.h"
#include "config/conf.h"
#include "http/reply.h"
#include "journal/stats.h"
#include "receive/exchange.h"
#include "signature/secret.h"

enum { REASON = 160 }; /* more than any word and its reason take */

/* As the log has it; of what is in the request there is nothing in it. */
static const char *
print_reason(const struct exchange *exchange, const struct exchange_end *end,
    struct buf *into)
{
	const char *why = exchange->verification.reason;

	buf_text(into, reply_word(end->outcome, end->reason));
	if (end->outcome == OUTCOME_REFUSED && end->reason == RC_SIGNATURE &&
	    why != NULL) {
		buf_text(into, ": ");
		buf_text(into, why);
	}
	return into->rc == RC_OK ? into->data : NULL;
}

void
exchange_count(const struct exchange *exchange, const struct exchange_end *end)
{
	const struct secret *secret = exchange->verification.secret;
	char text[REASON];
	struct buf reason = {
		.data = text,
		.capacity = sizeof(text),
		.max = sizeof(text) - 1,
	};
	struct journal_stats_request request = {
		.outcome = end->outcome,
		.status = reply_status(end->outcome, end->reason),
		.time = exchange->request.received,
	};

	if (exchange->stats == NULL)
		return;
	if (exchange->hook != NULL)
		request.hook = exchange->hook->name;
	if (secret != NULL)
		request.secret = secret->path;
	/* There is one of what was verified and read, whatever came of it. */
	if (exchange->receipt.id[0] != '\0')
		request.event = exchange->receipt.received;
	if (request.status >= 400)
		request.reason = print_reason(exchange, end, &reason);
	journal_stats_count(exchange->stats, &request);
}
