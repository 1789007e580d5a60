/* SPDX-License-Identifier: ISC */
/*
 * Plays what happens to pipelines, with the clock from outside.
 *
 *	replay CONF
 *
 * CONF names the journal, which is made where there is none.  Lines are read
 * from the standard input, `TIME WORD ARGUMENT...`, and what they ask for is
 * written to the standard output.  TIME is of RFC 3339, or +D or -D after or
 * before that of the line before it, or = where it is the same.
 *
 *	event NAME [hook=H] [pipeline=P] [name=N] [run=R]   is stored
 *	record NAME ...			the same of one that is not stored
 *	dues				from here on whoever judges does so
 *					after each event and at each due
 *	every D				or every D, and then only
 *	nobody				or never
 *	until				nothing but time goes on
 *	judge				somebody judges until nothing is left
 *	race				two do at the same moment
 *	mute PIPELINE|--all D, unmute PIPELINE|--all, forget PIPELINE
 *	watch ...			is what that line says from here on
 *	counts lost|broken		the file of what is counted is removed,
 *					or becomes one that cannot be used
 *	purge
 *	runs, pipelines, told		what there is now; told since the last
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../answer.h"
#include "../careless.h"
#include "../program.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/outcome.h"
#include "base/startup.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/name.h"
#include "event/subject.h"
#include "journal/journal.h"
#include "journal/stats.h"
#include "queue/hooks.h"
#include "watch/judge.h"
#include "watch/watch.h"

enum {
	LINE = 4096,
	WORDS = 16,
	MANY = 1000000,
	STEPS = 100000, /* until it is clear that nothing comes of them */
	RUNNERS = 2,	/* that judge at the same moment */
};

enum mode { NOBODY, AT_DUES, EVERY };

struct replay {
	struct journal *journal;
	struct journal_stats *stats;
	struct conf *conf;
	struct queue_hooks hooks;
	enum mode mode;
	int64_t every;
	const char *file; /* the configuration */
	int64_t now;
	int64_t next; /* when there is something to judge */
	int64_t told; /* seq of what was printed last */
};

/* What every clock shows. */
static int64_t wall;

int
clock_gettime(clockid_t id, struct timespec *now)
{
	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, now);
	now->tv_sec = wall / 1000;
	now->tv_nsec = wall % 1000 * 1000000;
	return 0;
}

/* One line. */
struct line {
	char *words[WORDS];
	size_t n;
};

/* ---- Whoever runs the queue --------------------------------------------- */

/* All that is told goes to the first line. */
static enum rc
route(const struct hook *hook, const struct event *event, struct pool *pool,
    struct journal_entry *entry)
{
	struct journal_route *routes = pool_alloc(pool, 1, sizeof(*routes));

	(void)event;
	if (routes == NULL)
		return RC_MEMORY;
	routes->lane = hook->lanes[0].key;
	entry->routes = routes;
	entry->routes_len = 1;
	entry->routing = hook->routing;
	return RC_OK;
}

/* All that came, as every word does that is about runs or pipelines. */
static void
assemble(struct journal *journal, const struct replay *replay)
{
	struct journal_assembly assembly = { .more = true };

	while (assembly.more)
		must_be_ok(watch_assemble(journal, replay->conf, &assembly),
		    "watch_assemble");
}

/* Until nothing is left; when there will be something. */
static int64_t
judge_in(struct journal *journal, const struct replay *replay)
{
	const struct watching watching = {
		.conf = replay->conf,
		.rules = replay->hooks.rules,
		.rules_len = replay->hooks.limits.rules_len,
		.route = route,
		.now = replay->now,
	};
	int64_t next = 0;

	assemble(journal, replay);
	for (int i = 0; i < STEPS; i++) {
		must_be_ok(watch_step(journal, &watching, &next), "watch_step");
		if (next > replay->now)
			return next;
	}
	must_be_ok(RC_RANGE, "judging comes to no end");
	return next;
}

static void
judge(struct replay *replay)
{
	replay->next = judge_in(replay->journal, replay);
}

