/* SPDX-License-Identifier: ISC */
/*
 * What the journal's own calls cost, and when it is empty.
 *
 *	store make JOURNAL N		a new journal with N events that are
 *					done, a second apart until now
 *	store measure JOURNAL N		prints microseconds a call: append,
 *					claim with its settlement, list
 *	store wait JOURNAL SECONDS	returns once nothing is undelivered
 */
#include <sys/random.h>
#include <sys/syscall.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../answer.h"

#include "base/clock.h"
#include "base/startup.h"
#include "base/uuid.h"
#include "journal/journal.h"

enum { BODY = 1024, LOOK = 5, TOGETHER = 1000 };

struct samples {
	double *list;
	int n;
};

/* While a journal is made: what a crash leaves of it is thrown away. */
static bool careless;

/* In place of the C library's, for the store too. */
int
fsync(int fd)
{
	return careless ? 0 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return careless ? 0 : (int)syscall(SYS_fdatasync, fd);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
median(struct samples *samples)
{
	qsort(samples->list, (size_t)samples->n, sizeof(double), compare);
	return samples->list[samples->n / 2];
}

static void
must(enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "store: error %d\n", (int)rc);
	exit(1);
}

static void
append_at(struct journal *journal, int64_t received)
{
	static char body[BODY];
	struct receipt receipt = {
		.received = received,
		.verified = true,
		.remote_addr = "127.0.0.1",
	};
	struct journal_entry entry = {
		.receipt = &receipt,
		.hook = "bench",
		.event = "pipeline_run_error",
		.body = { body, sizeof(body) },
		.max_queue = 1000000,
		.deliveries = 1,
	};
	uint8_t random[10];

	memset(body, 'x', sizeof(body));
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		must(RC_SYSTEM);
	uuid7(receipt.received, random, receipt.id);
	memset(receipt.digest, 'a', sizeof(receipt.digest) - 1);
	must(append_and_wait(journal, &entry));
}

static void
append_one(struct journal *journal)
{
	append_at(journal, clock_wall());
}

/* Claims up to n deliveries and settles them; how many they were. */
static int
run_some(struct journal *journal, unsigned n)
{
	static struct journal_settlement settlements[TOGETHER];
	struct journal_hook_limit limit = { "bench", 1, n, NULL };
	struct journal_hook_limits limits = { &limit, 1 };
	struct journal_claim claim;
	int64_t time = clock_wall();
	int claimed;

	must(journal_claim_due(journal, &limits, time, &claim));
	for (size_t i = 0; i < claim.n; i++)
		settlements[i] = (struct journal_settlement){
			.seq = claim.deliveries[i].seq,
			.started = time,
			.ended = time,
			.attempted = JOURNAL_RAN,
			.end = RUN_EXIT,
		};
	must(journal_settle(journal, settlements, claim.n));
	claimed = (int)claim.n;
	journal_claim_free(&claim);
	return claimed;
}

static void
run_one(struct journal *journal)
{
	run_some(journal, 1);
}

static void
make(struct journal *journal, int n)
{
	int64_t time = clock_wall() - (int64_t)n * 1000;
	int done = 0;

	careless = true;
	for (int i = 0; i < n; i++) {
		append_at(journal, time + (int64_t)i * 1000);
		if (i % TOGETHER == TOGETHER - 1)
			done += run_some(journal, TOGETHER);
	}
	while (done < n)
		done += run_some(journal, TOGETHER);
}

static enum rc
count_row(void *context, const struct journal_row *row)
{
	(void)row;
	++*(int *)context;
	return RC_OK;
}

static void
list_some(struct journal *journal)
{
	struct journal_filter filter = { .state = -1, .limit = 50 };
	int n = 0;

	must(journal_list(journal, &filter, count_row, &n));
	filter.state = JOURNAL_DEAD;
	must(journal_list(journal, &filter, count_row, &n));
}

static double
measure_one(struct journal *journal, int n, void (*call)(struct journal *))
{
	struct samples samples = { calloc((size_t)n, sizeof(double)), n };
	double began;
	double result;

	if (samples.list == NULL)
		must(RC_MEMORY);
	for (int i = 0; i < n; i++) {
		began = now();
		call(journal);
		samples.list[i] = now() - began;
	}
	result = median(&samples);
	free(samples.list);
	return result;
}

static void
measure(struct journal *journal, int n)
{
	double append = measure_one(journal, n, append_one);
	double claim = measure_one(journal, n, run_one);

	printf("%.1f %.1f %.1f\n", append, claim,
	    measure_one(journal, n, list_some));
}

static enum rc
add_backlog(void *context, const struct journal_backlog *backlog)
{
	*(int64_t *)context += backlog->events;
	return RC_OK;
}

static int
wait_until_empty(struct journal *journal, int seconds)
{
	int64_t deadline = clock_steady() + (int64_t)seconds * 1000;
	int64_t events;

	do {
		events = 0;
		must(journal_backlog(journal, add_backlog, &events));
		if (events == 0)
			return 0;
		poll(NULL, 0, LOOK);
	} while (clock_left(deadline) > 0);
	return 1;
}

int
main(int argc, char **argv)
{
	struct journal *journal;
	int status = 0;
	int n;

	if (argc < 4)
		return 64;
	n = (int)strtol(argv[3], NULL, 10);
	startup();
	must(journal_open(argv[2], JOURNAL_CREATE, &journal));
	if (strcmp(argv[1], "make") == 0)
		make(journal, n);
	else if (strcmp(argv[1], "measure") == 0)
		measure(journal, n);
	else if (strcmp(argv[1], "wait") == 0)
		status = wait_until_empty(journal, n);
	journal_close(journal);
	return status;
}
