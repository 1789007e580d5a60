/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_REPORT_H
#define PELIHOOK_JOURNAL_REPORT_H

#include "journal/column.h"
#include "journal/journal.h"
#include "journal/sql.h"

/* The lane of a delivery d: one that is none is as if there were none yet. */
#define JOURNAL_LANE_COLUMN SQL_COLUMN_OR("l.key", "''")
#define JOURNAL_LANE_OF " LEFT JOIN lanes l ON l.id = d.lane"

/* The columns of a delivery d of an event e, its last attempt, and a row of
 * them.  False: it is damaged. */
#define JOURNAL_ROW_COLUMNS                                                    \
	"SELECT e.id, e.hook, e.name, e.received, d.ordinal, d.state,"         \
	" d.attempts, d.since, d.due," SQL_COLUMN_OR("a.outcome",              \
	    "'none'") "," SQL_COLUMN_OR("a.code",                              \
	    "0") ", d.seq," JOURNAL_LANE_COLUMN "," SQL_SUBJECT                \
		 "," SQL_PIPELINE_IS_KNOWN("e.hook", "e.pipeline") " FROM "
#define JOURNAL_ROW_ATTEMPT                                                    \
	" LEFT JOIN attempts a ON a.delivery = d.seq AND a.turn ="             \
	" (SELECT max(turn) FROM attempts WHERE delivery = d.seq)"
bool journal_row_fill(struct journal_reader *reader, struct journal_row *row);

#endif
