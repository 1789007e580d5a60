/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "watch/judge.h"

#include "base/clock.h"
#include "base/quantile.h"
#include "config/conf.h"

/*
 * Two clocks, one for runs and one for silence, never one grace for both; and
 * nothing is judged that was never seen.
 */

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)
#define LEARNING (15 * DAY) /* so young, and there are no two weeks yet */
#define LONG_GAP (3 * DAY)  /* over that no week is like another */
/* So far after now it may be though the clock was not seen to be set back: that
 * is noted every five minutes, and a minute is no matter. */
#define UNSEEN (10 * MINUTE)

enum {
	RUNS_KNOWN = 4, /* before it is known how long they usually take */
	GAPS_KNOWN = 3, /* the same of gaps */
	TIMES = 3,	/* as long as usual, and a run is stuck */
	GAPS = 2,	/* as long as the longest gap, and it is late */
};

const char *
watch_state_name(enum watch_state state)
{
	static const char *const names[] = {
		[WATCH_FAILING] = "failing",
		[WATCH_STUCK] = "stuck",
		[WATCH_LATE] = "late",
		[WATCH_LEARNING] = "learning",
		[WATCH_FINE] = "fine",
		[WATCH_UNWATCHED] = "unwatched",
	};

	return names[state];
}

static int64_t
sum(int64_t time, int64_t span)
{
	return span > CLOCK_NEVER - time ? CLOCK_NEVER : time + span;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* 0 where there is none. */
static int64_t
median(const int64_t *list, size_t n)
{
	int64_t sorted[JOURNAL_DURATIONS];

	if (n == 0)
		return 0;
	memcpy(sorted, list, n * sizeof(*list));
	quantile_sort(sorted, n);
	return quantile_median(sorted, n);
}

/* Those between the last successes; how many there are. */
static size_t
gaps_of(const struct journal_pipeline *pipeline, int64_t gaps[JOURNAL_GAPS])
{
	size_t n = 0;

	for (; n + 1 < pipeline->successes_n; n++)
		gaps[n] = pipeline->successes[n] - pipeline->successes[n + 1];
	return n;
}

int64_t
watch_usual_duration(const struct journal_pipeline *pipeline)
{
	return median(pipeline->durations, pipeline->durations_n);
}

int64_t
watch_usual_gap(const struct journal_pipeline *pipeline)
{
	int64_t gaps[JOURNAL_GAPS];
	size_t n = gaps_of(pipeline, gaps);

	return median(gaps, n);
}

/* What is found at a time, or when it would be. */
struct judging {
	const struct watch *limits;
	const struct journal_pipeline *pipeline;
	int64_t now;
	struct journal_judgement *judgement;
	int64_t anew; /* as of journal_pipeline */
};

/* What came after now, came since that was looked up, and is as old as now; or
 * it came as the clock was ahead, and counts from when that was set back. */
static int64_t
past(const struct judging *judging, int64_t time)
{
	if (time <= judging->now)
		return time;
	if (judging->anew == 0 || time - judging->now <= UNSEEN)
		return judging->now;
	return clock_earlier(judging->anew, judging->now);
}

/* It is true from then on. */
static void
find(const struct judging *judging, const struct journal_finding *finding)
{
	struct journal_judgement *judgement = judging->judgement;

	if (finding->since > judging->now)
		judgement->next = clock_earlier(judgement->next,
		    finding->since);
	else
		judgement->list[judgement->n++] = *finding;
}

static void
judge_failing(const struct judging *judging)
{
	const struct journal_pipeline *pipeline = judging->pipeline;
	struct journal_finding finding = {
		.alarm = JOURNAL_FAILING,
		.since = past(judging, pipeline->failed),
	};

	if (judging->limits->failing != 0 &&
	    pipeline->failures >= judging->limits->failing)
		find(judging, &finding);
}

/* How long a run may be open; CLOCK_NEVER: that is not known. */
static int64_t
stuck_limit(const struct watch *limits, const struct journal_pipeline *pipeline)
{
	if (limits->stuck == 0 ||
	    (limits->stuck == CONF_WATCH_AUTO &&
		pipeline->durations_n < RUNS_KNOWN))
		return CLOCK_NEVER;
	if (limits->stuck != CONF_WATCH_AUTO)
		return limits->stuck;
	return later(TIMES * watch_usual_duration(pipeline), HOUR);
}

static void
judge_stuck(const struct judging *judging)
{
	const struct journal_pipeline *pipeline = judging->pipeline;
	int64_t usual = watch_usual_duration(pipeline);
	int64_t limit = stuck_limit(judging->limits, pipeline);

	for (size_t i = 0; limit != CLOCK_NEVER && i < pipeline->open_n; i++) {
		int64_t began = past(judging, pipeline->open[i].began);
		const struct journal_finding finding = {
			.alarm = JOURNAL_STUCK,
			.run = pipeline->open[i].seq,
			.since = began + limit,
			.expected = began +
			    (usual > 0 ? clock_earlier(usual, limit) : limit),
			.usual = usual,
		};

		find(judging, &finding);
	}
}

static int64_t
longest(const int64_t *gaps, size_t n)
{
	int64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = later(most, gaps[i]);
	return most;
}

/*
 * When there will have been none for so long that in each of the two weeks
 * before the same stretch, which begins half a gap after the last one and ends
 * an hour ago, held two: then weekends and office hours are no fault.
 */
static int64_t
late_by_week(const struct journal_pipeline *pipeline, int64_t from)
{
	int64_t last_week = journal_success_from(pipeline, from - WEEK, 2);
	int64_t week_before = journal_success_from(pipeline, from - 2 * WEEK,
	    2);

	if (last_week == 0 || week_before == 0)
		return CLOCK_NEVER;
	return later(last_week + WEEK, week_before + 2 * WEEK) + HOUR;
}

/* Since when it is late, by what is usual of it. */
static int64_t
late_by_auto(const struct judging *judging)
{
	const struct journal_pipeline *pipeline = judging->pipeline;
	int64_t last = past(judging, pipeline->success);
	int64_t gaps[JOURNAL_GAPS];
	size_t n = gaps_of(pipeline, gaps);
	int64_t gap = median(gaps, n);
	int64_t since = CLOCK_NEVER;

	if (n < GAPS_KNOWN)
		return CLOCK_NEVER;
	if (gap <= LONG_GAP)
		since = late_by_week(pipeline,
		    later(last + gap / 2, pipeline->anew));
	else
		since = later(last, pipeline->anew) + GAPS * longest(gaps, n);
	return later(since, past(judging, pipeline->first) + LEARNING);
}

static void
judge_late(const struct judging *judging)
{
	const struct journal_pipeline *pipeline = judging->pipeline;
	int64_t limit = judging->limits->late;
	int64_t last = past(judging,
	    pipeline->success != 0 ? pipeline->success : pipeline->first);
	struct journal_finding finding = {
		.alarm = JOURNAL_LATE,
		.usual = watch_usual_gap(pipeline),
	};

	if (limit == 0)
		return;
	finding.since = limit == CONF_WATCH_AUTO ?
	    late_by_auto(judging) :
	    sum(later(last, past(judging, pipeline->anew)), limit);
	/* Never later than it is late. */
	finding.expected = finding.usual > 0 ?
	    clock_earlier(last + finding.usual, finding.since) :
	    finding.since;
	if (finding.since != CLOCK_NEVER)
		find(judging, &finding);
}

static unsigned
bit(enum journal_alarm alarm)
{
	return 1U << alarm;
}

void
watch_judge(const struct watch *limits, const struct journal_pipeline *pipeline,
    int64_t now, struct journal_judgement *judgement)
{
	struct judging judging = { limits, pipeline, now, judgement,
		pipeline->anew };

	judgement->n = 0;
	judgement->next = CLOCK_NEVER;
	judgement->watched = 0;
	if (!limits->on)
		return;
	if (limits->failing != 0)
		judgement->watched |= bit(JOURNAL_FAILING);
	if (limits->late != 0)
		judgement->watched |= bit(JOURNAL_LATE);
	if (limits->stuck != 0)
		judgement->watched |= bit(JOURNAL_STUCK);
	judge_failing(&judging);
	judge_late(&judging);
	judge_stuck(&judging);
}

void
watch_judge_hook(const struct watch *limits, const struct watch_hook *hook,
    int64_t now, struct journal_judgement *judgement)
{
	const struct judging judging = { limits, NULL, now, judgement,
		hook->anew };
	struct journal_finding finding = { .alarm = JOURNAL_SILENT };

	judgement->n = 0;
	judgement->next = CLOCK_NEVER;
	judgement->watched = limits->silent != 0 ? bit(JOURNAL_SILENT) : 0;
	if (limits->silent == 0 || hook->event == 0)
		return;
	finding.expected = sum(past(&judging, hook->event), limits->silent);
	finding.since = sum(later(past(&judging, hook->event),
				past(&judging, hook->anew)),
	    limits->silent);
	find(&judging, &finding);
}

static bool
is_learning(const struct watch *limits, const struct journal_pipeline *pipeline,
    int64_t now)
{
	return limits->late == CONF_WATCH_AUTO &&
	    now < pipeline->first + LEARNING;
}

/* The worst of what is wrong, and since when. */
static void
take_worst(struct watch_view *view)
{
	static const enum watch_state states[JOURNAL_ALARMS] = {
		[JOURNAL_FAILING] = WATCH_FAILING,
		[JOURNAL_LATE] = WATCH_LATE,
		[JOURNAL_STUCK] = WATCH_STUCK,
		[JOURNAL_SILENT] = WATCH_FINE,
	};

	for (size_t i = 0; i < view->judgement.n; i++) {
		const struct journal_finding *finding = &view->judgement
							     .list[i];
		enum watch_state state = states[finding->alarm];

		if (state > view->state ||
		    (state == view->state && finding->since >= view->since))
			continue;
		view->state = state;
		view->since = finding->since;
	}
}

void
watch_look(const struct hook *hook, const struct journal_pipeline *pipeline,
    int64_t now, struct watch_view *view)
{
	const struct watch *limits = conf_watch_on();

	if (hook != NULL && conf_watches(hook))
		limits = conf_watch_of(hook, pipeline->id, pipeline->name);
	watch_judge(limits, pipeline, now, &view->judgement);
	view->since = 0;
	view->state = !limits->on	       ? WATCH_UNWATCHED :
	    is_learning(limits, pipeline, now) ? WATCH_LEARNING :
						 WATCH_FINE;
	if (limits->on)
		take_worst(view);
}
