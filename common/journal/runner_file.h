/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_RUNNER_FILE_H
#define PELIHOOK_JOURNAL_RUNNER_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

/*
 * The lives of runners and the notes of their runs in a file beside the
 * journal: operations of struct journal_engine, which says what each does.
 */
struct journal;
struct journal_claim;
struct journal_note;
struct journal_orphan;

void runner_file_hold(struct journal *journal);
void runner_file_release(struct journal *journal);
bool runner_file_lives(struct journal *journal, int64_t runner);
/*
 * The number of the file that the lock is in, in whose place somebody may
 * have put another one, a blank, and the PID namespace.
 */
void runner_file_place(const struct journal *journal, char *place);
enum rc runner_file_note(const struct journal_claim *claim,
    const struct journal_note *note);
void runner_file_note_nothing(struct journal *journal,
    const struct journal_claim *claim);
void runner_file_find_note(struct journal *journal, int64_t region,
    int64_t slot, struct journal_orphan *orphan);
enum rc runner_file_drain_lock(struct journal *journal);
void runner_file_drain_unlock(struct journal *journal);

#endif
