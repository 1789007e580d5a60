/* SPDX-License-Identifier: ISC */
/*
 * What the journal's own calls cost, and when it is empty.
 *
 *	store make JOURNAL N		a new journal with N events that are
 *					done, a second apart until now
 *	store hold JOURNAL N CONF	a new journal with N events, of CONF's
 *					first hook, that one order key holds
 *					back: the first of them waits for a
 *					retry
 *	store measure JOURNAL N		prints microseconds a call: append,
 *					claim with its settlement, list
 *	store runs JOURNAL N		the same: append of an event that says
 *					nothing of a run, and of one that begins
 *					or ends one
 *	store turn JOURNAL N CONF	the same of what the dispatcher does
 *					about an event, for CONF's hooks
 *	store move JOURNAL N CONF	prints microseconds an event: N that
 *					wait, of all of CONF's hooks, go to
 *					where that says
 *	store wait JOURNAL SECONDS	returns once nothing is undelivered
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../careless.h"
#include "../program.h"
#include "measured.h"
#include "stored.h"

#include "base/clock.h"
#include "base/startup.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/hooks.h"
#include "queue/route.h"

enum {
	LOOK = 5,
	PIPELINES = 200,
	APART = 100, /* hooks, of those that have something to retry */
};

struct samples {
	double *list;
	int n;
};

/* Frees them. */
static double
median_of(struct samples *samples)
{
	double result = median(samples->list, samples->n);

	free(samples->list);
	return result;
}

static void
append_at(struct journal *journal, int64_t received,
    const struct journal_key *order)
{
	struct journal_route route = one_lane_route(order);
	struct journal_entry entry = {
		.hook = bench,
		.routes = &route,
		.routing = ONE_ROUTING,
	};

	append(journal, received, &entry);
}

/* To the first line of a hook; order may be NULL. */
static void
append_to(struct journal *journal, const struct hook *hook,
    const struct journal_key *order)
{
	struct journal_route route = { .lane = hook->lanes[0].key };
	struct journal_entry entry = {
		.hook = hook->name,
		.routes = &route,
		.routing = hook->routing,
	};

	if (order != NULL)
		route.order = *order;

	append(journal, clock_wall(), &entry);
}

static void
append_one(struct journal *journal)
{
	append_at(journal, clock_wall(), NULL);
}

/* Claims up to n deliveries of the hook and settles them. */
static int
run_some(struct journal *journal, unsigned n, enum journal_verdict verdict)
{
	struct journal_claim claim;

	only.limit.batch = n;
	must(journal_claim_due(journal, &only.limits, clock_wall(), &claim));
	return settle_all(journal, &claim, verdict, 0);
}

static void
run_one(struct journal *journal)
{
	run_some(journal, 1, JOURNAL_FINISH);
}

