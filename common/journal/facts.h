/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_FACTS_H
#define PELIHOOK_JOURNAL_FACTS_H

#include <stdbool.h>

#include "base/pool.h"
#include "journal/column.h"
#include "journal/journal.h"

/* Inside a transaction: all that is known of a pipeline, whose hook and id
 * are given, from the pool.  False: there is none, or it is damaged.  Durations
 * are there where a run is open, which cannot be judged without them. */
bool journal_facts_read(struct journal *journal, struct journal_pipeline *facts,
    struct pool *pool);
/* Those of any other. */
void journal_facts_read_durations(struct journal *journal,
    struct journal_pipeline *facts);

/* The columns of a run r, and a run of them, the first ones of a row; its name
 * is left alone.  False: it is damaged. */
#define JOURNAL_RUN_COLUMNS                                                    \
	"r.seq, r.hook, r.pipeline, r.run, r.began, r.ended, r.event,"         \
	" r.outcome, r.first, r.last"
enum { JOURNAL_RUN_NAME = 10 }; /* the column after them */
bool journal_run_fill(struct journal_reader *reader, struct pool *pool,
    struct journal_run *run);

#endif
