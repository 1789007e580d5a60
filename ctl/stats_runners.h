/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_STATS_RUNNERS_H
#define PELIHOOK_STATS_RUNNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "base/rc.h"
#include "journal/journal.h"

struct json;

/* The runners of a journal that machines share, and whether they have the same
 * hooks.  Of another journal nothing is printed. */
struct stats_runners {
	bool shared;
	bool differ;
	struct journal_runner *list;
	size_t n;
	struct pool pool; /* holds them */
};

/* From zeroes.  journal: NULL where there is none yet.  As journal_runners. */
enum rc stats_runners_gather(struct stats_runners *runners,
    struct journal *journal);
/* Only where they differ. */
enum rc stats_runners_table(struct stats_runners *runners);
void stats_runners_json(const struct stats_runners *runners, struct json *json);

#endif
