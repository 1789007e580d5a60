/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_TEST_H
#define PELIHOOK_QUEUE_TEST_H

#include <sys/wait.h>

#include <poll.h>

#include "../answer.h"
#include "database.h"
#include "scratch.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "journal/journal.h"

/* What the tests of the queue share: a journal, and events. */

static inline struct journal *
open_journal(void)
{
	struct journal *journal = NULL;

	assert_int_equal(journal_open(journal_path, JOURNAL_CREATE, &journal),
	    RC_OK);
	return journal;
}

/* The lane of samples, and the rules that say so. */
static const char sample_lane[] = "lane";
static const char sample_routing[] = "routing";

enum { SAMPLE_ROUTES = 8 };

/* An event that can be told from others by its number. */
struct sample {
	struct receipt receipt;
	struct journal_entry entry;
	struct journal_route
	    routes[SAMPLE_ROUTES]; /* of one delivery, or of more */
	struct journal_key dedupe;
	char body[64];
};

static inline void
fill_sample(struct sample *sample, const char *hook, unsigned number)
{
	uint8_t random[10];
	int len = snprintf(sample->body, sizeof(sample->body), "{\"n\":%u}",
	    number);

	(void)crypto_random(random, sizeof(random));
	sample->receipt = (struct receipt){
		.received = clock_wall(),
		.verified = true,
		.remote_addr = "192.0.2.7",
	};
	uuid7(sample->receipt.received, random, sample->receipt.id);
	memset(sample->receipt.digest, 'a', 2 * CRYPTO_DIGEST);
	sample->entry = (struct journal_entry){
		.receipt = &sample->receipt,
		.hook = hook,
		.event = "pipeline_run_error",
		.body = { sample->body, (size_t)len },
		.dedupe_window = 3600000,
		.max_queue = 1000000,
		.routes = sample->routes,
		.routes_len = 1,
		.routing = sample_routing,
	};
	for (int i = 0; i < SAMPLE_ROUTES; i++)
		sample->routes[i] = (struct journal_route){ sample_lane, i,
			{ 0 } };
}

/* Empty: no key. */
static inline void
order_by(struct sample *sample, const char *text)
{
	assert_int_equal(journal_order_key(sample->entry.hook,
			     sample->routes[0].lane, bytes_of(text),
			     &sample->routes[0].order),
	    RC_OK);
}

static inline struct journal_key
dedupe_key(const char *text)
{
	struct journal_key key;

	assert_int_equal(journal_dedupe_key(bytes_of(text), &key), RC_OK);
	return key;
}

static inline void
dedupe_by(struct sample *sample, const char *text)
{
	sample->dedupe = dedupe_key(text);
	sample->entry.dedupe = &sample->dedupe;
}

static inline void
append_sample(struct journal *journal, const char *hook, unsigned number,
    const char *key)
{
	struct sample sample;

	fill_sample(&sample, hook, number);
	order_by(&sample, key);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

enum { LARGE = 1024 * 1024 };

/* The same with a body of that size. */
static inline void
append_large(struct journal *journal, const char *hook, unsigned number)
{
	static char body[LARGE];
	struct sample sample;

	fill_sample(&sample, hook, number);
	memset(body, ' ', sizeof(body));
	memcpy(body, sample.entry.body.data, sample.entry.body.len);
	sample.entry.body = (struct bytes){ body, sizeof(body) };
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

/* The counts of all states in one text: "queued 2 done 1 ". */
static inline enum rc
add_count(void *context, const struct journal_count *count)
{
	return buf_printf(context, "%s %s %lld ", count->hook,
	    journal_state_name(count->state), (long long)count->count);
}

#endif
