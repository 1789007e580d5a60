/* SPDX-License-Identifier: ISC */
/*
 * What it costs to look at a journal, as the page does.
 *
 *	look make JOURNAL EVENTS PIPELINES
 *				a new journal with so many events, a second
 *				apart until now: one of fifty died, a third of
 *				these was dropped, and the last twenty wait;
 *				with so many pipelines, and the counts of a
 *				month; all of it is put together
 *	look measure JOURNAL TIMES
 *				prints a line for each question: its name, and
 *				the median of the microseconds that it took, over
 *				a connection of its own each time
 */
#include <stdio.h>
#include <stdlib.h>

#include "../careless.h"
#include "measured.h"
#include "stored.h"

#include "base/startup.h"

enum {
	WAITING = 20,
	DEAD_EVERY = 50,
	NAMES = 100, /* pipelines that events speak of, at most */
	PAGE = 50,   /* events */
	LOOKS = 10000,
	RUNS = 12, /* of each pipeline */
	SECOND = 1000,
	HOUR = 3600 * SECOND,
	HOURS = 30 * 24,
};

/* A question, and what it is asked with. */
struct question {
	const char *name;
	enum rc (
	    *ask)(struct journal *journal, const struct journal_search *search);
	struct journal_search search;
};

static void
run_all(struct journal *journal)
{
	struct journal_claim claim;

	only.limit.batch = TOGETHER;
	must(journal_claim_due(journal, &only.limits, clock_wall(), &claim));
	settle_all(journal, &claim, JOURNAL_FINISH, DEAD_EVERY);
}

static void
make_events(struct journal *journal, int n, int pipelines)
{
	int names = pipelines > 0 && pipelines < NAMES ? pipelines : NAMES;
	int64_t time = clock_wall() - (int64_t)n * SECOND;
	struct journal_route route = one_lane_route(NULL);
	char pipeline[16];
	struct journal_subject subject = { pipeline, pipeline, "" };
	struct journal_entry entry = {
		.hook = bench,
		.subject = &subject,
		.routes = &route,
		.routing = ONE_ROUTING,
	};

	for (int i = 0; i < n; i++) {
		snprintf(pipeline, sizeof(pipeline), "%d", i % names);
		entry.event = i % 10 == 0 ? "orders/delete" : "orders/create";
		append(journal, time + (int64_t)i * SECOND, &entry);
		if (i < n - WAITING &&
		    (i % TOGETHER == TOGETHER - 1 || i == n - WAITING - 1))
			run_all(journal);
	}
}

/* A third of what is dead, as somebody does it on the page. */
static void
drop_some(struct journal *journal, int n)
{
	const struct journal_search search = {
		.state = JOURNAL_DEAD,
		.shown.count = n / DEAD_EVERY / 3,
	};
	const struct journal_action action = {
		.time = clock_wall(),
		.who = bench,
		.action = "drop",
		.target = "view=events&state=dead",
	};
	const struct journal_act act = { &action, NULL, &search };
	struct journal_acted acted = { .more = n > 0 };

	while (acted.more)
		must(journal_act(journal, &act, clock_wall(), &acted));
}

static void
record(struct journal *journal, const struct journal_subject *subject,
    const char *event, int64_t time)
{
	struct receipt receipt = { .received = time };
	struct journal_record record = {
		.receipt = &receipt,
		.hook = bench,
		.event = event,
		.subject = subject,
	};
	struct answer answer;

	must(uuid_make(time, receipt.id));
	journal_record(journal, &record, ask(&answer));
	must(get(&answer));
}

/* Nothing is of an earlier release. */
static enum rc
tell(void *context, const struct journal_event *event, struct pool *pool,
    struct journal_subject *subject, bool *any)
{
	(void)context;
	(void)event;
	(void)pool;
	(void)subject;
	*any = false;
	return RC_OK;
}

static void
put_together(struct journal *journal)
{
	static const struct journal_teller teller = { tell, NULL };
	struct journal_assembly assembly = { .more = true };

	while (assembly.more)
		must(journal_assemble(journal, &teller, &assembly));
}

static void
make_pipelines(struct journal *journal, int n)
{
	int64_t time = clock_wall() - (int64_t)RUNS * HOUR;
	char pipeline[16];
	struct journal_subject subject = { pipeline, pipeline, "" };

	for (int i = 0; i < RUNS; i++, time += HOUR)
		for (int k = 0; k < n; k++) {
			snprintf(pipeline, sizeof(pipeline), "%d", k);
			record(journal, &subject, "pipeline_run_started", time);
			record(journal, &subject, "pipeline_run_completed",
			    time + HOUR / 60);
		}
}

static void
make_hours(struct journal *journal)
{
	static const char *const whats[] = { "received", "delivered", "failed",
		"refused 401" };
	struct journal_hour hour = { .hook = bench, .source = 1, .count = 60 };
	int64_t now = clock_wall();

	for (int i = 0; i < HOURS; i++) {
		hour.hour = now / HOUR - i;
		for (size_t k = 0; k < sizeof(whats) / sizeof(whats[0]); k++) {
			hour.what = whats[k];
			must(journal_fold_hours(journal, now, &hour, 1));
		}
	}
}

static enum rc
pass_row(void *context, const struct journal_row *row)
{
	(void)context;
	(void)row;
	return RC_OK;
}

static enum rc
ask_search(struct journal *journal, const struct journal_search *search)
{
	struct journal_search_end end;

	return journal_search(journal, search, pass_row, NULL, &end);
}

static enum rc
ask_count(struct journal *journal, const struct journal_search *search)
{
	struct journal_search_count count;

	return journal_search_count(journal, search, &count);
}

