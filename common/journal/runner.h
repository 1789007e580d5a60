/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_RUNNER_H
#define PELIHOOK_JOURNAL_RUNNER_H

#include "base/procfs.h"
#include "journal/journal.h"

enum {
	JOURNAL_PLACE_SIZE = PROCFS_SPACE_SIZE + 40, /* what is before it */
	JOURNAL_REGIONS = 1024 * 1024, /* more than ever run at once */
};

/* Inside a change: makes this process a runner. */
void journal_runner_begin(struct journal *journal);
/* Undoes that where the transaction came to nothing. */
void journal_runner_forget(struct journal *journal);
/* Lets go of its lock; its row was taken out. */
void journal_runner_end(struct journal *journal);
/* In doubt it lives: then nothing is run twice. */
bool journal_runner_lives(struct journal *journal, int64_t runner);
/* Inside a change: takes out a runner that is gone, with its keys, unless it
 * has claims. */
void journal_runner_delete(struct journal *journal, int64_t runner);
/*
 * What tells whether the commands of a runner can be looked at from here: a
 * word for where its lock is (engine.h), a blank, and its PID namespace.
 */
void journal_runner_place(const struct journal *journal,
    char place[JOURNAL_PLACE_SIZE]);

/* A claim's slot for its note, or RC_MISSING: all are taken. */
enum rc journal_slot_take(struct journal *journal, struct journal_claim *claim);
/* Inside a change, once a claim has its number: notes that nothing of it
 * runs yet. */
void journal_slot_begin(struct journal *journal,
    const struct journal_claim *claim);
/* Whether a claim of this process still has its slot. */
bool journal_slot_is_of(const struct journal *journal, int64_t slot,
    int64_t claim);
/* Gives it back. */
void journal_slot_leave(struct journal_claim *claim);
/* What an orphan's note says of its run; what is no note of it says
 * nothing.  Between its claim and its first run, and between two, nothing
 * runs. */
void journal_note_find(struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan);

#endif
