/* SPDX-License-Identifier: ISC */
/*
 * A journal with a month of made-up events in it, to look at and to measure
 * with.
 *
 *	month CONF [EVENTS [PIPELINES [SEED]]]
 *
 * CONF is as made from pelihook.conf.in; its journal is made anew, and the
 * month ends now.  There are about 3,000 events of twelve pipelines and a shop,
 * and more where that is asked for.  One seed makes one month, but for the time
 * that it ends at.
 */
#include <sys/random.h>
#include <sys/syscall.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../answer.h"
#include "../careless.h"
#include "../program.h"
#include "month.h"

#include "base/clock.h"
#include "base/startup.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/subject.h"
#include "journal/journal.h"
#include "journal/stats.h"
#include "queue/hooks.h"
#include "queue/retry.h"
#include "queue/route.h"
#include "watch/watch.h"

enum {
	TOGETHER = 500, /* deliveries that are claimed at once, of many */
	MANY = 20000,	/* events: then the watch looks at the end alone */
	OFTEN = 50 * MONTH_MINUTE, /* an hour without a look is noticed */
	SELDOM = 15 * MONTH_MINUTE,
	FOLD = 6 * MONTH_HOUR,
};

struct maker {
	struct month month;
	struct journal *journal;
	struct journal_stats *stats;
	struct conf *conf;
	struct queue_hooks hooks;
	int64_t watched; /* when the watch looked last */
	int64_t next;	 /* and when it has to again */
	int64_t due;	 /* when the next delivery is */
	int64_t folded;	 /* when the counts were */
};

/* What the clock shows, also to the journal; 0: what it does anyway. */
static int64_t wall;

int
clock_gettime(clockid_t id, struct timespec *now)
{
	if (id != CLOCK_REALTIME || wall == 0)
		return (int)syscall(SYS_clock_gettime, id, now);
	now->tv_sec = wall / 1000;
	now->tv_nsec = wall % 1000 * 1000000;
	return 0;
}

/* So that IDs come of the seed as well. */
ssize_t
getrandom(void *into, size_t len, unsigned flags)
{
	uint8_t *bytes = into;

	(void)flags;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)month_random();
	return (ssize_t)len;
}

/* ---- What comes --------------------------------------------------------- */

static void
print_payload(const struct happening *one, struct buf *body)
{
	const struct catalog_row *row = catalog_find(bytes_of(one->event));
	char time[TIMESTAMP_SIZE];

	timestamp_print(one->time, time);
	buf_printf(body, "{\"event\": \"%s\", \"sent_at\": \"%s\"", one->event,
	    time);
	if (one->id == NULL) {
		buf_printf(body,
		    ", \"order\": {\"number\": \"R-%lld\","
		    " \"total\": %lld.%02lld, \"currency\": \"EUR\"}}",
		    (long long)(one->time / MONTH_MINUTE % 1000000),
		    (long long)month_draw(900) + 12,
		    (long long)month_draw(100));
		must(body->rc);
		return;
	}
	buf_printf(body,
	    ", \"pipeline\": {\"id\": %s, \"name\": \"%s\"},"
	    " \"run\": {\"id\": \"%s\", \"status\": \"%s\"",
	    one->id, one->name, one->run, row == NULL ? "" : row->run_status);
	if (one->took > 0)
		buf_printf(body, ", \"duration\": %lld, \"rows\": %lld",
		    (long long)one->took / MONTH_SECOND,
		    (long long)month_draw(40000));
	if (one->detail != NULL)
		buf_printf(body, ", \"detail\": \"%s\"", one->detail);
	buf_text(body, "}}");
	must(body->rc);
}

/* As whoever answers a request does. */
static void
count(struct maker *maker, const struct happening *one, enum outcome outcome)
{
	const struct hook *hook = conf_find(maker->conf, bytes_of(one->hook));
	const struct journal_stats_request request = {
		.hook = one->hook,
		.outcome = outcome,
		.status = one->event != NULL ? 202 : one->status,
		.reason = one->event != NULL ? "" :
		    one->status == 401	     ? "bad-signature" :
					       "too-large",
		.secret = one->event != NULL && hook != NULL ?
		    hook->secrets[0].path :
		    NULL,
		.time = one->time,
		.event = one->event != NULL ? one->time : 0,
	};

	journal_stats_count(maker->stats, &request);
}

static void
store(struct maker *maker, const struct happening *one,
    const struct journal_record *record, const struct journal_entry *entry)
{
	struct answer answer;

	count(maker, one,
	    entry->routes_len > 0 ? OUTCOME_QUEUED : OUTCOME_IGNORED);
	if (entry->routes_len > 0) {
		must(append_and_wait(maker->journal, entry));
		maker->due = one->time;
	} else if (one->id != NULL) {
		journal_record(maker->journal, record, ask(&answer));
		must(get(&answer));
	}
}

