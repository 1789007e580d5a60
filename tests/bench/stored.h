/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BENCH_STORED_H
#define PELIHOOK_BENCH_STORED_H

#include <sys/random.h>

#include <string.h>

#include "../answer.h"
#include "../one_lane.h"
#include "../program.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "journal/journal.h"

/* What the journals that are measured are made of. */

enum {
	BODY = 1024,
	TOGETHER = 1000,
	DAY = 24 * 3600 * 1000,
};

static const char bench[] = "bench"; /* the hook */
static struct one_lane only;	     /* and its lane */

/* Fills in what is the same for all. */
static inline void
append(struct journal *journal, int64_t received, struct journal_entry *entry)
{
	static char body[BODY];
	struct receipt receipt = {
		.received = received,
		.verified = true,
		.remote_addr = "127.0.0.1",
	};
	uint8_t random[10];

	memset(body, 'x', sizeof(body));
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		must(RC_SYSTEM);
	uuid7(receipt.received, random, receipt.id);
	memset(receipt.digest, 'a', sizeof(receipt.digest) - 1);
	entry->receipt = &receipt;
	if (entry->event == NULL)
		entry->event = "orders/create";
	entry->body = (struct bytes){ body, sizeof(body) };
	entry->max_queue = 1000000;
	entry->routes_len = 1;
	must(append_and_wait(journal, entry));
}

/* Settles all of a claim, each dead_every-th as dead where that is not 0; how
 * many they were. */
static inline int
settle_all(struct journal *journal, struct journal_claim *claim,
    enum journal_verdict verdict, int64_t dead_every)
{
	static struct journal_settlement settlements[TOGETHER];
	int64_t time = clock_wall();
	int claimed = (int)claim->n;

	for (size_t i = 0; i < claim->n; i++)
		settlements[i] = (struct journal_settlement){
			.seq = claim->deliveries[i].seq,
			.verdict = dead_every > 0 &&
				claim->deliveries[i].seq % dead_every == 0 ?
			    JOURNAL_MARK_DEAD :
			    verdict,
			.pause = DAY,
			.started = time,
			.ended = time,
			.attempted = JOURNAL_RAN,
			.end = RUN_EXIT,
		};
	must(journal_settle(journal, settlements, claim->n));
	journal_claim_free(claim);
	return claimed;
}

#endif
