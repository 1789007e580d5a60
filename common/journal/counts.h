/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_COUNTS_H
#define PELIHOOK_JOURNAL_COUNTS_H

#include <stdint.h>

/*
 * What is counted for each hook: its undelivered events, and its deliveries
 * that are done or dropped.  Inside a change: the counters are written once,
 * before its transaction's commit.
 */
struct journal;

void journal_counts_begin(struct journal *journal);
/* Writes what the transaction counted. */
void journal_counts_flush(struct journal *journal);

/* How many undelivered events a hook has. */
int64_t journal_backlog_count(struct journal *journal, const char *hook);
void journal_backlog_add(struct journal *journal, const char *hook,
    int64_t events);
/* Before a delivery enters the queue: whether the event has others that are
 * queued or running decides if it counts. */
void journal_event_opens(struct journal *journal, int64_t event);
/* Counts what is done or dropped; other states have no effect. */
void journal_finished_add(struct journal *journal, int64_t event, int state,
    int by);
/* Counts both for one delivery that left the queue, and now has this state. */
void journal_delivery_left(struct journal *journal, int64_t event, int state);

#endif
