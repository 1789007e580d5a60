/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_LOOKUP_H
#define PELIHOOK_JOURNAL_LOOKUP_H

#include "journal/journal.h"

/* Single events and deliveries, for several operations.  Inside apply. */

/* The event of an ID, or of a text as of journal_match.  RC_MISSING,
 * RC_RANGE. */
enum rc journal_find(struct journal *journal, const char *text, int64_t *event);
/* A text that may be a part of an ID, in small letters. */
struct journal_part {
	char text[UUID_SIZE];
	char after[UUID_SIZE + 1]; /* greater than all that begins so */
	size_t n;
	bool begins; /* it can be the beginning of one */
	bool ends;   /* the end, and not all of it */
};

/* Neither, where it is no part at all. */
void journal_part_read(const char *text, struct journal_part *part);

/* An event, its texts and body from the pool.  False: it is damaged or not
 * there, which was logged. */
bool journal_read_event(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_event *event);

/* The columns that say which pipeline and run an event speaks of; NULL, which
 * is null, where that is not known. */
struct journal_subject_columns {
	const char *pipeline;
	const char *run;
	const char *shown; /* the pipeline's name, where it has one */
};

/* They borrow its texts; of NULL nothing is known. */
struct journal_subject_columns journal_subject_columns(
    const struct journal_subject *subject);

/*
 * Whether a walk along the rows gets on from the last to the next, 0 being
 * its end.  Where a tree is damaged it may not, and would never end: that is
 * an error of the store.
 */
bool journal_advances(struct journal *journal, int64_t last, int64_t next);

enum { JOURNAL_EVENT_COLUMNS = 11 };

/* An event from the columns of SQL_EVENT (sql.h), the first ones of a row. */
struct journal_reader;
void journal_fill_event(struct journal_reader *reader, struct pool *pool,
    struct journal_event *event);

/* A delivery as retry, drop and purge find it. */
struct journal_found {
	int64_t seq;
	int64_t event;
	int state;
	bool waits;
	bool damaged; /* then only its seq counts */
	bool ordered;
	uint8_t key[JOURNAL_KEY];
};

bool journal_find_delivery(struct journal *journal, int64_t seq,
    struct journal_found *found);
/* The next delivery of an event after the one found; seq 0: the first. */
bool journal_find_next(struct journal *journal, int64_t event,
    struct journal_found *found);

#endif