static void
receive(struct maker *maker, const struct happening *one)
{
	struct hook *hook = conf_find(maker->conf, bytes_of(one->hook));
	struct pool pool = { 0 };
	struct buf body = { 0 };
	struct receipt receipt;
	struct event event;
	struct event_subject found;
	struct journal_subject subject = { found.pipeline, found.name,
		found.run };
	struct journal_record record = { &receipt, one->hook, one->event,
		&subject, false };
	struct journal_entry entry;

	if (hook == NULL)
		must_be_ok(RC_MISSING, one->hook);
	print_payload(one, &body);
	must(receipt_make_own(buf_view(&body), one->time, &receipt));
	snprintf(receipt.remote_addr, sizeof(receipt.remote_addr),
	    "203.0.113.%lld", (long long)(10 + month_draw(4)));
	must(
	    event_reparse(&hook->reading, buf_view(&body), one->event, &event));
	must(event_subject_find(&event, &found));
	entry = (struct journal_entry){
		.receipt = &receipt,
		.hook = one->hook,
		.event = one->event,
		.subject = &subject,
		.body = buf_view(&body),
		.max_queue = INT32_MAX,
		.routing = hook->routing,
	};
	must(route_event(hook, &event, &pool, &entry));
	store(maker, one, &record, &entry);
	event_free(&event);
	buf_free(&body);
	pool_free(&pool);
}

/* ---- Who runs the queue ------------------------------------------------- */

static void
settle_one(const struct maker *maker, const struct journal_claim *claim,
    const struct journal_delivery *delivery,
    struct journal_settlement *settlement)
{
	static struct month_end ends[TOGETHER];
	struct month_end *end = &ends[delivery - claim->deliveries];
	const struct lane *lane;
	const struct hook *hook = queue_hooks_find(&maker->hooks, claim, &lane);

	if (hook == NULL || lane == NULL)
		must_be_ok(RC_MISSING, "the lane of a claim");
	month_run(&maker->month,
	    &(struct month_try){ hook->name, delivery->event.name,
		delivery->attempt },
	    end);
	*settlement = (struct journal_settlement){
		.seq = delivery->seq,
		.verdict = retry_verdict(lane, delivery->step, end->outcome),
		.started = wall,
		.ended = wall + end->took,
		.attempted = JOURNAL_RAN,
		.end = end->end,
		.code = end->code,
		.tail = bytes_of(end->tail),
	};
	if (settlement->verdict == JOURNAL_DELAY)
		settlement->pause = retry_pause(lane, delivery->step,
		    retry_jitter());
	if (settlement->ended > maker->month.now)
		settlement->ended = maker->month.now;
}

/* Whatever is due. */
static void
run_queue(struct maker *maker)
{
	static struct journal_settlement settlements[TOGETHER];
	struct journal_claim claim;
	enum rc rc;

	while ((rc = journal_claim_due(maker->journal, &maker->hooks.limits,
		    wall, &claim)) == RC_OK) {
		for (size_t i = 0; i < claim.n; i++)
			settle_one(maker, &claim, &claim.deliveries[i],
			    &settlements[i]);
		must(journal_settle(maker->journal, settlements, claim.n));
		journal_claim_free(&claim);
	}
	if (rc != RC_MISSING)
		must(rc);
	must(journal_next_due(maker->journal, &maker->hooks.limits, wall,
	    &maker->due));
}

static void
watch(struct maker *maker)
{
	const struct watching watching = {
		.conf = maker->conf,
		.rules = maker->hooks.rules,
		.rules_len = maker->hooks.limits.rules_len,
		.route = route_event,
		.now = wall,
	};
	struct journal_assembly assembly = { .more = true };

	while (assembly.more)
		must(watch_assemble(maker->journal, maker->conf, &assembly));
	do
		must(watch_step(maker->journal, &watching, &maker->next));
	while (maker->next <= wall);
	maker->watched = wall;
	if (maker->next < wall + SELDOM)
		maker->next = wall + SELDOM;
	run_queue(maker);
}

static void
fold(struct maker *maker)
{
	must(journal_fold(maker->journal, wall));
	maker->folded = wall;
}

/* When there is something to do before that time, or that time. */
static int64_t
next_moment(const struct maker *maker, int64_t time)
{
	int64_t often = maker->month.n > MANY ?
	    maker->month.now - 2 * MONTH_HOUR :
	    maker->watched;

	if (often < maker->watched)
		often = maker->watched;
	time = clock_earlier(time, often + OFTEN);
	time = clock_earlier(time, maker->due);
	if (maker->month.n <= MANY)
		time = clock_earlier(time, maker->next);
	return time > wall ? time : wall;
}