static void
set_clock(struct replay *replay, int64_t time)
{
	replay->now = time;
	wall = time;
}

/* Time goes on, with whoever judges meanwhile. */
static void
advance(struct replay *replay, int64_t time)
{
	int64_t at;

	for (int i = 0; replay->mode != NOBODY; i++) {
		at = replay->mode == AT_DUES ?
		    replay->next :
		    (replay->now / replay->every + 1) * replay->every;
		if (at > time)
			break;
		if (i == STEPS)
			must_be_ok(RC_RANGE, "dues come to no end");
		if (at > replay->now)
			set_clock(replay, at);
		judge(replay);
	}
	set_clock(replay, time);
}

struct runner {
	const struct replay *replay;
	struct journal *journal;
	pthread_barrier_t *barrier;
	pthread_t thread;
	int64_t next;
};

static void *
run(void *context)
{
	struct runner *runner = context;

	pthread_barrier_wait(runner->barrier);
	runner->next = judge_in(runner->journal, runner->replay);
	return NULL;
}

/* Each with the journal opened on its own, as two processes have it. */
static void
race(struct replay *replay)
{
	struct runner runners[RUNNERS];
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, RUNNERS);
	for (int i = 0; i < RUNNERS; i++) {
		runners[i] = (struct runner){ .replay = replay,
			.barrier = &barrier };
		must_be_ok(journal_open(replay->conf->journal, 0,
			       &runners[i].journal),
		    "journal_open");
		if (pthread_create(&runners[i].thread, NULL, run,
			&runners[i]) != 0)
			must_be_ok(RC_SYSTEM, "pthread_create");
	}
	for (int i = 0; i < RUNNERS; i++) {
		pthread_join(runners[i].thread, NULL);
		journal_close(runners[i].journal);
		if (i == 0 || runners[i].next < replay->next)
			replay->next = runners[i].next;
	}
	pthread_barrier_destroy(&barrier);
}

/* ---- What happens ------------------------------------------------------- */

/* The rest of the argument KEY=TEXT, or "". */
static const char *
argument(const struct line *line, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < line->n; i++)
		if (strncmp(line->words[i], key, len) == 0 &&
		    line->words[i][len] == '=')
			return line->words[i] + len + 1;
	return "";
}

static void
find_subject(const struct line *line, struct event_subject *found)
{
	const char *name = argument(line, "name");

	*found = (struct event_subject){ 0 };
	snprintf(found->pipeline, sizeof(found->pipeline), "%s",
	    argument(line, "pipeline"));
	snprintf(found->name, sizeof(found->name), "%s",
	    name[0] == '\0' ? found->pipeline : name);
	snprintf(found->run, sizeof(found->run), "%s", argument(line, "run"));
}

static void
store(struct replay *replay, const struct hook *hook,
    const struct journal_record *record)
{
	const struct journal_route to = { .lane = hook->lanes[0].key };
	const struct journal_entry entry = {
		.receipt = record->receipt,
		.hook = record->hook,
		.event = record->event,
		.subject = record->subject,
		.body = bytes_of("{}"),
		.max_queue = MANY,
		.routes = &to,
		.routes_len = 1,
		.routing = hook->routing,
	};

	must_be_ok(append_and_wait(replay->journal, &entry), "journal_append");
}

static void
keep(struct replay *replay, const struct journal_record *record)
{
	struct answer answer;

	journal_record(replay->journal, record, ask(&answer));
	must_be_ok(get(&answer), "journal_record");
}

/* As whoever answers a request does. */
static void
count(struct replay *replay, const struct journal_record *record, bool stored)
{
	const struct journal_stats_request request = {
		.hook = record->hook,
		.outcome = stored ? OUTCOME_QUEUED : OUTCOME_IGNORED,
		.status = 202,
		.reason = "",
		.time = replay->now,
		.event = replay->now,
	};

	if (replay->stats == NULL)
		must_be_ok(journal_stats_open(replay->conf->journal,
			       &replay->stats),
		    "journal_stats_open");
	journal_stats_count(replay->stats, &request);
}