static void
make(struct journal *journal, int n)
{
	int64_t time = clock_wall() - (int64_t)n * 1000;
	int done = 0;

	careless = true;
	for (int i = 0; i < n; i++) {
		append_at(journal, time + (int64_t)i * 1000, NULL);
		if (i % TOGETHER == TOGETHER - 1)
			done += run_some(journal, TOGETHER, JOURNAL_FINISH);
	}
	while (done < n)
		done += run_some(journal, TOGETHER, JOURNAL_FINISH);
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

static struct samples
samples_of(int n)
{
	struct samples samples = { calloc((size_t)n, sizeof(double)), n };

	if (samples.list == NULL)
		must(RC_MEMORY);
	return samples;
}

static double
measure_one(struct journal *journal, int n, void (*call)(struct journal *))
{
	struct samples samples = samples_of(n);
	double began;

	for (int i = 0; i < n; i++) {
		began = microseconds();
		call(journal);
		samples.list[i] = microseconds() - began;
	}
	return median_of(&samples);
}

static void
measure(struct journal *journal, int n)
{
	double append = measure_one(journal, n, append_one);
	double claim = measure_one(journal, n, run_one);

	printf("%.1f %.1f %.1f\n", append, claim,
	    measure_one(journal, n, list_some));
}

/* Each pipeline in its turn begins a run, and ends it the next time. */
static void
append_run(struct journal *journal)
{
	static int count;
	int run = count / (2 * PIPELINES);
	bool starts = count / PIPELINES % 2 == 0;
	char pipeline[32];
	char identity[32];
	struct journal_subject subject = {
		.pipeline = pipeline,
		.name = "Orders of the shop",
		.run = identity,
	};
	struct journal_route route = one_lane_route(NULL);
	struct journal_entry entry = {
		.hook = bench,
		.event = starts ? "pipeline_run_started" :
				  "pipeline_run_completed",
		.subject = &subject,
		.routes = &route,
		.routing = ONE_ROUTING,
	};

	snprintf(pipeline, sizeof(pipeline), "%d", 1000 + count % PIPELINES);
	snprintf(identity, sizeof(identity), "%d",
	    100000 + PIPELINES * run + count % PIPELINES);
	count++;
	append(journal, clock_wall(), &entry);
}

/* In turns, as a disk is not the same for long. */
static void
measure_runs(struct journal *journal, int n)
{
	struct samples without = samples_of(n);
	struct samples with = samples_of(n);
	double began;

	for (int i = 0; i < n; i++) {
		began = microseconds();
		append_one(journal);
		without.list[i] = microseconds() - began;
		began = microseconds();
		append_run(journal);
		with.list[i] = microseconds() - began;
	}
	printf("%.1f ", median_of(&without));
	printf("%.1f\n", median_of(&with));
}

static void
hold(struct journal *journal, int n, const char *file)
{
	struct queue_hooks hooks = { 0 };
	struct conf *conf = load_conf(file);
	struct journal_claim claim;
	struct journal_key order;

	careless = true;
	must(queue_hooks_make(conf, &hooks));
	must(queue_hooks_note(&hooks, journal));
	must(journal_order_key(conf->hooks[0].name, conf->hooks[0].lanes[0].key,
	    bytes_of(bench), &order));
	for (int i = 0; i < n; i++)
		append_to(journal, &conf->hooks[0], &order);
	must(journal_claim_due(journal, &hooks.limits, clock_wall(), &claim));
	settle_all(journal, &claim, JOURNAL_DELAY, 0);
	queue_hooks_free(&hooks);
	conf_release(conf);
}

/* They were stored before anything was noted. */
static void
measure_move(struct journal *journal, int n, const char *file)
{
	struct queue_hooks hooks = { 0 };
	struct conf *conf = load_conf(file);
	struct journal_router router = route_router(conf);
	bool more = true;
	double began;

	careless = true;
	for (int i = 0; i < n; i++)
		append_to(journal, &conf->hooks[(size_t)i % conf->hooks_len],
		    NULL);
	careless = false;
	must(queue_hooks_make(conf, &hooks));
	must(queue_hooks_note(&hooks, journal));
	began = microseconds();
	while (more)
		must(journal_move(journal, &hooks.limits, &router, clock_wall(),
		    &more));
	printf("%.1f\n", (microseconds() - began) / n);
	queue_hooks_free(&hooks);
	conf_release(conf);
}

/*
 * What the dispatcher does from an event's wake-up on: it looks whether others
 * changed something, claims until there is nothing that is due, asks when
 * there will be, and settles.
 */
static void
turn(struct journal *journal, struct queue_hooks *hooks)
{
	const struct lane *lane;
	struct journal_claim claim;
	struct journal_claim none;
	bool changed;

	must(journal_changed(journal, &changed));
	must(journal_claim_due(journal, &hooks->limits, clock_wall(), &claim));
	if (queue_hooks_find(hooks, &claim, &lane) == NULL)
		must(RC_RANGE);
	settle_all(journal, &claim, JOURNAL_FINISH, 0);
	if (journal_claim_due(journal, &hooks->limits, clock_wall(), &none) !=
	    RC_MISSING)
		must(RC_RANGE);
}

/* One hook of many has an event that waits for its retry, and one has
 * another that is due. */
static void
measure_turns(struct journal *journal, int n, const char *file)
{
	struct samples samples = samples_of(n);
	struct queue_hooks hooks = { 0 };
	struct conf *conf = load_conf(file);
	struct journal_claim claim;
	double began;

	must(queue_hooks_make(conf, &hooks));
	must(queue_hooks_note(&hooks, journal));
	for (size_t i = 0; i < conf->hooks_len; i += APART) {
		append_to(journal, &conf->hooks[i], NULL);
		must(journal_claim_due(journal, &hooks.limits, clock_wall(),
		    &claim));
		settle_all(journal, &claim, JOURNAL_DELAY, 0);
	}
	for (int i = 0; i < n; i++) {
		append_to(journal, &conf->hooks[(size_t)i % conf->hooks_len],
		    NULL);
		began = microseconds();
		turn(journal, &hooks);
		samples.list[i] = microseconds() - began;
	}
	printf("%.1f\n", median_of(&samples));
	queue_hooks_free(&hooks);
	conf_release(conf);
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
	if (argc == 4 && strcmp(argv[1], "wait") != 0)
		must(one_lane_note(&only, journal, bench, 1, 1));
	if (strcmp(argv[1], "make") == 0)
		make(journal, n);
	else if (strcmp(argv[1], "hold") == 0 && argc > 4)
		hold(journal, n, argv[4]);
	else if (strcmp(argv[1], "measure") == 0)
		measure(journal, n);
	else if (strcmp(argv[1], "runs") == 0)
		measure_runs(journal, n);
	else if (strcmp(argv[1], "turn") == 0 && argc > 4)
		measure_turns(journal, n, argv[4]);
	else if (strcmp(argv[1], "move") == 0 && argc > 4)
		measure_move(journal, n, argv[4]);
	else if (strcmp(argv[1], "wait") == 0)
		status = wait_until_empty(journal, n);
	journal_close(journal);
	return status;
}
