/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WATCH_JUDGE_H
#define PELIHOOK_WATCH_JUDGE_H

#include "journal/journal.h"

struct hook;
struct watch;

/* How a pipeline is, the worst first. */
enum watch_state {
	WATCH_FAILING,
	WATCH_STUCK,
	WATCH_LATE,
	WATCH_LEARNING, /* it is fine, and too young to be late by auto */
	WATCH_FINE,
	WATCH_UNWATCHED,
};

/* failing, stuck, late, learning, fine, unwatched. */
const char *watch_state_name(enum watch_state state);

/* What is usual of a pipeline, milliseconds; 0: that is not known. */
int64_t watch_usual_duration(const struct journal_pipeline *pipeline);
int64_t watch_usual_gap(const struct journal_pipeline *pipeline);

/* What is wrong with a pipeline at a time, by these limits. */
void watch_judge(const struct watch *limits,
    const struct journal_pipeline *pipeline, int64_t now,
    struct journal_judgement *judgement);

/* What is known of a hook: when its last verified event came, and as of
 * journal_pipeline. */
struct watch_hook {
	int64_t event; /* 0: none did, and nothing is judged */
	int64_t anew;
};

/* Whether a hook is silent. */
void watch_judge_hook(const struct watch *limits, const struct watch_hook *hook,
    int64_t now, struct journal_judgement *judgement);

/* How it is, for people: the worst of it. */
struct watch_view {
	enum watch_state state;
	int64_t since; /* 0: not known, or it is fine */
	struct journal_judgement judgement;
};

/* By the limits of its hook, and where that watches nothing or is NULL, by
 * those of `watch on'. */
void watch_look(const struct hook *hook,
    const struct journal_pipeline *pipeline, int64_t now,
    struct watch_view *view);

#endif