static void
do_event(struct replay *replay, const struct line *line)
{
	const char *name = argument(line, "hook");
	const struct hook *hook = name[0] == '\0' ?
	    &replay->conf->hooks[0] :
	    conf_find(replay->conf, bytes_of(name));
	struct receipt receipt = { .received = replay->now, .verified = true };
	struct event event = { 0 };
	struct event_subject found;
	struct journal_subject subject;
	struct journal_record record;
	bool stored = strcmp(line->words[1], "event") == 0;

	if (hook == NULL || line->n < 3)
		must_be_ok(RC_MISSING, "no such hook, or no event");
	event_name_set(&event, bytes_of(line->words[2]), "");
	find_subject(line, &found);
	subject = (struct journal_subject){ found.pipeline, found.name,
		found.run };
	must_be_ok(uuid_make(replay->now, receipt.id), "uuid_make");
	memset(receipt.digest, 'a', sizeof(receipt.digest) - 1);
	record = (struct journal_record){
		.receipt = &receipt,
		.hook = hook->name,
		.event = event.name,
		.subject = &subject,
		.watched = true,
	};
	count(replay, &record, stored);
	if (stored)
		store(replay, hook, &record);
	else
		keep(replay, &record);
	if (replay->mode == AT_DUES)
		judge(replay);
}

static void
do_dues(struct replay *replay, const struct line *line)
{
	(void)line;
	replay->mode = AT_DUES;
	judge(replay);
}

static void
do_every(struct replay *replay, const struct line *line)
{
	if (line->n < 3)
		must_be_ok(RC_SYNTAX, "every what?");
	must_be_ok(units_duration(line->words[2], &replay->every),
	    line->words[2]);
	replay->mode = EVERY;
}

static void
do_nobody(struct replay *replay, const struct line *line)
{
	(void)line;
	replay->mode = NOBODY;
}

static void
do_until(struct replay *replay, const struct line *line)
{
	(void)replay;
	(void)line;
}

static void
do_judge(struct replay *replay, const struct line *line)
{
	(void)line;
	judge(replay);
}

static void
do_race(struct replay *replay, const struct line *line)
{
	(void)line;
	race(replay);
}

/* unmute is that until 0. */
static void
do_mute(struct replay *replay, const struct line *line)
{
	const char *hooks[] = { replay->conf->hooks[0].name };
	struct journal_mute mute = { .hooks = hooks, .hooks_len = 1 };
	int64_t span;
	int64_t count;

	if (line->n < 3)
		must_be_ok(RC_SYNTAX, "mute what?");
	if (strcmp(line->words[2], "--all") != 0)
		mute.pipeline = line->words[2];
	if (line->n > 3) {
		must_be_ok(units_duration(line->words[3], &span),
		    line->words[3]);
		mute.until = replay->now + span;
	}
	assemble(replay->journal, replay);
	must_be_ok(journal_set_mute(replay->journal, &mute, &count),
	    "journal_set_mute");
	if (replay->mode == AT_DUES)
		judge(replay);
}

static void
do_forget(struct replay *replay, const struct line *line)
{
	int64_t count;

	if (line->n < 3)
		must_be_ok(RC_SYNTAX, "forget what?");
	assemble(replay->journal, replay);
	must_be_ok(journal_forget(replay->journal, NULL, line->words[2],
		       replay->now, &count),
	    "journal_forget");
	if (replay->mode == AT_DUES)
		judge(replay);
}

/* What is counted from here on is in a file that is made anew, if one can be
 * made: a directory is in its way. */
static void
do_counts(struct replay *replay, const struct line *line)
{
	struct buf path = { 0 };

	if (line->n < 3)
		must_be_ok(RC_SYNTAX, "counts what?");
	must(buf_printf(&path, "%s-stats", replay->conf->journal));
	journal_stats_close(replay->stats);
	replay->stats = NULL;
	(void)remove(path.data);
	if (strcmp(line->words[2], "broken") == 0 &&
	    mkdir(path.data, 0700) != 0)
		must_be_ok(RC_SYSTEM, path.data);
	buf_free(&path);
}