static enum rc
ask_totals(struct journal *journal, const struct journal_search *search)
{
	struct journal_totals totals;

	(void)search;
	return journal_totals(journal, &totals);
}

static enum rc
pass_count(void *context, const struct journal_count *count)
{
	(void)context;
	(void)count;
	return RC_OK;
}

static enum rc
ask_counts(struct journal *journal, const struct journal_search *search)
{
	(void)search;
	return journal_counts(journal, pass_count, NULL);
}

static enum rc
pass_lane(void *context, const struct journal_lane_count *count)
{
	(void)context;
	(void)count;
	return RC_OK;
}

static enum rc
ask_lanes(struct journal *journal, const struct journal_search *search)
{
	(void)search;
	return journal_lane_counts(journal, pass_lane, NULL);
}

static enum rc
pass_backlog(void *context, const struct journal_backlog *backlog)
{
	(void)context;
	(void)backlog;
	return RC_OK;
}

static enum rc
ask_backlog(struct journal *journal, const struct journal_search *search)
{
	(void)search;
	return journal_backlog(journal, pass_backlog, NULL);
}

static enum rc
pass_wait(void *context, const struct journal_wait *wait)
{
	(void)context;
	(void)wait;
	return RC_OK;
}

static enum rc
ask_waits(struct journal *journal, const struct journal_search *search)
{
	(void)search;
	return journal_waits(journal, clock_wall(), pass_wait, NULL);
}

static enum rc
pass_hour(void *context, const struct journal_hour *hour)
{
	(void)context;
	(void)hour;
	return RC_OK;
}

static enum rc
ask_hours(struct journal *journal, const struct journal_search *search)
{
	(void)search;
	return journal_hours(journal, clock_wall() / HOUR - 24, pass_hour,
	    NULL);
}

static enum rc
pass_pipeline(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	(void)context;
	(void)pipeline;
	(void)outcomes;
	return RC_OK;
}

static enum rc
ask_pipelines(struct journal *journal, const struct journal_search *search)
{
	static const struct journal_pipeline_filter all = { 0 };

	(void)search;
	return journal_pipelines(journal, &all, pass_pipeline, NULL);
}

static const struct question questions[] = {
	{ "newest", ask_search,
	    { .state = -1, .limit = PAGE, .looks = LOOKS } },
	{ "done", ask_search,
	    { .state = JOURNAL_DONE, .limit = PAGE, .looks = LOOKS } },
	{ "dead", ask_search,
	    { .state = JOURNAL_DEAD, .limit = PAGE, .looks = LOOKS } },
	{ "named", ask_search,
	    { .state = -1,
		.event = "orders/delete",
		.limit = PAGE,
		.looks = LOOKS } },
	{ "pipeline", ask_search,
	    { .state = -1, .pipeline = "7", .limit = PAGE, .looks = LOOKS } },
	{ "nothing", ask_search,
	    { .state = -1, .hook = "none", .limit = PAGE, .looks = LOOKS } },
	{ "nothing-dead", ask_search,
	    { .state = JOURNAL_DEAD,
		.hook = "none",
		.limit = PAGE,
		.looks = LOOKS } },
	{ "end-of-id", ask_search,
	    { .state = -1,
		.id = "ffffffffff",
		.limit = PAGE,
		.looks = LOOKS } },
	{ "count", ask_count, { .state = -1, .limit = LOOKS, .looks = LOOKS } },
	{ "count-dead", ask_count,
	    { .state = JOURNAL_DEAD, .limit = LOOKS, .looks = LOOKS } },
	{ "totals", ask_totals, { 0 } },
	{ "counts", ask_counts, { 0 } },
	{ "lanes", ask_lanes, { 0 } },
	{ "backlog", ask_backlog, { 0 } },
	{ "waits", ask_waits, { 0 } },
	{ "hours", ask_hours, { 0 } },
	{ "pipelines", ask_pipelines, { 0 } },
};

enum { QUESTIONS = sizeof(questions) / sizeof(questions[0]) };

static void
measure(const char *path, int n, const struct question *question)
{
	double *samples = calloc((size_t)n, sizeof(double));
	struct journal *journal;
	double began;

	if (samples == NULL)
		must(RC_MEMORY);
	for (int i = 0; i < n; i++) {
		began = microseconds();
		must(journal_open(path, JOURNAL_LOOKS | JOURNAL_HASTY,
		    &journal));
		journal_set_deadline(journal, clock_steady() + 10 * SECOND);
		must(question->ask(journal, &question->search));
		journal_close(journal);
		samples[i] = microseconds() - began;
	}
	printf("%s %.1f\n", question->name, median(samples, n));
	free(samples);
}

static void
make(const char *path, int events, int pipelines)
{
	struct journal *journal;

	careless = true;
	must(journal_open(path, JOURNAL_CREATE, &journal));
	must(one_lane_note(&only, journal, bench, 1, 1));
	make_pipelines(journal, pipelines);
	make_events(journal, events, pipelines);
	put_together(journal);
	drop_some(journal, events);
	make_hours(journal);
	journal_close(journal);
}

int
main(int argc, char **argv)
{
	startup();
	if (argc == 5 && strcmp(argv[1], "make") == 0) {
		make(argv[2], (int)strtol(argv[3], NULL, 10),
		    (int)strtol(argv[4], NULL, 10));
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "measure") != 0)
		return 64;
	for (int i = 0; i < QUESTIONS; i++)
		measure(argv[2], (int)strtol(argv[3], NULL, 10), &questions[i]);
	return 0;
}
