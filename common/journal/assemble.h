/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_ASSEMBLE_H
#define PELIHOOK_JOURNAL_ASSEMBLE_H

#include <stdint.h>

struct journal;

/*
 * How far journal_assemble has come: what it has yet to read must not be taken
 * out.  Inside a change, as the next.
 */
int64_t journal_assembled(struct journal *journal);
/* Once the newest events may have been taken out, whose numbers are given to
 * the next ones then. */
void journal_assembled_lower(struct journal *journal);

#endif