/* The configuration with another such line. */
static void
change_watch(const struct replay *replay, const struct line *line)
{
	char text[LINE];
	struct buf changed = { 0 };
	FILE *file = fopen(replay->file, "r");

	if (file == NULL)
		must_be_ok(RC_SYSTEM, replay->file);
	while (fgets(text, sizeof(text), file) != NULL) {
		if (strncmp(text, "  watch ", 8) != 0) {
			must(buf_text(&changed, text));
			continue;
		}
		must(buf_text(&changed, " "));
		for (size_t i = 1; i < line->n; i++)
			must(buf_printf(&changed, " %s", line->words[i]));
		must(buf_text(&changed, "\n"));
	}
	fclose(file);
	file = fopen(replay->file, "w");
	if (file == NULL || fputs(changed.data, file) < 0 || fclose(file) != 0)
		must_be_ok(RC_SYSTEM, replay->file);
	buf_free(&changed);
}

static void
take_conf(struct replay *replay)
{
	replay->conf = load_conf(replay->file);
	must_be_ok(queue_hooks_make(replay->conf, &replay->hooks),
	    "queue_hooks_make");
}

/* Two files that are made at once may be of the same age. */
static void
do_watch(struct replay *replay, const struct line *line)
{
	int64_t age = replay->conf->time;

	do {
		queue_hooks_free(&replay->hooks);
		replay->hooks = (struct queue_hooks){ 0 };
		conf_release(replay->conf);
		change_watch(replay, line);
		take_conf(replay);
	} while (replay->conf->time <= age);
	must_be_ok(queue_hooks_note(&replay->hooks, replay->journal),
	    "queue_hooks_note");
	if (replay->mode == AT_DUES)
		judge(replay);
}

static void
do_purge(struct replay *replay, const struct line *line)
{
	struct journal_purge purge = { 0 };

	(void)line;
	do
		must_be_ok(journal_purge_step(replay->journal, &purge,
			       replay->now),
		    "journal_purge_step");
	while (purge.more);
}

/* ---- What there is ------------------------------------------------------ */