static void
advance(struct maker *maker, int64_t time)
{
	bool many = maker->month.n > MANY;
	int64_t quiet = many ? maker->month.now - 2 * MONTH_HOUR : 0;

	do {
		wall = next_moment(maker, time);
		if (maker->due <= wall)
			run_queue(maker);
		if (wall >= quiet &&
		    (maker->next <= wall || maker->watched + OFTEN <= wall))
			watch(maker);
		if (maker->folded + FOLD <= wall)
			fold(maker);
	} while (wall < time);
}

/* ---- All of it ---------------------------------------------------------- */

/* Many are claimed at once, so that it does not take for ever. */
static void
load(struct maker *maker, const char *file)
{
	maker->conf = load_conf(file);
	must(queue_hooks_make(maker->conf, &maker->hooks));
	must(journal_open(maker->conf->journal, JOURNAL_CREATE,
	    &maker->journal));
	must(queue_hooks_note(&maker->hooks, maker->journal));
	must(journal_stats_open(maker->conf->journal, &maker->stats));
	if (maker->month.n > MANY)
		for (size_t i = 0; i < maker->hooks.limits.n; i++)
			maker->hooks.list[i].batch = TOGETHER;
}

static void
do_by_hand(struct maker *maker, const struct month_deed *deed)
{
	const struct journal_action action = {
		.time = wall,
		.who = deed->who,
		.action = deed->action,
		.target = deed->target,
	};
	const struct journal_search search = {
		.state = JOURNAL_DEAD,
		.hook = deed->hook,
		.looks = INT64_MAX,
	};
	const struct journal_act act = { &action, NULL, &search };
	const struct journal_mute mute = {
		.hook = deed->hook,
		.pipeline = deed->id,
		.until = maker->month.now + 2 * (int64_t)MONTH_DAY,
	};
	const struct journal_router router = route_router(maker->conf);
	struct journal_acted acted = { 0 };
	bool more = true;

	if (deed->id != NULL) {
		must(journal_act_mute(maker->journal, &action, &mute, &acted));
		return;
	}
	do
		must(journal_act(maker->journal, &act, wall, &acted));
	while (acted.more);
	/* What was over is routed anew. */
	while (more)
		must(journal_move(maker->journal, &maker->hooks.limits, &router,
		    wall, &more));
	run_queue(maker);
}

static void
take_in(struct maker *maker, const struct happening *one)
{
	if (one->event == NULL)
		count(maker, one, OUTCOME_REFUSED);
	else
		receive(maker, one);
}

/* Of many the watch looks at the end alone: until then there is no pipeline. */
static void
make(struct maker *maker)
{
	const struct month *month = &maker->month;
	size_t deeds, done = 0;
	const struct month_deed *list = month_deeds(&deeds);
	int64_t at;

	wall = month->list[0].time;
	for (size_t i = 0; i < month->n; i++) {
		at = done == deeds || month->n > MANY ?
		    CLOCK_NEVER :
		    month->now - (int64_t)list[done].ago * MONTH_MINUTE;
		if (month->list[i].time >= at) {
			advance(maker, at);
			do_by_hand(maker, &list[done++]);
		}
		advance(maker, month->list[i].time);
		take_in(maker, &month->list[i]);
	}
	advance(maker, month->now);
	watch(maker);
	fold(maker);
}

static size_t
number(const char *text)
{
	return text == NULL ? 0 : strtoul(text, NULL, 10);
}

int
main(int argc, char **argv)
{
	struct maker maker = {
		.next = CLOCK_NEVER,
		.due = CLOCK_NEVER,
	};
	struct month *month = &maker.month;

	if (argc < 2 || argc > 5) {
		fputs("usage: month CONF [EVENTS [PIPELINES [SEED]]]\n",
		    stderr);
		return 64;
	}
	careless = true;
	startup();
	month->now = clock_wall();
	month->events = argc > 2 ? number(argv[2]) : 0;
	month->pipelines = argc > 3 ? number(argv[3]) : 0;
	if (month->pipelines < 12)
		month->pipelines = 12;
	month_seed(argc > 4 ? number(argv[4]) : 1);
	month_make(month);
	wall = month->list[0].time;
	load(&maker, argv[1]);
	make(&maker);
	printf("%zu\n", month->n);
	wall = 0;
	queue_hooks_free(&maker.hooks);
	journal_stats_close(maker.stats);
	journal_close(maker.journal);
	conf_release(maker.conf);
	pool_free(&month->pool);
	return 0;
}
