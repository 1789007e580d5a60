/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ONE_LANE_H
#define PELIHOOK_ONE_LANE_H

#include "base/clock.h"
#include "journal/journal.h"

/*
 * For tests and benches that need no configuration: a hook whose rules have
 * one lane, to be claimed from once its rules are noted.
 */

#define ONE_LANE "lane"
#define ONE_ROUTING "routing"

struct one_lane {
	struct journal_lane lane;
	struct journal_rules rules;
	struct journal_limit limit;
	struct journal_limits limits;
};

static inline enum rc
one_lane_note(struct one_lane *one, struct journal *journal, const char *hook,
    unsigned concurrency, unsigned batch)
{
	enum rc rc;

	one->lane = (struct journal_lane){ .key = ONE_LANE };
	one->rules = (struct journal_rules){
		.hook = hook,
		.digest = "rules",
		.routing = ONE_ROUTING,
		.lanes = &one->lane,
		.lanes_len = 1,
		.time = 1,
		.keep = INT64_C(30) * 24 * 3600 * 1000,
		.keep_dead = CLOCK_NEVER,
	};
	rc = journal_note_rules(journal, &one->rules, 1);
	one->limit = (struct journal_limit){ one->lane.id, concurrency, batch,
		&one->rules };
	one->limits = (struct journal_limits){ &one->limit, 1, &one->rules, 1 };
	return rc;
}

/* The route of what goes to it. */
static inline struct journal_route
one_lane_route(const struct journal_key *order)
{
	return (struct journal_route){
		.lane = ONE_LANE,
		.order = order == NULL ? (struct journal_key){ 0 } : *order,
	};
}

#endif
