/* SPDX-License-Identifier: ISC */
/*
 * What it costs to judge pipelines.
 *
 *	watch JOURNAL PIPELINES CONF
 *
 * A new journal with so many pipelines of CONF's first hook, each of which had
 * a success each hour, and judged.  Then prints how many microseconds it takes
 * to judge one of which an event came, and ten.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../answer.h"
#include "../careless.h"
#include "../program.h"
#include "measured.h"

#include "base/clock.h"
#include "base/startup.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/hooks.h"
#include "watch/watch.h"

enum {
	RUNS = 12, /* of each pipeline */
	TIMES = 200,
	SECOND = 1000,
	HOUR = 3600 * SECOND,
};

struct bench {
	struct journal *journal;
	struct conf *conf;
	struct queue_hooks hooks;
	int pipelines;
	int64_t now;
};

static void
load(struct bench *bench, const char *file)
{
	bench->conf = load_conf(file);
	must(queue_hooks_make(bench->conf, &bench->hooks));
	must(queue_hooks_note(&bench->hooks, bench->journal));
}

/* A run of a pipeline that took a minute, and ends now. */
static void
run(struct bench *bench, int pipeline)
{
	char id[16];
	struct journal_subject subject = {
		.pipeline = id,
		.name = id,
		.run = "",
	};
	struct receipt receipt = { .received = bench->now - HOUR / 60 };
	struct journal_record record = {
		.receipt = &receipt,
		.hook = bench->conf->hooks[0].name,
		.event = "pipeline_run_started",
		.subject = &subject,
	};
	struct answer answer;

	snprintf(id, sizeof(id), "%d", pipeline);
	must(uuid_make(bench->now, receipt.id));
	journal_record(bench->journal, &record, ask(&answer));
	must(get(&answer));
	receipt.received = bench->now;
	record.event = "pipeline_run_completed";
	journal_record(bench->journal, &record, ask(&answer));
	must(get(&answer));
}

/* Nobody wants to hear of it. */
static enum rc
route(const struct hook *hook, const struct event *event, struct pool *pool,
    struct journal_entry *entry)
{
	(void)hook;
	(void)event;
	(void)pool;
	(void)entry;
	return RC_OK;
}

/* Until nothing is left; how long that took. */
static double
judge(struct bench *bench)
{
	const struct watching watching = {
		.conf = bench->conf,
		.rules = bench->hooks.rules,
		.rules_len = bench->hooks.limits.rules_len,
		.route = route,
		.now = bench->now,
	};
	struct journal_assembly assembly = { .more = true };
	double began;
	int64_t next = 0;

	while (assembly.more)
		must(watch_assemble(bench->journal, bench->conf, &assembly));
	began = microseconds();
	while (next <= bench->now)
		must(watch_step(bench->journal, &watching, &next));
	return microseconds() - began;
}

static void
make(struct bench *bench)
{
	careless = true;
	bench->now = clock_wall() - (int64_t)RUNS * HOUR;
	judge(bench);
	for (int i = 0; i < RUNS; i++) {
		for (int j = 0; j < bench->pipelines; j++)
			run(bench, j);
		bench->now += HOUR;
		judge(bench);
	}
	careless = false;
}

/* Of which an event came, and none that is its neighbour. */
static double
measure(struct bench *bench, int due)
{
	double samples[TIMES];

	judge(bench);
	for (int i = 0; i < TIMES; i++) {
		bench->now += SECOND;
		for (int j = 0; j < due; j++)
			run(bench, (i * due + j) * 7 % bench->pipelines);
		samples[i] = judge(bench);
	}
	return median(samples, TIMES);
}

int
main(int argc, char **argv)
{
	struct bench bench = { 0 };
	double one;

	if (argc != 4)
		return 64;
	startup();
	bench.pipelines = (int)strtol(argv[2], NULL, 10);
	must(journal_open(argv[1], JOURNAL_CREATE, &bench.journal));
	load(&bench, argv[3]);
	make(&bench);
	one = measure(&bench, 1);
	printf("%.1f %.1f\n", one, measure(&bench, 10));
	queue_hooks_free(&bench.hooks);
	journal_close(bench.journal);
	conf_release(bench.conf);
	return 0;
}