static const char *
or_none(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

/* To the second, or with milliseconds where there are any. */
static void
print_time(int64_t time)
{
	char text[TIMESTAMP_SIZE];

	if (time == 0) {
		fputs(" -", stdout);
		return;
	}
	timestamp_print(time, text);
	if (time % 1000 == 0)
		printf(" %.19sZ", text);
	else
		printf(" %s", text);
}

static enum rc
print_run(void *context, const struct journal_run *one)
{
	(void)context;
	printf("run %s %s", or_none(one->pipeline), or_none(one->run));
	print_time(one->began);
	print_time(one->ended);
	printf(" %s\n", one->ended == 0 ? "open" : or_none(one->outcome));
	return RC_OK;
}

static void
do_runs(struct replay *replay, const struct line *line)
{
	struct journal_run_filter filter = { .limit = MANY };

	if (line->n > 2)
		filter.pipeline = line->words[2];
	assemble(replay->journal, replay);
	must_be_ok(journal_runs(replay->journal, &filter, print_run, NULL),
	    "journal_runs");
}

static enum rc
print_pipeline(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	const struct replay *replay = context;
	struct watch_view view;

	(void)outcomes;
	watch_look(conf_find(replay->conf, bytes_of(pipeline->hook)), pipeline,
	    replay->now, &view);
	printf("pipeline %s %s %s", or_none(pipeline->id),
	    or_none(pipeline->name), watch_state_name(view.state));
	print_time(view.since);
	print_time(pipeline->success);
	putchar('\n');
	return RC_OK;
}

static void
do_pipelines(struct replay *replay, const struct line *line)
{
	const struct journal_pipeline_filter all = { 0 };

	(void)line;
	assemble(replay->journal, replay);
	must_be_ok(journal_pipelines(replay->journal, &all, print_pipeline,
		       replay),
	    "journal_pipelines");
}

struct tale {
	char id[UUID_SIZE];
	int64_t received;
};

/* Oldest last. */
struct tales {
	struct pool pool;
	struct tale *list;
	size_t n;
	int64_t after; /* only what came after that one */
	int64_t newest;
};

static enum rc
add_tale(void *context, const struct journal_row *row)
{
	struct tales *tales = context;
	struct tale *tale;

	if (row->seq <= tales->after || !catalog_is_own(bytes_of(row->event)))
		return RC_OK;
	tale = pool_next(&tales->pool, &tales->list, tales->n);
	if (tale == NULL)
		return RC_MEMORY;
	if (row->seq > tales->newest)
		tales->newest = row->seq;
	tales->n++;
	tale->received = row->received;
	snprintf(tale->id, sizeof(tale->id), "%s", row->id);
	return RC_OK;
}

static void
do_told(struct replay *replay, const struct line *line)
{
	struct journal_filter filter = { .state = -1, .limit = MANY };
	struct tales tales = { .after = replay->told, .newest = replay->told };
	struct bytes body;

	(void)line;
	must_be_ok(journal_list(replay->journal, &filter, add_tale, &tales),
	    "journal_list");
	while (tales.n-- > 0) {
		must_be_ok(journal_body(replay->journal, tales.list[tales.n].id,
			       &tales.pool, &body),
		    "journal_body");
		fputs("told", stdout);
		print_time(tales.list[tales.n].received);
		printf(" %.*s\n", (int)body.len, body.data);
	}
	replay->told = tales.newest;
	pool_free(&tales.pool);
}

/* ---- The lines ---------------------------------------------------------- */

static const struct word {
	const char *name;
	void (*act)(struct replay *replay, const struct line *line);
} words[] = {
	{ "event", do_event },
	{ "record", do_event },
	{ "dues", do_dues },
	{ "every", do_every },
	{ "nobody", do_nobody },
	{ "until", do_until },
	{ "judge", do_judge },
	{ "race", do_race },
	{ "mute", do_mute },
	{ "unmute", do_mute },
	{ "forget", do_forget },
	{ "counts", do_counts },
	{ "watch", do_watch },
	{ "purge", do_purge },
	{ "runs", do_runs },
	{ "pipelines", do_pipelines },
	{ "told", do_told },
};

static int64_t
time_of(const struct replay *replay, const char *text)
{
	int64_t time = replay->now;
	int64_t span = 0;

	if (text[0] == '+' || text[0] == '-')
		must_be_ok(units_duration(text + 1, &span), text);
	else if (text[0] != '=')
		must_be_ok(timestamp_parse(bytes_of(text), &time), text);
	return text[0] == '-' ? time - span : time + span;
}

static void
split(char *text, struct line *line)
{
	char *rest = NULL;

	line->n = 0;
	for (char *word = strtok_r(text, " \n", &rest); word != NULL;
	     word = strtok_r(NULL, " \n", &rest))
		if (line->n < WORDS)
			line->words[line->n++] = word;
}

static void
play(struct replay *replay, const struct line *line)
{
	if (line->n < 2)
		must_be_ok(RC_SYNTAX, "a line without a word");
	advance(replay, time_of(replay, line->words[0]));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(line->words[1], words[i].name) == 0) {
			words[i].act(replay, line);
			return;
		}
	must_be_ok(RC_SYNTAX, line->words[1]);
}

static void
load(struct replay *replay)
{
	take_conf(replay);
	must_be_ok(journal_open(replay->conf->journal, JOURNAL_CREATE,
		       &replay->journal),
	    "journal_open");
	must_be_ok(queue_hooks_note(&replay->hooks, replay->journal),
	    "queue_hooks_note");
}

int
main(int argc, char **argv)
{
	static char text[LINE];
	struct replay replay = { .next = CLOCK_NEVER, .file = argv[1] };
	struct line line;

	if (argc != 2)
		return 64;
	/* A quarter is many events. */
	careless = true;
	startup();
	load(&replay);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		split(text, &line);
		if (line.n > 0 && line.words[0][0] != '#')
			play(&replay, &line);
	}
	queue_hooks_free(&replay.hooks);
	journal_stats_close(replay.stats);
	journal_close(replay.journal);
	conf_release(replay.conf);
	return 0;
}
