/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_RUNS_H
#define PELIHOOK_JOURNAL_RUNS_H

#include <stdbool.h>
#include <stdint.h>

struct journal;
struct journal_record;

/* Inside a change: what an event says of a run is put to what those said that
 * came before it. */
void journal_runs_note(struct journal *journal,
    const struct journal_record *record);
/* Inside a change: takes a pipeline out, with what was wrong with it; its open
 * runs end as unknown.  False: there is none. */
bool journal_pipeline_forget(struct journal *journal, const char *hook,
    const char *pipeline, int64_t now);

#endif
